/**
 * Files of interactions and of titles: good ones of every format, whose content is known, and what mistakes make of them. A case
 * is the good file and the mistakes by name, so that it shrinks by rows and by mistakes.
 */
import { gzipSync } from 'node:zlib';
import { stream } from '../../generators/axes.js';
import { mixed } from '../numbers.js';

export interface Row {
  readonly user: string;
  readonly item: string;
  readonly rating: number;
  readonly time: number;
}
export interface Mistake {
  readonly name: string;
  readonly at: number;
  readonly more: number;
}
export interface Case {
  readonly format: string;
  /** Whether the reader is told the format. */
  readonly told: boolean;
  readonly rows: readonly Row[];
  readonly mistakes: readonly Mistake[];
  readonly zipped: boolean;
}

const lines = (head: readonly string[], of: readonly Row[], line: (r: Row) => string): string =>
  [...head, ...of.map(line), ''].join('\n');
/** How rows are written in each format. Users of `sequences` have one line each, in the order of their times. */
export const writers: Readonly<Record<string, (of: readonly Row[]) => string>> = {
  'ratings.dat': (of) => lines([], of, (r) => `${r.user}::${r.item}::${r.rating}::${r.time}`),
  inter: (of) =>
    lines(
      ['user_id:token\titem_id:token\trating:float\ttimestamp:float'],
      of,
      (r) => `${r.user}\t${r.item}\t${r.rating}\t${r.time}`,
    ),
  'u.data': (of) => lines([], of, (r) => `${r.user}\t${r.item}\t${r.rating}\t${r.time}`),
  'ratings.csv': (of) =>
    lines(['userId,movieId,rating,timestamp'], of, (r) => `${r.user},${r.item},${r.rating},${r.time}`),
  'amazon-2023': (of) =>
    lines(['user_id,parent_asin,rating,timestamp'], of, (r) => `${r.user},${r.item},${r.rating},${r.time}000`),
  'amazon-2018': (of) => lines([], of, (r) => `${r.item},${r.user},${r.rating},${r.time}`),
  amazon: (of) => lines([], of, (r) => `${r.user},${r.item},${r.rating},${r.time}`),
  table: (of) =>
    lines(
      ['customer;sku;stars;ts'],
      of,
      (r) => `${r.user};${r.item};${r.rating};${new Date(1000 * r.time).toISOString()}`,
    ),
  jsonl: (of) => lines([], of, (r) => JSON.stringify({ user: r.user, item: r.item, rating: r.rating, ts: r.time })),
  sequences: (of) =>
    `${[...byUser(of)].map(([user, events]) => [user, ...events.map((e) => e.item)].join(' ')).join('\n')}\n`,
};
export const timed = (format: string): boolean => format !== 'sequences';

/** Every user's events by time, ties in the order of the file. */
export const byUser = (of: readonly Row[]): ReadonlyMap<string, readonly Row[]> => {
  const groups = new Map<string, Row[]>();
  for (const row of of) groups.set(row.user, [...(groups.get(row.user) ?? []), row]);
  return new Map([...groups].map(([user, group]) => [user, group.toSorted((a, b) => a.time - b.time)]));
};

/** Where a line begins and ends in a text, the one with number `n` round and round. */
const lineAt = (text: string, n: number): readonly [number, number] => {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((m) => m.index + 1)].filter((i) => i < text.length);
  const from = starts[n % Math.max(1, starts.length)] ?? 0;
  const to = text.indexOf('\n', from);
  return [from, to < 0 ? text.length : to];
};
const onLine =
  (edit: (line: string, more: number) => string) =>
  (text: string, { at, more }: Mistake): string => {
    const [from, to] = lineAt(text, at);
    return text.slice(0, from) + edit(text.slice(from, to), more) + text.slice(to);
  };
const delimiterOf = (line: string): string => ['::', '\t', ';', ',', ' '].find((d) => line.includes(d)) ?? ',';
type Edit = (fields: readonly string[], more: number) => readonly string[];
const onFields = (edit: Edit) =>
  onLine((line, more) => {
    const d = delimiterOf(line);
    return edit(line.split(d), more).join(d);
  });
const onAllFields =
  (edit: Edit) =>
  (text: string, { more }: Mistake): string => {
    const d = delimiterOf(text);
    const edited = (line: string): string => (line === '' ? line : edit(line.split(d), more).join(d));
    return text.split('\n').map(edited).join('\n');
  };
const withoutOne: Edit = (fields, more) => fields.filter((_, i) => i !== more % fields.length);
const onField = (edit: (field: string, more: number) => string) =>
  onFields((fields, more) => fields.map((f, i) => (i === more % fields.length ? edit(f, more) : f)));
const put =
  (what: string) =>
  (text: string, { at }: Mistake): string => {
    const i = text.length === 0 ? 0 : at % text.length;
    return text.slice(0, i) + what + text.slice(i);
  };
const invisible = ['\u200B', '\u00A0', '\uFEFF', '\u00AD', '\u202E', '\t', ' ', '\u2009', '\u0085'] as const;
const numbers = [
  '1e309',
  '-1e309',
  '99999999999999999999',
  '0x10',
  'NaN',
  'Infinity',
  '-5',
  '1.5e3',
  '',
  ' 12 ',
  '1,5',
  '1e400',
  '９',
  '978300760000',
  '978300760000000',
  '2001-01-01',
  '2001-01-01T00:00:00Z',
  'noon',
  '-0',
  '00012',
] as const;

/** Each makes another text of a text (Latin-1, a byte a character), at a place and with a choice of its own. */
export const mistakes: Readonly<Record<string, (text: string, m: Mistake) => string>> = {
  'a byte flipped': (text, { at, more }) =>
    text.length === 0
      ? text
      : text.slice(0, at % text.length) +
        String.fromCharCode(text.charCodeAt(at % text.length) ^ (1 << (more % 8))) +
        text.slice((at % text.length) + 1),
  'a byte left out': (text, { at }) =>
    text.length === 0 ? text : text.slice(0, at % text.length) + text.slice((at % text.length) + 1),
  'a NUL': put('\0'),
  'cut off': (text, { at }) => text.slice(0, at % (text.length + 1)),
  CRLF: (text) => text.replaceAll('\n', '\r\n'),
  'CR CR LF': (text) => text.replaceAll('\n', '\r\r\n'),
  'CR alone': (text) => text.replaceAll('\n', '\r'),
  'CRLF in one line': onLine((line) => `${line}\r`),
  'LF CR': (text) => text.replaceAll('\n', '\n\r'),
  'a byte-order mark': (text) => `\xEF\xBB\xBF${text}`,
  'a byte-order mark in the middle': put('\xEF\xBB\xBF'),
  'UTF-16': (text) => `\xFF\xFE${[...text].join('\0')}\0`,
  'another delimiter': (text, { more }) =>
    text.replaceAll(delimiterOf(text), [';', '|', '\t', ',', ', ', '::', '  '][more % 7]!),
  'another delimiter in one line': onLine((line, more) =>
    line.replaceAll(delimiterOf(line), [';', '|', '\t', ',', ', '][more % 5]!),
  ),
  'a column twice': onFields((fields) => [...fields, fields.at(-1)!]),
  'a column twice everywhere': onAllFields((fields) => [...fields, fields[0]!]),
  'a column missing': onFields(withoutOne),
  'a column missing everywhere': onAllFields(withoutOne),
  'a quote': put('"'),
  'a field in quotes': onField((f) => `"${f}"`),
  'everything in quotes': onAllFields((fields) => fields.map((f) => `"${f}"`)),
  'a quote inside a field': onField((f) => `${f.slice(0, 1)}"${f.slice(1)}`),
  'a field with a break in quotes': onField((f) => `"${f}\n"`),
  'spaces around a field': onField((f, more) => [` ${f}`, `${f} `, ` ${f} `][more % 3]!),
  'an invisible character in a field': onField((f, more) =>
    Buffer.from(
      more % 2 === 0 ? `${f}${invisible[more % invisible.length]!}` : `${invisible[more % invisible.length]!}${f}`,
    ).toString('latin1'),
  ),
  'a field empty': onField(() => ''),
  'another number': onField((_, more) => Buffer.from(numbers[more % numbers.length]!).toString('latin1')),
  'a line of milliseconds': onLine((line) => `${line}000`),
  'an empty line': (text, { at }) => {
    // A mark of the order of bytes stays the first thing there is.
    const from = Math.max(text.startsWith('ï»¿') ? 3 : 0, lineAt(text, at)[0]);
    return `${text.slice(0, from)}\n${text.slice(from)}`;
  },
  'a line of spaces': (text, { at }) => {
    const [from] = lineAt(text, at);
    return `${text.slice(0, from)}   \n${text.slice(from)}`;
  },
  'a comment': (text, { at }) => {
    const [from] = lineAt(text, at);
    return `${text.slice(0, from)}# a comment\n${text.slice(from)}`;
  },
  'the first line again': (text, { at }) => {
    const [from] = lineAt(text, at);
    return `${text.slice(0, from)}${text.slice(0, text.indexOf('\n') + 1)}${text.slice(from)}`;
  },
  'no last line end': (text) => text.replace(/\n$/, ''),
  empty: () => '',
  'another order of columns': (text) => {
    const d = delimiterOf(text);
    return text
      .split('\n')
      .map((l) => l.split(d).toReversed().join(d))
      .join('\n');
  },
  'another case': (text) => text.toUpperCase(),
};
/** What is done to the compressed bytes. */
export const spoils: Readonly<Record<string, (bytes: Buffer, m: Mistake) => Buffer>> = {
  'gzip: a byte flipped': (bytes, { at, more }) =>
    Buffer.from(bytes.map((b, i) => (i === at % bytes.length ? b ^ (1 << (more % 8)) : b))),
  'gzip: cut off': (bytes, { at }) => bytes.subarray(0, at % (bytes.length + 1)),
  'gzip: twice': (bytes) => gzipSync(bytes),
  'gzip: bytes behind': (bytes, { more }) => Buffer.concat([bytes, Buffer.from([more % 256, 1, 2])]),
  'gzip: two members': (bytes) => Buffer.concat([bytes, bytes]),
};

/** How the rows may be written otherwise without meaning anything else: what is read must be the very same. */
export const harmless: ReadonlySet<string> = new Set([
  'CRLF',
  'CRLF in one line',
  'CR CR LF',
  'a byte-order mark',
  'no last line end',
  'an empty line',
  'spaces around a field',
]);

const ids = [
  '007',
  '7',
  '4194303',
  '4194304',
  '99999999999999999999',
  'B00A1B2C3D',
  'A1YJEY40YUW4SE',
  'x-y_z',
  'é',
  'a.b',
  '0',
  '1e5',
] as const;

export const generate = (seed: number, index: number): Case => {
  const next = stream(mixed(seed, index, 11));
  const nat = (n: number): number => Math.floor(next() * n);
  const names = Object.keys(writers);
  const id = (n: number): string => (next() < 0.8 ? `${1 + nat(n)}` : ids[nat(ids.length)]!);
  const rows = Array.from({ length: 1 + nat(next() < 0.5 ? 5 : 25) }, (): Row => ({
    user: id(5),
    item: id(9),
    rating: [0.5, 3, 4.5, 5][nat(4)]!,
    time: 978_300_000 + nat(9) * 40,
  }));
  const zipped = next() < 0.15;
  const kinds = [
    ...Object.keys(mistakes),
    ...(zipped ? [...Object.keys(spoils), ...Object.keys(spoils), ...Object.keys(spoils)] : []),
  ];
  const count = [0, 1, 1, 1, 1, 2, 2, 3][nat(8)]!;
  return {
    format: names[index % names.length]!,
    told: next() < 0.5,
    rows,
    zipped,
    mistakes: Array.from({ length: count }, () => ({
      name: kinds[nat(kinds.length)]!,
      at: nat(1 << 16),
      more: nat(1 << 16),
    })),
  };
};

/** The bytes of the file: in UTF-8, each mistake made after the one before it. */
export const bytesOf = ({
  format,
  rows,
  mistakes: made,
  zipped,
}: Case): { readonly plain: Buffer; readonly bytes: Buffer } => {
  const text = made.reduce(
    (t, m) => mistakes[m.name]?.(t, m) ?? t,
    Buffer.from(writers[format]!(rows)).toString('latin1'),
  );
  const plain = Buffer.from(text, 'latin1');
  return {
    plain,
    bytes: zipped ? made.reduce((b, m) => spoils[m.name]?.(b, m) ?? b, gzipSync(plain) as Buffer) : plain,
  };
};
