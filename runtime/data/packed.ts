/**
 * A value of arrays, texts and maps (a data set) as the bytes of one file, so that what took seconds to understand is there again in
 * the time that its bytes take.
 *
 * Sixteen bytes say what it is; then the lengths of all and of a header, the header in JSON, the arrays as the machine has them, each
 * from a multiple of eight bytes on, and last the sha-256 of everything before. Arrays are read as views: nothing is copied.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { type Either, left, right } from 'fp-ts/lib/Either.js';

const magic = 'pcrec packed 1\n\n';
const headLength = magic.length + 16;
const digestLength = 32;
/** What is read, hashed and written at once. */
const piece = 1 << 24;
const textsPerLine = 4096;

const arrays = { Uint8Array, Int32Array, Float32Array, Float64Array } as const;
type ArrayName = keyof typeof arrays;
const names = Object.keys(arrays) as readonly ArrayName[];

/** Where the bytes of an array or of texts are, from the end of the header on. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}
/** A value in the header: numbers, texts and truths stand for themselves. */
type Tree =
  | null
  | string
  | number
  | boolean
  | { readonly array: ArrayName; readonly place: Place }
  | { readonly texts: number; readonly place: Place }
  | { readonly keys: Tree; readonly values: Tree }
  | { readonly list: readonly Tree[] }
  | { readonly object: Readonly<Record<string, Tree>> }
  | { readonly number: string };

const padded = (length: number): number => Math.ceil(length / 8) * 8;
const isTexts = (value: readonly unknown[]): value is readonly (string | undefined)[] =>
  value.every((text) => text === undefined || typeof text === 'string');

/** Lines of JSON lists: no text of all of them is ever made, which could be longer than a string may be. */
const textBytes = (texts: readonly (string | undefined)[]): Buffer => {
  const lines: Buffer[] = [];
  for (let i = 0; i < texts.length; i += textsPerLine)
    lines.push(Buffer.from(`${JSON.stringify(texts.slice(i, i + textsPerLine))}\n`));
  return Buffer.concat(lines);
};

const textsOf = (bytes: Buffer): readonly (string | undefined)[] => {
  const texts: (string | undefined)[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    for (const text of JSON.parse(bytes.toString('utf8', from, end)) as readonly (string | null)[])
      texts.push(text ?? undefined);
    from = end + 1;
  }
  return texts;
};

/** The parts of a file that holds a value under a key, in their order, its digest aside. The value has plain objects alone. */
export const sectionsOf = (key: string, value: unknown): readonly Uint8Array[] => {
  const sections: Uint8Array[] = [];
  let end = 0;
  const placed = (bytes: Uint8Array): Place => {
    const place = { at: end, bytes: bytes.byteLength };
    sections.push(bytes, new Uint8Array(padded(bytes.byteLength) - bytes.byteLength));
    end += padded(bytes.byteLength);
    return place;
  };
  const treeOf = (of: unknown): Tree => {
    if (ArrayBuffer.isView(of)) {
      const array = names.find((name) => of instanceof arrays[name]);
      if (array === undefined) throw new Error('an array of a kind that no data set has');
      return { array, place: placed(new Uint8Array(of.buffer, of.byteOffset, of.byteLength)) };
    }
    if (of instanceof Map) return { keys: treeOf([...of.keys()]), values: treeOf([...of.values()]) };
    if (Array.isArray(of))
      return of.length > 0 && isTexts(of)
        ? { texts: of.length, place: placed(textBytes(of)) }
        : { list: of.map((one) => treeOf(one)) };
    if (typeof of === 'number')
      return Number.isFinite(of) && !Object.is(of, -0) ? of : { number: Object.is(of, -0) ? '-0' : `${of}` };
    if (typeof of === 'string' || typeof of === 'boolean' || of === null) return of;
    const entries = Object.entries(of as object).filter(([, part]) => part !== undefined);
    return { object: Object.fromEntries(entries.map(([name, part]) => [name, treeOf(part)])) };
  };
  const tree = treeOf(value);
  const text = Buffer.from(JSON.stringify({ key, tree }));
  const header = Buffer.concat([text, Buffer.alloc(padded(text.length) - text.length, ' ')]);
  const head = Buffer.alloc(headLength);
  head.write(magic, 'latin1');
  head.writeBigUInt64LE(BigInt(headLength + header.length + end + digestLength), magic.length);
  head.writeBigUInt64LE(BigInt(header.length), magic.length + 8);
  return [head, header, ...sections];
};

/** Writes parts and their digest. */
export const writeSealed = async (to: FileHandle, parts: readonly Uint8Array[]): Promise<void> => {
  const hash = createHash('sha256');
  for (const part of parts)
    for (let from = 0; from < part.byteLength; from += piece) {
      const bytes = part.subarray(from, from + piece);
      hash.update(bytes);
      await to.writeFile(bytes);
    }
  await to.writeFile(hash.digest());
};

/** The bytes of a file, if they are all there and are those that were written. */
const sealedBytes = async (from: FileHandle): Promise<Either<string, ArrayBuffer>> => {
  const { size } = await from.stat();
  if (size < headLength + digestLength) return left('it is cut short');
  const bytes = new Uint8Array(size);
  const hash = createHash('sha256');
  const body = size - digestLength;
  for (let at = 0; at < size;) {
    const { bytesRead } = await from.read(bytes, at, Math.min(piece, size - at), at);
    if (bytesRead === 0) return left('it is cut short');
    if (at < body) hash.update(bytes.subarray(at, Math.min(at + bytesRead, body)));
    at += bytesRead;
  }
  return hash.digest().equals(bytes.subarray(body))
    ? right(bytes.buffer)
    : left('its checksum does not match its contents');
};

/** What a file of `sectionsOf` holds, by its key. Left: why it holds nothing, as the end of a sentence. It throws where the disk does. */
export const readSealed = async (
  from: FileHandle,
): Promise<Either<string, { readonly key: string; readonly value: unknown }>> => {
  const found = await sealedBytes(from);
  if (found._tag === 'Left') return found;
  const bytes = Buffer.from(found.right);
  if (bytes.toString('latin1', 0, magic.length) !== magic) return left('it is of another kind');
  if (bytes.readBigUInt64LE(magic.length) !== BigInt(bytes.length)) return left('it is not as long as it should be');
  const begin = headLength + Number(bytes.readBigUInt64LE(magic.length + 8));
  const { key, tree } = JSON.parse(bytes.toString('utf8', headLength, begin)) as {
    readonly key: string;
    readonly tree: Tree;
  };
  const valueOf = (of: Tree): unknown => {
    if (of === null || typeof of !== 'object') return of;
    if ('array' in of) {
      const ofKind = arrays[of.array];
      return new ofKind(found.right, begin + of.place.at, of.place.bytes / ofKind.BYTES_PER_ELEMENT);
    }
    if ('texts' in of) return textsOf(bytes.subarray(begin + of.place.at, begin + of.place.at + of.place.bytes));
    if ('number' in of) return Number(of.number);
    if ('list' in of) return of.list.map(valueOf);
    if ('object' in of)
      return Object.fromEntries(Object.entries(of.object).map(([name, part]) => [name, valueOf(part)]));
    const values = valueOf(of.values) as readonly unknown[];
    return new Map((valueOf(of.keys) as readonly unknown[]).map((one, i) => [one, values[i]]));
  };
  return right({ key, value: valueOf(tree) });
};
