/** Formats that are no lines of text, known by their first bytes. */
import { open } from 'node:fs/promises';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Reading } from '../reading.js';
import { queried } from './database.js';
import { withParquet } from './parquet.js';
import { valueRows } from './values.js';

/** A data format: a row of `fileFormats`. */
export interface FileFormat {
  readonly name: string;
  readonly shape: string;
  /** The bytes that stand at a place near a file's beginning. */
  readonly magic: { readonly at: number; readonly bytes: string };
  /** Whether it gives what its bytes say: a database reads a journal beside it, and whatever a query names. */
  readonly alone: boolean;
  /** Reads all rows. Left: what is wrong, the file and the row in it. */
  readonly read: (path: string, reading: Reading, query: string | undefined) => Promise<Either<string, void>>;
}

const readParquet: FileFormat['read'] = (path, reading) =>
  withParquet(path, async ({ names, parts }) => {
    const rows = valueRows(reading, names);
    if (isLeft(rows)) return left(`${path}: ${rows.left}`);
    const { used, take } = rows.right;
    const places = [...used];
    const slot = new Int32Array(names.length);
    places.forEach((place, i) => (slot[place] = i));
    const fault = await parts(places, (columns, count, first) => {
      let row = 0;
      const value = (place: number): unknown => columns[slot[place]!]![row];
      for (; row < count; row++) {
        const wrong = take(value);
        if (wrong !== undefined) return `${path}:${first + row}: ${wrong}`;
      }
      return undefined;
    });
    return fault === undefined ? right(undefined) : left(fault);
  });

const readDatabase =
  (kind: 'sqlite' | 'duckdb'): FileFormat['read'] =>
  (path, reading, query) =>
    queried(path, kind, query, async ({ names, rows: answered }) => {
      const rows = valueRows(reading, names);
      if (isLeft(rows)) return left(`${path}: ${rows.left}`);
      let number = 0;
      for await (const row of answered) {
        number++;
        const wrong = rows.right.take((place) => row[place]);
        if (wrong !== undefined) return left(`${path}:${number}: ${wrong}`);
      }
      return right(undefined);
    });

/** The formats that are no lines of text. */
export const fileFormats: readonly FileFormat[] = [
  {
    name: 'parquet',
    shape: 'a Parquet file (of pandas, Polars, DuckDB, Spark)',
    magic: { at: 0, bytes: 'PAR1' },
    alone: true,
    read: readParquet,
  },
  {
    name: 'sqlite',
    shape: 'a SQLite database, its only table or what --query asks for (Node 22.13 or newer)',
    magic: { at: 0, bytes: 'SQLite format 3\0' },
    alone: false,
    read: readDatabase('sqlite'),
  },
  {
    name: 'duckdb',
    shape: 'a DuckDB database, the same (needs the package @duckdb/node-api)',
    magic: { at: 8, bytes: 'DUCK' },
    alone: false,
    read: readDatabase('duckdb'),
  },
];

/** The format of a file by its first bytes; undefined where it is text, or cannot be read, which reading it as text will say. */
export const fileFormatOf = async (path: string): Promise<FileFormat | undefined> => {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    return fileFormats.find(({ magic }) => head.startsWith(magic.bytes, magic.at));
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
};
