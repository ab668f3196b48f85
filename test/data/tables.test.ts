/** Tables as their tools write them, what is asked of them, and what is known of events and items. The data are invented. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dataset, load } from '../../runtime/data/index.js';
import type { LoadOptions } from '../../runtime/data/index.js';
import { contents, errorOf, plain, type Row, rows, temporaryFiles, valueOf } from './support.js';

const file = temporaryFiles();
const here = (name: string): string => join(import.meta.dirname, 'tables', name);
const read = async (path: string, options: LoadOptions = {}): Promise<Dataset> => valueOf(await load(path, options));

const quarter = 1_704_276_000.25;
/** What all files of this shop hold: Ann had p2, p3, p1, and Bob p2, p3. */
const shop = {
  events: new Map([
    [
      'ann',
      [
        ['p2', 1_704_096_000],
        ['p3', 1_704_178_800],
        ['p1', quarter],
      ],
    ],
    [
      'bob',
      [
        ['p2', 1_704_099_600],
        ['p3', 1_704_198_600],
      ],
    ],
  ]),
  rating: [NaN, 1.5, 5, 3, 4],
  action: ['view', 'view', 'buy', 'view', 'buy'],
};
const told = 'user = customer_id, item = sku, time = ts, rating = stars, action = event';

/** The files as text, byte for byte as the tools wrote them. */
const written: Readonly<Record<string, string>> = {
  'pandas, to_csv': [
    ',customer_id,sku,stars,event,ts',
    '0,ann,p1,5.0,buy,2024-01-03 10:00:00.250',
    '1,bob,p2,3.0,view,2024-01-01 09:00:00.000',
    '2,ann,p2,,view,2024-01-01 08:00:00.000',
    '3,bob,p3,4.0,buy,2024-01-02 12:30:00.000',
    '4,ann,p3,1.5,view,2024-01-02 07:00:00.000',
    '',
  ].join('\n'),
  'Excel, semicolons and decimal commas': [
    '\uFEFFcustomer_id;sku;stars;event;ts',
    'ann;p1;5,0;buy;2024-01-03 10:00:00.250',
    'bob;p2;3,0;view;2024-01-01 09:00:00',
    'ann;p2;;view;2024-01-01 08:00:00',
    'bob;p3;4,0;buy;2024-01-02 12:30:00',
    'ann;p3;1,5;view;2024-01-02 07:00:00',
    '',
  ].join('\r\n'),
  'Excel, with a line that says the separator': [
    'sep=;',
    '"customer_id";"sku";"stars";"event";"ts"',
    'ann;p1;5;buy;2024-01-03 10:00:00.250',
    'bob;p2;3;view;2024-01-01 09:00',
    'ann;p2;;view;2024-01-01 08:00',
    'bob;p3;4;buy;2024-01-02 12:30',
    'ann;p3;1,5;view;2024-01-02 07:00',
    '',
  ].join('\r\n'),
  'pandas, JSON lines, milliseconds': [
    '{"customer_id":"ann","sku":"p1","stars":5.0,"event":"buy","ts":1704276000250}',
    '{"customer_id":"bob","sku":"p2","stars":3.0,"event":"view","ts":1704099600000}',
    '{"customer_id":"ann","sku":"p2","stars":null,"event":"view","ts":1704096000000}',
    '{"customer_id":"bob","sku":"p3","stars":4.0,"event":"buy","ts":1704198600000}',
    '{"customer_id":"ann","sku":"p3","stars":1.5,"event":"view","ts":1704178800000}',
    '',
  ].join('\n'),
  'JSON lines without the keys that are null': [
    '{"ts":"2024-01-03T10:00:00.250","sku":"p1","customer_id":"ann","stars":5,"event":"buy"}',
    '{"ts":"2024-01-01T09:00:00","sku":"p2","customer_id":"bob","stars":3,"event":"view"}',
    '{"ts":"2024-01-01T08:00:00","sku":"p2","customer_id":"ann","event":"view"}',
    '{"ts":"2024-01-02T12:30:00","sku":"p3","customer_id":"bob","stars":4,"event":"buy","note":{"a":[1]}}',
    '{"ts":"2024-01-02T07:00:00","sku":"p3","customer_id":"ann","stars":1.5,"event":"view"}',
  ].join('\n'),
  'RecBole, .inter': [
    'customer_id:token\tsku:token\tstars:float\tevent:token\tts:float',
    'ann\tp1\t5.0\tbuy\t1704276000.25',
    'bob\tp2\t3.0\tview\t1704099600.0',
    'ann\tp2\t\tview\t1704096000.0',
    'bob\tp3\t4.0\tbuy\t1704198600.0',
    'ann\tp3\t1.5\tview\t1704178800.0',
    '',
  ].join('\n'),
  bars: [
    'customer_id|sku|stars|event|ts',
    'ann|p1|5|buy|2024-01-03T10:00:00.25Z',
    'bob|p2|3|view|2024-01-01T09:00:00Z',
    'ann|p2||view|2024-01-01T09:00:00+01:00',
    'bob|p3|4|buy|2024-01-02T12:30:00Z',
    'ann|p3|1.5|view|2024-01-02T07:00:00Z',
    '',
  ].join('\n'),
};

const isShop = (data: Dataset): void => {
  expect(contents(data)).toEqual(shop.events);
  expect(plain(data.events?.get('rating'))).toEqual(shop.rating);
  expect(plain(data.events?.get('action'))).toEqual(shop.action);
  expect(data.reading?.says[0]).toContain(told);
};

describe('one shop, as tools write it', () => {
  it.each(Object.entries(written))('%s', async (what, text) => {
    isShop(await read(await file(what.replace(/\W/g, ''), text), { columns: 'rating,action' }));
  });

  it.each(['pandas.parquet', 'zstd.parquet', 'duckdb.parquet'])('%s', async (name) => {
    isShop(await read(here(name), { columns: 'rating,action' }));
  });

  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  it.runIf(major > 22 || (major === 22 && minor >= 13))('SQLite, its only table or a query', async () => {
    isShop(await read(here('shop.sqlite'), { columns: 'rating,action' }));
    const views = await read(here('shop.sqlite'), {
      query: "SELECT sku AS item, customer_id AS user, ts AS time FROM events WHERE event = 'view'",
    });
    expect(views.items).toEqual(['p2', 'p3']);
    expect(errorOf(await load(here('shop.sqlite'), { query: 'SELECT * FROM nowhere' }))).toContain(
      'cannot be read by --query "SELECT * FROM nowhere": no such table: nowhere; correct the query',
    );
  });
  it.runIf(major < 22)('SQLite, where Node has no reader of it', async () =>
    expect(errorOf(await load(here('shop.sqlite')))).toMatch(/needs Node 22\.13 or newer.*sqlite3 -header -csv/),
  );

  const duck = existsSync(join(import.meta.dirname, '../../node_modules/@duckdb/node-api'));
  it.runIf(!duck)('DuckDB, where its package is not here', async () =>
    expect(errorOf(await load(await file('x.duckdb', Buffer.from(`01234567DUCK${'\0'.repeat(99)}`))))).toContain(
      'add it with npm install @duckdb/node-api',
    ),
  );
  it.runIf(duck)('DuckDB', async () => {
    const { DuckDBInstance } = (await import('@duckdb/node-api' as string)) as Record<string, any>;
    const path = `${await file('for-duckdb', '')}.duckdb`;
    const made = await DuckDBInstance.create(path);
    const connection = await made.connect();
    await connection.run(`CREATE TABLE events AS SELECT * FROM '${here('duckdb.parquet')}'`);
    connection.closeSync();
    made.closeSync();
    isShop(await read(path, { columns: 'rating,action' }));
  });
});

describe('columns', () => {
  it('say themselves what they are, or are named, or counted', async () => {
    const own = await read(await file('own.csv', 'when,who,what\n5,a,x\n3,a,y\n'), {
      columns: 'user=who,item=what,time=when',
    });
    expect(contents(own)).toEqual(
      new Map([
        [
          'a',
          [
            ['y', 3],
            ['x', 5],
          ],
        ],
      ]),
    );
    const counted = await read(await file('none.csv', '7,a,x,pv,5\n8,a,y,buy,3\n'), {
      columns: 'user=2,item=3,action=4,time=5',
      actions: 'buy',
    });
    expect(contents(counted)).toEqual(new Map([['a', [['y', 3]]]]));
    const comma = await read(await file('comma.csv', '"a,b",item_id,timestamp\nu,x,3\n'), {
      columns: 'user="a,b"',
    });
    expect(comma.users).toEqual(['u']);
    const alike = await read(await file('alike.csv', 'User,user,item,time\nu,v,x,3\n'), { columns: 'user=user' });
    expect(alike.users).toEqual(['v']);
    const yelp = '{"review_id":"r","user_id":"u","business_id":"b","stars":5,"date":"2018-07-07 22:09:11"}\n';
    expect((await read(await file('yelp.json', yelp), { minRating: 5 })).items).toEqual(['b']);
  });

  it('without a time keep the order of the file, and it is said', async () => {
    const data = await read(await file('pairs.csv', 'customer,sku\na,x\nb,y\na,w\n'), {
      columns: 'user=customer,item=sku',
    });
    expect(
      contents(data)
        .get('a')
        ?.map(([item]) => item),
    ).toEqual(['x', 'w']);
    expect(data.times).toBeUndefined();
    expect(data.reading?.says).toContain("Times: none; the order of a user's rows is taken for the order in time.");
  });

  it('that nobody asks for are not kept, and change no hash', async () => {
    const path = await file('kept.csv', 'user,item,time,action,note\na,x,1,buy,hello\na,y,2,view,there\n');
    const bare = await read(path);
    expect(bare.events).toBeUndefined();
    expect((await read(path, { columns: 'user=user' })).hash).toBe(bare.hash);
    expect((await read(path, { columns: 'action' })).hash).not.toBe(bare.hash);
    expect((await read(path, { columns: 'note=note:text' })).hash).toBe(bare.hash);
    expect((await read(path, { columns: 'action,a=action' })).hash).toBe(
      (await read(path, { columns: 'a=action,action' })).hash,
    );
  });

  it('of no given kind are numbers where all values are, else categories; empty cells are missing', async () => {
    const path = await file('kinds.csv', 'user,item,time,n,m,e\na,x,1,7,7,\na,y,2,,b,\na,z,3,1.5,,\n');
    const { events } = await read(path, { columns: 'n,m,e,c=n:category' });
    expect(plain(events?.get('n'))).toEqual([7, NaN, 1.5]);
    expect(plain(events?.get('m'))).toEqual(['7', 'b', undefined]);
    expect(plain(events?.get('e'))).toEqual([undefined, undefined, undefined]);
    expect(plain(events?.get('c'))).toEqual(['7', undefined, '1.5']);
  });

  it("stay with their events, whatever the rows' order", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (of) => {
        fc.pre(of.some(({ rating }) => rating >= 1));
        const tagged = of.map((row, i) => ({ ...row, tag: i }));
        const text = ['user,item,rating,time,tag', ...tagged.map((r) => Object.values(r).join(','))].join('\n');
        const data = await read(await file('tags.csv', text), { columns: 'rating,tag=tag:number', minRating: 1 });
        const [tags, ratings] = [plain(data.events?.get('tag')), plain(data.events?.get('rating'))];
        const left = tagged.filter(({ rating }) => rating >= 1);
        expect([...tags].sort((a, b) => Number(a) - Number(b))).toEqual(left.map(({ tag }) => tag));
        data.users.forEach((user, u) => {
          for (let at = data.offsets[u]!; at < data.offsets[u + 1]!; at++) {
            const row = tagged[Number(tags[at])]!;
            expect([user, data.items[data.sequence[at]!], data.times![at], ratings[at]]).toEqual([
              row.user,
              row.item,
              row.time,
              row.rating,
            ]);
          }
        });
      }),
      { numRuns: 20 },
    );
  });
});

it('numbers are the ids that their digits spell, in JSON too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 20 }), async (ids) => {
      const all = [0, 9, 10, 99, 100, 2 ** 53 - 1, ...ids];
      const text = all.map((id, i) => JSON.stringify({ user: id, item: -(id % 1e12) - 1, time: i })).join('\n');
      const data = await read(await file('ids.jsonl', text));
      expect(new Set(data.users)).toEqual(new Set(all.map(String)));
      expect(new Set(data.items)).toEqual(new Set(all.map((id) => `${-(id % 1e12) - 1}`)));
    }),
    { numRuns: 30 },
  );
});

describe('times', () => {
  it.each([
    ['ms', '5000', 5],
    ['us', '5000', 0.005],
    ['ns', '5000000000', 5],
    ['s', '1600000000000', 1_600_000_000_000],
    ['date', '20190501', 1_556_668_800],
    ['date', '20190501123015', 1_556_713_815],
    ['date', '2019-05-01', 1_556_668_800],
    ['iso', '2019-05-01T00:00:00Z', 1_556_668_800],
  ])('are %s where somebody says so: %s', async (unit, text, seconds) => {
    const path = await file('unit.csv', `user,item,time\na,x,${text}\n`);
    expect([...(await read(path, { timeUnit: unit })).times!]).toEqual([seconds]);
    expect([...(await read(path, { columns: `time=time:${unit}` })).times!]).toEqual([seconds]);
  });
});

describe('filters', () => {
  const log = 'user,item,time,rating,action\na,x,1,5,buy\na,y,2,2,view\na,y,3,4,buy\nb,x,4,4,cart\nb,z,5,1,view\n';
  it.each<readonly [LoadOptions, string, string]>([
    [{ minRating: 4 }, 'a: x y; b: x', 'Left out: 2 events rated below 4.'],
    [{ actions: 'buy, cart' }, 'a: x y; b: x', 'Left out: 2 events of other actions than buy, cart.'],
    [{ actions: ['view'] }, 'a: y; b: z', 'Left out: 3 events of other actions than view.'],
    [{ since: 2, until: '5' }, 'a: y y; b: x', 'Left out: 1 event before 1970-01-01T00:00:02Z.'],
    [{ until: 2 }, 'a: x', 'Left out: 4 events from 1970-01-01T00:00:02Z on.'],
    [{ dropRepeats: true }, 'a: x y; b: x z', 'Left out: 1 event of the item of the event before.'],
    [{ minUser: 3 }, 'a: x y y', 'Left out: 1 user of fewer than 3 events, with 2 events.'],
    [{ minItem: 2 }, 'a: x y y; b: x', 'Left out: 1 item of fewer than 2 events, with 1 event.'],
    [{ minUser: 2, minItem: 2 }, 'a: y y', 'Left out: 1 user of fewer than 2 events'],
  ])('%j', async (options, left, says) => {
    const data = await read(await file('log.csv', log), { ...options, columns: 'rating' });
    const text = [...contents(data)].map(([user, events]) => `${user}: ${events.map(([item]) => item).join(' ')}`);
    expect(text.join('; ')).toBe(left);
    expect(data.reading?.says.join(' ')).toContain(says);
    expect(plain(data.events?.get('rating'))).toHaveLength(data.sequence.length);
  });

  /** All three again and again, the plain way, until nothing changes. */
  const settled = (of: readonly Row[], user: number, item: number, repeats: boolean): readonly Row[] => {
    const count = (key: 'user' | 'item', of_: readonly Row[], id: string) =>
      of_.filter((row) => row[key] === id).length;
    const sorted = of.toSorted((a, b) => (a.user < b.user ? -1 : a.user > b.user ? 1 : a.time - b.time));
    for (let left: readonly Row[] = sorted; ;) {
      const alone = left.filter(
        (row, i) => !repeats || left[i - 1]?.user !== row.user || left[i - 1]?.item !== row.item,
      );
      const next = alone.filter(
        (row) => count('user', alone, row.user) >= user && count('item', alone, row.item) >= item,
      );
      if (next.length === left.length) return left;
      left = next;
    }
  };
  it('of counts and repeats go on until nothing more goes, and leave the most that fits', async () => {
    const few = fc.array(
      fc.record({
        user: fc.constantFrom('a', 'b', 'c', 'd'),
        item: fc.constantFrom('x', 'y', 'z', 'w'),
        rating: fc.constant(1),
        time: fc.integer({ min: 0, max: 40 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(few, fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.boolean(), async (of, u, i, dropRepeats) => {
        const path = await file(
          'few.csv',
          ['user,item,rating,time', ...of.map((r) => Object.values(r).join(','))].join('\n'),
        );
        const expected = settled(of, u + 1, i + 1, dropRepeats);
        const found = await load(path, { minUser: u + 1, minItem: i + 1, dropRepeats });
        if (expected.length === 0) return void expect(errorOf(found)).toContain('nothing is left');
        const data = valueOf(found);
        const flat = [...contents(data)].flatMap(([user, events]) => events.map(([item, time]) => [user, item, time]));
        expect(flat).toEqual(expected.map(({ user, item, time }) => [user, item, time]));
        expect(new Set(data.sequence).size).toBe(data.items.length);
      }),
      { numRuns: 60 },
    );
  });

  it('leave what a file of the rows that are left would be', async () => {
    const filtered = await read(await file('all.csv', log), { minRating: 4 });
    expect(filtered.reading?.times).toMatchObject({ from: 1, to: 4 });
    const less = log
      .split('\n')
      .filter((line) => !/,[12],(buy|cart|view)$/.test(line))
      .join('\n');
    expect(filtered.hash).toBe((await read(await file('less.csv', less))).hash);
  });
});

describe('items', () => {
  const events = 'user,item,time\na,p1,1\na,p2,2\nb,p3,3\n';
  const featured = async (options: LoadOptions) => {
    const data = await read(await file('e.csv', events), options);
    // The values of items that nobody met follow.
    return { data, of: (name: string) => plain(data.features?.get(name)).slice(0, data.items.length) };
  };

  it('of Parquet, with lists and vectors; titles are among them', async () => {
    const { data, of } = await featured({ items: [here('items.parquet'), here('text.npy')] });
    expect(of('genres')).toEqual([['a', 'b'], ['b'], []]);
    expect(of('price')).toEqual([1.5, NaN, 3]);
    expect(of('brand')).toEqual(['x', 'y', 'x']);
    expect(of('vec')).toEqual([
      [1, 2],
      [3, 4],
      [0, 0],
    ]);
    expect(of('text')).toEqual([
      [4, 5, 6],
      [0, 0, 0],
      [1, 2, 3],
    ]);
    expect(data.titles?.get('p3')).toBe('Three');
    expect(data.unmet).toEqual(['p7', 'p9']);
    expect(plain(data.features?.get('price'))).toEqual([1.5, NaN, 3, NaN, 2]);
    expect(plain(data.features?.get('text')).slice(3)).toEqual([
      [7, 8, 9.5],
      [0, 0, 0],
    ]);
    expect(data.reading?.says).toContain(
      'Items of items.parquet: genres (categories of 2), price (number), brand (category of 2), vec (vector of 2), title (text); 3 of 3 items are in it; 1 item of it in no event.',
    );
  });

  it('of safetensors, with ids in the metadata', async () => {
    const { of } = await featured({ items: here('vectors.safetensors') });
    expect(of('text')).toEqual([
      [3, 4],
      [1, 2],
      [0, 0],
    ]);
    expect(of('image')).toEqual([[0.25], [0.5], [0]]);
  });

  const tables: readonly (readonly [string, string, Readonly<Record<string, readonly unknown[]>>])[] = [
    [
      'RecBole .item',
      'item_id:token\tmovie_title:token_seq\tyear:float\tclass:token_seq\tv:float_seq\tmaker:token\np1\tToy Story\t1995\tAnimation Comedy\t1 2\t7\np2\tHeat\t\tCrime\t3 4\t8\n',
      {
        movie_title: ['Toy Story', 'Heat', undefined],
        year: [1995, NaN, NaN],
        class: [['Animation', 'Comedy'], ['Crime'], []],
        v: [
          [1, 2],
          [3, 4],
          [0, 0],
        ],
        maker: ['7', '8', undefined],
      },
    ],
    [
      'CSV',
      'movieId,title,genres,year,maker\np1,"Story, Toy",Animation|Comedy,1995,x\np3,Heat,Comedy,1996,\n',
      {
        title: ['Story, Toy', undefined, 'Heat'],
        genres: [['Animation', 'Comedy'], [], ['Comedy']],
        year: [1995, NaN, 1996],
        maker: ['x', undefined, undefined],
      },
    ],
    [
      'Excel',
      '\uFEFFsep=;\r\nsku;price;maker\r\np1;1,5;x\r\np2;2;y\r\n',
      { price: [1.5, 2, NaN], maker: ['x', 'y', undefined] },
    ],
    [
      'JSON lines',
      '{"item_id":"p1","tags":["b","a"],"v":[0.5,1],"old":true}\n{"item_id":"p2","tags":[],"v":[2,3],"cost":3,"maker":{"of":1}}\n',
      {
        tags: [['a', 'b'], [], []],
        v: [
          [0.5, 1],
          [2, 3],
          [0, 0],
        ],
        old: ['true', undefined, undefined],
        cost: [NaN, 3, NaN],
        maker: [],
      },
    ],
    [
      'movies.dat',
      'p1::Toy Story (1995)::Animation|Comedy\np2::Mission::Impossible::Action\n',
      {
        title: ['Toy Story (1995)', 'Mission::Impossible', undefined],
        genres: [['Animation', 'Comedy'], ['Action'], []],
      },
    ],
  ];
  it.each(tables)('of %s', async (what, text, columns) => {
    const { data, of } = await featured({ items: await file(`${what.replace(/\W/g, '')}.txt`, text) });
    for (const [name, values] of Object.entries(columns)) expect(of(name), name).toEqual(values);
    expect([...data.features!.keys()].sort()).toEqual(
      Object.entries(columns)
        .flatMap(([name, values]) => (values.length === 0 ? [] : [name]))
        .sort(),
    );
  });

  it('keep the columns that are asked for, as the kinds that are given', async () => {
    const path = await file('i.csv', 'code,brand,tags,v\np1,7,"a, b",1 2\np2,8,b,3 4\n');
    const { data, of } = await featured({
      items: path,
      itemColumns: 'item=code,maker=brand:category,tags:categories,v:vector',
    });
    expect(of('maker')).toEqual(['7', '8', undefined]);
    expect(of('tags')).toEqual([['a', 'b'], ['b'], []]);
    expect(of('v')).toEqual([
      [1, 2],
      [3, 4],
      [0, 0],
    ]);
    expect([...data.features!.keys()]).toEqual(['maker', 'tags', 'v']);
  });

  it('of several files have columns of their own', async () => {
    const one = await file('one.csv', 'item,genre\np1,x\np2,y\n');
    const two = await file('two.csv', 'sku,price\np1,3\n');
    const { data, of } = await featured({ items: [one, two, here('text.npy')], itemColumns: 'item=sku,genre,price' });
    expect([of('genre'), of('price')]).toEqual([
      ['x', 'y', undefined],
      [3, NaN, NaN],
    ]);
    expect([...data.features!.keys()]).toEqual(['genre', 'price', 'text']);
    const path = await file('e.csv', events);
    expect(errorOf(await load(path, { items: [one, two], itemColumns: 'color' }))).toContain(
      "none of these has the column 'color'",
    );
    expect(errorOf(await load(path, { items: [one, one] }))).toContain("the column 'genre' is in");
  });

  it('are part of the hash, but for texts, and events are as without them', async () => {
    const bare = await read(await file('e.csv', events));
    const { data } = await featured({ items: here('items.parquet') });
    expect(data.hash).not.toBe(bare.hash);
    expect(contents(data)).toEqual(contents(bare));
    const texts = await featured({ items: here('items.parquet'), itemColumns: 'item=sku,title' });
    expect(texts.data.hash).toBe(bare.hash);
    expect([texts.data.unmet, texts.of('title')]).toEqual([undefined, ['One', 'Two', 'Three']]);
  });

  it('come in the order of the items that filters left', async () => {
    const { data, of } = await featured({ items: here('items.parquet'), since: 2 });
    expect([data.items, data.unmet]).toEqual([
      ['p2', 'p3'],
      ['p1', 'p9'],
    ]);
    expect(of('brand')).toEqual(['y', 'x']);
  });
});

it('the committed files are small', async () => {
  for (const name of ['pandas.parquet', 'zstd.parquet', 'duckdb.parquet', 'items.parquet', 'shop.sqlite'])
    expect((await readFile(here(name))).length).toBeLessThan(10_000);
});
