import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Format,
  describeFormats,
  formats,
  load,
  readTitles,
  statistics,
  summary,
  titleOf,
} from '../../runtime/data/index.js';
import { type Row, byUser, contents, errorOf, rows, temporaryFiles, valueOf } from './support.js';

const file = temporaryFiles();

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const table = (header: readonly string[], of: readonly Row[], line: (row: Row) => string, end = '\n') =>
  [...header, ...of.map(line)].join(end) + end;
const quote = (text: string) => `"${text}"`;

/** How rows are written in each format that has times. The readers must agree on all of them. */
const writers: Readonly<Record<string, (of: readonly Row[]) => string>> = {
  'ratings.dat': (of) => table([], of, (r) => `${r.user}::${r.item}::${r.rating}::${r.time}`),
  inter: (of) =>
    table(['timestamp:float\titem_id:token\tuser_id:token'], of, (r) => `${r.time}.0\t${r.item}\t${r.user}`, '\r\n'),
  'u.data': (of) => table([], of, (r) => `${r.user}\t${r.item}\t${r.rating}\t${r.time}`),
  'ratings.csv': (of) =>
    table(['userId,movieId,rating,timestamp'], of, (r) => `${r.user},${quote(r.item)},${r.rating},${r.time}`),
  'amazon-2023': (of) =>
    table(
      ['rating,user_id,parent_asin,timestamp,history'],
      of,
      (r) => `${r.rating},${r.user},${r.item},${r.time}000,"a, b"`,
    ),
  'amazon-2018': (of) => table([], of, (r) => `${r.item},${r.user},${r.rating.toFixed(1)},${r.time}`),
  table: (of) =>
    table(
      ['customer;what;sku;event_time'],
      of,
      (r) => `${r.user};"x;y";${quote(r.item)};${new Date(r.time * 1000).toISOString()}`,
    ),
  jsonl: (of) =>
    table([], of, (r) =>
      JSON.stringify({ time: r.time * 1000, user: r.user, item: r.item, more: { rating: r.rating } }),
    ),
  amazon: (of) => table([], of, (r) => `${r.user},${r.item},${r.rating.toFixed(1)},${r.time}`).trimEnd(),
};

/** A first line that each format must recognise, and no format before it may. */
const firstLines: Readonly<Record<string, readonly string[]>> = {
  jsonl: ['{"user": 1, "item": 2}', ' {"user":'],
  'ratings.dat': ['1::1193::5::978300760'],
  inter: [
    'user_id:token\titem_id:token\ttimestamp:float',
    'item_id:token\tuser_id:token\trating:float\ttimestamp:float',
  ],
  'u.data': ['196\t242\t3\t881250949'],
  'ratings.csv': [
    'userId,movieId,rating,timestamp',
    '"userId","movieId","rating","timestamp"',
    'timestamp,item_id,user_id',
  ],
  'amazon-2023': ['user_id,parent_asin,rating,timestamp', 'user_id,parent_asin,rating,timestamp,history'],
  table: [
    'customer_id;sku;ts',
    'timestamp,visitorid,event,product',
    'user_id,product_id',
    't_dat,customer_id,article_id,price,sales_channel_id',
    'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session',
  ],
  'amazon-2018': ['0321719816,A1QTT3BLRZKHRL,5.0,1443484800', 'B00006IXHD,A2S7JLN2IYKW8H,1.0,1400630400'],
  amazon: ['A39HTATAQ9V7YF,0205616461,5.0,1369699200', '196,242,3,881250949'],
  sequences: ['1 3186 1270 1721', 'A39HTATAQ9V7YF B00006IXHD'],
};

const detected = (line: string): string | undefined => formats.find(({ detect }) => detect(line))?.name;

describe('formats', () => {
  it('have a first line here, each that is ever guessed', () =>
    expect(Object.keys(firstLines)).toEqual(formats.map(({ name }) => name).filter((name) => name !== 'pairs')));

  it.each(Object.entries(firstLines).flatMap(([name, lines]) => lines.map((line) => ({ name, line }))))(
    '$name is recognised by $line',
    ({ name, line }) => {
      expect(detected(line)).toBe(name);
    },
  );

  it.each(['', '[1, 2]', 'title,genres', '1\t2\t978300760', '<html>', '1193'])('nothing is made of %j', (line) =>
    expect(detected(line)).toBeUndefined(),
  );

  it('all read the same rows as the same data set: users by time, ties in file order', async () => {
    const timed: readonly Format[] = formats.filter((format) => format.timed);
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), async (of, zipped) => {
        const expected = new Map(
          [...byUser(of)].map(([user, events]) => [user, events.map(({ item, time }) => [item, time])]),
        );
        const hashes = new Set<string>();
        for (const { name } of timed) {
          const text = utf8(writers[name]!(of));
          const data = valueOf(await load(await file(name, zipped ? gzipSync(text) : text), { format: name }));
          expect(contents(data)).toEqual(expected);
          hashes.add(data.hash);
        }
        expect(hashes.size).toBe(1);
      }),
      { numRuns: 12 },
    );
  });

  it('read sequences, whose order is the time', async () => {
    const data = valueOf(
      await load(await file('history.txt', '7 30 10 20 10\n\n3\t10\r\n11 20  5 \n'), { format: 'sequences' }),
    );
    expect(data.users).toEqual(['3', '7', '11']);
    expect(data.items).toEqual(['5', '10', '20', '30']);
    expect([...data.offsets]).toEqual([0, 1, 5, 7]);
    expect([...data.sequence]).toEqual([1, 3, 1, 2, 1, 2, 0]);
    expect(data.times).toBeUndefined();
    expect(data.name).toBe('history');
    expect(summary(statistics(data))).toBe('history: 3 users, 4 items, 7 interactions, mean length 2.33');
  });

  it('tolerate Latin-1 ids, a byte-order mark and exponents', async () => {
    const latin = valueOf(await load(await file('latin.dat', Buffer.from('1::caf\xe9::5::978300760\n', 'latin1'))));
    expect(latin.items).toEqual(['café']);
    const marked = valueOf(
      await load(
        await file('marked.inter', '\uFEFFuser_id:token\titem_id:token\ttimestamp:float\n1\t2\t9.7830076E8\n'),
      ),
    );
    expect([...marked.times!]).toEqual([978300760]);
  });

  it('reads lines that straddle chunks of the stream, plain and gzip, to the same data', async () => {
    // 2.4 MB: more than two chunks of a mebibyte, of lines whose lengths vary.
    const of = Array.from({ length: 90_000 }, (_, i): Row => ({
      user: `${(i * 7919) % 4001}`,
      item: `item-${(i * i) % 997}`,
      rating: 3,
      time: 1_000_000_000 + ((i * 31) % 5000),
    }));
    const text = writers['ratings.dat']!(of);
    expect(text.length).toBeGreaterThan(2 << 20);
    const plain = valueOf(await load(await file('long.dat', text)));
    const zipped = valueOf(await load(await file('long.dat.gz', gzipSync(text))));
    expect(contents(plain)).toEqual(
      new Map([...byUser(of)].map(([user, events]) => [user, events.map(({ item, time }) => [item, time])])),
    );
    expect(zipped.hash).toBe(plain.hash);
    expect(zipped.name).toBe('long');
  });
});

describe('errors name the file, the line, what was expected and what to do', () => {
  const good = '1::10::5::978300760\n';
  const cases: readonly {
    readonly what: string;
    readonly name: string;
    readonly content: string | Uint8Array;
    readonly format?: string;
    readonly says: readonly (string | RegExp)[];
  }[] = [
    {
      what: 'a missing column',
      name: 'a.dat',
      content: `${good}1::10::978300760\n`,
      says: [/a\.dat:2: /, 'expected 4 columns (user::item::rating::time), found 3', 'remove the line', '--format'],
    },
    {
      what: 'a column too many',
      name: 'b.dat',
      content: `${good}${good}1::10::5::9::9\n`,
      says: [/b\.dat:3: /, 'found 5'],
    },
    {
      what: 'a bad time',
      name: 'c.dat',
      content: `${good}\n1::10::5::noon\n`,
      says: [/c\.dat:3: /, 'expected a time in column 4, a number', "'noon'"],
    },
    { what: 'an empty time', name: 'd.dat', content: `1::10::5::\n`, says: [/d\.dat:1: /, 'expected a time'] },
    {
      what: 'a bad rating',
      name: 'e.dat',
      content: `1::10::good::978300760\n`,
      says: [/e\.dat:1: /, 'expected a rating, a number, in column 3', "'good'"],
    },
    {
      what: 'an empty id',
      name: 'f.dat',
      content: `::10::5::978300760\n`,
      says: [/f\.dat:1: /, 'the user id is empty'],
    },
    {
      what: 'a header without times',
      name: 'g.inter',
      content: 'user_id:token\titem_id:token\n1\t2\n',
      says: [/g\.inter:1: /, 'no column for the time', 'timestamp'],
    },
    {
      what: 'a header alone',
      name: 'h.csv',
      content: 'userId,movieId,rating,timestamp\n',
      says: [/h\.csv: /, 'nothing below it'],
    },
    {
      what: 'a header where a format was named',
      name: 'i.csv',
      content: '1,2,3,4\n',
      format: 'ratings.csv',
      says: [/i\.csv:1: /, 'expected a header like userId,movieId'],
    },
    {
      what: 'a quote that never closes',
      name: 'j.csv',
      content: 'userId,movieId,rating,timestamp\n1,"2,3,4\n',
      says: [/j\.csv:2: /, 'quotes do not balance'],
    },
    { what: 'an empty file', name: 'k.dat', content: '', says: [/k\.dat: /, 'is empty'] },
    { what: 'blank lines alone', name: 'l.dat', content: '\n\r\n\n', says: [/l\.dat: /, 'is empty'] },
    {
      what: 'an unknown format',
      name: 'm.json',
      content: 'title,genres\n',
      says: [/m\.json:1: /, 'no format known here', describeFormats()],
    },
    {
      what: 'a user on two lines',
      name: 'n.txt',
      content: '1 2 3\n2 3\n1 4\n',
      says: [/n\.txt:3: /, "user '1' has a line already"],
    },
    {
      what: 'a user without items',
      name: 'o.txt',
      content: '1 2 3\n2\n',
      says: [/o\.txt:2: /, 'expected a user, then item ids'],
    },
    {
      what: 'corrupt gzip',
      name: 'p.dat.gz',
      content: Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff]),
      says: [/p\.dat\.gz: /, 'corrupt', 'again'],
    },
    {
      what: 'truncated gzip',
      name: 'q.dat.gz',
      content: gzipSync(good.repeat(1000)).subarray(0, 30),
      says: [/q\.dat\.gz: /, 'end too early'],
    },
    {
      what: 'another archive',
      name: 'r.zip',
      content: Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0]),
      says: [/r\.zip: /, 'zip data', 'unpack'],
    },
    {
      what: 'a format that does not exist',
      name: 's.dat',
      content: good,
      format: 'movielens',
      says: ['--format movielens', describeFormats()],
    },
  ];

  it.each(cases)('$what', async ({ name, content, format, says }) => {
    const message = errorOf(await load(await file(name, content), { format }));
    for (const part of says)
      expect(message, `to say ${part}`).toSatisfy((text: string) =>
        typeof part === 'string' ? text.includes(part) : part.test(text),
      );
  });

  it('a file that is not there', async () => {
    const path = await file('present.dat', good);
    expect(errorOf(await load(`${path}.absent`))).toMatch(/absent: there is no such file; check the path$/);
  });

  it('a malformed line stops the reading wherever it is, and its number is right', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.nat(), async (of, at) => {
        const lines = writers['u.data']!(of).trimEnd().split('\n');
        const place = 1 + (at % lines.length);
        const path = await file('broken.data', lines.toSpliced(place, 0, '1\t2\t3').join('\n'));
        expect(errorOf(await load(path))).toContain(`broken.data:${place + 1}: expected 4 columns`);
      }),
      { numRuns: 30 },
    );
  });
});

describe('titles', () => {
  const titles: readonly { readonly name: string; readonly content: Uint8Array }[] = [
    {
      name: 'movies.dat',
      content: Buffer.from("1::Toy Story (1995)::Animation|Children's\n2::Am\xe9lie, The (2001)::Comedy\n", 'latin1'),
    },
    {
      name: 'movies.csv',
      content: utf8('movieId,title,genres\r\n1,Toy Story (1995),Animation\r\n2,"Amélie, The (2001)",Comedy\r\n'),
    },
    { name: 'u.item', content: Buffer.from('1|Toy Story (1995)|01-Jan-1995\n2|Am\xe9lie, The (2001)|\n', 'latin1') },
    {
      name: 'movies.item',
      content: gzipSync(utf8('movie_title:token_seq\titem_id:token\nToy Story (1995)\t1\nAmélie, The (2001)\t2\n')),
    },
  ];

  it.each(titles)('come from $name', async ({ name, content }) => {
    expect(valueOf(await readTitles(await file(name, content)))).toEqual(
      new Map([
        ['1', 'Toy Story (1995)'],
        ['2', 'Amélie, The (2001)'],
      ]),
    );
  });

  it('go with the data set and leave its hash alone', async () => {
    const path = await file('t.txt', '1 2 1 9\n');
    const bare = valueOf(await load(path));
    const data = valueOf(await load(path, { titles: await file('t.dat', titles[0]!.content) }));
    expect(data.hash).toBe(bare.hash);
    expect(data.items.map((_, item) => titleOf(data, item))).toEqual(['Toy Story (1995)', 'Amélie, The (2001)', '9']);
  });

  it.each([
    { name: 'none.dat', content: '', says: 'is empty' },
    { name: 'some.json', content: '{}', says: 'no format known here' },
    { name: 'short.dat', content: '1\n2::\n', says: 'no format known here' },
    { name: 'no-title.csv', content: 'movieId,genres\n1,x\n', says: 'expected a header like movieId,title' },
    { name: 'open.csv', content: 'movieId,title\n1,"x\n', says: 'correct the file' },
  ])('$name is refused', async ({ name, content, says }) => {
    const message = errorOf(await readTitles(await file(name, content)));
    expect(message).toContain(name);
    expect(message).toContain(says);
  });

  it('that cannot be read are an error of load', async () => {
    expect(errorOf(await load(await file('u.txt', '1 2\n'), { titles: 'nowhere.dat' }))).toBe(
      'nowhere.dat: there is no such file; check the path',
    );
  });
});
