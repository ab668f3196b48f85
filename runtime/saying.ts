/** What a request says of a column of events or of users, as the numbers that a model reads of it. */
import * as E from 'fp-ts/lib/Either.js';
import { quoted } from './data/cells.js';
import { type Learnt, widthOf } from './lexicon.js';

/** A value, or several; a list in one text has its values between `|`, a vector its numbers between commas or spaces. */
export type Value = string | number | readonly (string | number)[];

/** `widthOf` numbers; the words that training never met, which are taken as missing; and those that are more than it met together. */
export interface Said {
  readonly values: Float32Array;
  readonly strange: readonly string[];
  readonly beyond?: readonly string[];
}

const several = (value: Value, between: RegExp): readonly string[] =>
  typeof value === 'object'
    ? value.map(String)
    : String(value)
        .split(between)
        .map((one) => one.trim())
        .filter((one) => one !== '');
const shown = (value: Value): string => (typeof value === 'object' ? JSON.stringify(value) : quoted(String(value)));

/** Codes in the order of the vocabulary, as columns of data have them. */
const coded = (vocabulary: readonly string[], words: readonly string[], most: number): Said => {
  const codes = words.map((word) => 1 + vocabulary.indexOf(word));
  const met = [...new Set(codes)].filter((code) => code > 0).sort((a, b) => a - b);
  const values = new Float32Array(most);
  values.set(met.slice(0, most));
  return {
    values,
    strange: words.filter((_, i) => codes[i] === 0),
    beyond: met.slice(most).map((code) => vocabulary[code - 1]!),
  };
};

const numbers = (value: Value): readonly number[] => several(value, /[\s,;|]+/).map(Number);

const readings: {
  readonly [K in Learnt['kind']]: (
    found: Extract<Learnt, { readonly kind: K }>,
    value: Value,
  ) => E.Either<string, Said>;
} = {
  category: ({ vocabulary }, value) =>
    typeof value === 'object' ? E.left('one value') : E.right(coded(vocabulary, [String(value)], 1)),
  categories: ({ vocabulary, most }, value) => E.right(coded(vocabulary, several(value, /\|/), most)),
  number: ({ mean, deviation }, value) => {
    const [x = Number.NaN, ...more] = numbers(value);
    return more.length > 0 || !Number.isFinite(x)
      ? E.left('a number')
      : E.right({ values: Float32Array.of((x - mean) / deviation), strange: [] });
  },
  vector: ({ width }, value) => {
    const all = numbers(value);
    return all.length !== width || !all.every(Number.isFinite)
      ? E.left(`a list of ${width} numbers`)
      : E.right({ values: Float32Array.from(all), strange: [] });
  },
};

/** What a model that learnt this of a column reads where nothing is said. */
export const silence = (found: Learnt): Float32Array => new Float32Array(widthOf(found));

/** The numbers of what is said. Left: a value that the column cannot have, in words that follow its name. */
export const said = <K extends Learnt['kind']>(
  found: Extract<Learnt, { readonly kind: K }>,
  value: Value,
): E.Either<string, Said> =>
  E.mapLeft((wanted: string) => `is ${wanted}, not ${shown(value)}`)(readings[found.kind as K](found, value));
