/**
 * What is loaded is loaded just before it is asked for: a tile that loads all of its rows before it multiplies the first has not
 * registers enough, and compilers keep the order that they are given.
 */
import type { Block, Code, Local, Statement } from './tree.js';
import { mapAll, mapBlocks, parts, statements, values } from './walk.js';

/** What a statement reads and sets, those inside it included. */
interface Touched {
  readonly reads: ReadonlySet<Local>;
  readonly sets: ReadonlySet<Local>;
}

const touched = (s: Statement): Touched => {
  const [reads, sets] = [new Set<Local>(), new Set<Local>()];
  const visit = (code: Code): void => {
    if (code.kind === 'local') reads.add(code.local);
    else parts(code).forEach(visit);
  };
  for (const one of statements([s])) {
    values(one).forEach(visit);
    if (one.kind === 'set') sets.add(one.local);
    if (one.kind === 'loop') {
      sets.add(one.variable);
      reads.add(one.variable);
    }
  }
  return { reads, sets };
};

/** Leaves memory as it is, so that what is loaded may as well be loaded behind it. */
const isStill = (s: Statement): boolean =>
  statements([s]).every(({ kind }) => kind !== 'store' && kind !== 'clear' && kind !== 'run');

export const sinkLoads = (given: Block): Block => {
  const block = mapAll(given, (s) => mapBlocks(s, sinkLoads));
  const waiting = new Map<Local, { readonly set: Statement; readonly needs: ReadonlySet<Local> }>();
  const done: Statement[] = [];
  const settle = (local: Local): void => {
    const found = waiting.get(local);
    if (found === undefined) return;
    waiting.delete(local);
    done.push(found.set);
  };
  const settleAll = (): void => [...waiting.keys()].forEach(settle);
  for (const s of block) {
    if (waiting.size > 0 && !isStill(s)) settleAll();
    const isLoad = s.kind === 'set' && s.value.kind === 'load';
    if (waiting.size > 0 || isLoad) {
      const { reads, sets } = touched(s);
      waiting.forEach(({ needs }, local) => {
        if (reads.has(local) || sets.has(local) || [...needs].some((n) => sets.has(n))) settle(local);
      });
      if (isLoad) {
        waiting.set(s.local, { set: s, needs: reads });
        continue;
      }
    }
    done.push(s);
  }
  settleAll();
  return done.length === given.length && done.every((s, i) => s === given[i]) ? given : done;
};
