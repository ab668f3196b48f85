/**
 * Batches of windows: row-major arrays of a fixed shape [batch, length], the positions at or past a row's length zero, the rows
 * past the end of the data of length 0 and counted as missing. Every batch is a pure function of the split, the options and its index, so a run
 * resumes at any of them; its arrays are its own.
 *
 * A window is (user, start, end): the items `sequence[start, end)`, whose last target is `sequence[end]`. Training and evaluation
 * differ only in their windows.
 */
import { columnOf, type EntryName, type inputs, type InputRow, inputsFor } from '../contract/batch.js';
import { once } from '../contract/once.js';
import { stream, uniformAt } from '../contract/random.js';
import type { Dataset } from './dataset.js';
import {
  columnsOf,
  filled,
  nothingSeen,
  type Numbers,
  type OfUsers,
  type Requests,
  type Seen,
  type Windows,
} from './fill.js';
import { counts, type Held, type Questions, type Split, seenVisitor } from './split.js';

type Table = typeof inputs;
/** The inputs of an entry that come from data, by the names of programs: what each is says its row in the table. */
type Filled<E extends EntryName> = {
  readonly [
    K in keyof Table as E extends Table[K]['entries'][number]
      ? Table[K]['fill'] extends { readonly from: 'run' }
        ? never
        : Table[K]['name']
      : never
  ]: Table[K]['dtype'] extends 'i32' ? Int32Array : Float32Array;
};
interface Rows {
  /** How many of the `batch` rows are real; they come first. */
  readonly rows: number;
}

/** The inputs of a training step: dense, row-major, with the room of a full batch. */
export type Batch = Rows & Filled<'train'>;
/** The inputs of a ranking, and of whom it is. */
export type EvaluationBatch = Rows &
  Filled<'rank'> & {
    /** [rows], user codes. */
    readonly users: Int32Array;
    /** [rows], ascending: which question of the part. */
    readonly questions: Int32Array;
  };

/** The batches of one pass, by index from 0; iterable from the first or from any. */
export interface Batches<B> extends Iterable<B> {
  readonly count: number;
  at(index: number): B;
  batchesFrom(start: number): Iterable<B>;
}

const lazily = <B>(count: number, at: (index: number) => B): Batches<B> => {
  function* batchesFrom(start: number): Generator<B> {
    for (let i = start; i < count; i++) yield at(i);
  }
  return { count, at, batchesFrom, [Symbol.iterator]: () => batchesFrom(0) };
};

/** What a model reads beside the table of inputs: rows of its own, and the values that they name of events and of users. */
export interface OwnInputs {
  readonly rows: readonly InputRow[];
  readonly features: ReadonlyMap<string, Numbers>;
  readonly labels: ReadonlyMap<string, Numbers>;
  /** By user code. */
  readonly users: OfUsers;
  readonly requests?: ReadonlyMap<string, Requests>;
}

/** The windows that end at `ends[i]`, of user `users[i]`, for i in [first, first + batch). */
const windows = (
  dataset: Dataset,
  users: Int32Array,
  ends: Int32Array,
  first: number,
  { batch, length, own: more }: { readonly batch: number; readonly length: number; readonly own?: OwnInputs },
): Omit<Windows, 'seen'> => {
  const own = ends.subarray(first, first + batch);
  return {
    columns:
      more === undefined
        ? columnsOf(dataset)
        : {
            ...columnsOf(dataset),
            features: more.features,
            labels: more.labels,
            ...(more.requests && { requests: more.requests }),
          },
    ...(more === undefined ? {} : { users: { codes: users.subarray(first, first + batch), features: more.users } }),
    starts: own.map((end, row) => Math.max(dataset.offsets[users[first + row]!]!, end - length)),
    ends: own,
    batch,
    length,
  };
};

/** Where a training window ends, for a user whose training items are `sequence[begin, end)`; `u` is uniform in [0, 1). */
const horizons = {
  /** The latest window, all of whose positions have a target. */
  all: (_begin: number, end: number, _u: number): number => end - 1,
  /** A window that ends anywhere, for models that may use its last target only: over the epochs every target has its turn. */
  last: (begin: number, end: number, u: number): number => begin + 1 + Math.floor(u * (end - begin - 1)),
} as const;

const orders = {
  /** Fisher and Yates, on a stream of its own. */
  shuffled: (users: Int32Array, seed: number, epoch: number): Int32Array => {
    const order = users.slice();
    const numbers = stream(seed, epoch, 'data.order');
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(uniformAt(numbers, i) * (i + 1));
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  },
  /** By user code. */
  stored: (users: Int32Array): Int32Array => users,
} as const;

/** Each item's share of the training events. */
const shares = once((split: Split): Float32Array => {
  const count = counts(split);
  const events = count.reduce((sum, n) => sum + n, 0);
  return Float32Array.from(count, (n) => n / Math.max(1, events));
});

/** The sizes of training batches, and what decides their order. */
export interface TrainingOptions {
  /** Rows and positions of a batch. */
  readonly batch: number;
  readonly length: number;
  readonly seed: number;
  readonly epoch: number;
  readonly order?: keyof typeof orders;
  readonly horizon?: keyof typeof horizons;
  readonly own?: OwnInputs;
}

/**
 * One epoch: each user with at least two training items once, the last batch filled up with empty rows. Order and horizons
 * depend on (seed, epoch) alone.
 */
export const trainingBatches = (split: Split, options: TrainingOptions): Batches<Batch> => {
  const { dataset, trainingEnds } = split;
  const { batch, seed, epoch, order = 'shuffled', horizon = 'all' } = options;
  const eligible = Int32Array.from(dataset.users.keys()).filter(
    (user) => trainingEnds[user]! - dataset.offsets[user]! >= 2,
  );
  const users = orders[order](eligible, seed, epoch);
  const numbers = stream(seed, epoch, 'data.horizon');
  const popularity = shares(split);
  const ends = users.map((user) =>
    horizons[horizon](dataset.offsets[user]!, trainingEnds[user]!, uniformAt(numbers, user)),
  );
  return lazily(Math.ceil(users.length / batch), (index) => {
    const own = windows(dataset, users, ends, index * batch, options);
    return {
      rows: own.starts.length,
      ...filled('train', { ...own, seen: nothingSeen, popularity }, options.own?.rows),
    } as Batch;
  });
};

/** The sizes of evaluation batches. */
export interface EvaluationOptions {
  readonly batch: number;
  readonly length: number;
  /** Room for seen items a row: at least `seenMax(split)`. */
  readonly seenMax: number;
  readonly own?: OwnInputs;
}

/** The inputs of a ranking that say which item is ranked. */
const answers = inputsFor('rank').filter((row) => row.tells === 'answerOfRow' && columnOf(row) === 'items');

/** The question of each row of a part: [rows]. */
const questionsByRow = ({ starts }: Questions): Int32Array => {
  const found = new Int32Array(starts.at(-1)!);
  for (let q = 0; q + 1 < starts.length; q++) found.fill(q, starts[q], starts[q + 1]);
  return found;
};

/**
 * Every question of a part, by user code: a row for each item that it wants. The window holds the latest `length` items before
 * them; `seen` holds all of these but those that are wanted, so that full ranking can leave them out.
 *
 * Throws a RangeError where `seenMax` is too small: ranks over a cut list would be wrong without a sign of it.
 */
export const evaluationBatches = (
  split: Split,
  which: Held,
  { batch, length, seenMax, own: more }: EvaluationOptions,
): Batches<EvaluationBatch> => {
  const { dataset, held } = split;
  const asked = held[which];
  const questions = questionsByRow(asked);
  const users = questions.map((q) => asked.users[q]!);
  const ends = questions.map((q) => asked.ends[q]!);
  const visit = seenVisitor(split, which);
  const seenBy = (own: Int32Array): Seen => {
    const seen = { values: new Int32Array(batch * seenMax), lengths: new Int32Array(batch) };
    own.forEach((question, row) => {
      let count = 0;
      visit(question, (item) => {
        if (count === seenMax)
          throw new RangeError(
            `seenMax ${seenMax} is too small for user ${dataset.users[asked.users[question]!]}: use seenMax(split)`,
          );
        seen.values[row * seenMax + count++] = item;
      });
      seen.lengths[row] = count;
    });
    return seen;
  };
  return lazily(Math.ceil(users.length / batch), (index) => {
    const [first, last] = [index * batch, Math.min((index + 1) * batch, users.length)];
    const own = windows(dataset, users, ends, first, {
      batch,
      length,
      ...(more === undefined ? {} : { own: more }),
    });
    const wanted = new Int32Array(batch);
    wanted.set(asked.wanted.subarray(first, last));
    return {
      rows: last - first,
      users: users.slice(first, last),
      questions: questions.slice(first, last),
      ...filled('rank', { ...own, seen: seenBy(questions.subarray(first, last)) }, more?.rows),
      // Not what follows the window, as in training: of several wanted items each has its row.
      ...Object.fromEntries(answers.map(({ name }) => [name, wanted])),
    } as EvaluationBatch;
  });
};
