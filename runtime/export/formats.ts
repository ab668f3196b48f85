/** Files that others read: lists of recommendations and vectors, by the endings of their names. */
import { extname } from 'node:path';
import { encode } from '../safetensors.js';
import { npyHead } from './npy.js';
import { parquet } from './parquet.js';

/** What a user is recommended, the best first. */
export interface List {
  readonly user: string;
  readonly items: readonly { readonly item: string; readonly title: string | null; readonly score: number }[];
}
/** Vectors of so many users or items, told apart by their ids. */
export interface Vector {
  readonly id: string;
  readonly vector: Float32Array;
}
/** Whose vectors, how many of them, and how wide they are. */
export interface Matrix {
  readonly of: 'user' | 'item';
  readonly rows: number;
  readonly width: number;
  readonly model: string;
}

/** Batches of rows, as they are made, to pieces of a file. */
export type Written<R, A = undefined> = (rows: AsyncIterable<readonly R[]>, about: A) => AsyncIterable<Uint8Array>;

const text = (lines: readonly string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\n`).join(''));

/** Quoted where it must be (RFC 4180). */
const cell = (value: string | number | null): string => {
  const plain = value === null ? '' : String(value);
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

const csv: Written<List> = async function* (rows) {
  yield text(['user,rank,item,score,title']);
  for await (const lists of rows)
    yield text(
      lists.flatMap(({ user, items }) =>
        items.map(({ item, score, title }, i) => [user, i + 1, item, score, title].map(cell).join(',')),
      ),
    );
};

const jsonl: Written<List> = async function* (rows) {
  for await (const lists of rows) yield text(lists.map((list) => JSON.stringify(list)));
};

const listsParquet: Written<List> = (rows) =>
  parquet(
    [
      { name: 'user', type: 'STRING' },
      { name: 'rank', type: 'INT32' },
      { name: 'item', type: 'STRING' },
      { name: 'score', type: 'FLOAT' },
      { name: 'title', type: 'STRING', optional: true },
    ],
    rows,
    ({ user, items }) => items.map(({ item, score, title }, i) => [user, i + 1, item, score, title]),
  );

/** One after another, in the order of rows. */
const joined = async (rows: AsyncIterable<readonly Vector[]>, { rows: count, width }: Matrix) => {
  const ids: string[] = [];
  const data = new Float32Array(count * width);
  for await (const batch of rows)
    for (const { id, vector } of batch) {
      data.set(vector, ids.length * width);
      ids.push(id);
    }
  return { ids, data };
};

const npy: Written<Vector, Matrix> = async function* (rows, { rows: count, width }) {
  yield npyHead('f32', [count, width]);
  for await (const batch of rows) {
    const data = new Float32Array(batch.length * width);
    batch.forEach(({ vector }, i) => data.set(vector, i * width));
    yield new Uint8Array(data.buffer);
  }
};

const safetensors: Written<Vector, Matrix> = async function* (rows, matrix) {
  const { of, rows: count, width, model } = matrix;
  const { ids, data } = await joined(rows, matrix);
  yield* encode({
    metadata: { model, of, ids: JSON.stringify(ids) },
    tensors: { [of]: { shape: [count, width], data } },
  });
};

const vectorsParquet: Written<Vector, Matrix> = (rows, { of }) =>
  parquet(
    [
      { name: of, type: 'STRING' },
      { name: 'vector', type: 'FLOAT', list: true },
    ],
    rows,
    ({ id, vector }) => [[id, vector]],
  );

/** By the ending of a file's name. Those that hold no ids have them in a file beside, one a line in JSON. */
export const listFormats: Readonly<Record<string, Written<List>>> = {
  '.csv': csv,
  '.jsonl': jsonl,
  '.parquet': listsParquet,
};
export const vectorFormats: Readonly<
  Record<string, { readonly write: Written<Vector, Matrix>; readonly ids: boolean }>
> = {
  '.npy': { write: npy, ids: false },
  '.safetensors': { write: safetensors, ids: true },
  '.parquet': { write: vectorsParquet, ids: true },
};
export const endingOf = (file: string): string => extname(file).toLowerCase();
