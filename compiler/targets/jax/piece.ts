/** Python expressions as text that knows how tightly it binds, so that brackets stand where they are needed and nowhere else. */
import { plainWord } from '../../loops/names.js';

/** From loose to tight, as the language has them. */
const levels = ['comparison', 'or', 'xor', 'and', 'sum', 'product', 'sign', 'atom'] as const;
type Level = (typeof levels)[number];

export interface Piece {
  readonly text: string;
  readonly level: Level;
  /** A number that Python knows before anything runs: a literal, or the size of an array. */
  readonly known?: true;
  /** Which number, of a literal. */
  readonly number?: number;
  /** A name, perhaps with subscripts: it may stand in several places. */
  readonly place?: true;
}

export const atom = (text: string): Piece => ({ text, level: 'atom' });
export const place = (text: string): Piece => ({ text, level: 'atom', place: true });
export const known = (text: string, level: Level = 'atom'): Piece => ({ text, level, known: true });
/** A literal. */
export const number = (value: number, text = `${value}`): Piece => ({
  ...known(text, value < 0 || Object.is(value, -0) ? 'sign' : 'atom'),
  number: value,
});

/** The text where nothing looser than `level` may stand. */
const within = (p: Piece, level: Level): string =>
  levels.indexOf(p.level) < levels.indexOf(level) ? `(${p.text})` : p.text;
const tighter = (level: Level): Level => levels[levels.indexOf(level) + 1]!;

export const call = (name: string, ...args: readonly (Piece | string)[]): Piece =>
  atom(`${name}(${args.map((a) => (typeof a === 'string' ? a : a.text)).join(', ')})`);
/** An operator that groups to the left; of a comparison both sides bind tighter. */
export const infix =
  (operator: string, level: Level) =>
  (a: Piece, b: Piece): Piece => ({
    text: `${within(a, level === 'comparison' ? tighter(level) : level)} ${operator} ${within(b, tighter(level))}`,
    level,
    ...(a.known === true && b.known === true ? { known: true as const } : {}),
  });
export const prefix =
  (operator: string) =>
  (a: Piece): Piece => ({ text: `${operator}${within(a, 'sign')}`, level: 'sign' });
/** The name of a user as Python may have it. */
export const word = (name: string): string => {
  const plain = plainWord(name);
  return plain[0]! >= '0' && plain[0]! <= '9' ? `_${plain}` : plain;
};
/** An expression between brackets after it. */
export const subscripted = (p: Piece, subscript: string): Piece => ({
  ...suffixed(p, `[${subscript}]`),
  ...(p.place === true ? { place: true as const } : {}),
});
/** What follows an expression. */
export const suffixed = (p: Piece, suffix: string): Piece => atom(`${within(p, 'atom')}${suffix}`);

export const quoted = (text: string): string => JSON.stringify(text);
/** A tuple of any length. */
export const tuple = (items: readonly string[]): string =>
  items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
