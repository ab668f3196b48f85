/** What a column of an item table holds: a value of each kind from what a file has, and the kind that a column turns out to be. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isNumber, quoted } from '../cells.js';
import type { FeatureColumn } from '../columns.js';
import { compareIds, faultIn, spelled } from '../ids.js';
import type { Kind } from './choice.js';
import { textOf } from './values.js';

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);

/** A text that is a list in JSON. */
const listIn = (value: unknown): unknown => {
  if (typeof value !== 'string' || !/^\s*\[.*\]\s*$/s.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
};

const isMissing = (value: unknown): boolean => textOf(value).trim() === '';

/** What stands between the several values of a cell: the first of these that any cell of the column has. */
const separators = ['|', ';', ','] as const;

/** How a column's cells are read, decided by all of them. */
interface Way {
  readonly kind: Kind;
  /** Between several values of a text; undefined where each text is one. */
  readonly separator: string | undefined;
}

const numberOf = (value: unknown): number =>
  typeof value === 'boolean' ? Number(value) : isNumber(textOf(value)) ? Number(textOf(value)) : NaN;

const wordOf = (value: unknown): Either<string, string> => {
  const word = spelled(textOf(value));
  const fault = word === '' ? undefined : faultIn(word);
  return fault === undefined ? right(word) : left(`the value ${quoted(word)} ${fault}`);
};

const wordsOf = (value: unknown, separator: string | undefined): Either<string, readonly string[]> => {
  const of = listIn(value);
  const parts = isList(of) ? Array.from(of) : separator === undefined ? [of] : textOf(of).split(separator);
  const words = new Set<string>();
  for (const part of parts) {
    const word = wordOf(part);
    if (isLeft(word)) return word;
    if (word.right !== '') words.add(word.right);
  }
  return right([...words]);
};

const vectorOf = (value: unknown): Either<string, readonly number[]> => {
  const of = listIn(value);
  const parts = isList(of)
    ? Array.from(of)
    : textOf(of)
        .trim()
        .split(/[\s,;|]+/);
  const numbers = parts.map(numberOf);
  return numbers.every(Number.isFinite) ? right(numbers) : left(`expected numbers, found ${quoted(textOf(value))}`);
};

/** The kind that values turn out to be of, those that are missing aside; undefined for what has parts with names. */
const found = (values: readonly unknown[]): Kind | undefined => {
  const there = values.filter((value) => !isMissing(value)).map(listIn);
  if (there.some((value) => typeof value === 'object' && !isList(value) && !(value instanceof Date))) return undefined;
  if (there.length > 0 && there.every(isList)) {
    const widths = new Set(there.map(({ length }) => length));
    const isVector =
      widths.size === 1 &&
      !widths.has(1) &&
      there.every((list) => Array.from(list).every((x) => typeof x === 'number'));
    return isVector ? 'vector' : 'categories';
  }
  if (there.every((value) => typeof value !== 'boolean' && isNumber(textOf(value)))) return 'number';
  const texts = there.map(textOf);
  if (texts.some((text) => text.includes('|'))) return 'categories';
  const distinct = new Set(texts).size;
  return texts.length > 20 && distinct > 0.9 * texts.length ? 'text' : 'category';
};

/** How a column is read: as it is asked for or typed, else as its values turn out. Undefined where it cannot be a column. */
export const wayOf = (values: readonly unknown[], given: Kind | undefined, isTyped: boolean): Way | undefined => {
  const kind = given ?? found(values);
  const texts = kind === 'categories' ? values.map(listIn).filter((value) => typeof value === 'string') : [];
  return kind === undefined
    ? undefined
    : {
        kind,
        separator: isTyped ? ' ' : separators.find((separator) => texts.some((text) => text.includes(separator))),
      };
};

/** A column of records: what it is of records in any order, -1 for an item that has none. */
export type Made = (order: Int32Array) => FeatureColumn;

/** The values of a kind. Left: the place of the first that is none, and why. */
export const columnOfKind = (
  values: readonly unknown[],
  { kind, separator }: Way,
): Either<{ readonly at: number; readonly why: string }, Made> => {
  /** Each value by `read`; `none` where it is missing. */
  const all = <A>(read: (value: unknown) => Either<string, A>, none: A): Either<{ at: number; why: string }, A[]> => {
    const made: A[] = [];
    for (const [at, value] of values.entries()) {
      const one = isMissing(value) ? right(none) : read(value);
      if (isLeft(one)) return left({ at, why: one.left });
      made.push(one.right);
    }
    return right(made);
  };
  switch (kind) {
    case 'number': {
      const read = all(
        (value) =>
          Number.isFinite(numberOf(value))
            ? right(numberOf(value))
            : left(`expected a number, found ${quoted(textOf(value))}`),
        NaN,
      );
      return isLeft(read)
        ? read
        : right((order) => ({ kind, values: Float64Array.from(order, (of) => (of < 0 ? NaN : read.right[of]!)) }));
    }
    case 'text': {
      const read = all<string | undefined>((value) => right(spelled(textOf(value)) || undefined), undefined);
      return isLeft(read)
        ? read
        : right((order) => ({ kind, values: Array.from(order, (of) => (of < 0 ? undefined : read.right[of])) }));
    }
    case 'category': {
      const read = all(
        (value) =>
          isList(listIn(value)) ? left('expected one value, found a list; ask for categories') : wordOf(value),
        '',
      );
      if (isLeft(read)) return read;
      const { vocabulary, code } = words(read.right);
      return right((order) => ({
        kind,
        vocabulary,
        values: Int32Array.from(order, (of) => (of < 0 ? 0 : code(read.right[of]!))),
      }));
    }
    case 'categories': {
      const read = all<readonly string[]>((value) => wordsOf(value, separator), []);
      if (isLeft(read)) return read;
      const { vocabulary, code } = words(read.right.flat());
      const coded = read.right.map((of) => Int32Array.from(of, code).sort());
      return right((order) => {
        const offsets = new Int32Array(order.length + 1);
        order.forEach((of, i) => void (offsets[i + 1] = offsets[i]! + (of < 0 ? 0 : coded[of]!.length)));
        const joined = new Int32Array(offsets[order.length]!);
        order.forEach((of, i) => of >= 0 && joined.set(coded[of]!, offsets[i]));
        return { kind, vocabulary, offsets, values: joined };
      });
    }
    case 'vector': {
      const read = all<readonly number[]>(vectorOf, []);
      if (isLeft(read)) return read;
      const width = read.right.find(({ length }) => length > 0)?.length ?? 0;
      const at = read.right.findIndex(({ length }) => length > 0 && length !== width);
      return width === 0
        ? left({ at: 0, why: 'expected numbers, and no item has any' })
        : at >= 0
          ? left({ at, why: `expected ${width} numbers, as the items before it have, found ${read.right[at]!.length}` })
          : right((order) => vectors(width, order, (of) => read.right[of]!));
    }
  }
};

/** Rows of vectors in another order. */
export const vectors = (width: number, order: Int32Array, row: (of: number) => ArrayLike<number>): FeatureColumn => {
  const values = new Float32Array(order.length * width);
  order.forEach((of, i) => of >= 0 && values.set(row(of), i * width));
  return { kind: 'vector', width, values };
};

/** The distinct words in order, and 1 + the place of each; 0 for none. */
const words = (
  of: readonly string[],
): { readonly vocabulary: readonly string[]; readonly code: (word: string) => number } => {
  const vocabulary = [...new Set(of)].filter((word) => word !== '').sort(compareIds);
  const places = new Map(vocabulary.map((word, i) => [word, i + 1]));
  return { vocabulary, code: (word) => places.get(word) ?? 0 };
};
