/**
 * Lines of a plain or gzip file, streamed as byte ranges: nothing is decoded or copied that a reader does not ask for, so a
 * file of twenty million rows costs one buffer of a mebibyte.
 *
 * The loop over bytes is imperative on purpose; what goes in and what comes out are values.
 */
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../errors.js';

/**
 * Consumes one line, `bytes[start, end)` without its line ending, and returns what consumes the next one, or, as text, what
 * is wrong with this line. The range is valid during the call only.
 */
export type Step = (bytes: Buffer, start: number, end: number) => Step | string;

const chunkBytes = 1 << 20;
/** A line beyond this is a sign of a binary file, not of a very patient user. */
const longestLine = 1 << 26;
const newline = 0x0a;
const carriageReturn = 0x0d;
const [space, tab] = [0x20, 0x09];
const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

/** How files that are not UTF-8 text begin, and what to do about them; gzip is unpacked on the way. */
const signatures: readonly {
  readonly name: string;
  readonly magic: readonly number[];
  readonly remedy: 'gunzip' | string;
}[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], remedy: 'gunzip' },
  {
    name: 'zip',
    magic: [0x50, 0x4b, 0x03, 0x04],
    remedy: 'unpack it first, or, where it is a spreadsheet, save it as CSV',
  },
  { name: 'zstandard', magic: [0x28, 0xb5, 0x2f, 0xfd], remedy: 'unpack it first' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], remedy: 'unpack it first' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58], remedy: 'unpack it first' },
  { name: 'Parquet', magic: [0x50, 0x41, 0x52, 0x31], remedy: 'leave --format out, or name parquet' },
  { name: 'UTF-16', magic: [0xff, 0xfe], remedy: 'save it as UTF-8' },
  { name: 'UTF-16', magic: [0xfe, 0xff], remedy: 'save it as UTF-8' },
];

/** Bytes that no line of text holds, and what they are a sign of: where a line is refused, the likelier cause. */
const strangers: readonly { readonly byte: number; readonly cause: string }[] = [
  { byte: 0, cause: 'the line holds NUL bytes, as UTF-16 and files that are no text do: save the file as UTF-8 text' },
  {
    byte: carriageReturn,
    cause: 'the line holds carriage returns, and lines end in LF or CR LF: convert the ends of the lines',
  },
];
const causeIn = (bytes: Buffer, start: number, end: number): string => {
  const found = strangers.find(({ byte }) => bytes.subarray(start, end).includes(byte));
  return found === undefined ? '' : `; ${found.cause}`;
};

/** What went wrong below us, by the code of the system or of zlib, and what to do about it. */
const faults: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  ENOTDIR: 'there is no such file; check the path',
  EACCES: 'the file may not be read; check its permissions',
  EISDIR: 'this is a folder; name the file of interactions inside it (ratings.dat, ratings.csv, u.data, *.inter)',
  Z_DATA_ERROR: 'the gzip data are corrupt; download or compress the file again',
  Z_BUF_ERROR: 'the gzip data end too early; download or compress the file again',
};

const explain = (path: string, error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return `${path}: ${faults[code] ?? `cannot be read: ${messageOf(error)}`}`;
};

/** The bytes of a file, chunk by chunk, decompressed where the first bytes say gzip. `consume` may stop with a message. */
const eachChunk = async (
  path: string,
  consume: (chunk: Buffer) => string | undefined,
): Promise<Either<string, void>> => {
  try {
    const handle = await open(path);
    try {
      const { buffer: head, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
      const signature = signatures.find(
        ({ magic }) => magic.length <= bytesRead && magic.every((byte, i) => head[i] === byte),
      );
      if (signature !== undefined && signature.remedy !== 'gunzip')
        return left(
          `${path}: this is ${signature.name} data; expected text in UTF-8, plain or gzip: ${signature.remedy}`,
        );
      const source = handle.createReadStream({ start: 0, highWaterMark: chunkBytes, autoClose: false });
      // Errors of the source destroy the decompressor, whose iteration below then throws them: the callback has nothing to add.
      const chunks: AsyncIterable<Buffer> =
        signature === undefined ? source : pipeline(source, createGunzip({ chunkSize: chunkBytes }), () => undefined);
      for await (const chunk of chunks) {
        const fault = consume(chunk);
        if (fault !== undefined) return left(fault);
      }
      return right(undefined);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return left(explain(path, error));
  }
};

const isBlank = (bytes: Buffer, start: number, end: number): boolean => {
  let i = start;
  while (i < end && (bytes[i] === space || bytes[i] === tab)) i++;
  return i >= end;
};

/** The whole file, decompressed: for small files such as titles. Errors: as for `eachLine`. */
export const wholeFile = async (path: string): Promise<Either<string, Buffer>> => {
  const chunks: Buffer[] = [];
  const read = await eachChunk(path, (chunk) => void chunks.push(chunk));
  return isLeft(read) ? read : right(Buffer.concat(chunks));
};

/**
 * Feeds each line that is not blank to `first`, then to what that returns, and so on. A line ends in LF and any number of CRs
 * before it (CR CR LF is what Windows makes of CR LF); byte-order marks at the start are skipped.
 *
 * Errors, each naming the file and, where there is one, the line: unreadable, corrupt or truncated gzip, another kind of
 * archive, no line at all, and whatever a step complains of.
 */
export const eachLine = async (path: string, first: Step): Promise<Either<string, void>> => {
  let step = first;
  let number = 0;
  let fed = 0;
  let rest: Buffer = Buffer.alloc(0);

  const feed = (bytes: Buffer, start: number, end: number): string | undefined => {
    number++;
    let [from, to] = [start, end];
    while (fed === 0 && byteOrderMark.every((byte, i) => bytes[from + i] === byte)) from += 3;
    while (to > from && bytes[to - 1] === carriageReturn) to--;
    if (isBlank(bytes, from, to)) return undefined;
    fed++;
    // A file that is no text shows it at once; looking for it later would cost a pass over every line.
    if (fed === 1 && bytes.subarray(from, to).includes(0))
      return `${path}:${number}: expected text in UTF-8${causeIn(bytes, from, to)}`;
    const next = step(bytes, from, to);
    if (typeof next === 'string') return `${path}:${number}: ${next}${causeIn(bytes, from, to)}`;
    step = next;
    return undefined;
  };

  const read = await eachChunk(path, (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    // What was left over holds no newline, so it is not searched again.
    for (let i = bytes.indexOf(newline, rest.length); i >= 0; i = bytes.indexOf(newline, i + 1)) {
      const fault = feed(bytes, start, i);
      if (fault !== undefined) return fault;
      start = i + 1;
    }
    rest = bytes.subarray(start);
    return rest.length > longestLine
      ? `${path}:${number + 1}: the line is longer than ${longestLine >> 20} MiB; expected lines of text`
      : undefined;
  });
  if (isLeft(read)) return read;
  const fault = rest.length > 0 ? feed(rest, 0, rest.length) : undefined;
  if (fault !== undefined) return left(fault);
  return fed === 0
    ? left(`${path}: the file is empty; expected one interaction, or one user, a line`)
    : right(undefined);
};
