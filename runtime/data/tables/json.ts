/** JSON lines: an object a line, whose keys are the columns. */
import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from '../cells.js';
import { decode } from '../ids.js';
import type { Step } from '../lines.js';
import type { Reading } from '../reading.js';
import { placeOf } from './choice.js';
import { valueRows } from './values.js';

type Fields = Readonly<Record<string, unknown>>;

/** The object on a line. Left: it is none. */
export const objectOf = (text: string): Either<string, Fields> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? right(value as Fields)
      : left(`expected an object a line, {"user_id": ...}, found ${quoted(text)}; a list is written so by jq -c '.[]'`);
  } catch {
    return left(
      text.trim() === '{' || text.trimStart().startsWith('[')
        ? `expected an object on this one line, found ${quoted(text)}; JSON that is spread over lines is written so by jq -c '.[]'`
        : `this is no JSON: ${quoted(text)}; correct or remove the line`,
    );
  }
};

/** Reads JSON lines whose first one has all keys that matter; a key that a later line lacks is missing there. */
export const jsonLines =
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const first = objectOf(decode(bytes.subarray(start, end)));
    if (isLeft(first)) return first.left;
    const keys = Object.keys(first.right);
    // What is asked for may be missing on the first line, and must be on another.
    const later = new Set(
      reading.choice.flatMap(({ column }) => (column === undefined || isRight(placeOf(keys, column)) ? [] : [column])),
    );
    const names = [...keys, ...later];
    const rows = valueRows(reading, names);
    if (isLeft(rows)) return rows.left;
    const { used, take } = rows.right;
    reading.end = () =>
      later.size === 0
        ? undefined
        : `no line has the key ${quoted([...later][0]!)}; the keys of the first are ${keys.map((key) => quoted(key)).join(', ')}`;
    const step: Step = (line, from, to) => {
      const object = objectOf(decode(line.subarray(from, to)));
      if (isLeft(object)) return object.left;
      for (const name of later) if (name in object.right) later.delete(name);
      const wrong = take((place) => (used.has(place) ? object.right[names[place]!] : undefined));
      return wrong ?? step;
    };
    return step(bytes, start, end);
  };
