/**
 * The safetensors format for 32-bit floats: eight bytes of header length (little-endian), a JSON header, the data.
 * The metadata carry a sha-256 over the whole file, so that a single flipped bit is refused and not trained on.
 */
import { createHash } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

interface Row {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const blank = '0'.repeat(64);
const digestKey = 'sha256';
/** The longest header read; the format's own limit. */
const longest = 100_000_000;

const digestOf = (parts: readonly Uint8Array[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The bytes of a file, in pieces to write one after the other: deterministic, tensors in order of their names. */
export const encode = ({ metadata, tensors }: Safetensors): readonly Uint8Array[] => {
  const names = Object.keys(tensors).sort();
  const data = names.map((name) => bytesOf((tensors[name] as Tensor).data));
  const ends = data.reduce<readonly number[]>((sums, part) => [...sums, (sums.at(-1) ?? 0) + part.byteLength], []);
  const table = names.map((name, i) => [
    name,
    {
      dtype: 'F32',
      shape: (tensors[name] as Tensor).shape,
      data_offsets: [(ends[i] as number) - (data[i] as Uint8Array).byteLength, ends[i]],
    },
  ]);
  const header = (digest: string): Buffer => {
    const text = JSON.stringify({ __metadata__: { [digestKey]: digest, ...metadata }, ...Object.fromEntries(table) });
    const length = Buffer.byteLength(text);
    // Spaces to a multiple of eight bytes, as the format's own writer does, so that readers may map the data.
    const padded = Buffer.from(text + ' '.repeat((8 - (length % 8)) % 8));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(padded.byteLength));
    return Buffer.concat([size, padded]);
  };
  return [header(digestOf([header(blank), ...data])), ...data];
};

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const isCount = (x: unknown): x is number => typeof x === 'number' && Number.isSafeInteger(x) && x >= 0;
const areCounts = (x: unknown): x is readonly number[] => Array.isArray(x) && x.every(isCount);

const headerText = (file: Buffer): E.Either<string, Buffer> => {
  if (file.byteLength < 8)
    return E.left(`it is cut short: ${file.byteLength} bytes, and the header length alone takes 8`);
  const length = file.readBigUInt64LE(0);
  if (length > BigInt(longest)) return E.left(`its header claims ${length} bytes, more than the format allows`);
  if (8n + length > BigInt(file.byteLength))
    return E.left(`it is cut short: its header claims ${length} bytes, and the file has ${file.byteLength}`);
  return E.right(file.subarray(8, 8 + Number(length)));
};

const row = ([name, entry]: readonly [string, unknown]): E.Either<string, Row> => {
  if (!isRecord(entry)) return E.left(`the header's entry for \`${name}\` is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32')
    return E.left(`\`${name}\` has the type ${JSON.stringify(dtype ?? 'none')}; only F32 is read here`);
  if (!areCounts(shape)) return E.left(`the shape of \`${name}\` is not a list of sizes`);
  if (!areCounts(offsets) || offsets.length !== 2)
    return E.left(`the offsets of \`${name}\` are not two byte positions`);
  const [begin, end] = offsets as readonly [number, number];
  return 4 * shape.reduce((a, b) => a * b, 1) === end - begin
    ? E.right({ name, shape, begin, end })
    : E.left(`\`${name}\` has the shape [${shape.join(', ')}] but ${end - begin} bytes`);
};

/** The data must be covered once and completely: the format forbids holes and overlaps. */
const covered =
  (size: number) =>
  (rows: readonly Row[]): E.Either<string, readonly Row[]> => {
    const sorted = [...rows].sort((a, b) => a.begin - b.begin || a.end - b.end);
    const gap = sorted.findIndex((r, i) => r.begin !== (i === 0 ? 0 : (sorted[i - 1] as Row).end));
    if (gap >= 0) return E.left(`the data of \`${(sorted[gap] as Row).name}\` do not begin where the ones before end`);
    const end = sorted.at(-1)?.end ?? 0;
    return end === size ? E.right(rows) : E.left(`it should hold ${end} bytes of data and holds ${size}`);
  };

const stringsOf = (metadata: unknown): E.Either<string, Readonly<Record<string, string>>> =>
  isRecord(metadata) && Object.values(metadata).every((value) => typeof value === 'string')
    ? E.right(metadata as Readonly<Record<string, string>>)
    : E.left('its metadata are not a table of strings');

const intact = (
  file: Buffer,
  header: Buffer,
  metadata: Readonly<Record<string, string>>,
): E.Either<string, undefined> => {
  const digest = metadata[digestKey];
  const at = digest === undefined ? -1 : header.indexOf(`"${digestKey}":"${digest}"`);
  if (digest === undefined || digest.length !== blank.length || at < 0) return E.left('it carries no checksum');
  const begin = 8 + at + digestKey.length + 4;
  const parts = [file.subarray(0, begin), Buffer.from(blank), file.subarray(begin + blank.length)];
  return digestOf(parts) === digest ? E.right(undefined) : E.left('its checksum does not match its contents');
};

const decoded = (
  file: Buffer,
  trusted: (file: Buffer, header: Buffer, metadata: Readonly<Record<string, string>>) => E.Either<string, undefined>,
): E.Either<string, Safetensors> =>
  pipe(
    E.Do,
    E.bind('text', () => headerText(file)),
    E.bind('json', ({ text }) =>
      E.tryCatch(
        (): unknown => JSON.parse(text.toString('utf8')),
        () => 'its header is not JSON',
      ),
    ),
    E.bind('header', ({ json }) => (isRecord(json) ? E.right(json) : E.left('its header is not a JSON object'))),
    E.bind('all', ({ header }) => stringsOf(header['__metadata__'] ?? {})),
    E.bind('rows', ({ header, text }) =>
      pipe(
        Object.entries(header).filter(([name]) => name !== '__metadata__'),
        E.traverseArray(row),
        E.chain(covered(file.byteLength - 8 - text.byteLength)),
      ),
    ),
    E.chainFirst(({ text, all }) => trusted(file, text, all)),
    E.map(({ text, all, rows }) => {
      const base = 8 + text.byteLength;
      // Copied, so that views are aligned whatever the header's length. Hosts are little-endian, as the format is.
      const tensor = (r: Row): Tensor => ({
        shape: r.shape,
        data: new Float32Array(new Uint8Array(file.subarray(base + r.begin, base + r.end)).buffer),
      });
      const { [digestKey]: _, ...metadata } = all;
      return { metadata, tensors: Object.fromEntries(rows.map((r) => [r.name, tensor(r)])) };
    }),
  );

/** Reads a file's bytes. Left: what is wrong with them, as the end of the sentence "FILE cannot be used: ...". Never throws. */
export const decode = (file: Buffer): E.Either<string, Safetensors> => decoded(file, intact);

/** The same for a file that another program wrote, which carries no checksum of ours. */
export const decodeForeign = (file: Buffer): E.Either<string, Safetensors> => decoded(file, () => E.right(undefined));
