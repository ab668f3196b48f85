/** The lines of a function of Python: assignments, each with a name of its own and after a comment that says where it comes from. */
import { type Piece, place } from './piece.js';

export interface Sheet {
  /** A name that nothing has, as near to `like` as may be. */
  readonly name: (like: string) => string;
  /** Assigns to a new name, which stands for the expression from here on. */
  readonly assign: (like: string, value: Piece) => Piece;
  readonly line: (text: string) => void;
  /** What follows comes from there. */
  readonly about: (place: string | undefined) => void;
  /** The lines until `close` belong to a function within. */
  readonly open: () => void;
  readonly close: () => void;
  readonly lines: readonly string[];
  /** Lines before line number `at`. */
  readonly insert: (at: number, lines: readonly string[]) => void;
}

/** `taken`: names that mean something already. */
export const sheet = (taken: Iterable<string>): Sheet => {
  const names = new Set(taken);
  const numbered = new Map<string, number>();
  const lines: string[] = [];
  let depth = 1;
  let [from, said]: (string | undefined)[] = [];
  const indent = (): string => '    '.repeat(depth);
  const name = (like: string): string => {
    for (let n = numbered.get(like) ?? 1; ; n++) {
      const found = n === 1 ? like : `${like}_${n}`;
      if (names.has(found)) continue;
      numbered.set(like, n + 1);
      names.add(found);
      return found;
    }
  };
  const line = (text: string): void => {
    if (from !== undefined && from !== said) lines.push(`${indent()}# ${from}`);
    said = from ?? said;
    lines.push(...text.split('\n').map((l) => (l === '' ? '' : `${indent()}${l}`)));
  };
  return {
    name,
    line,
    assign: (like, value) => {
      const found = name(like);
      line(`${found} = ${value.text}`);
      return place(found);
    },
    about: (where) => {
      from = where;
    },
    open: () => {
      depth++;
    },
    close: () => {
      depth--;
    },
    lines,
    insert: (at, more) => {
      lines.splice(at, 0, ...more.map((l) => `${indent()}${l}`));
    },
  };
};
