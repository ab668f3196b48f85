/**
 * Tables with a mistake, one a row: each is refused with its file, the line where there is one, and what to do. What a text table
 * without options may have wrong is in files.test.ts.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { type LoadOptions, load } from '../../runtime/data/index.js';
import { errorOf, temporaryFiles } from './support.js';

const file = temporaryFiles();
const fixture = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, 'tables', name));

interface Case {
  readonly what: string;
  /** The file of events; a good one unless given. */
  readonly data?: string | Uint8Array | (() => Promise<Uint8Array>);
  /** The file of items, and the ids beside it. */
  readonly items?: string | Uint8Array | (() => Promise<Uint8Array>);
  readonly itemsName?: string;
  readonly ids?: string;
  readonly options?: LoadOptions;
  /** What the refusal says; a number is the line, of the items where there are some. */
  readonly says: readonly (string | number)[];
  /** It is about an option, and names no file. */
  readonly option?: boolean;
}

const good = 'user,item,time,rating,action\na,p1,1,5,buy\na,p2,2,4,view\nb,p3,3,1,buy\n';
const json = (...of: readonly unknown[]): string => of.map((one) => JSON.stringify(one)).join('\n');
const npy = (header: string, bytes: number): Buffer => {
  const text = `${header}\n`.padStart(8);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([text.length, 0]),
    Buffer.from(text),
    Buffer.alloc(bytes),
  ]);
};
const tensors = (header: unknown, bytes: number): Buffer => {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bytes)]);
};

const columns: readonly Case[] = [
  {
    what: 'a column that is not there',
    options: { columns: 'user=customer,item=item' },
    says: [1, "no column 'customer'", 'user, item, time'],
  },
  {
    what: 'a column that is nearly there',
    options: { columns: 'user=usr' },
    says: [1, "no column 'usr'", "did you mean 'user'"],
  },
  {
    what: 'two columns that might be the user',
    data: 'session_id,customer_id,sku,ts\n1,2,3,4\n',
    says: [1, "which column holds the user: 'session_id' or 'customer_id'", '--columns user=session_id'],
  },
  {
    what: 'two columns that might be the item',
    data: 'user_id,sku,product_id,ts\n1,2,3,4\n',
    says: [1, "which column holds the item: 'sku' or 'product_id'"],
  },
  {
    what: 'two columns that might be the time',
    data: 'user_id,sku,created_at,order_date\n1,2,3,4\n',
    says: [1, "which column holds the time: 'created_at' or 'order_date'", '--columns time='],
  },
  {
    what: 'a header that says nothing',
    data: 'a,b,c\n1,2,3\n',
    says: [1, 'no format known here', '--columns user=COLUMN', "'a', 'b', 'c'", 'places (1 to 3)'],
  },
  {
    what: 'no time, and nobody says that the rows are in order',
    data: 'customer,sku\n1,2\n',
    says: [1, 'no column for the time', '--columns user=COLUMN,item=COLUMN'],
  },
  {
    what: 'an action that nobody knows of',
    data: 'user,item,time\na,x,1\n',
    options: { columns: 'action' },
    says: [1, 'no column says that it is the action', '--columns action=COLUMN', "'time'"],
  },
  {
    what: 'a place beyond the last column',
    data: 'a,x,1\n',
    options: { columns: 'user=1,item=2,time=9' },
    says: [1, 'column 9', 'fewer'],
  },
  {
    what: 'places without an item',
    data: 'a,x,1\n',
    options: { columns: 'user=1,time=3' },
    says: [1, 'none is the item', 'item=PLACE'],
  },
  {
    what: 'a row with more columns than the first, by place',
    data: 'a,x,1\na,x,1,2\n',
    options: { columns: 'user=1,item=2,time=3' },
    says: [2, 'expected 3 columns', 'found 4'],
  },
  {
    what: 'columns of histories',
    data: '1 2 3\n',
    options: { format: 'sequences', columns: 'rating' },
    says: [1, 'sequences has no columns', 'leave it out'],
  },
  {
    what: 'a kind that events do not have',
    options: { columns: 'action=action,v=rating:vector' },
    says: [1, "'v' is asked for as vector", 'category, number, text'],
  },
  {
    what: 'a further number that is none',
    data: 'user,item,time,price\na,x,1,3\na,x,2,cheap\n',
    options: { columns: 'price:number' },
    says: [3, 'price in column 4: expected a number', "'cheap'", 'correct'],
  },
  {
    what: 'a category with what nobody sees in it',
    data: 'user,item,time,shop\na,x,1,a\u200bb\n',
    options: { columns: 'shop' },
    says: [2, 'shop in column 4', 'U+200B', 'correct'],
  },
  {
    what: 'a rating that is no number, where it is kept',
    data: 'user,item,time,stars\na,x,1,five\n',
    options: { columns: 'rating=stars' },
    says: [2, 'expected a rating', "'five'"],
  },
  {
    what: 'nothing asked for',
    options: { columns: '' },
    says: ['--columns', 'it is empty', 'user=customer_id'],
    option: true,
  },
  {
    what: 'a name twice',
    options: { columns: 'user=user,user=item' },
    says: ["--columns: 'user' is there twice", 'leave one'],
    option: true,
  },
  {
    what: 'a name without a column',
    options: { columns: 'user=,item=item' },
    says: ['--columns: expected NAME=COLUMN', "'user='"],
    option: true,
  },
];

const lines: readonly Case[] = [
  {
    what: 'a JSON list',
    data: '[{"user": 1, "item": 2, "time": 3}]\n',
    says: [1, 'expected an object a line', "jq -c '.[]'"],
  },
  {
    what: 'JSON spread over lines',
    data: '{\n  "user": 1\n}\n',
    says: [1, 'on this one line', "jq -c '.[]'"],
  },
  {
    what: 'a line that is no JSON',
    data: `${json({ user: 'a', item: 'x', time: 1 })}\n{"user": "a", "item": \n`,
    says: [2, 'this is no JSON', 'correct or remove'],
  },
  {
    what: 'a line that is a list',
    data: json({ user: 'a', item: 'x', time: 1 }, ['a', 'y', 2]),
    says: [2, 'expected an object a line'],
  },
  {
    what: 'a line of a number',
    data: json({ user: 'a', item: 'x', time: 1 }, 7),
    says: [2, 'expected an object a line'],
  },
  {
    what: 'an object without the item',
    data: json({ user: 'a', item: 'x', time: 1 }, { user: 'a', time: 2 }),
    says: [2, 'the item id is empty', 'correct or remove'],
  },
  {
    what: 'an item that is null',
    data: json({ user: 'a', item: 'x', time: 1 }, { user: 'a', item: null, time: 2 }),
    says: [2, 'the item id is empty'],
  },
  {
    what: 'an id of more digits than a number keeps',
    data: '{"user":"a","item":1234567890123456789,"time":1}\n',
    says: [1, "the item id in 'item' has more digits", 'write ids'],
  },
  {
    what: 'a time that is null',
    data: json({ user: 'a', item: 'x', time: 1 }, { user: 'a', item: 'y', time: null }),
    says: [2, "expected a time in 'time'"],
  },
  {
    what: 'a time that is an object',
    data: json({ user: 'a', item: 'x', time: { $date: 1 } }),
    says: [1, "expected a time in 'time'", '$date'],
  },
  {
    what: 'no key for the user',
    data: json({ name: 'a', item: 'x', time: 1 }),
    says: [1, 'no column says that it is the user', "'name', 'item', 'time'"],
  },
  {
    what: 'no key for the time',
    data: json({ user: 'a', item: 'x' }),
    says: [1, 'no column says that it is the time', '--columns user=COLUMN,item=COLUMN'],
  },
  {
    what: 'a key that no line has',
    data: json({ user: 'a', item: 'x', time: 1 }, { user: 'a', item: 'y', time: 2 }),
    options: { columns: 'shop=store' },
    says: ["no line has the key 'store'", "'user', 'item', 'time'"],
  },
  {
    what: 'two keys that might be the user',
    data: json({ uid: 'a', customer: 'b', item: 'x', time: 1 }),
    says: [1, "which column holds the user: 'uid' or 'customer'"],
  },
  {
    what: 'times of two kinds',
    data: json({ user: 'a', item: 'x', time: 1_600_000_000 }, { user: 'a', item: 'x', time: '2020-01-01' }),
    says: [2, 'in dates', 'an earlier one of the same user in seconds', 'one way'],
  },
];

const binary: readonly Case[] = [
  {
    what: 'Parquet cut short',
    data: async () => (await fixture('pandas.parquet')).subarray(0, 900),
    says: ['cannot be read', 'write it again'],
  },
  {
    what: 'Parquet with a broken footer',
    data: async () => {
      const bytes = Buffer.from(await fixture('duckdb.parquet'));
      bytes.fill(0xff, bytes.length - 200, bytes.length - 8);
      return bytes;
    },
    says: ['cannot be read', 'write it again'],
  },
  {
    what: 'Parquet of items given as events',
    data: () => fixture('items.parquet'),
    says: ['no column says that it is the user', "'sku', 'genres'"],
  },
  {
    what: 'Parquet and a column that it has not',
    data: () => fixture('pandas.parquet'),
    options: { columns: 'user=buyer' },
    says: ["no column 'buyer'", 'customer_id'],
  },
  {
    what: 'Parquet named as text',
    data: () => fixture('pandas.parquet'),
    options: { format: 'table' },
    says: ['Parquet data', 'leave --format out'],
  },
  {
    what: 'text named as Parquet',
    options: { format: 'parquet' },
    says: ['this Parquet file cannot be read'],
  },
  {
    what: 'a query of text',
    options: { query: 'SELECT 1' },
    says: ['--query asks databases', 'leave it out'],
  },
  {
    what: 'SQLite, cut short or without a reader of it',
    data: async () => (await fixture('shop.sqlite')).subarray(0, 3000),
    says: [''],
  },
];

const filters: readonly Case[] = [
  {
    what: 'ratings to filter by, and none there',
    data: 'user,item,time\na,x,1\n',
    options: { minRating: 3 },
    says: [1, '--min-rating needs a rating', '--columns rating=COLUMN'],
  },
  {
    what: 'actions to filter by, and none there',
    data: 'user,item,time\na,x,1\n',
    options: { actions: 'buy' },
    says: [1, '--actions needs an action'],
  },
  {
    what: 'times to filter by, and none there',
    data: 'user,item\na,x\n',
    options: { since: '2020-01-01', columns: 'user=user,item=item' },
    says: [1, '--since and --until need a time'],
  },
  {
    what: 'histories, and ratings to filter by',
    data: '1 2 3\n',
    options: { minRating: 3 },
    says: [1, 'needs a rating', 'sequences has none'],
  },
  { what: 'nothing rated so high', options: { minRating: 9 }, says: ['nothing is left', '3 events rated below 9'] },
  {
    what: 'an action that nobody did',
    options: { actions: 'Buy' },
    says: ['nothing is left', 'other actions than Buy'],
  },
  { what: 'too few of all', options: { minUser: 9 }, says: ['nothing is left', '--min-user'] },
  {
    what: 'a count that is none',
    options: { minUser: 0.5 },
    says: ['--min-user takes a whole number', '0.5'],
    option: true,
  },
  { what: 'a count of items below 1', options: { minItem: -1 }, says: ['--min-item takes', '-1'], option: true },
  { what: 'a rating that is none', options: { minRating: NaN }, says: ['--min-rating takes a number'], option: true },
  { what: 'a time that is none', options: { since: 'noon' }, says: ['--since takes a time', "'noon'"], option: true },
  {
    what: 'an end before the beginning',
    options: { since: '2020-01-02', until: '2020-01-01' },
    says: ['--since 2020-01-02 is not before --until 2020-01-01'],
    option: true,
  },
  {
    what: 'an empty action',
    options: { actions: 'buy,,cart' },
    says: ['--actions', 'one of these is empty'],
    option: true,
  },
  {
    what: 'a unit that is none',
    options: { timeUnit: 'hours' },
    says: ['--time-unit takes one of s, ms'],
    option: true,
  },
  {
    what: 'ISO 8601 where milliseconds were promised',
    data: 'user,item,time\na,x,2020-01-01\n',
    options: { timeUnit: 'ms' },
    says: [2, 'expected a time in column 3, a number of milliseconds', "'2020-01-01'"],
  },
  {
    what: 'numbers where ISO 8601 was promised',
    data: 'user,item,time\na,x,1600000000\n',
    options: { columns: 'time=time:iso' },
    says: [2, 'expected a time in column 3, ISO 8601'],
  },
  {
    what: 'no date where dates were promised',
    data: 'user,item,time\na,x,20190501\na,y,20190532\n',
    options: { timeUnit: 'date' },
    says: [3, 'expected a time in column 3, a date', "'20190532'"],
  },
];

const items: readonly Case[] = [
  { what: 'an empty table', items: '', says: ['is empty'] },
  { what: 'a header alone', items: 'item_id,genre\n', says: ['nothing below it'] },
  {
    what: 'a header that names no item',
    items: 'code,genre\np1,x\n',
    says: [1, 'no format known here', '--item-columns item=COLUMN'],
  },
  {
    what: 'two columns that might be the item',
    items: 'sku,isbn,genre\np1,7,x\n',
    says: [1, "which column holds the item: 'sku' or 'isbn'", '--item-columns item=sku'],
  },
  {
    what: 'an item twice, with other values',
    items: 'item_id,genre\np1,x\np2,y\np1,z\n',
    says: [4, "the item 'p1' is in line 2 too", 'remove one'],
  },
  { what: 'an item without an id', items: 'item_id,genre\np1,x\n,y\n', says: [3, 'the item id is empty', 'correct'] },
  { what: 'a row too short', items: 'item_id,genre,year\np1,x,1\np2,y\n', says: [3, 'expected 3 columns', 'found 2'] },
  { what: 'a quote that never closes', items: 'item_id,genre\np1,"x\n', says: ['correct the file'] },
  {
    what: 'a RecBole number that is none',
    items: 'item_id:token\tyear:float\np1\t1990\np2\told\n',
    says: [3, 'year, which is read as number', "'old'", '--item-columns year=year:KIND'],
  },
  {
    what: 'RecBole vectors of two widths',
    items: 'item_id:token\tv:float_seq\np1\t1 2\np2\t1 2 3\n',
    says: [3, 'expected 2 numbers', 'found 3'],
  },
  {
    what: 'a vector that is none',
    items: 'item_id,v\np1,1 2\np2,1 x\n',
    options: { itemColumns: 'v:vector' },
    says: [3, 'v, which is read as vector', "'1 x'"],
  },
  {
    what: 'a column that is not there',
    items: 'item_id,genre\np1,x\n',
    options: { itemColumns: 'genres' },
    says: [1, "no column 'genres'", "did you mean 'genre'"],
  },
  {
    what: 'a list where one value is asked for',
    items: json({ item_id: 'p1', tags: ['a', 'b'] }),
    options: { itemColumns: 'tags:category' },
    says: [1, 'found a list', 'categories'],
  },
  {
    what: 'a line that is no JSON',
    items: `${json({ item_id: 'p1', tag: 'a' })}\n{"item_id": \n`,
    says: ['line 2', 'no JSON', 'correct'],
  },
  {
    what: 'items of other data',
    items: 'item_id,genre\nq1,x\nq2,y\n',
    says: ['knows none of the items', "'p1'", "'q1'", '--item-columns item=COLUMN'],
  },
  {
    what: 'columns of items that are not given',
    options: { itemColumns: 'genre' },
    says: ['--items', 'leave'],
    option: true,
  },
  {
    what: 'vectors without ids',
    items: () => fixture('text.npy'),
    itemsName: 'text.npy',
    says: ['text.ids.txt', 'an id a line'],
  },
  {
    what: 'vectors with too few ids',
    items: () => fixture('text.npy'),
    itemsName: 'few.npy',
    ids: 'p1\np2\n',
    says: ['has 3 rows, and there are 2 ids'],
  },
  {
    what: 'vectors with an id twice',
    items: () => fixture('text.npy'),
    itemsName: 'twice.npy',
    ids: 'p1\np2\np1\n',
    says: ["the item 'p1' has two rows", 'remove'],
  },
  {
    what: 'NumPy, cut short',
    items: async () => (await fixture('text.npy')).subarray(0, 150),
    itemsName: 'cut.npy',
    ids: 'p1\np2\np3\n',
    says: ['should hold 36 bytes', 'write it again'],
  },
  {
    what: 'NumPy of objects',
    items: npy("{'descr': '|O', 'fortran_order': False, 'shape': (3, 3), }", 9),
    itemsName: 'object.npy',
    ids: 'p1\np2\np3\n',
    says: ['of the type |O', 'float32'],
  },
  {
    what: 'NumPy by columns',
    items: npy("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 3), }", 36),
    itemsName: 'fortran.npy',
    ids: 'p1\np2\np3\n',
    says: ['by columns', 'ascontiguousarray'],
  },
  {
    what: 'NumPy of one axis',
    items: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 12),
    itemsName: 'flat.npy',
    ids: 'p1\np2\np3\n',
    says: ['its shape is (3)', 'an item a row'],
  },
  { what: 'text named as NumPy', items: 'hello\n', itemsName: 'text2.npy', ids: 'p1\n', says: ['numpy.save'] },
  {
    what: 'vectors that are not finite',
    items: (() => {
      const bytes = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", 16);
      bytes.writeFloatLE(NaN, bytes.length - 4);
      return bytes;
    })(),
    itemsName: 'nan.npy',
    ids: 'p1\np2\n',
    says: [2, 'not finite', 'correct'],
  },
  {
    what: 'safetensors, cut short',
    items: async () => (await fixture('vectors.safetensors')).subarray(0, 40),
    itemsName: 'cut.safetensors',
    says: ['cut short'],
  },
  {
    what: 'safetensors of another type',
    items: tensors({ v: { dtype: 'F64', shape: [1, 1], data_offsets: [0, 8] } }, 8),
    itemsName: 'wide.safetensors',
    ids: 'p1\n',
    says: ['F64', 'F32'],
  },
  {
    what: 'safetensors of nothing',
    items: tensors({}, 0),
    itemsName: 'none.safetensors',
    ids: 'p1\n',
    says: ['holds no tensor'],
  },
];

const groups = { columns, lines, binary, filters, items };

const bytesOf = async (of: NonNullable<Case['data']>): Promise<string | Uint8Array> =>
  typeof of === 'function' ? await of() : of;

describe.each(Object.entries(groups))('%s', (group, cases) => {
  it.each(cases.map((of, i) => ({ ...of, name: `${group}-${i}.txt` })))('$what', async (of) => {
    const { name, data = good, items: table, ids, options = {}, says, option } = of;
    const path = await file(name, await bytesOf(data));
    const itemsName = of.itemsName ?? `${name}.items`;
    const itemsPath = table === undefined ? undefined : await file(itemsName, await bytesOf(table));
    if (ids !== undefined) await file(itemsName.replace(/\.\w+$/, '.ids.txt'), ids);
    const message = errorOf(await load(path, { ...options, ...(itemsPath === undefined ? {} : { items: itemsPath }) }));
    const line = says.find((part) => typeof part === 'number');
    const about = `${itemsPath ?? path}${line === undefined ? '' : `:${line}`}: `;
    if (
      option !== true &&
      ids === undefined &&
      !message.startsWith(join(dirname(path), itemsName.replace(/\.\w+$/, '.ids.txt')))
    )
      expect(message).toContain(about);
    for (const part of says) if (typeof part === 'string') expect(message).toContain(part);
    expect(message).not.toMatch(/(?!\n)\p{Cc}|undefined|NaN is|\[object|\n\s+at |TypeError|RangeError/u);
    expect(message).toMatch(
      /correct|remove|expected|write|leave|name|say|ask|give|add|change|did you mean|the columns are|the keys|needs|takes|rename|counted/,
    );
  });
});

it('there are sixty and more', () => expect(Object.values(groups).flat().length).toBeGreaterThanOrEqual(60));

it('Parquet with bits flipped is read or refused, and nothing of our insides is shown', async () => {
  const whole = await fixture('zstd.parquet');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 8 * (whole.length - 8) - 1 }), { minLength: 1, maxLength: 3 }),
      async (bits) => {
        const bytes = Buffer.from(whole);
        for (const bit of bits) bytes[4 + (bit >> 3)]! ^= 1 << (bit & 7);
        const path = await file('flipped.parquet', bytes);
        const found = await load(path, { columns: 'rating,action' });
        if (isRight(found)) return;
        expect(found.left).toContain(`${path}:`);
        expect(found.left).not.toMatch(/\n|undefined \(reading|is not a function|\[object/);
      },
    ),
    { numRuns: 150 },
  );
});
