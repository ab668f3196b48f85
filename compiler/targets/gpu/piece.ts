/**
 * The code of one value, as a piece that others are made of. A piece knows what it is, so nobody asks its text; and its text has no
 * brackets around the whole, so whoever puts it inside another operation asks for them.
 */
import { lowest } from '../../../dsl/lowest.js';
import type { DType } from '../../../dsl/scalar.js';
import type { HelperName } from './helpers.js';

/** given: a number that a kernel is handed and gpu.js keeps whole, as the thread's coordinates and sizes: not to be copied into a `const`. */
type Form = 'name' | 'literal' | 'given' | 'element' | 'call' | 'operation';

export interface Piece {
  readonly is: Form;
  readonly text: string;
  /** Whether an array is read anywhere in it. */
  readonly reads: boolean;
  /** Helper functions called anywhere in it. */
  readonly helpers: ReadonlySet<HelperName>;
}

const made = (is: Form, text: string, parts: readonly Piece[] = [], own: readonly HelperName[] = []): Piece => ({
  is,
  text,
  reads: is === 'element' || parts.some((p) => p.reads),
  helpers: new Set([...own, ...parts.flatMap((p) => [...p.helpers])]),
});

export const name = (text: string): Piece => made('name', text);
export const given = (text: string): Piece => made('given', text);

const float32Limit = -lowest.f32;
export const literal = (value: number, dtype: DType): Piece => {
  if (dtype === 'bool') return made('literal', value === 0 ? 'false' : 'true');
  const finite = Math.min(Math.max(value, -float32Limit), float32Limit);
  return made(finite < 0 || Object.is(finite, -0) ? 'operation' : 'literal', `${finite}`);
};
export const integer = (value: number): Piece => literal(value, 'i32');

export const element = (array: string, ...at: readonly Piece[]): Piece =>
  made('element', `${array}${at.map(({ text }) => `[${text}]`).join('')}`, at);

const called = (fn: string, args: readonly Piece[], own: readonly HelperName[]): Piece =>
  made('call', `${fn}(${args.map(({ text }) => text).join(', ')})`, args, own);
export const call = (fn: string, ...args: readonly Piece[]): Piece => called(fn, args, []);
export const help = (fn: HelperName, ...args: readonly Piece[]): Piece => called(fn, args, [fn]);

/** As part of another operation. */
export const inside = ({ is, text }: Piece): string => (is === 'operation' ? `(${text})` : text);

/** An operation on pieces, which come in brackets where they need them; words stand as they are: operation`${a} + ${b} | 0`. */
export const operation = (words: TemplateStringsArray, ...parts: readonly (Piece | string)[]): Piece =>
  made(
    'operation',
    String.raw({ raw: words }, ...parts.map((p) => (typeof p === 'string' ? p : inside(p)))),
    parts.filter((p) => typeof p !== 'string'),
  );

/** Where all of these hold. */
export const every = (first: Piece, ...rest: readonly Piece[]): Piece =>
  rest.length === 0 ? first : made('operation', [first, ...rest].map(inside).join(' && '), [first, ...rest]);
