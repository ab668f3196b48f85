/**
 * Files that are no plain text of events: Parquet as tools write it, tables of items, vectors, and files of splits. A case is a kind, a
 * choice among its good files, and mistakes in its bytes; what good files hold is known.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../compiler/package.js';
import type { LoadOptions } from '../../../runtime/data/index.js';
import { encode } from '../../../runtime/safetensors.js';
import { stream } from '../../generators/axes.js';
import { type Mistake, mistakes } from '../files/case.js';
import { mixed } from '../numbers.js';

export interface Case {
  readonly kind: string;
  readonly seed: number;
  readonly mistakes: readonly Mistake[];
}

const fixture = (name: string): Buffer => readFileSync(join(packageRoot, 'test', 'data', 'tables', name));
const parquet = ['pandas.parquet', 'zstd.parquet', 'duckdb.parquet'] as const;

/** The items of all kinds but Parquet's, whose files name others. */
export const items = ['p1', 'p2', 'p3', '7', 'é'] as const;
export const events = `user,item,time\n${Array.from({ length: 24 }, (_, i) => `u${i % 4},${items[i % 5]!},${1_500_000_000 + 60 * i}\n`).join('')}`;

const half = Buffer.from(new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff]).buffer);
const numbers = {
  '<f2': (i: number) => half.subarray(2 * (i % 5), 2 * (i % 5) + 2),
  '<f4': (i: number) => Buffer.from(Float32Array.of(Math.sin(i)).buffer),
  '<f8': (i: number) => Buffer.from(Float64Array.of(Math.cos(i)).buffer),
} as const;
const npy = (nat: (n: number) => number): Buffer => {
  const [type, width] = [Object.keys(numbers)[nat(3)] as keyof typeof numbers, 1 + nat(4)];
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${items.length}, ${width}), }`;
  const header = Buffer.from(`${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const data = Array.from({ length: items.length * width }, (_, i) => numbers[type](i));
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, header, ...data]);
};
const safetensors = (nat: (n: number) => number): Buffer => {
  const tensor = (width: number) => ({
    shape: [items.length, width],
    data: Float32Array.from({ length: items.length * width }, (_, i) => Math.sin(i)),
  });
  return Buffer.concat(
    encode({ metadata: { ids: JSON.stringify(items) }, tensors: { text: tensor(1 + nat(4)), image: tensor(2) } }),
  );
};
const idList = (): Buffer => Buffer.from(`${items.join('\n')}\n`);

const records = (nat: (n: number) => number) =>
  items.map((item, i) => ({
    item,
    title: `Title, the "${i}"`,
    genre: ['war', 'noir', ''][(i + nat(3)) % 3]!,
    tags: ['a', 'b', 'c'].filter((_, t) => (i + t) % 2 === 0),
    year: i === 2 ? '' : `${1990 + i}`,
    text: [i, -i / 3],
  }));
const quotedCell = (text: string): string => (/[",;|]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const separated =
  (delimiter: string) =>
  (nat: (n: number) => number): Buffer =>
    Buffer.from(
      [
        ['item_id', 'title', 'genre', 'tags', 'year'],
        ...records(nat).map(({ item, title, genre, tags, year }) => [item, title, genre, tags.join('|'), year]),
      ]
        .map((row) => `${row.map(quotedCell).join(delimiter)}\n`)
        .join(''),
    );

/** What a split was written to, of the rules that a file may hold. */
const splits = [
  { kind: 'last', count: 1 },
  { kind: 'last', count: 2 },
  { kind: 'time', validation: 1_500_000_600, test: 1_500_000_900 },
  { kind: 'users', validation: ['u1'], test: ['u0', 'u3'] },
] as const;

/** What is spoilt, and how it is read. */
export interface Kind {
  /** The name of the file that is spoilt, and where that is no table itself, of the one that is read. */
  readonly file: string;
  readonly good: (nat: (n: number) => number) => Buffer;
  /** What lies beside it. */
  readonly beside?: Readonly<Record<string, (nat: (n: number) => number) => Buffer>>;
  /** Of `load`, which reads `events.csv` unless `data` says that the file is the data. */
  readonly data: boolean;
  readonly options: (path: string) => LoadOptions;
  /** Whether it is text, whose lines messages name, and to which the mistakes of texts happen. */
  readonly text: boolean;
}
const asItems = (path: string): LoadOptions => ({ items: [path] });

export const kinds: Readonly<Record<string, Kind>> = {
  'Parquet of events': {
    file: 'events.parquet',
    good: (nat) => fixture(parquet[nat(3)]!),
    data: true,
    options: () => ({ columns: 'rating,action' }),
    text: false,
  },
  'Parquet of items': {
    file: 'items.parquet',
    good: () => fixture('items.parquet'),
    data: false,
    options: asItems,
    text: false,
  },
  '.npy': {
    file: 'text.npy',
    good: npy,
    beside: { 'text.ids.txt': idList },
    data: false,
    options: asItems,
    text: false,
  },
  'ids beside .npy': {
    file: 'text.ids.txt',
    good: idList,
    beside: { 'text.npy': npy },
    data: false,
    options: (path) => asItems(path.replace(/\.ids\.txt$/, '.npy')),
    text: true,
  },
  '.safetensors': { file: 'vectors.safetensors', good: safetensors, data: false, options: asItems, text: false },
  'CSV of items': { file: 'items.csv', good: separated(','), data: false, options: asItems, text: true },
  'items between semicolons': { file: 'items.txt', good: separated(';'), data: false, options: asItems, text: true },
  '.item': {
    file: 'things.item',
    good: (nat) =>
      Buffer.from(
        `item_id:token\ttitle:token_seq\tgenre:token\ttags:token_seq\tyear:float\n${records(nat)
          .map(({ item, title, genre, tags, year }) => `${item}\t${title}\t${genre}\t${tags.join(' ')}\t${year}\n`)
          .join('')}`,
      ),
    data: false,
    options: asItems,
    text: true,
  },
  'JSON lines of items': {
    file: 'items.jsonl',
    good: (nat) =>
      Buffer.from(
        records(nat)
          .map(({ year, ...record }) => `${JSON.stringify({ ...record, year: year === '' ? null : Number(year) })}\n`)
          .join(''),
      ),
    data: false,
    options: asItems,
    text: true,
  },
  'a split': {
    file: 'split.json',
    good: (nat) =>
      Buffer.from(`${JSON.stringify({ format: 'pcrec-split-1', rule: splits[nat(splits.length)] }, null, 2)}\n`),
    data: false,
    options: () => ({}),
    text: true,
  },
};

const bytesWith = (of: Buffer, at: number, more: readonly number[], out = 0): Buffer =>
  Buffer.concat([of.subarray(0, at), Buffer.from(more), of.subarray(at + out)]);
/** Each makes other bytes of bytes. Numbers in headers are where a flipped bit asks for the most. */
const byteMistakes: Readonly<Record<string, (bytes: Buffer, m: Mistake) => Buffer>> = {
  'bytes: one flipped': (bytes, { at, more }) => {
    const i = at % Math.max(1, bytes.length);
    return bytesWith(bytes, i, [(bytes[i] ?? 0) ^ (1 << (more % 8))], 1);
  },
  'bytes: one flipped near the end': (bytes, { at, more }) => {
    const i = Math.max(0, bytes.length - 1 - (at % 300));
    return bytesWith(bytes, i, [(bytes[i] ?? 0) ^ (1 << (more % 8))], 1);
  },
  'bytes: one left out': (bytes, { at }) => bytesWith(bytes, at % Math.max(1, bytes.length), [], 1),
  'bytes: one more': (bytes, { at, more }) => bytesWith(bytes, at % (bytes.length + 1), [more % 256]),
  'bytes: eight of ones': (bytes, { at }) => bytesWith(bytes, at % (bytes.length + 1), Array(8).fill(255), 8),
  'bytes: eight of zeros': (bytes, { at }) => bytesWith(bytes, at % (bytes.length + 1), Array(8).fill(0), 8),
  'bytes: cut off': (bytes, { at }) => bytes.subarray(0, at % (bytes.length + 1)),
  'bytes: the beginning missing': (bytes, { at }) => bytes.subarray(at % (bytes.length + 1)),
  'bytes: twice': (bytes) => Buffer.concat([bytes, bytes]),
  'bytes: none': () => Buffer.alloc(0),
};

const random = (seed: number): ((n: number) => number) => {
  const next = stream(seed);
  return (n) => Math.floor(next() * n);
};

export const generate = (seed: number, index: number): Case => {
  const nat = random(mixed(seed, index, 17));
  const names = Object.keys(kinds);
  const kind = names[index % names.length]!;
  const among = kinds[kind]!.text && nat(3) > 0 ? Object.keys(mistakes) : Object.keys(byteMistakes);
  return {
    kind,
    seed: nat(1 << 20),
    mistakes: Array.from({ length: [0, 1, 1, 1, 1, 2, 2, 3][nat(8)]! }, () => ({
      name: among[nat(among.length)]!,
      at: nat(1 << 16),
      more: nat(1 << 16),
    })),
  };
};

/** The files of a case by name: the spoilt one, and what lies beside it. */
export const filesOf = ({ kind, seed, mistakes: made }: Case): Readonly<Record<string, Buffer>> => {
  const { file, good, beside = {} } = kinds[kind]!;
  const spoilt = made.reduce(
    (bytes, m) => {
      const onText = mistakes[m.name];
      return onText === undefined
        ? (byteMistakes[m.name]?.(bytes, m) ?? bytes)
        : Buffer.from(onText(bytes.toString('latin1'), m), 'latin1');
    },
    good(random(seed)),
  );
  return {
    [file]: spoilt,
    ...Object.fromEntries(Object.entries(beside).map(([name, of]) => [name, of(random(seed))])),
  };
};
