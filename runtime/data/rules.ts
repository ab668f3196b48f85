/** How events are divided among training, validation and test: rules, what each makes of a user's sequence, and how they are written. */
import { createHash } from 'node:crypto';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { plural } from '../contract/words.js';
import { type Dataset, timesOf } from './dataset.js';
import { calendarText, timeOf, timeShape } from './times.js';

/** A rule, with nothing left to be worked out: other programs can follow it. */
export type Rule =
  /** A user's last `count` items test, the `count` before validate; users with fewer than 2 `count` + 1 train only. */
  | { readonly kind: 'last'; readonly count: number }
  /** The last item tests and validates; users with fewer than three train only. */
  | { readonly kind: 'hstu' }
  /** Unix seconds: what comes before `validation` trains, what comes from `test` on tests. */
  | { readonly kind: 'time'; readonly validation: number; readonly test: number }
  /** Raw ids of users who train nothing: the last item of each is asked for, after all before it. Everybody else trains whole. */
  | { readonly kind: 'users'; readonly validation: readonly string[]; readonly test: readonly string[] }
  /** Everything trains, and nothing is held out. */
  | { readonly kind: 'all' };

/** A stretch of a user's sequence that is held out: what is asked at `end` about all before it, up to `to`. */
interface Stretch {
  readonly end: number;
  readonly to: number;
}

/** Where a user's sequence is divided, as positions in `sequence`. */
export interface Places {
  readonly trainingEnd: number;
  readonly validation?: Stretch | undefined;
  readonly test?: Stretch | undefined;
}

/** From a user's code and the user's sequence, `sequence[from .. to)`. */
type Placing = (user: number, from: number, to: number) => Places;

/** The first position of [from, to) that is at or after `time`, times ascending. */
const firstFrom = (times: Float64Array, time: number, from: number, to: number): number => {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (times[middle]! < time) from = middle + 1;
    else to = middle;
  }
  return from;
};

/** A question can be asked only of somebody with a history, and if something is held out. */
const stretch = (from: number, end: number, to: number): Stretch | undefined =>
  end > from && to > end ? { end, to } : undefined;

const placings: {
  readonly [K in Rule['kind']]: (rule: Extract<Rule, { readonly kind: K }>, data: Dataset) => Placing;
} = {
  last:
    ({ count }) =>
    (_, from, to) =>
      to - from < 2 * count + 1
        ? { trainingEnd: to }
        : {
            trainingEnd: to - 2 * count,
            validation: { end: to - 2 * count, to: to - count },
            test: { end: to - count, to },
          },
  hstu: () => (_, from, to) => {
    const last = { end: to - 1, to };
    return to - from < 3 ? { trainingEnd: to } : { trainingEnd: to - 1, validation: last, test: last };
  },
  time: ({ validation, test }, { times = new Float64Array() }) => {
    return (_, from, to) => {
      const [first, second] = [firstFrom(times, validation, from, to), firstFrom(times, test, from, to)];
      return {
        trainingEnd: first,
        validation: stretch(from, first, second),
        test: stretch(from, second, to),
      };
    };
  },
  users: ({ validation, test }, { users }) => {
    const [validating, testing] = [new Set(validation), new Set(test)];
    return (user, from, to) => {
      const last = stretch(from, to - 1, to);
      if (testing.has(users[user]!)) return { trainingEnd: from, test: last };
      return validating.has(users[user]!) ? { trainingEnd: from, validation: last } : { trainingEnd: to };
    };
  },
  all: () => (_, _from, to) => ({ trainingEnd: to }),
};

/** What a rule makes of each user. */
export const placesUnder = (rule: Rule, data: Dataset): Placing =>
  (placings[rule.kind] as (rule: Rule, data: Dataset) => Placing)(rule, data);

/** What `--split` takes besides a file. */
export const splitShape =
  'leave-one-out, last:K (items a user), time:SHARE (0.9) or time:DATE, user:SHARE (0.1), or a file that a split was written to';

const share = (text: string): number => {
  const value = /^(\d*\.)?\d+$/.test(text) ? Number(text) : Number.NaN;
  return value > 0 && value < 1 ? value : Number.NaN;
};

/** Users in an order that depends on their ids alone, so that others find the same and more users leave the old ones where they are. */
const shuffled = (users: readonly string[]): readonly string[] =>
  users
    .map((id) => ({ id, key: createHash('sha256').update(`pcrec split ${id}`).digest('hex') }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ id }) => id);

/** Rules that are written, by the word before the colon. Left: the end of the sentence "--split TEXT: ...". */
const written: Readonly<Record<string, (text: string, data: Dataset) => Either<string, Rule>>> = {
  'leave-one-out': (text) =>
    text === '' ? right({ kind: 'last', count: 1 }) : left('`leave-one-out` takes nothing after it'),
  last: (text) =>
    /^[1-9]\d{0,5}$/.test(text)
      ? right({ kind: 'last', count: Number(text) })
      : left('`last:` takes how many items of each user to hold out, a whole number from 1 on'),
  user: (text, { users }) => {
    const part = share(text);
    // Two parts, and at least one user who trains.
    const count = Math.max(1, Math.round(part * users.length));
    if (!(part < 0.5)) return left('`user:` takes a share of the users between 0 and 0.5: as many again validate');
    if (2 * count >= users.length) return left(`${users.length} users are too few for that`);
    const order = shuffled(users);
    return right({ kind: 'users', validation: order.slice(count, 2 * count), test: order.slice(0, count) });
  },
  time: (text, data) => {
    const { times } = data;
    if (times === undefined || times.length === 0)
      return left('the data have no times: `last:1` divides by the order of each user');
    const sorted = times.slice().sort();
    const at = (place: number): number => sorted[Math.min(Math.floor(place), sorted.length - 1)]!;
    const part = share(text);
    if (!Number.isNaN(part))
      return right({ kind: 'time', validation: at(part * part * sorted.length), test: at(part * sorted.length) });
    const test = timeOf(text);
    if (Number.isNaN(test)) return left(`\`time:\` takes a share between 0 and 1, or ${timeShape}`);
    const before = firstFrom(sorted, test, 0, sorted.length);
    if (before === 0 || before === sorted.length)
      return left(`the data reach from ${timeText(data, sorted[0]!)} to ${timeText(data, sorted.at(-1)!)}`);
    // As large a share of what is before the cut trains as lies before it.
    return right({ kind: 'time', validation: at((before * before) / sorted.length), test });
  },
};

/** A time of the data as a person reads it. */
const timeText = (data: Dataset, seconds: number): string =>
  timesOf(data)?.calendar === true ? calendarText(seconds) : String(seconds);

/** Whether a text is a rule, and not the name of a file. */
export const isRule = (text: string): boolean => Object.hasOwn(written, text.split(':', 1)[0]!);

/**
 * The rule that a text means for these data: `time:0.9` holds out the tenth of the events that came last, and validates on the
 * last tenth of the rest; `user:0.1` tests on a tenth of the users and validates on another. Left: one sentence.
 */
export const ruled = (text: string, data: Dataset): Either<string, Rule> => {
  const [word, ...rest] = text.split(':');
  const read = isRule(text) ? written[word!] : undefined;
  if (read === undefined) return left(`--split ${text}: it takes ${splitShape}.`);
  const found = read(rest.join(':'), data);
  return found._tag === 'Left' ? left(`--split ${text}: ${found.left}.`) : found;
};

/** A rule in a sentence. */
export const ruleText = (rule: Rule, data: Dataset): string => {
  switch (rule.kind) {
    case 'last':
      return rule.count === 1
        ? 'the last item of each user tests, the one before it validates'
        : `the last ${rule.count} items of each user test, the ${rule.count} before them validate`;
    case 'hstu':
      return 'the last item of each user tests and validates';
    case 'time':
      return `events before ${timeText(data, rule.validation)} train, those from ${timeText(data, rule.test)} on test, those between validate`;
    case 'users':
      return `${plural(rule.test.length, 'user')} of the test and ${plural(rule.validation.length, 'user')} of the validation are unknown to training, and asked for their last item after all before it`;
    case 'all':
      return 'everything trains, and nothing is held out';
  }
};
