/** What is known of users, as tables tell it: read as tables of items are, a value a user of the data. The data are invented. */
import { describe, expect, it } from 'vitest';
import { load, type LoadOptions } from '../../runtime/data/index.js';
import { contents, errorOf, plain, temporaryFiles, valueOf } from './support.js';

const file = temporaryFiles();
const events = 'user,item,time\na,p1,1\na,p2,2\nb,p3,3\nc,p1,4\n';
const told = async (table: string, options: LoadOptions = {}) => {
  const users = await file('users.txt', table);
  const data = valueOf(await load(await file('e.csv', events), { users, ...options }));
  return { data, of: (name: string) => plain(data.userFeatures?.get(name)) };
};

describe('a table of users', () => {
  const tables: readonly (readonly [string, string, Readonly<Record<string, readonly unknown[]>>])[] = [
    [
      'RecBole .user',
      'user_id:token\tage:float\tgender:token\tzip_code:token\tlikes:token_seq\nb\t41\tF\t048\tx y\na\t\tM\t123\t\nz\t9\tF\t1\tx\n',
      {
        age: [NaN, 41, NaN],
        gender: ['M', 'F', undefined],
        zip_code: ['123', '048', undefined],
        likes: [[], ['x', 'y'], []],
      },
    ],
    [
      'MovieLens-1M, whose codes are no numbers',
      'a::F::1::10::48067\nc::M::56::16::98107-2117\n',
      {
        gender: ['F', undefined, 'M'],
        age: ['1', undefined, '56'],
        occupation: ['10', undefined, '16'],
        zip: ['48067', undefined, '98107-2117'],
      },
    ],
    [
      'MovieLens-100K, whose ages are',
      'a|24|M|technician|85711\nb|53|F|other|94043\n',
      { age: [24, 53, NaN], gender: ['M', 'F', undefined], occupation: ['technician', 'other', undefined] },
    ],
    [
      'CSV',
      'customer_id,age,city\nc,7,"New York, NY"\na,,Oslo\n',
      { age: [NaN, NaN, 7], city: ['Oslo', undefined, 'New York, NY'] },
    ],
    [
      'JSON lines',
      '{"user_id":"b","age":30,"tags":["x","y"]}\n{"user_id":"c","age":40}\n',
      { age: [NaN, 30, 40], tags: [[], ['x', 'y'], []] },
    ],
  ];
  it.each(tables)('is read: %s', async (_, text, columns) => {
    const { of } = await told(text);
    for (const [name, values] of Object.entries(columns)) expect(of(name), name).toEqual(values);
  });

  it('says what was understood, and keeps the columns that are asked for as the kinds that are given', async () => {
    const { data, of } = await told('who,born,code\nb,1990,7\nq,1970,8\n', {
      userColumns: 'user=who,year=born,code:category',
    });
    expect([of('year'), of('code')]).toEqual([
      [NaN, 1990, NaN],
      [undefined, '7', undefined],
    ]);
    expect(data.reading?.says).toContain(
      'Users of users.txt: year (number), code (category of 2); 1 of 3 users are in it; 1 user of it in no event.',
    );
  });

  it('is part of the hash, and events are as without it', async () => {
    const bare = valueOf(await load(await file('e.csv', events)));
    const { data } = await told('user,age\na,1\n');
    expect(data.hash).not.toBe(bare.hash);
    expect(contents(data)).toEqual(contents(bare));
    expect((await told('user,age\na,2\n')).data.hash).not.toBe(data.hash);
    expect((await told('user,age\nb,5\na,1\n')).data.hash).not.toBe(data.hash);
    expect((await told('user,age\nz,5\na,1\n')).data.hash).toBe(data.hash);
  });

  it('comes in the order of the users that filters left', async () => {
    const { data, of } = await told('user,age\na,1\nb,2\nc,3\n', { since: 3 });
    expect([data.users, of('age')]).toEqual([
      ['b', 'c'],
      [2, 3],
    ]);
  });

  it('may be of several files, with columns of their own', async () => {
    const one = await file('one.csv', 'user,age\na,1\n');
    const two = await file('two.csv', 'user,city\nb,x\n');
    const data = valueOf(await load(await file('e.csv', events), { users: [one, two] }));
    expect([plain(data.userFeatures?.get('age')), plain(data.userFeatures?.get('city'))]).toEqual([
      [1, NaN, NaN],
      [undefined, 'x', undefined],
    ]);
  });
});

describe('a table of users is refused', () => {
  const refused: readonly (readonly [string, string, LoadOptions, RegExp])[] = [
    [
      'of nobody here',
      'user,age\nx,1\n',
      {},
      /users\.txt: it knows none of the users of the data: 'a' is not there, and 'x' is; .*--user-columns user=COLUMN/,
    ],
    ['without a column of ids', 'age,city\n1,x\n', {}, /users\.txt:1: .*--user-columns user=COLUMN/],
    [
      'with a user twice, in two ways',
      'user,age\na,1\na,2\n',
      {},
      /users\.txt:3: the user 'a' is in line 2 too, with other values; remove one of the two/,
    ],
    [
      'with an id that is none',
      'user,age\n ,1\n',
      {},
      /users\.txt:2: the user id is empty; correct or remove the line/,
    ],
    [
      'with a line that is short',
      'user,age,city\na,1\n',
      {},
      /users\.txt:2: expected 3 columns \(user, age, city\), found 2/,
    ],
    [
      'with a word among numbers',
      'user,age\na,old\n',
      { userColumns: 'age:number' },
      /users\.txt:2: age, which is read as number: expected a number, found 'old'.*--user-columns age=age:KIND/,
    ],
    ['that has not the column', 'user,age\na,1\n', { userColumns: 'city' }, /users\.txt:1: there is no column 'city'/],
    [
      'with a header alone',
      'user,age\n',
      {},
      /users\.txt: there is a header and nothing below it; expected one user a line/,
    ],
    ['that is empty', '', {}, /users\.txt: the file is empty; expected one user a line/],
  ];
  it.each(refused)('%s', async (_, table, options, words) => {
    const users = await file('users.txt', table);
    expect(errorOf(await load(await file('e.csv', events), { users, ...options }))).toMatch(words);
  });

  it('of which columns are asked for and which is not given', async () => {
    expect(errorOf(await load(await file('e.csv', events), { userColumns: 'age' }))).toBe(
      '--user-columns says what to keep of --users, which is not given: add it, or leave --user-columns out.',
    );
  });
});
