/**
 * From rows in any order to a data set: columns that grow by segments, then a counting sort by user and a stable sort by
 * time inside each user. Twenty million rows take 320 MB while they are read and 240 MB once packed.
 *
 * The loops are imperative on purpose: an object a row would cost ten times the memory.
 */
import { type Dataset, dataset } from './dataset.js';
import { type Codes, codes, ranked } from './ids.js';
import type { EventColumn } from './tables/events.js';

/** Rows in file order. Mutable: it lives only while a file is read. */
export interface Interactions {
  readonly users: Codes;
  readonly items: Codes;
  readonly timed: boolean;
  /** What else is known of each row; whoever adds a row adds to these. */
  readonly columns: readonly EventColumn[];
  count(): number;
  /** Codes from `users` and `items`; Unix seconds, ignored where the rows are not timed. */
  add(user: number, item: number, time: number): void;
  /** Rows were left out: there may be codes that no row has. */
  sieved: boolean;
  /** The item of a row. */
  item(row: number): number;
  /** Every row in file order. */
  forEach(visit: (user: number, item: number, time: number) => void): void;
}

const segmentBits = 16;
const segmentSize = 1 << segmentBits;

/** An empty collection. Segments, not doubling arrays: growth copies nothing and wastes less than one segment. */
export const interactions = (timed: boolean, columns: readonly EventColumn[] = []): Interactions => {
  const segments: { readonly users: Int32Array; readonly items: Int32Array; readonly times: Float64Array }[] = [];
  const segment = (size: number) => ({
    users: new Int32Array(size),
    items: new Int32Array(size),
    times: new Float64Array(timed ? size : 0),
  });
  let last = segment(0);
  let count = 0;
  return {
    users: codes(),
    items: codes(),
    timed,
    columns,
    sieved: false,
    count: () => count,
    item: (row) => segments[row >> segmentBits]!.items[row & (segmentSize - 1)]!,
    add: (user, item, time) => {
      const at = count++ & (segmentSize - 1);
      if (at === 0) segments.push((last = segment(segmentSize)));
      last.users[at] = user;
      last.items[at] = item;
      if (timed) last.times[at] = time;
    },
    forEach: (visit) => {
      segments.forEach(({ users, items, times }, s) => {
        const size = Math.min(segmentSize, count - (s << segmentBits));
        for (let i = 0; i < size; i++) visit(users[i]!, items[i]!, timed ? times[i]! : 0);
      });
    },
  };
};

const insertionRun = 12;

/** Stable sort of `times[from, to)` ascending, `items` following: insertion sort of short runs, then merges. */
const sortByTime = (
  times: Float64Array,
  items: Int32Array,
  from: number,
  to: number,
  spareTimes: Float64Array,
  spareItems: Int32Array,
): void => {
  for (let run = from; run < to; run += insertionRun) {
    const end = Math.min(run + insertionRun, to);
    for (let i = run + 1; i < end; i++) {
      const time = times[i]!;
      const item = items[i]!;
      let j = i - 1;
      for (; j >= run && times[j]! > time; j--) {
        times[j + 1] = times[j]!;
        items[j + 1] = items[j]!;
      }
      times[j + 1] = time;
      items[j + 1] = item;
    }
  }
  for (let width = insertionRun; width < to - from; width *= 2) {
    for (let low = from; low + width < to; low += 2 * width) {
      const middle = low + width;
      const high = Math.min(middle + width, to);
      if (times[middle - 1]! <= times[middle]!) continue;
      // Only the left half moves away; the merge then never overtakes the right half.
      spareTimes.set(times.subarray(low, middle));
      spareItems.set(items.subarray(low, middle));
      for (let i = 0, j = middle, k = low; i < width; k++) {
        const takeRight = j < high && times[j]! < spareTimes[i]!;
        times[k] = takeRight ? times[j]! : spareTimes[i]!;
        items[k] = takeRight ? items[j++]! : spareItems[i++]!;
      }
    }
  }
};

const isAscending = (values: Float64Array, from: number, to: number): boolean => {
  for (let i = from + 1; i < to; i++) if (values[i - 1]! > values[i]!) return false;
  return true;
};

/** What a data set is before it is named by its content. */
export type Packed = Pick<Dataset, 'users' | 'items' | 'offsets' | 'sequence' | 'times'>;

/** What is packed, and for each place the row that it came from; absent where the rows know nothing but who, what and when. */
export interface Sorted {
  readonly data: Packed;
  readonly order?: Int32Array;
}

/** `ranked`, of the codes alone that a row has. */
const rankedOf = (
  { ids }: Codes,
  rows: Interactions,
  codeOf: (user: number, item: number) => number,
): ReturnType<typeof ranked> => {
  if (!rows.sieved) return ranked(ids);
  const used = new Uint8Array(ids.length);
  rows.forEach((user, item) => void (used[codeOf(user, item)] = 1));
  const codes = Array.from(ids.keys()).filter((code) => used[code] === 1);
  const found = ranked(codes.map((code) => ids[code]!));
  const rank = new Int32Array(ids.length);
  codes.forEach((code, i) => (rank[code] = found.rank[i]!));
  return { ids: found.ids, rank };
};

/** Rows as columns: users and items in the order of their ids, each user's rows by time, equal times in file order. */
export const pack = (rows: Interactions): Sorted => {
  const users = rankedOf(rows.users, rows, (user) => user);
  const items = rankedOf(rows.items, rows, (_, item) => item);
  const offsets = new Int32Array(users.ids.length + 1);
  rows.forEach((user) => void offsets[users.rank[user]! + 1]!++);
  let longest = 0;
  for (let u = 0; u < users.ids.length; u++) {
    longest = Math.max(longest, offsets[u + 1]!);
    offsets[u + 1]! += offsets[u]!;
  }

  // Where more is known of a row than its item, rows are sorted by their numbers, and the items follow.
  const numbered = rows.columns.length > 0;
  const sequence = new Int32Array(rows.count());
  const times = new Float64Array(rows.timed ? rows.count() : 0);
  const cursor = offsets.slice();
  let row = 0;
  rows.forEach((user, item, time) => {
    const at = cursor[users.rank[user]!]!++;
    sequence[at] = numbered ? row++ : items.rank[item]!;
    if (rows.timed) times[at] = time;
  });
  if (rows.timed) {
    const spareTimes = new Float64Array(longest);
    const spareItems = new Int32Array(longest);
    for (let u = 0; u < users.ids.length; u++) {
      const from = offsets[u]!;
      const to = offsets[u + 1]!;
      if (!isAscending(times, from, to)) sortByTime(times, sequence, from, to, spareTimes, spareItems);
    }
  }
  return {
    data: {
      users: users.ids,
      items: items.ids,
      offsets,
      sequence: numbered ? sequence.map((of) => items.rank[rows.item(of)]!) : sequence,
      ...(rows.timed ? { times } : {}),
    },
    ...(numbered ? { order: sequence } : {}),
  };
};

/** Rows to a data set. Throws a RangeError as `dataset` does. */
export const assemble = (name: string, rows: Interactions, titles?: ReadonlyMap<string, string>): Dataset =>
  dataset({ name, ...pack(rows).data, ...(titles === undefined ? {} : { titles }) });

/** One user's items in order, with Unix seconds or without. */
export interface History {
  readonly user: string;
  readonly items: readonly string[];
  readonly times?: readonly number[];
}

/**
 * A data set from memory. It has times where every history has them, one an item. Throws a RangeError where a time is not a
 * number, or a history spans more than 68 years.
 */
export const fromHistories = (
  name: string,
  histories: readonly History[],
  titles?: ReadonlyMap<string, string>,
): Dataset => {
  const rows = interactions(histories.every(({ times, items }) => times?.length === items.length));
  for (const { user, items, times } of histories) {
    if (times?.some((time) => !Number.isFinite(time)) === true)
      throw new RangeError(`the times of user ${user} are not all numbers`);
    const code = rows.users.of(user);
    items.forEach((item, i) => rows.add(code, rows.items.of(item), times?.[i] ?? 0));
  }
  return assemble(name, rows, titles);
};
