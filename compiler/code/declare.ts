/** Where a language with blocks declares the locals of a function: in the innermost block that holds all that is said of each. */
import type { Block, Code, Func, Local, Statement } from './tree.js';
import { blocks, parts, values } from './walk.js';

interface Place {
  readonly block: Block;
  readonly depth: number;
  /** Where the block stands: in which statement of which block. */
  readonly parent: Place | null;
  readonly index: number;
}

export interface Home {
  /** The first and the last statement of the block that say something of the local. */
  readonly first: Statement;
  readonly last: Statement;
}

/** For each local that is no parameter. */
export const homes = (f: Func): ReadonlyMap<Local, Home> => {
  const found = new Map<Local, { place: Place; first: number; last: number }>();
  const parameters = new Set(f.parameters);
  const mention = (local: Local, place: Place, at: number): void => {
    const known = found.get(local);
    if (known === undefined) {
      found.set(local, { place, first: at, last: at });
      return;
    }
    let here = place;
    let index = at;
    while (here.depth > known.place.depth) {
      index = here.index;
      here = here.parent!;
    }
    while (known.place !== here) {
      known.first = known.place.index;
      known.last = known.place.index;
      known.place = known.place.parent!;
      if (here.depth > known.place.depth) {
        index = here.index;
        here = here.parent!;
      }
    }
    known.last = Math.max(known.last, index);
  };
  const inCode = (code: Code, place: Place, index: number): void => {
    if (code.kind === 'local') {
      if (!parameters.has(code.local)) mention(code.local, place, index);
      return;
    }
    for (const part of parts(code)) inCode(part, place, index);
  };
  const inBlock = (block: Block, parent: Place | null, at: number): void => {
    const place: Place = { block, depth: parent === null ? 0 : parent.depth + 1, parent, index: at };
    block.forEach((s, i) => {
      for (const value of values(s)) inCode(value, place, i);
      const own = s.kind === 'set' ? s.local : s.kind === 'loop' ? s.variable : null;
      if (own !== null && !parameters.has(own)) mention(own, place, i);
      for (const inner of blocks(s)) inBlock(inner, place, i);
    });
    // What a function gives back is said behind its last statement.
    if (parent === null && f.result !== null) inCode(f.result, place, block.length);
  };
  inBlock(f.body, null, 0);
  return new Map(
    [...found].map(
      ([
        local,
        {
          place: { block },
          first,
          last,
        },
      ]) => [local, { first: block[first]!, last: block[last] ?? block[block.length - 1]! }],
    ),
  );
};
