/**
 * Files as people have them: each is read right, or refused with its name, the line, and what to do. A row of this table is a
 * kind of file; what must never happen is a third thing.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fromHistories, load, readTitles } from '../../runtime/data/index.js';
import { longestSpan } from '../../runtime/data/times.js';
import { contents, errorOf, temporaryFiles, valueOf } from './support.js';

const file = temporaryFiles();
const header = 'userId,movieId,rating,timestamp\n';
const ending = (end: string) => `userId,movieId,rating,timestamp${end}1,10,5,100${end}1,11,5,101${end}`;
const both = '1: 10@100 11@101';

interface Case {
  readonly what: string;
  readonly content: string | Uint8Array;
  /** Users with their items and times, `1: 10@100 11@101; 2: ...`. */
  readonly is?: string;
  /** What the refusal says; a number is the line. */
  readonly refused?: readonly (string | number)[];
  readonly format?: string;
  readonly warns?: string;
  readonly says?: string;
}

const utf16 = (text: string, mark: boolean): Buffer => Buffer.from(`${mark ? '\uFEFF' : ''}${text}`, 'utf16le');

const ends: readonly Case[] = [
  { what: 'LF', content: ending('\n'), is: both },
  { what: 'CR LF', content: ending('\r\n'), is: both },
  { what: 'CR CR LF', content: ending('\r\r\n'), is: both },
  { what: 'CR CR CR LF', content: ending('\r\r\r\n'), is: both },
  {
    what: 'all of these in one file',
    content: 'userId,movieId,rating,timestamp\r\n1,10,5,100\n1,11,5,101\r\r\n',
    is: both,
  },
  { what: 'CR alone', content: ending('\r'), refused: [1, 'carriage returns', 'convert'] },
  {
    what: 'CR alone in histories',
    content: '1 10 11\r2 10 12\r',
    refused: [1, 'U+000D', 'carriage returns', 'convert'],
  },
  { what: 'no end of the last line', content: ending('\n').trimEnd(), is: both },
  { what: 'CR LF in histories', content: '1 10 11\r\n2 11 10 12\r\n', is: '1: 10 11; 2: 11 10 12' },
  { what: 'CR CR LF in histories', content: '1 10 11\r\r\n2 11 10 12\r\r\n', is: '1: 10 11; 2: 11 10 12' },
  { what: 'blank lines, with spaces and tabs', content: `${header}\n1,10,5,100\n  \t\n1,11,5,101\n\t\n`, is: both },
];

const encodings: readonly Case[] = [
  { what: 'a byte-order mark', content: `\uFEFF${ending('\n')}`, is: both },
  { what: 'two byte-order marks', content: `\uFEFF\uFEFF${ending('\n')}`, is: both },
  {
    what: 'a byte-order mark where two files were joined',
    content: `${header}1,10,5,100\n\uFEFF1,11,5,101\n`,
    is: both,
  },
  {
    what: 'a byte-order mark and quotes',
    content: '\uFEFF"userId","movieId","rating","timestamp"\n"1","10","5","100"\n"1","11","5","101"\n',
    is: both,
  },
  { what: 'UTF-16', content: utf16(ending('\n'), true), refused: ['UTF-16', 'save it as UTF-8'] },
  {
    what: 'UTF-16, big end first',
    content: utf16(ending('\n'), true).swap16(),
    refused: ['UTF-16', 'save it as UTF-8'],
  },
  { what: 'UTF-16 without a mark', content: utf16(ending('\n'), false), refused: [1, 'NUL bytes', 'UTF-8'] },
  { what: 'UTF-16 histories without a mark', content: utf16('1 10 11\n', false), refused: [1, 'NUL bytes', 'UTF-8'] },
  {
    what: 'Latin-1',
    content: Buffer.from('1::caf\xe9::5::100\n1::th\xe9::5::101\n', 'latin1'),
    is: '1: café@100 thé@101',
  },
  {
    what: 'Latin-1 beside UTF-8',
    content: Buffer.concat([Buffer.from('1::caf\xe9::5::100\n', 'latin1'), Buffer.from('1::café::5::101\n')]),
    is: '1: café@100 café@101',
  },
  {
    what: 'accents in two forms',
    content: '1::caf\u00e9::5::100\n1::cafe\u0301::5::101\n',
    is: '1: café@100 café@101',
  },
  { what: 'other scripts', content: '1::映画::5::100\n1::فیلم\u200cها::5::101\n', is: '1: 映画@100 فیلم\u200cها@101' },
  { what: "Windows' quotes", content: Buffer.from('1::it\x92s\x80::5::100\n', 'latin1'), is: '1: it’s€@100' },
  {
    what: 'a byte that is nothing even there',
    content: Buffer.from('1::1\x81::5::100\n', 'latin1'),
    refused: [1, 'U+0081'],
  },
  {
    what: 'emoji of several characters',
    content: '1::👩\u200d🔬::5::100\n1::❤\ufe0f::5::101\n',
    is: '1: 👩\u200d🔬@100 ❤\ufe0f@101',
  },
  {
    what: 'a NUL in an id',
    content: `${header}1,1\0,5,100\n`,
    refused: [2, 'item id holds the invisible character U+0000', 'NUL bytes'],
  },
];

const ids: readonly Case[] = [
  { what: 'spaces around ids', content: `${header}1, 10 ,5,100\n 1,10,5,101\n`, is: '1: 10@100 10@101' },
  { what: 'tabs after ids', content: `${header}1,10\t,5,100\n1\t,10,5,101\n`, is: '1: 10@100 10@101' },
  {
    what: 'no-break spaces around ids',
    content: `${header}1\u00a0,\u00a010,5,100\n1,10,5,101\n`,
    is: '1: 10@100 10@101',
  },
  {
    what: 'zero-width characters around ids',
    content: `${header}\u200b1,10\u2060,5,100\n1,\ufeff10,5,101\n`,
    is: '1: 10@100 10@101',
  },
  {
    what: 'a zero-width space inside an id',
    content: `${header}1,1\u200b0,5,100\n`,
    refused: [2, 'item id holds the invisible character U+200B', "'1<U+200B>0'"],
  },
  {
    what: 'a filler of Hangul, and a selector',
    content: `${header}\u3164,1\ufe0f,5,100\n`,
    refused: [2, 'the user id is empty'],
  },
  { what: 'a selector after a digit', content: `${header}1,1\ufe0f,5,100\n`, refused: [2, 'U+FE0F'] },
  {
    what: 'a joiner inside a Latin id',
    content: `${header}a\u200db,10,5,100\n`,
    refused: [2, 'user id holds the invisible character U+200D'],
  },
  { what: 'a no-break space inside an id', content: `${header}1,New\u00a0York,5,100\n`, refused: [2, 'U+00A0'] },
  {
    what: 'a no-break space between items of a history',
    content: '1 10\u00a011 12\n',
    format: 'sequences',
    refused: [1, 'U+00A0'],
  },
  { what: 'a plain space inside an id', content: `${header}1,New York,5,100\n`, is: '1: New York@100' },
  {
    what: 'an id of nothing but invisible characters',
    content: `${header}1,\u200b ,5,100\n`,
    refused: [2, 'the item id is empty'],
  },
  { what: 'a quoted empty id', content: `${header}"",10,5,100\n`, refused: [2, 'the user id is empty'] },
  { what: 'ids that differ by case', content: `${header}a,X,5,100\nA,x,5,101\n`, is: 'A: x@101; a: X@100' },
  {
    what: 'ids that differ by leading zeros',
    content: `${header}1,7,5,100\n1,007,5,101\n01,7,5,102\n`,
    is: '1: 7@100 007@101; 01: 7@102',
  },
  {
    what: 'a number too large for a number',
    content: `${header}1,99999999999999999999,5,100\n1,99999999999999999998,5,101\n`,
    is: '1: 99999999999999999999@100 99999999999999999998@101',
  },
  {
    what: 'commas at the end of a sheet',
    content: `${header}1,10,5,100\n,,,\n`,
    refused: [3, 'the user id is empty', 'remove'],
  },
];

const shapes: readonly Case[] = [
  {
    what: 'semicolons',
    content: 'userId;movieId;rating;timestamp\n1;10;5;100\n1;11;5;101\n',
    is: both,
    says: 'user = userId, item = movieId, time = timestamp',
  },
  { what: 'bars', content: 'userId|movieId|timestamp\n1|10|100\n1|11|101\n', is: both },
  {
    what: 'tabs under a header without types',
    content: 'user_id\titem_id\ttimestamp\n1\t10\t100\n1\t11\t101\n',
    is: both,
  },
  { what: 'spaces under a header', content: 'user item time\n1 10 100\n1  11 101\n', is: both },
  {
    what: 'commas with spaces',
    content: 'userId, movieId, rating, timestamp\n1, 10, 5, 100\n1, 11, 5, 101\n',
    is: both,
  },
  {
    what: '`::` under a header',
    content: 'UserID::MovieID::Rating::Timestamp\n1::10::5::100\n1::11::5::101\n',
    is: both,
  },
  { what: 'semicolons without a header', content: '1;10;5;100\n1;11;5;101\n', is: both },
  { what: 'u.data with spaces', content: '1 10 5 881250949\n1 11 5 881250950\n', is: '1: 10@881250949 11@881250950' },
  {
    what: 'u.data with runs of spaces',
    content: '1   10  5 881250949 \n 1  11   5 881250950\n',
    is: '1: 10@881250949 11@881250950',
  },
  { what: 'another spelling of the header', content: 'User ID,Item-ID,TimeStamp\n1,10,100\n1,11,101\n', is: both },
  {
    what: 'asin before parent_asin',
    content: 'asin,parent_asin,user_id,timestamp\na,10,1,100\nb,11,1,101\n',
    is: both,
    says: 'item = parent_asin',
  },
  {
    what: 'parent_asin before asin',
    content: 'parent_asin,asin,user_id,timestamp\n10,a,1,100\n11,b,1,101\n',
    is: both,
  },
  { what: 'an index column', content: ',userId,movieId,timestamp\n0,1,10,100\n1,1,11,101\n', is: both },
  {
    what: 'two columns of one name',
    content: 'userId,movieId,timestamp,userId\n1,10,100,2\n',
    refused: [1, 'columns 1 and 4 are both named', 'rename'],
  },
  {
    what: 'two columns of one name, spelled in two ways',
    content: 'user_id,movieId,timestamp,userId\n1,10,100,2\n',
    refused: [1, 'columns 1 and 4', 'rename'],
  },
  {
    what: 'a row too short',
    content: `${header}1,10,5,100\n1,11,5\n`,
    refused: [3, 'expected 4 columns', 'found 3', 'remove'],
  },
  {
    what: 'a row too short under a header with tabs',
    content: 'user_id\titem_id\ttimestamp\n1\t10\n',
    refused: [2, 'user_id<TAB>item_id<TAB>timestamp'],
  },
  { what: 'a row too long', content: `${header}1,10,5,100\n1,11,5,101,\n`, refused: [3, 'found 5'] },
  {
    what: 'the header once more, where two files were joined',
    content: `${header}1,10,5,100\n${header}1,11,5,101\n`,
    refused: [3, 'expected a rating'],
  },
  { what: 'a comment before the header', content: `# from the shop\n${header}1,10,5,100\n`, refused: [1, 'comment'] },
  {
    what: 'a comment among rows',
    content: `${header}1,10,5,100\n# the rest is old\n`,
    refused: [3, 'expected 4 columns'],
  },
  { what: 'a comment above histories', content: '# user and items\n1 10 11\n', refused: [1, 'comment', 'correct'] },
  {
    what: 'titles with `::` given as data',
    content: '1::Mission::Impossible::Action\n',
    refused: [1, 'expected a rating'],
  },
  { what: 'titles given as data', content: '1::Toy Story (1995)::Animation\n', refused: [1, 'expected 4 columns'] },
  {
    what: 'an RecBole id that is a number',
    content: 'user_id:float\titem_id:token\ttimestamp:float\n1\t2\t3\n',
    refused: [1, "'user_id:float' should be of the type token"],
  },
  {
    what: 'a RecBole list of items',
    content: 'user_id:token\titem_id:token_seq\ttimestamp:float\n1\t2 3\t3\n',
    refused: [1, "'item_id:token_seq' should be of the type token"],
  },
  {
    what: 'a RecBole time that is a token',
    content: 'user_id:token\titem_id:token\ttimestamp:token\n1\t2\t3\n',
    refused: [1, 'should be of the type float'],
  },
  {
    what: 'pairs with spaces',
    content: '1 10\n2 11\n3 10\n',
    refused: ['looks like a table', '--format pairs', '--format sequences'],
  },
  {
    what: 'pairs with spaces, several of a user',
    content: '1 10\n1 11\n',
    refused: [2, 'has a line already', '--format pairs'],
  },
  {
    what: 'pairs that are named so',
    content: '1 10\n2 11\n1 11\n',
    format: 'pairs',
    is: '1: 10 11; 2: 11',
    says: 'Times: none',
  },
  { what: 'pairs with commas', content: '1,10\n2,11\n1,11\n', format: 'pairs', is: '1: 10 11; 2: 11' },
  {
    what: 'pairs below a header',
    content: 'user_id:token\titem_id:token\n1\t10\n1\t11\n',
    format: 'pairs',
    is: '1: 10 11',
  },
  {
    what: 'pairs that have times',
    content: `${header}1,10,5,100\n`,
    format: 'pairs',
    refused: [1, 'a column for the time', 'leave --format out'],
  },
  {
    what: 'no times',
    content: 'userId,movieId,rating\n1,10,5\n',
    refused: [1, 'no column for the time', '--format pairs'],
  },
  { what: 'three columns with spaces', content: '1 10 5\n2 11 4\n', refused: ['looks like a table'] },
  {
    what: 'four columns with spaces, of which the last are times',
    content: '1 10 55 881250949\n2 11 47 881250950\n',
    refused: ['looks like a table'],
  },
  {
    what: 'histories that look like a table, and are named',
    content: '1 10 5\n2 11 4\n',
    format: 'sequences',
    is: '1: 10 5; 2: 11 4',
  },
  { what: 'short and long histories', content: '1 10\n2 11 10 12\n', is: '1: 10; 2: 11 10 12' },
  { what: 'an empty file', content: '', refused: ['is empty'] },
  { what: 'spaces alone', content: ' \n\t\n \r\n', refused: ['is empty'] },
  { what: 'a header alone', content: header, refused: ['nothing below it'] },
  { what: 'HTML', content: '<html><body>Not found</body></html>\n', refused: [1, 'markup'] },
  { what: 'JSON lines', content: '{"user_id": "1", "item_id": "2", "timestamp": 3}\n', is: '1: 2@3' },
  {
    what: 'a line of 65 MiB',
    content: `1 ${'10 '.repeat(65 << 18)}${'11111111'.repeat(1 << 21)}`.padEnd(66 << 20, '7'),
    refused: [1, 'longer than'],
  },
  {
    what: 'a long history',
    content: `1 ${Array.from({ length: 30_000 }, (_, i) => i).join(' ')}\n`,
    is: `1: ${Array.from({ length: 30_000 }, (_, i) => i).join(' ')}`,
  },
];

const quotes: readonly Case[] = [
  { what: 'a delimiter inside quotes', content: `${header}1,"a,b",5,100\n`, is: '1: a,b@100' },
  { what: 'doubled quotes', content: `${header}1,"a ""b""",5,100\n`, is: '1: a "b"@100' },
  { what: 'spaces around quotes', content: `${header}1, "10" ,5,100\n"1","11","5","101"\n`, is: both },
  { what: 'quotes between tabs', content: '"1"\t"10"\t5\t100\n"1"\t"11"\t5\t101\n', is: both },
  {
    what: 'quotes between semicolons',
    content: '"userId";"movieId";"timestamp"\n"1";"10";100\n"1";"11";101\n',
    is: both,
  },
  {
    what: 'an ignored cell with delimiters and quotes',
    content: 'userId,movieId,note,timestamp\n1,10,"so, ""well""",100\n1,11,,101\n',
    is: both,
  },
  {
    what: 'a line break inside quotes',
    content: 'userId,movieId,note,timestamp\n1,10,"so\nwell",100\n',
    refused: [2, 'the quotes do not balance', 'closed on its line'],
  },
  { what: 'a quote that never closes', content: `${header}1,"10,5,100\n`, refused: [2, 'the quotes do not balance'] },
  {
    what: 'letters after a quoted cell',
    content: `${header}1,"10"x,5,100\n`,
    refused: [2, 'the quotes do not balance'],
  },
  {
    what: 'a quote that closes and never opened, beside quoted cells',
    content: `${header}"1",10",5,100\n`,
    refused: [2, 'the quotes do not balance'],
  },
  { what: 'a quote inside a cell', content: `${header}1,5" disc,5,100\n`, is: '1: 5" disc@100' },
];

const at = (...times: readonly (string | number)[]): string =>
  `${header}${times.map((time, i) => `1,${10 + i},5,${time}\n`).join('')}`;

const times: readonly Case[] = [
  {
    what: 'seconds',
    content: at(1600000000, 1600000001),
    is: '1: 10@1600000000 11@1600000001',
    says: 'Times: seconds since 1970, 2020-09-13T12:26:40Z to 2020-09-13T12:26:41Z.',
  },
  {
    what: 'milliseconds',
    content: at(1600000000003, 1600000000001),
    is: '1: 11@1600000000.001 10@1600000000.003',
    says: 'milliseconds since 1970',
  },
  {
    what: 'microseconds',
    content: at(1600000000000003, 1600000000000001),
    is: '1: 11@1600000000.000001 10@1600000000.000003',
    says: 'microseconds',
  },
  { what: 'nanoseconds', content: at('1600000000500000000'), is: '1: 10@1600000000.5', says: 'nanoseconds' },
  { what: 'fractions of seconds', content: at(1600000000.5, 1600000000.25), is: '1: 11@1600000000.25 10@1600000000.5' },
  { what: 'exponents', content: at('1.6e9', '1e9'), is: '1: 11@1000000000 10@1600000000' },
  { what: 'times before 1970', content: at(-5, -10), is: '1: 11@-10 10@-5', says: 'no dates of our time' },
  { what: 'counts', content: at(0, 2, 1), is: '1: 10@0 12@1 11@2', says: 'no dates of our time' },
  {
    what: 'ISO 8601',
    content: at('2020-09-13T12:26:40Z', '2020-09-13T14:26:39+02:00'),
    is: '1: 11@1599999999 10@1600000000',
    says: 'ISO 8601 with a zone',
  },
  {
    what: 'ISO 8601 as databases write it',
    content: at('2020-09-13 12:26:40.250 UTC', '2020-09-13 08:26:40-0400', '2020-09-13 12:26+00'),
    is: '1: 12@1599999960 11@1600000000 10@1600000000.25',
  },
  {
    what: 'ISO 8601 without a zone',
    content: at('2020-09-13 12:26:40', '2020-09-13T12:26:39.5'),
    is: '1: 11@1599999999.5 10@1600000000',
    says: 'taken for UTC',
  },
  { what: 'ISO 8601 in quotes, no header', content: '"1","10","5","2020-09-13 12:26:40"\n', is: '1: 10@1600000000' },
  {
    what: 'dates',
    content: at('2020-09-14', '2020-09-13'),
    is: '1: 11@1599955200 10@1600041600',
    says: 'midnight UTC',
  },
  { what: 'the 29th of February', content: at('2020-02-29', '2000-02-29'), is: '1: 11@951782400 10@1582934400' },
  {
    what: 'no 29th of February',
    content: at('2020-02-29', '2100-02-29'),
    refused: [3, 'expected a time in column 4', "'2100-02-29'"],
  },
  { what: 'the 13th month', content: at('2020-13-01'), refused: [2, 'expected a time'] },
  { what: 'the 24th hour', content: at('2020-09-13T24:00:00Z'), refused: [2, 'expected a time'] },
  { what: 'dates of another order', content: at('13/09/2020'), refused: [2, 'ISO 8601 (2019-05-01'] },
  { what: 'a zone that is none', content: at('2020-09-13T12:00:00 CEST'), refused: [2, 'expected a time'] },
  { what: 'dates as numbers', content: at(20200913, 20200914), refused: ['dates written as numbers', '2019-05-01'] },
  { what: 'dates and hours as numbers', content: at(20200913122640), refused: ['dates written as numbers'] },
  {
    what: 'a user in seconds and milliseconds',
    content: at(1600000000, 1600000001000),
    refused: [3, 'in milliseconds, and an earlier one of the same user in seconds', 'in one way', '--time-unit'],
  },
  {
    what: 'a user in numbers and ISO',
    content: at('2020-09-13T12:26:40Z', 1600000001),
    refused: [3, 'in seconds, and an earlier one of the same user in ISO 8601'],
  },
  {
    what: 'a user with a zone and without',
    content: at('2020-09-13T12:26:40Z', '2020-09-13T12:26:41'),
    refused: [3, 'without a zone', 'with a zone'],
  },
  {
    what: 'users in different units',
    content: `${header}1,10,5,1600000000000\n2,10,5,1600000001\n3,10,5,1600000002\n2,11,5,1600000009\n`,
    is: '1: 10@1600000000; 2: 10@1600000001 11@1600000009; 3: 10@1600000002',
    warns: "in more than one way: milliseconds (user '1'), seconds (user '2')",
  },
  {
    what: 'a user of the first unit, later of another',
    content: `${header}1,10,5,1600000000000\n2,10,5,1600000001\n1,11,5,1600000009\n`,
    refused: [4, 'in seconds, and an earlier one of the same user in milliseconds'],
  },
  {
    what: 'a user of the second unit, later of the first',
    content: `${header}1,10,5,1600000000000\n2,10,5,1600000001\n2,11,5,1600000009000\n`,
    refused: [4, 'in milliseconds, and an earlier one'],
  },
  { what: 'no number', content: at('NaN'), refused: [2, 'expected a time'] },
  { what: 'infinity', content: at('1e999'), refused: [2, 'expected a time'] },
  { what: 'a number beyond nanoseconds', content: at('1600000000000000000000'), refused: [2, 'expected a time'] },
  { what: 'thousands with commas', content: `${header}1,10,5,"1,600,000,000"\n`, refused: [2, 'expected a time'] },
  { what: 'hexadecimal', content: at('0x5f'), refused: [2, 'expected a time'] },
  { what: 'an empty time', content: at(''), refused: [2, 'expected a time'] },
  {
    what: 'a filler far away',
    content: at('2020-09-13', '9999-12-31'),
    refused: ["times of user '1'", '9999-12-31', '68 years', 'filler'],
  },
  { what: 'more than 68 years', content: at(0, longestSpan + 1), refused: ["times of user '1'", '68 years'] },
  { what: 'just 68 years', content: at(0, longestSpan), is: `1: 10@0 11@${longestSpan}` },
  { what: 'a rating that is no number', content: `${header}1,10,good,100\n`, refused: [2, 'expected a rating'] },
  {
    what: 'a rating with a decimal comma',
    content: 'userId;movieId;rating;timestamp\n1;10;4,5;100\n1;11;4;101\n',
    is: both,
  },
  {
    what: 'a rating with a comma that may mean thousands',
    content: 'userId;movieId;rating;timestamp\n1;10;4,500;100\n',
    refused: [2, 'expected a rating'],
  },
];

const zipped: readonly Case[] = [
  { what: 'gzip', content: gzipSync(ending('\n')), is: both },
  {
    what: 'two members of gzip',
    content: Buffer.concat([gzipSync(`${header}1,10,5,100\n`), gzipSync('1,11,5,101\n')]),
    is: both,
  },
  {
    what: 'gzip cut short',
    content: gzipSync(ending('\n').repeat(50)).subarray(0, 60),
    refused: ['end too early', 'again'],
  },
  {
    what: 'gzip with a broken byte',
    content: (() => {
      const bytes = gzipSync(at(...Array.from({ length: 500 }, (_, i) => 1e9 + ((i * 7919) % 1000))));
      bytes[40]! ^= 0xff;
      return bytes;
    })(),
    refused: [],
  },
  { what: 'gzip of nothing', content: gzipSync(''), refused: ['is empty'] },
  { what: 'gzip in gzip', content: gzipSync(gzipSync(ending('\n'))), refused: [1, 'NUL bytes'] },
  { what: 'UTF-16 in gzip', content: gzipSync(utf16(ending('\n'), true)), refused: [1, 'UTF-16'] },
];

const asText = (data: Parameters<typeof contents>[0]): string =>
  [...contents(data)]
    .map(
      ([user, events]) =>
        `${user}: ${events.map(([item, time]) => (Number.isNaN(time) ? item : `${item}@${time}`)).join(' ')}`,
    )
    .join('; ');

describe.each(Object.entries({ ends, encodings, ids, shapes, quotes, times, zipped }))('%s', (group, cases) => {
  it.each(cases.map((of, i) => ({ ...of, name: `${group}-${i}.txt` })))(
    '$what',
    async ({ name, content, is, refused, format, warns, says }) => {
      const found = await load(await file(name, content), { format });
      if (is !== undefined) {
        const data = valueOf(found);
        expect(asText(data)).toBe(is);
        expect(data.reading?.says.join(' ')).toContain(says ?? 'Read as');
        expect(data.reading?.warns.join(' ')).toEqual(warns === undefined ? '' : expect.stringContaining(warns));
        return;
      }
      const message = errorOf(found);
      const line = refused!.find((part) => typeof part === 'number');
      expect(message).toContain(`${name}${line === undefined ? '' : `:${line}`}: `);
      for (const part of refused!) if (typeof part === 'string') expect(message).toContain(part);
      // No control character of the file steers the reader's terminal.
      expect(message).not.toMatch(/(?!\n)\p{Cc}/u);
      expect(message).toMatch(/correct|remove|expected|write|save|convert|rename|leave|again|join|--format/);
    },
  );
});

describe('what is no file of interactions', () => {
  it('is refused by its path', async () => {
    const path = await file('there.csv', ending('\n'));
    expect(errorOf(await load(join(dirname(path), 'none')))).toContain('no such file');
    expect(errorOf(await load(join(path, 'below')))).toContain('no such file');
    expect(errorOf(await load(''))).toContain('no such file');
    expect(errorOf(await load('a\0b'))).toContain('cannot be read');
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'is refused where it may not be read',
    async () => {
      const path = await file('secret.csv', ending('\n'));
      await chmod(path, 0);
      expect(errorOf(await load(path))).toContain('may not be read; check its permissions');
    },
  );

  it('a folder of titles is refused too', async () => {
    const path = join(dirname(await file('x.csv', '')), 'titles');
    await mkdir(path);
    expect(errorOf(await readTitles(path))).toContain('this is a folder');
  });
});

describe('histories from memory', () => {
  it('have times that are numbers, over 68 years at most', () => {
    expect(() => fromHistories('h', [{ user: 'u', items: ['a', 'b'], times: [0, Number.NaN] }])).toThrow(
      /times of user u are not all numbers/,
    );
    expect(() => fromHistories('h', [{ user: 'u', items: ['a', 'b'], times: [0, longestSpan + 1] }])).toThrow(
      /at most/,
    );
    expect(fromHistories('h', [{ user: ' u', items: ['a\u00a0'] }])).toMatchObject({
      users: [' u'],
      items: ['a\u00a0'],
    });
  });
});

describe('titles of items', () => {
  const read = async (name: string, content: string | Uint8Array) =>
    [...valueOf(await readTitles(await file(name, content)))].map(([id, title]) => `${id}=${title}`).join('; ');
  it.each([
    ['an item without a title', 'item_id:token\ttitle:token_seq\n10\tOne\n11\t\n12\tThree\n', '10=One; 12=Three'],
    ['a record cut short', '1::Toy Story::x\n2\n3::Heat::y\n', '1=Toy Story; 3=Heat'],
    ['a record without an id', 'movieId,title\n,Nobody\n1,Heat\n', '1=Heat'],
    ['a title of spaces', 'movieId,title\n1,\u00a0 \n2,Heat\n', '2=Heat'],
    [
      '`::` inside a title',
      '1::Mission::Impossible::Action\n2::Heat (1995)::Crime\n3::No genres\n',
      '1=Mission::Impossible; 2=Heat (1995); 3=No genres',
    ],
    ['CR CR LF', 'movieId,title,genres\r\r\n1,Heat,Crime\r\r\n2,Alien,Horror\r\r\n', '1=Heat; 2=Alien'],
    ['semicolons', 'movieId;title\n1;"Heat; again"\n', '1=Heat; again'],
    ['tabs under a header', 'item\ttitle\n1\tHeat\n', '1=Heat'],
    ['bars under a header', 'item_id|name\n1|Heat\n', '1=Heat'],
    ['parent_asin after asin', 'asin,store_name,parent_asin,title\na,Shop,1,Heat\n', '1=Heat'],
    ['spaces around ids', 'movieId,title\n 1 , Heat \n', '1=Heat'],
    ['blank lines', '1|Heat\n \n2|Alien\n', '1=Heat; 2=Alien'],
    ['line breaks inside quotes', 'movieId,title\n1,"Heat\nAgain"\n', '1=Heat\nAgain'],
  ])('%s', async (what, content, titles) => expect(await read(`${what.replace(/\W/g, '')}.txt`, content)).toBe(titles));

  it.each([
    ['UTF-16', utf16('movieId,title\n1,Heat\n', true), 'UTF-16'],
    ['UTF-16 without a mark', utf16('movieId,title\n1,Heat\n', false), 'NUL bytes'],
    ['no title at all', 'movieId,title\n1,\n2,\n', 'no record has an id and a title'],
    ['no column of titles', 'movieId,genres\n1,x\n', 'expected a header like'],
  ])('%s is refused', async (what, content, says) =>
    expect(errorOf(await readTitles(await file(`${what.replace(/\W/g, '')}.none`, content)))).toContain(says),
  );

  it('are counted, and a file of other items is noticed', async () => {
    const data = await file('few.txt', '1 10 11 12\n');
    const few = valueOf(await load(data, { titles: await file('few.csv', 'movieId,title\n10,Heat\n11,\n') }));
    expect(few.reading?.says.at(-1)).toBe('Titles: 1 of 3 items have one; the others are shown by their ids.');
    const other = valueOf(await load(data, { titles: await file('other.csv', 'movieId,title\n99,Heat\n') }));
    expect(other.reading?.warns).toEqual([expect.stringContaining('No item of the data has a title')]);
  });
});
