/** What a data set is like, before a model learns from it: its sizes, how they spread, and what usually goes wrong. */
import { plural } from '../contract/words.js';
import { type Dataset, type Statistics, statistics, timesOf } from './dataset.js';
import { counts, type Split } from './split.js';
import { calendarText } from './times.js';

/** How whole numbers from 1 on spread. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
  /** How many lie in [from, to], where each range is twice as wide as the one before. */
  readonly ranges: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}

/** Shares are between 0 and 1. */
export interface Inspection {
  readonly statistics: Statistics;
  /** Interactions as a share of all pairs of a user and an item. */
  readonly density: number;
  /** Interactions of each user, and of each item. */
  readonly lengths: Spread;
  readonly popularity: Spread;
  /** Of the interactions, those with the most popular hundredth of the items. */
  readonly head: number;
  /** Of the interactions, those with an item that the user met before, and those with the very one before. */
  readonly repeats: number;
  readonly immediate: number;
  /** First and last time in words, and the share of interactions at the time of the user's one before; null without times. */
  readonly times: { readonly first: string; readonly last: string; readonly ties: number } | null;
  /** Users that are asked for something in the test, and the share of what they want that training never met. */
  readonly tested: number;
  readonly cold: number;
  /** What is odd enough to be looked at, and what to do about it. */
  readonly warnings: readonly string[];
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Of counts; those that are 0 do not count. */
const spreadOf = (counts: Int32Array): Spread => {
  const sorted = counts.filter((n) => n > 0).sort();
  const ranges: { from: number; to: number; count: number }[] = [];
  for (let from = 1; from <= (sorted.at(-1) ?? 0); from *= 2) {
    const count = sorted.filter((n) => n >= from && n < 2 * from).length;
    if (count > 0 || ranges.length > 0) ranges.push({ from, to: 2 * from - 1, count });
  }
  return { least: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, most: sorted.at(-1) ?? 0, ranges };
};

/** For each interaction whether the user met its item before, and in the one before. */
const repeatsOf = ({ users, items, offsets, sequence }: Dataset): { readonly all: number; readonly next: number } => {
  const metBy = new Int32Array(items.length).fill(-1);
  let [all, next] = [0, 0];
  for (let user = 0; user < users.length; user++)
    for (let i = offsets[user]!; i < offsets[user + 1]!; i++) {
      if (metBy[sequence[i]!] === user) all++;
      if (i > offsets[user]! && sequence[i] === sequence[i - 1]) next++;
      metBy[sequence[i]!] = user;
    }
  return { all, next };
};

const tiesOf = ({ users, offsets }: Dataset, times: Float64Array): number => {
  let ties = 0;
  for (let user = 0; user < users.length; user++)
    for (let i = offsets[user]! + 1; i < offsets[user + 1]!; i++) if (times[i] === times[i - 1]) ties++;
  return ties;
};

const percent = (of: number): string => `${(100 * of).toFixed(of < 0.1 ? 1 : 0)} %`;

type Found = Omit<Inspection, 'warnings'> & { readonly cut: number; readonly length: number };

/** When something is worth a sentence, and the sentence. */
const oddities: readonly ((of: Found) => string | false)[] = [
  ({ times }) =>
    times !== null &&
    times.ties > 0.2 &&
    `${percent(times.ties)} of the interactions are at the time of the user's one before: among them the file's order counts, and what comes next is partly a guess of whoever wrote it.`,
  ({ immediate }) =>
    immediate > 0.1 &&
    `${percent(immediate)} of the interactions repeat the item before: a model will learn to repeat. --drop-repeats leaves them out.`,
  ({ cold }) =>
    cold > 0.02 &&
    `${percent(cold)} of what the test wants was never met in training: no model ranks it that knows items by their numbers alone. --min-item leaves rare items out; a model that reads features of items may do better.`,
  ({ tested, statistics: { users } }) =>
    tested < 0.8 * users &&
    `${plural(users - tested, 'user')} of ${users} ask nothing in the test: their histories are too short, or end before its time.`,
  ({ lengths: { median, most } }) =>
    most > 1000 &&
    most > 50 * median &&
    `One user has ${most} interactions, and half of them have ${median} or fewer: perhaps a machine, or an id that stands for nobody.`,
  ({ cut, length }) =>
    cut > 0.2 &&
    `${percent(cut)} of the users have more than the ${length} interactions that the model reads, and it forgets their oldest: compile with --set length=N for more.`,
];

/** Inspects data under a split; `length` is how many interactions the model reads of a user. */
export const inspect = (split: Split, length: number): Inspection => {
  const { dataset, held } = split;
  const { users, items, offsets, sequence } = dataset;
  const own = statistics(dataset);
  const lengths = Int32Array.from(users, (_, user) => offsets[user + 1]! - offsets[user]!);
  const [popularity, trained] = [new Int32Array(items.length), counts(split)];
  sequence.forEach((item) => void popularity[item]!++);
  const popular = popularity.toSorted().subarray(-Math.max(1, Math.round(items.length / 100)));
  const repeated = repeatsOf(dataset);
  const read = timesOf(dataset);
  const { wanted } = held.test;
  const found: Found = {
    statistics: own,
    density: share(sequence.length, users.length * items.length),
    lengths: spreadOf(lengths),
    popularity: spreadOf(popularity),
    head: share(
      popular.reduce((sum, n) => sum + n, 0),
      sequence.length,
    ),
    repeats: share(repeated.all, sequence.length),
    immediate: share(repeated.next, sequence.length),
    times:
      read === undefined || dataset.times === undefined
        ? null
        : {
            first: read.calendar ? calendarText(read.from) : `${read.from}`,
            last: read.calendar ? calendarText(read.to) : `${read.to}`,
            ties: share(tiesOf(dataset, dataset.times), sequence.length),
          },
    tested: held.test.users.length,
    cold: share(wanted.filter((item) => trained[item] === 0).length, wanted.length),
    cut: share(lengths.filter((n) => n > length).length, users.length),
    length,
  };
  const { cut: _, length: __, ...told } = found;
  return { ...told, warnings: oddities.flatMap((odd) => odd(found) || []) };
};

const barWidth = 32;

const spreadText = (what: string, { least, median, most, ranges }: Spread): readonly string[] => {
  const highest = Math.max(1, ...ranges.map(({ count }) => count));
  const label = ({ from, to }: Spread['ranges'][number]): string => (from === to ? `${from}` : `${from} to ${to}`);
  const width = Math.max(0, ...ranges.map((range) => label(range).length));
  return [
    `${what}: ${least} at least, ${median} in the middle, ${most} at most`,
    ...ranges.map(
      (range) =>
        `  ${label(range).padStart(width)}  ${'█'.repeat(Math.ceil((barWidth * range.count) / highest)).padEnd(barWidth)}  ${range.count}`,
    ),
  ];
};

/** The lines below those of how a file was read. */
export const inspectionText = (of: Inspection): string =>
  [
    ...spreadText('Interactions of a user', of.lengths),
    ...spreadText('Interactions of an item', of.popularity),
    `The most popular hundredth of the items has ${percent(of.head)} of the interactions (${percent(of.density)} of all pairs of a user and an item met).`,
    `Repeats: ${percent(of.repeats)} of the interactions are with an item met before, ${percent(of.immediate)} with the one before.`,
    of.times === null
      ? 'Times: none.'
      : `Times: from ${of.times.first} to ${of.times.last}; ${percent(of.times.ties)} of the interactions at the same time as the one before.`,
    `Test: ${plural(of.tested, 'user')}; training never met ${percent(of.cold)} of what they want.`,
    ...of.warnings.map((warning) => `Look at this: ${warning}`),
  ].join('\n');
