/** Packed copies: that they hold what was read and nothing else, whatever happens to them, to the files, and beside them. */
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Either } from 'fp-ts/lib/Either.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bearing, type LoadOptions } from '../../runtime/data/asked.js';
import { type Dataset, load, readingSays } from '../../runtime/data/index.js';
import { readSealed, sectionsOf, writeSealed } from '../../runtime/data/packed.js';
import { put } from '../../runtime/data/shelf.js';
import { stampsOf } from '../../runtime/data/contents.js';
import { datasets, errorOf, valueOf } from './support.js';

let folder = '';
let counter = 0;
const own = (): string => join(folder, 'cache', 'data');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  process.env['PCREC_CACHE'] = join(folder, 'cache');
});
afterAll(async () => {
  delete process.env['PCREC_CACHE'];
  await rm(folder, { recursive: true });
});
/** A folder of its own for each test. */
let at = '';
beforeEach(async () => {
  at = join(folder, `${counter++}`);
  await mkdir(at);
  await rm(own(), { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

const written = async (path: string, bytes: readonly Uint8Array[]): Promise<string> => {
  const handle = await open(path, 'w');
  await writeSealed(handle, bytes);
  await handle.close();
  return path;
};
const read = async (path: string): Promise<Either<string, { readonly key: string; readonly value: unknown }>> => {
  const handle = await open(path);
  try {
    return await readSealed(handle);
  } finally {
    await handle.close();
  }
};

describe('a sealed file', () => {
  const number = fc.double();
  const text = fc.string({ unit: 'binary' });
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      number,
      text,
      fc.array(fc.oneof(text, fc.constant(undefined)), { maxLength: 9 }),
      fc.int32Array({ maxLength: 9 }),
      fc.float32Array({ maxLength: 9 }),
      fc.float64Array({ maxLength: 9 }),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
        tie('any'),
        { maxKeys: 3, noNullPrototype: true },
      ),
      fc.array(fc.tuple(text, tie('any')), { maxLength: 3 }).map((entries) => new Map(entries)),
    ),
  })).any;

  it('gives back what was put into it', async () => {
    await fc.assert(
      fc.asyncProperty(text, value, async (key, of) => {
        const found = valueOf(await read(await written(join(at, 'any'), sectionsOf(key, of))));
        expect(found).toEqual({ key, value: of });
      }),
    );
  });

  it('holds lists of more texts than stand in a line', async () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => (i % 7 === 0 ? undefined : `text ${i}\n"é`));
    expect(valueOf(await read(await written(join(at, 'texts'), sectionsOf('', texts)))).value).toEqual(texts);
  });

  it('is refused where a bit is other than it was, or a byte missing or too many', async () => {
    await fc.assert(
      fc.asyncProperty(datasets, fc.nat(), fc.nat(7), async (data, place, bit) => {
        const path = await written(join(at, 'one'), sectionsOf('key', data));
        const bytes = await readFile(path);
        const spoilt = Buffer.from(bytes);
        spoilt[place % bytes.length]! ^= 1 << bit;
        for (const wrong of [spoilt, bytes.subarray(0, place % bytes.length), Buffer.concat([bytes, Buffer.of(0)])]) {
          await writeFile(path, wrong);
          expect(errorOf(await read(path))).toMatch(/^it is cut short$|^its checksum does not match its contents$/);
        }
      }),
    );
  });
});

const rowsOf = (seed: number, rows = 45_000): string =>
  `user,item,rating,ts,action\n${Array.from(
    { length: rows },
    (_, i) =>
      `u${(i * 7 + seed) % 900},${(i * i + seed) % 401},${1 + (i % 5)},${1_500_000_000 + ((i * 7919) % 90_000)},${['view', 'buy'][(i + seed) % 2]}\n`,
  ).join('')}`;
const itemsOf = (what: string): string =>
  `item,title,genre,price\n${Array.from({ length: 420 }, (_, i) => `${i},Title ${what} ${i},${['a', 'b|c', ''][i % 3]},${i % 10}\n`).join('')}`;
const options = { columns: 'rating,action', minRating: 2 } as const;

const copyOf = (data: Dataset): string => data.reading?.copy ?? 'none';
/** What is read, but for the sentence about the copy. */
const bare = ({ reading, ...data }: Dataset): unknown => {
  const { copy: _, ...rest } = reading!;
  return { ...data, reading: rest };
};
const loaded = async (path: string, of: LoadOptions = options): Promise<Dataset> => valueOf(await load(path, of));
/** The same read from its first byte to its last. */
const plainly = async (path: string, of: LoadOptions = options): Promise<Dataset> =>
  loaded(path, { ...of, cache: false });
const copies = async (where: string): Promise<readonly string[]> =>
  (await readdir(where).catch((): readonly string[] => [])).filter((name) => name.endsWith('.packed'));
/** As if nobody had touched a file for some time. */
const later = (): void => {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 60_000);
};
const made = /^A packed copy for the next start is in /;
const used = /^Read from the packed copy .*\.packed; --no-cache reads the data themselves\.$/;

describe('a second start', () => {
  it('reads the packed copy beside the data, and says and holds the same', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await writeFile(join(at, 'items.csv'), itemsOf('x'));
    const of = { ...options, items: join(at, 'items.csv') };
    const plain = await plainly(path, of);
    expect(copyOf(plain)).toBe('none');
    expect(await readdir(at)).not.toContain('.pcrec');
    const first = await loaded(path, of);
    expect(copyOf(first)).toMatch(made);
    expect(copyOf(first)).toContain(join(at, '.pcrec'));
    later();
    for (const second of [await loaded(path, of), await loaded(path, of)]) {
      expect(copyOf(second)).toMatch(used);
      expect(bare(second)).toEqual(bare(plain));
      expect(readingSays(second).slice(0, -1)).toEqual(readingSays(plain));
      expect(second.titles!.get('7')).toBe('Title x 7');
    }
    expect(await readFile(join(at, '.pcrec', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('keeps none of small data, of generated ones, and none where none is wanted', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0, 100));
    expect(copyOf(await loaded(path))).toBe('none');
    await writeFile(path, rowsOf(0));
    expect(copyOf(await plainly(path))).toBe('none');
    expect(copyOf(await loaded('sample', { cache: true }))).toBe('none');
    expect(await readdir(at)).toEqual(['events.csv']);
  });

  it('keeps none of what cannot be read, which is refused each time in the same words', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, `${rowsOf(0)}u1,,3,1500000000,view\n`);
    const said = errorOf(await load(path, options));
    expect(errorOf(await load(path, options))).toBe(said);
    expect(await readdir(at)).toEqual(['events.csv']);
  });

  it('uses the folder of the user where nobody may write beside the data', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await chmod(at, 0o555);
    expect(copyOf(await loaded(path))).toContain(own());
    expect(copyOf(await loaded(path))).toMatch(used);
    await chmod(at, 0o755);
    expect(await readdir(at)).toEqual(['events.csv']);
  });

  it('says so where nothing can be kept, and reads', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await chmod(at, 0o555);
    process.env['PCREC_CACHE'] = join(path, 'below a file');
    const found = await loaded(path);
    process.env['PCREC_CACHE'] = join(folder, 'cache');
    await chmod(at, 0o755);
    expect(copyOf(found)).toMatch(
      /^No packed copy could be kept \(.*below a file.*: a part of its path is not a folder\): --no-cache tries none\.$/,
    );
    expect(found.hash).toBe((await plainly(path)).hash);
  });
});

describe('a copy is of what the files hold', () => {
  it('and not used where they hold something else, though they are as long and say that they are as old', async () => {
    const path = join(at, 'events.csv');
    const time = new Date(1_600_000_000_000);
    await writeFile(path, rowsOf(0));
    await utimes(path, time, time);
    later();
    await loaded(path);
    await loaded(path);
    const text = rowsOf(0).replace('u0,0,', 'u0,3,');
    await writeFile(path, text);
    await utimes(path, time, time);
    const found = await loaded(path);
    expect(copyOf(found)).toMatch(made);
    expect(bare(found)).toEqual(bare(await plainly(path)));
    await writeFile(path, rowsOf(0));
    expect(copyOf(await loaded(path))).toMatch(used);
  });

  it('and used where they were only touched, or copied with it', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    const first = await loaded(path);
    await utimes(path, new Date(), new Date(1_400_000_000_000));
    expect(copyOf(await loaded(path))).toMatch(used);
    await copyFile(path, `${path}.new`);
    await rename(`${path}.new`, path);
    const second = await loaded(path);
    expect(copyOf(second)).toMatch(used);
    expect(bare(second)).toEqual(bare(first));
  });

  it('is known without their bytes being read, once they have been left alone', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await loaded(path);
    const notes = async () => (await readdir(join(at, '.pcrec'))).filter((name) => name.endsWith('.note'));
    expect(await notes()).toEqual([]);
    later();
    await loaded(path);
    const [note = ''] = await notes();
    // A note that tells other hashes is believed: no copy is found under them.
    const stamps = JSON.stringify((await stampsOf([path]))!.of);
    await put([join(at, '.pcrec')], note, note.replace('.note', ''), { stamps, hashes: ['other'] });
    expect(copyOf(await loaded(path))).toMatch(made);
  });

  it.each(['items', 'titles'] as const)('and of what the files of --%s hold', async (option) => {
    const [path, items] = [join(at, 'events.csv'), join(at, 'items.csv')];
    await writeFile(path, rowsOf(0));
    await writeFile(items, itemsOf('x'));
    const of = { ...options, [option]: items };
    await loaded(path, of);
    expect(copyOf(await loaded(path, of))).toMatch(used);
    await writeFile(items, itemsOf('y'));
    const found = await loaded(path, of);
    expect([found.titles!.get('7'), copyOf(found)]).toEqual(['Title y 7', expect.stringMatching(made)]);
  });

  it('and of the ids beside vectors', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await copyFile(join(import.meta.dirname, 'tables', 'text.npy'), join(at, 'text.npy'));
    const ids = (await readFile(join(import.meta.dirname, 'tables', 'text.ids.txt'), 'utf8'))
      .split('\n')
      .filter((id) => id !== '');
    const write = (all: readonly string[]) =>
      writeFile(join(at, 'text.ids.txt'), all.map((_, i) => `${all.length - i}\n`).join(''));
    const of = { ...options, items: [join(at, 'text.npy')] };
    await write(ids);
    const first = await loaded(path, of);
    await writeFile(join(at, 'text.ids.txt'), ids.map((_, i) => `${i + 1}\n`).join(''));
    const second = await loaded(path, of);
    expect(second.features!.get('text')).not.toEqual(first.features!.get('text'));
    expect(bare(second)).toEqual(bare(await plainly(path, of)));
  });

  it('and of all files of a folder', async () => {
    await writeFile(join(at, 'a.csv'), rowsOf(0));
    await loaded(at);
    expect(copyOf(await loaded(at))).toMatch(used);
    await writeFile(join(at, 'b.csv'), rowsOf(1, 200));
    const both = await loaded(at);
    expect(both.sequence).toHaveLength(0.8 * 45_200);
    expect(copyOf(both)).toMatch(made);
    await rm(join(at, 'b.csv'));
    expect(bare(await loaded(at))).toEqual(bare(await plainly(at)));
  });

  it('and no database has one: what a query gives depends on more than the bytes of a file', async () => {
    await copyFile(join(import.meta.dirname, 'tables', 'shop.sqlite'), join(at, 'shop.sqlite'));
    await writeFile(join(at, 'events.csv'), rowsOf(0));
    await load(join(at, 'events.csv'), { items: [join(at, 'shop.sqlite')] });
    expect((await readdir(at)).sort()).toEqual(['events.csv', 'shop.sqlite']);
  });
});

describe('a copy is of one way of reading', () => {
  it('whatever the option', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    const other: { readonly [K in keyof LoadOptions]-?: LoadOptions } = {
      format: { format: 'ratings.csv' },
      columns: { columns: 'rating' },
      timeUnit: { timeUnit: 's' },
      query: {},
      minRating: { minRating: 3 },
      actions: { actions: 'view' },
      since: { since: '1500000500' },
      until: { until: '1500080000' },
      dropRepeats: { dropRepeats: true },
      minUser: { minUser: 2 },
      minItem: { minItem: 3 },
      items: {},
      itemColumns: {},
      users: {},
      userColumns: {},
      vectors: {},
      titles: {},
      cache: {},
    };
    const ways = [
      {},
      ...Object.entries(other)
        .flatMap(([name, of]) => (Object.keys(of).length > 0 ? [[name, of] as const] : []))
        .map(([, of]) => of),
    ];
    for (const of of ways) {
      const found = await loaded(path, of);
      expect([of, copyOf(found)]).toEqual([of, expect.stringMatching(made)]);
      expect(bare(found)).toEqual(bare(await plainly(path, of)));
    }
    // No more than a few are kept, those that were last of use.
    expect(await copies(join(at, '.pcrec'))).toHaveLength(4);
    expect(copyOf(await loaded(path, ways.at(-1)))).toMatch(used);
    expect(Object.keys(bearing).sort()).toEqual(Object.keys(other).sort());
  });
});

describe('copies are never trusted', () => {
  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1), 'it is cut short|its checksum'],
    ['empty', () => Buffer.alloc(0), 'it is cut short'],
    [
      'spoilt',
      (bytes: Buffer) => Buffer.from(bytes.map((b, i) => (i === bytes.length >> 1 ? b ^ 1 : b))),
      'its checksum',
    ],
    [
      'another',
      () => Buffer.from('a text of somebody, longer than any head of ours could be, and then a little more'),
      'its checksum',
    ],
  ])('where they are %s: they are made again', async (_, spoil, why) => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    const first = await loaded(path);
    const [name = ''] = await copies(join(at, '.pcrec'));
    const copy = join(at, '.pcrec', name);
    await writeFile(copy, spoil(await readFile(copy)));
    const found = await loaded(path);
    expect(copyOf(found)).toMatch(new RegExp(`could not be used, since (${why}).*; it was made again\\.$`));
    expect(bare(found)).toEqual(bare(first));
    expect(copyOf(await loaded(path))).toMatch(used);
  });

  it('where they are another sound copy under a wrong name', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await loaded(path);
    await loaded(path, { minRating: 5 });
    const all = (await copies(join(at, '.pcrec'))).map((name) => join(at, '.pcrec', name));
    await copyFile(all[0]!, all[1]!);
    for (const of of [options, { minRating: 5 }])
      expect(bare(await loaded(path, of))).toEqual(bare(await plainly(path, of)));
  });

  it.runIf(process.getuid?.() === 0)('where somebody else has left them', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    await loaded(path);
    const [name = ''] = await copies(join(at, '.pcrec'));
    await chown(join(at, '.pcrec', name), 12_345, 12_345);
    expect(copyOf(await loaded(path))).toMatch(made);
    await chown(join(at, '.pcrec', name), 12_345, 12_345);
    await chown(at, 12_345, 12_345);
    expect(copyOf(await loaded(path))).toMatch(used);
  });

  it('and many may make them at once', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    const all = await Promise.all(Array.from({ length: 5 }, () => loaded(path)));
    const plain = bare(await plainly(path));
    all.forEach((one) => expect(bare(one)).toEqual(plain));
    expect((await readdir(join(at, '.pcrec'))).filter((name) => !/^\.gitignore$|\.(packed|note)$/.test(name))).toEqual(
      [],
    );
    expect(copyOf(await loaded(path))).toMatch(used);
  });

  it('and none is kept of files that changed while they were read', async () => {
    const path = join(at, 'events.csv');
    await writeFile(path, rowsOf(0));
    const [found] = await Promise.all([
      load(path, options),
      // While the first reads.
      new Promise((done) => setTimeout(done, 5)).then(() => writeFile(path, rowsOf(2))),
    ]);
    expect(found._tag).toBeDefined();
    expect(bare(await loaded(path))).toEqual(bare(await plainly(path)));
  });
});
