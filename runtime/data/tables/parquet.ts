/** Parquet: a row group at a time, and of it the columns that are used. */
import { open } from 'node:fs/promises';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type AsyncBuffer, type DecodedArray, parquetScan, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf } from '../../errors.js';
import { visible } from '../cells.js';

/** Times as Unix seconds, to the fraction that a double has. */
const parsers = {
  timestampFromMilliseconds: (of: bigint) => Number(of) / 1e3,
  timestampFromMicroseconds: (of: bigint) => Number(of) / 1e6,
  timestampFromNanoseconds: (of: bigint) => Number(of) / 1e9,
  dateFromDays: (days: number) => days * 86_400,
};

/** The columns of a file of columns, and what reads some of them, part by part. */
export interface ColumnFile {
  readonly names: readonly string[];
  /** Calls back with the columns `places` of each part, and the number of its first row, from 1. Left: what the callback says. */
  readonly parts: (
    places: readonly number[],
    visit: (columns: readonly ArrayLike<unknown>[], rows: number, first: number) => string | undefined,
  ) => Promise<string | undefined>;
}

/** The reader's own errors are plain ones; others are what bytes without sense make of its code. */
const broken = (path: string, error: unknown): string => {
  const senseless = error instanceof TypeError || error instanceof RangeError || messageOf(error).includes('undefined');
  return `${path}: this Parquet file cannot be read: ${senseless ? 'its bytes are damaged' : visible(messageOf(error))}; write it again, or as CSV`;
};

/** Opens a Parquet file, lets `use` read it, and closes it. Left: what is wrong with the file, or what `use` says. */
export const withParquet = async <A>(
  path: string,
  use: (file: ColumnFile) => Promise<Either<string, A>>,
): Promise<Either<string, A>> => {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const slice = async (start: number, end: number): Promise<ArrayBuffer> => {
      if (!(start >= 0 && start <= end && end <= size)) throw new RangeError('beyond the file');
      const bytes = new Uint8Array(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    };
    const file: AsyncBuffer = {
      byteLength: size,
      slice: (start, end = size) => {
        const bytes = slice(start, end);
        // Several are asked for at once: who gives up at the first that fails never looks at the others, and that would end the process.
        bytes.catch(() => undefined);
        return bytes;
      },
    };
    const scan = await parquetScan({ file, compressors, parsers });
    const names = parquetSchema(scan.metadata).children.map(({ element }) => element.name);
    return await use({
      names,
      parts: async (places, visit) => {
        for (const { rowStart, rowEnd } of scan.ranges) {
          const columns: DecodedArray[] = [];
          for (const place of places) {
            const column = await scan.readColumn({ column: names[place]!, rowStart, rowEnd });
            if (column.length !== rowEnd - rowStart) throw new RangeError('other rows than there should be');
            columns.push(column);
          }
          const fault = visit(columns, rowEnd - rowStart, rowStart + 1);
          if (fault !== undefined) return fault;
        }
        return undefined;
      },
    });
  } catch (error) {
    return left(broken(path, error));
  } finally {
    await handle.close();
  }
};

/** All rows of a Parquet file, by column. For small files such as item tables. */
export const wholeParquet = (
  path: string,
): Promise<Either<string, { readonly names: readonly string[]; readonly rows: readonly (readonly unknown[])[] }>> =>
  withParquet(path, async ({ names, parts }) => {
    const rows: unknown[][] = [];
    const fault = await parts([...names.keys()], (columns, count) => {
      for (let r = 0; r < count; r++) rows.push(columns.map((column) => column[r]));
      return undefined;
    });
    return fault === undefined ? right({ names, rows }) : left(fault);
  });
