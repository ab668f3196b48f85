/** What the tests of this folder share: temporary files, arbitrary rows and histories, and the errors and values of an Either. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Either } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll } from 'vitest';
import type { Dataset, FeatureColumn } from '../../runtime/data/index.js';
import { type History, fromHistories } from '../../runtime/data/interactions.js';

/** A function that writes one file into a folder that lives as long as the test file's suite. */
export const temporaryFiles = (): ((name: string, content: string | Uint8Array) => Promise<string>) => {
  let folder = '';
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'pcrec-'))));
  afterAll(() => rm(folder, { recursive: true }));
  return async (name, content) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
};

export const valueOf = <A>(either: Either<string, A>): A => {
  if (either._tag === 'Left') throw new Error(`expected a value: ${either.left}`);
  return either.right;
};
export const errorOf = (either: Either<string, unknown>): string => {
  if (either._tag === 'Right') throw new Error('expected an error');
  return either.left;
};

export interface Row {
  readonly user: string;
  readonly item: string;
  readonly rating: number;
  readonly time: number;
}

const id = fc.oneof(
  fc.nat({ max: 30 }).map(String),
  fc.constantFrom('007', '4194303', '4194304', '99999999999999999999', 'B00A1B2C3D', 'A1YJEY40YUW4SE', 'x-y_z', 'é'),
);

/** Rows with many ties in time, the times within what every format can carry. */
export const rows: fc.Arbitrary<readonly Row[]> = fc.array(
  fc.record({
    user: id,
    item: id,
    rating: fc.constantFrom(0.5, 3, 4.5, 5),
    time: fc.integer({ min: 978_300_000, max: 978_300_000 + 8 }),
  }),
  { minLength: 1, maxLength: 120, size: 'max' },
);

/** Every user's events by time, ties in row order: what a data set must hold, computed the plain way. */
export const byUser = (of: readonly Row[]): ReadonlyMap<string, readonly Row[]> => {
  const groups = new Map<string, Row[]>();
  for (const row of of) groups.set(row.user, [...(groups.get(row.user) ?? []), row]);
  return new Map([...groups].map(([user, group]) => [user, group.toSorted((a, b) => a.time - b.time)]));
};

/** A data set as plain text, user by user. */
export const contents = ({
  users,
  items,
  offsets,
  sequence,
  times,
}: Dataset): ReadonlyMap<string, readonly (readonly [string, number])[]> =>
  new Map(
    users.map((user, u) => [
      user,
      [...sequence.subarray(offsets[u], offsets[u + 1])].map(
        (item, i) => [items[item]!, times?.[offsets[u]! + i] ?? NaN] as const,
      ),
    ]),
  );

const event = fc.record({ item: fc.nat({ max: 25 }), gap: fc.integer({ min: 0, max: 100_000 }) });

/** Data sets of a few users, of which some are too short to be evaluated; repeated items are common; with times or without. */
export const datasets: fc.Arbitrary<Dataset> = fc
  .tuple(
    fc.array(fc.array(event, { minLength: 1, maxLength: 18, size: 'max' }), {
      minLength: 1,
      maxLength: 14,
      size: 'max',
    }),
    fc.boolean(),
  )
  .map(([users, timed]) => {
    const histories = users.map((events, u): History => {
      let time = 1_500_000_000;
      const times = events.map(({ gap }) => (time += gap));
      return { user: `${u}`, items: events.map(({ item }) => `${item}`), ...(timed ? { times } : {}) };
    });
    return fromHistories('arbitrary', histories);
  });

/** A column as plain values, one an event, an item or a user. */
export const plain = (column: FeatureColumn | undefined): readonly unknown[] => {
  if (column === undefined) return [];
  switch (column.kind) {
    case 'category':
      return [...column.values].map((code) => (code === 0 ? undefined : column.vocabulary[code - 1]));
    case 'categories':
      return Array.from({ length: column.offsets.length - 1 }, (_, r) =>
        [...column.values.subarray(column.offsets[r], column.offsets[r + 1])].map(
          (code) => column.vocabulary[code - 1],
        ),
      );
    case 'vector':
      return Array.from({ length: column.values.length / column.width }, (_, r) => [
        ...column.values.subarray(r * column.width, (r + 1) * column.width),
      ]);
    default:
      return [...column.values];
  }
};
