/**
 * File formats as one table. A format is a name, what a line looks like, how to recognise the first line, and a reader. Two
 * kinds of reader exist: rows of delimited columns, and one user a line; a new format is one row here.
 */
import { parse } from 'csv-parse/sync';
import type { Interactions } from './interactions.js';
import type { Step } from './lines.js';

export interface Format {
  readonly name: string;
  /** What a line looks like, for help and error messages. */
  readonly shape: string;
  /** Whether rows carry times; otherwise the order in the file is the order in time. */
  readonly timed: boolean;
  /** Whether a file that begins with this line (Latin-1 text) is of this format. */
  readonly detect: (firstLine: string) => boolean;
  /** What consumes the first line. */
  readonly read: (into: Interactions) => Step;
}

/** Where the columns of a row are; -1 for a rating that is not there. */
interface Layout {
  readonly shape: string;
  /** One byte, `width` times. */
  readonly delimiter: string;
  readonly quotes: boolean;
  readonly columns: number;
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  readonly time: number;
}

const zero = 0x30;
const dot = 0x2e;
const quote = 0x22;
const unitSeparator = 0x1f;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const tens = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);

const slowNumber = (bytes: Buffer, start: number, end: number): number => {
  const text = bytes.toString('latin1', start, end).trim();
  return decimal.test(text) ? Number(text) : NaN;
};

/** The number `bytes[start, end)`, or NaN. Digits with or without a point, which are nearly all there is, take no string. */
const numberAt = (bytes: Buffer, start: number, end: number): number => {
  let value = 0;
  let point = end;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - zero;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (bytes[i] === dot && point === end && i > start && i < end - 1) point = i;
    else return slowNumber(bytes, start, end);
  }
  // Below sixteen digits both operands are exact, so the quotient is the nearest double, as `Number` would have it.
  return end === start || end - start > 15 ? slowNumber(bytes, start, end) : point === end ? value : value / tens[end - 1 - point]!;
};

/** Unix seconds from this on lie beyond the year 5138: such a number counts milliseconds (Amazon 2023). */
const milliseconds = 1e11;
const toSeconds = (time: number): number => (time >= milliseconds ? time / 1000 : time);

/** The way out where the detection, not the file, may be wrong. */
const orFormat = 'or name another format with --format';

const shown = (bytes: Buffer, start: number, end: number): string => {
  const text = bytes.toString('latin1', start, Math.min(end, start + 40));
  return end - start > 40 ? `'${text}…'` : `'${text}'`;
};

/** Fields of one quoted line joined by a byte that no text holds, so that the fast splitter can read them; undefined if unbalanced. */
const unquoted = (bytes: Buffer, start: number, end: number, delimiter: string): Buffer | undefined => {
  try {
    const rows: string[][] = parse(bytes.subarray(start, end), { delimiter, encoding: 'latin1', relax_column_count: true });
    return Buffer.from((rows[0] ?? []).join(String.fromCharCode(unitSeparator)), 'latin1');
  } catch {
    return undefined;
  }
};

/** Reads rows of delimited columns. */
const rowsOf = (layout: Layout, into: Interactions): Step => {
  const { columns, user, item, rating, time } = layout;
  const starts = new Int32Array(columns + 1);
  const ends = new Int32Array(columns + 1);

  /** Fills `starts` and `ends`; returns how many fields there are, or -1 where one begins with a quote that means something. */
  const split = (bytes: Buffer, start: number, end: number, byte: number, width: number, quotes: boolean): number => {
    let fields = 0;
    let from = start;
    for (let i = start; i <= end; i++) {
      if (i < end && (bytes[i] !== byte || (width === 2 && (i + 1 >= end || bytes[i + 1] !== byte)))) continue;
      if (quotes && bytes[from] === quote && from < end) return -1;
      if (fields < columns) {
        starts[fields] = from;
        ends[fields] = i;
      }
      fields++;
      i += width - 1;
      from = i + 1;
    }
    return fields;
  };

  const row = (bytes: Buffer, start: number, end: number, byte: number, width: number, quotes: boolean): string | undefined => {
    const fields = split(bytes, start, end, byte, width, quotes);
    if (fields < 0) {
      const plain = unquoted(bytes, start, end, layout.delimiter);
      return plain === undefined
        ? `the quotes do not balance in ${shown(bytes, start, end)}; expected ${layout.shape}; correct or remove the line`
        : row(plain, 0, plain.length, unitSeparator, 1, false);
    }
    if (fields !== columns)
      return `expected ${columns} columns (${layout.shape}), found ${fields} in ${shown(bytes, start, end)}; correct or remove the line, ${orFormat}`;
    const empty = starts[user] === ends[user] ? 'user' : starts[item] === ends[item] ? 'item' : undefined;
    if (empty !== undefined) return `the ${empty} id is empty; expected ${layout.shape}; correct or remove the line`;
    const seconds = numberAt(bytes, starts[time]!, ends[time]!);
    if (!Number.isFinite(seconds))
      return `expected a time in Unix seconds in column ${time + 1}, found ${shown(bytes, starts[time]!, ends[time]!)}; correct or remove the line`;
    if (rating >= 0 && !Number.isFinite(numberAt(bytes, starts[rating]!, ends[rating]!)))
      return `expected a rating, a number, in column ${rating + 1}, found ${shown(bytes, starts[rating]!, ends[rating]!)}; correct or remove the line`;
    into.add(into.users.at(bytes, starts[user]!, ends[user]!), into.items.at(bytes, starts[item]!, ends[item]!), toSeconds(seconds));
    return undefined;
  };

  const byte = layout.delimiter.charCodeAt(0);
  const width = layout.delimiter.length;
  const step: Step = (bytes, start, end) => row(bytes, start, end, byte, width, layout.quotes) ?? step;
  return step;
};

/** Names, in lower case, that headers give the columns we read. */
const aliases = {
  user: ['user_id', 'userid', 'user', 'reviewerid'],
  item: ['item_id', 'itemid', 'item', 'movieid', 'parent_asin', 'asin'],
  rating: ['rating', 'overall'],
  time: ['timestamp', 'time', 'unixreviewtime'],
} as const;

/** Column names of a header: RecBole appends a type after a colon, spreadsheets add quotes and spaces. */
const columnNames = (line: string, delimiter: string): readonly string[] =>
  line.split(delimiter).map((field) => field.replace(/:(?:token|float)(?:_seq)?$/, '').replace(/^\s*"?|"?\s*$/g, '').toLowerCase());

const columnOf = (names: readonly string[], role: keyof typeof aliases): number =>
  names.findIndex((name) => (aliases[role] as readonly string[]).includes(name));

/** Reads a header, then rows laid out as it says, columns in any order. */
const headed = (shape: string, delimiter: string, quotes: boolean) => (into: Interactions): Step => (bytes, start, end) => {
  const names = columnNames(bytes.toString('latin1', start, end), delimiter);
  const missing = (['user', 'item', 'time'] as const).filter((role) => columnOf(names, role) < 0);
  if (missing.length > 0)
    return [
      `expected a header like ${shape}, found ${shown(bytes, start, end)}`,
      ...missing.map((role) => `no column for the ${role} (${aliases[role].join(' or ')})`),
      `name the columns so, ${orFormat}`,
    ].join('; ');
  const [user, item, rating, time] = [columnOf(names, 'user'), columnOf(names, 'item'), columnOf(names, 'rating'), columnOf(names, 'time')] as const;
  return rowsOf({ shape: names.join(delimiter), delimiter, quotes, columns: names.length, user, item, rating, time }, into);
};

/** Reads rows of four columns, no header. */
const headless = (shape: string, delimiter: string, quotes: boolean, user: number, item: number) => (into: Interactions): Step =>
  rowsOf({ shape, delimiter, quotes, columns: 4, user, item, rating: 2, time: 3 }, into);

/** Reads one user a line: the user, then item ids in order of time. */
const sequences = (into: Interactions): Step => {
  const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09;
  const step: Step = (bytes, start, end) => {
    const known = into.users.ids.length;
    let user = -1;
    let items = 0;
    for (let i = start; i < end; ) {
      if (isSpace(bytes[i]!)) {
        i++;
        continue;
      }
      const from = i;
      while (i < end && !isSpace(bytes[i]!)) i++;
      if (user < 0) {
        user = into.users.at(bytes, from, i);
        if (user < known) return `user ${shown(bytes, from, i)} has a line already; expected one line a user: join the two, ${orFormat}`;
      } else {
        items++;
        into.add(user, into.items.at(bytes, from, i), 0);
      }
    }
    return items > 0 ? step : `expected a user, then item ids in order of time, found ${shown(bytes, start, end)}; remove the line, ${orFormat}`;
  };
  return step;
};

const isNumber = (text: string | undefined): boolean => text !== undefined && decimal.test(text.trim().replace(/^"|"$/g, ''));
/** Four columns of which the last two are a rating and a time. */
const isRating = (line: string, delimiter: string): boolean => {
  const fields = line.split(delimiter);
  return fields.length === 4 && isNumber(fields[2]) && isNumber(fields[3]);
};
const hasHeader = (line: string, delimiter: string, ...items: readonly string[]): boolean => {
  const names = columnNames(line, delimiter);
  return columnOf(names, 'user') >= 0 && items.some((item) => names.includes(item));
};
/** Amazon's item ids have ten characters, a B or an ISBN; its users begin with an A. The release of 2018 puts items first. */
const itemFirst = (line: string): boolean => /^"?(?:B[0-9A-Z]{9}|\d{9}[\dX])"?,"?A[0-9A-Z]{8,}"?,/.test(line);

/** In order of detection: the first format that recognises the first line is taken. */
export const formats: readonly Format[] = [
  {
    name: 'ratings.dat',
    shape: 'user::item::rating::time',
    timed: true,
    detect: (line) => line.includes('::'),
    read: headless('user::item::rating::time', '::', false, 0, 1),
  },
  {
    name: 'inter',
    shape: 'user_id:token<TAB>item_id:token<TAB>timestamp:float (a typed header, columns in any order)',
    timed: true,
    detect: (line) => /(?:^|\t)user_id:/.test(line),
    read: headed('user_id:token<TAB>item_id:token<TAB>timestamp:float', '\t', false),
  },
  {
    name: 'u.data',
    shape: 'user<TAB>item<TAB>rating<TAB>time',
    timed: true,
    detect: (line) => isRating(line, '\t'),
    read: headless('user<TAB>item<TAB>rating<TAB>time', '\t', false, 0, 1),
  },
  {
    name: 'ratings.csv',
    shape: 'userId,movieId,rating,timestamp (a header, columns in any order)',
    timed: true,
    detect: (line) => hasHeader(line, ',', 'movieid', 'item_id', 'itemid', 'item'),
    read: headed('userId,movieId,rating,timestamp', ',', true),
  },
  {
    name: 'amazon-2023',
    shape: 'user_id,parent_asin,rating,timestamp (a header, columns in any order; milliseconds)',
    timed: true,
    detect: (line) => hasHeader(line, ',', 'parent_asin', 'asin'),
    read: headed('user_id,parent_asin,rating,timestamp', ',', true),
  },
  {
    name: 'amazon-2018',
    shape: 'item,user,rating,time',
    timed: true,
    detect: (line) => itemFirst(line) && isRating(line, ','),
    read: headless('item,user,rating,time', ',', true, 1, 0),
  },
  {
    name: 'amazon',
    shape: 'user,item,rating,time',
    timed: true,
    detect: (line) => isRating(line, ','),
    read: headless('user,item,rating,time', ',', true, 0, 1),
  },
  {
    name: 'sequences',
    shape: 'user item item … (one user a line, items in order of time)',
    timed: false,
    // Tabs promise columns: a file of three of them must not pass for a very short history.
    detect: (line) => /^[^\s,:]+(?: +[^\s,:]+)+ *$/.test(line),
    read: sequences,
  },
];

/** The table as help and error messages show it. */
export const describeFormats = (): string => formats.map(({ name, shape }) => `  ${name.padEnd(12)} ${shape}`).join('\n');
