/**
 * File formats as one table. A format is a name, what a line looks like, how to recognise the first line, and a reader. Two
 * kinds of reader exist: rows of delimited cells (`rows.ts`, with a header that `headers.ts` reads) and one user a line
 * (`sequences.ts`); a new format is one row here.
 */
import { aliases, cellsOf, chosenDelimiter, columnOf, type Delimiter, headerDelimiter } from './headers.js';
import type { Step } from './lines.js';
import { bound, type Reading, unlike, unmet } from './reading.js';
import { sequencesOf } from './sequences.js';
import { byPlace, type Choice } from './tables/choice.js';
import { headed, headless, pairs, ratingDelimiter, table } from './tables/delimited.js';
import { fileFormats } from './tables/files.js';
import { jsonLines } from './tables/json.js';

/** A data format: a row of `formats`. */
export interface Format {
  readonly name: string;
  /** What a line looks like, for help and error messages. */
  readonly shape: string;
  /** Whether rows carry times; otherwise the order in the file is the order in time. */
  readonly timed: boolean;
  /** Whether a file that begins with this line (Latin-1 text) is of this format. */
  readonly detect: (firstLine: string) => boolean;
  /** What consumes the first line. */
  readonly read: (reading: Reading) => Step;
}

/** Reads one user a line. */
const sequences =
  (reading: Reading): Step =>
  (...line) => {
    const fault = unmet(reading, 'sequences') ?? unlike(reading, false);
    if (fault !== undefined) return fault;
    const { step, end } = sequencesOf(bound(reading, false).into, reading.named);
    reading.columns = 'user, then items in order of time';
    reading.end = end;
    return step(...line);
  };

/** Whether a line is a header whose item goes by one of these names, the best that it has. */
const hasHeader = (line: string, ...items: readonly string[]): boolean => {
  const delimiter = headerDelimiter(line);
  const cells = delimiter === undefined ? [] : cellsOf(line, delimiter);
  const item = columnOf(cells, aliases.item);
  return item >= 0 && items.some((name) => columnOf(cells, [name]) === item);
};
/** Amazon's item ids have ten characters, a B or an ISBN; its users begin with an A. The release of 2018 puts items first. */
const itemFirst = (line: string): boolean => /^"?(?:B[0-9A-Z]{9}|\d{9}[\dX])"?,"?A[0-9A-Z]{8,}"?,/.test(line);
const userFirst = ['user', 'item', 'rating', 'time'];
const separated: readonly Delimiter[] = [',', ';', '|'];
/** With spaces between, four numbers may be a history: only a rating and a time of our days make them a row. */
const isSpacedRating = (line: string): boolean => {
  const cells = cellsOf(line, ' ').map(Number);
  return cells.length === 4 && cells[2]! <= 10 && cells[3]! >= 1e8;
};

/** In order of detection: the first format that recognises the first line is taken. */
export const formats: readonly Format[] = [
  {
    name: 'jsonl',
    shape: '{"user_id": "u7", "item_id": "i3", "timestamp": 1577836800} (JSON lines: an object a line)',
    timed: true,
    detect: (line) => /^\s*(?:\{|\[\s*\{)/.test(line),
    read: jsonLines,
  },
  {
    name: 'ratings.dat',
    shape: 'user::item::rating::time',
    timed: true,
    detect: (line) => line.includes('::'),
    read: headless(userFirst, 'user::item::rating::time', ['::']),
  },
  {
    name: 'inter',
    shape: 'user_id:token<TAB>item_id:token<TAB>timestamp:float (a typed header, columns in any order)',
    timed: true,
    detect: (line) => /(?:^|\t)"?user_id:/.test(line),
    read: headed('user_id:token<TAB>item_id:token<TAB>timestamp:float'),
  },
  {
    name: 'u.data',
    shape: 'user<TAB>item<TAB>rating<TAB>time',
    timed: true,
    detect: (line) => ratingDelimiter(line, ['\t']) !== undefined || isSpacedRating(line),
    read: headless(userFirst, 'user<TAB>item<TAB>rating<TAB>time', ['\t', ' ']),
  },
  {
    name: 'ratings.csv',
    shape: 'userId,movieId,rating,timestamp (a header, columns in any order)',
    timed: true,
    detect: (line) => hasHeader(line, 'movieId', 'item_id', 'item'),
    read: headed('userId,movieId,rating,timestamp'),
  },
  {
    name: 'amazon-2023',
    shape: 'user_id,parent_asin,rating,timestamp (a header, columns in any order; milliseconds)',
    timed: true,
    detect: (line) => hasHeader(line, 'parent_asin', 'asin'),
    read: headed('user_id,parent_asin,rating,timestamp'),
  },
  {
    name: 'table',
    shape: 'any table with a header that names user, item and time in its own way, or whose columns --columns names',
    timed: true,
    detect: (line) => headerDelimiter(line) !== undefined,
    read: table('user_id,item_id,timestamp'),
  },
  {
    name: 'amazon-2018',
    shape: 'item,user,rating,time',
    timed: true,
    detect: (line) => itemFirst(line) && ratingDelimiter(line, [',']) !== undefined,
    read: headless(['item', 'user', 'rating', 'time'], 'item,user,rating,time', [',']),
  },
  {
    name: 'amazon',
    shape: 'user,item,rating,time',
    timed: true,
    detect: (line) => ratingDelimiter(line, separated) !== undefined,
    read: headless(userFirst, 'user,item,rating,time', separated),
  },
  {
    name: 'sequences',
    shape: 'user item item … (one user a line, items in order of time)',
    timed: false,
    // Tabs promise columns: a file of three of them must not pass for a very short history.
    detect: (line) => /^[^\s,:]+(?: +[^\s,:]+)+ *$/.test(line),
    read: sequences,
  },
  {
    name: 'pairs',
    shape: 'user item (below a header or not, rows in order of time; never guessed: to be named)',
    timed: false,
    detect: () => false,
    read: pairs,
  },
];

/** The first format that recognises a line. Where columns are asked for, a table that has them is one before all else. */
export const formatOf = (line: string, choice: Choice): Format | undefined => {
  const [any, json] = [formats.find(({ name }) => name === 'table'), formats.find(({ name }) => name === 'jsonl')];
  if (choice.length === 0) return formats.find(({ detect }) => detect(line));
  if (json?.detect(line) === true) return json;
  if (byPlace(choice) || chosenDelimiter(line, choice) !== undefined) return any;
  return formats.find(({ name, detect }) => name !== 'sequences' && detect(line)) ?? any;
};

/** The table as help and error messages show it. */
export const describeFormats = (): string =>
  [...formats, ...fileFormats].map(({ name, shape }) => `  ${name.padEnd(12)} ${shape}`).join('\n');
