/**
 * Batches of windows: row-major arrays of a fixed shape [batch, length], the positions at or past a row's length zero, the rows
 * past the end of the data of length 0 and counted as missing. Every batch is a pure function of the split, the options and its index, so a run
 * resumes at any of them; its arrays are its own.
 *
 * A window is (user, start, end): the items `sequence[start, end)`, whose last target is `sequence[end]`. Training and evaluation
 * differ only in their windows.
 */
import { stream, uniformAt } from '../contract/random.js';
import type { Dataset } from './dataset.js';
import { type Held, type Split, distinctVisitor, history, target, targetPosition } from './split.js';

/** The inputs of a training step: dense, row-major, with the room of a full batch. */
export interface Batch {
  /** How many of the `batch` rows are real; they come first. */
  readonly rows: number;
  /** One number: the others, which do not exist. */
  readonly 'batch.missing': Int32Array;
  /** [batch], positions; 0 past `rows`. */
  readonly 'seq.lengths': Int32Array;
  /** [batch, length], item codes. */
  readonly items: Int32Array;
  /** [batch, length], the item that follows each position. */
  readonly targets: Int32Array;
  /** [batch], the item that follows the row's last position. */
  readonly target: Int32Array;
  /** [batch, length], seconds since the row's first event; zero where the data have no times. */
  readonly times: Int32Array;
  /** [batch, length], the same of the event that follows: when the next item is asked for. */
  readonly 'times.next': Int32Array;
}

/** The inputs of a ranking. */
export interface EvaluationBatch extends Batch {
  /** [batch, seenMax], distinct items of the whole history, the target excluded. */
  readonly seen: Int32Array;
  /** [batch]. */
  readonly 'seen.lengths': Int32Array;
  /** [rows], user codes. */
  readonly users: Int32Array;
}

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

/** Rows of the windows that end at `ends[i]`, of user `users[i]`, for i in [first, first + batch). */
const fill = (dataset: Dataset, users: Int32Array, ends: Int32Array, first: number, batch: number, length: number): Batch => {
  const { offsets, sequence, times } = dataset;
  const rows = Math.max(0, Math.min(batch, users.length - first));
  const array = (): Int32Array => new Int32Array(batch * length);
  const out = { rows, 'batch.missing': Int32Array.of(batch - rows), 'seq.lengths': new Int32Array(batch), items: array(), targets: array(), target: new Int32Array(batch), times: array(), 'times.next': array() };
  for (let row = 0; row < rows; row++) {
    const end = ends[first + row]!;
    const start = Math.max(offsets[users[first + row]!]!, end - length);
    out['seq.lengths'][row] = end - start;
    out.target[row] = sequence[end]!;
    out.items.set(sequence.subarray(start, end), row * length);
    out.targets.set(sequence.subarray(start + 1, end + 1), row * length);
    if (times === undefined) continue;
    const zero = times[start]!;
    for (let i = start, to = row * length; i < end; i++, to++) {
      // A data set's histories are short enough for these to fit (`overlong`).
      out.times[to] = times[i]! - zero;
      out['times.next'][to] = times[i + 1]! - zero;
    }
  }
  return out;
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

/** The sizes of training batches, and what decides their order. */
export interface TrainingOptions {
  /** Rows and positions of a batch. */
  readonly batch: number;
  readonly length: number;
  readonly seed: number;
  readonly epoch: number;
  readonly order?: keyof typeof orders;
  readonly horizon?: keyof typeof horizons;
}

/**
 * One epoch: each user with at least two training items once, the last batch filled up with empty rows. Order and horizons
 * depend on (seed, epoch) alone.
 */
export const trainingBatches = (split: Split, options: TrainingOptions): Batches<Batch> => {
  const { dataset, trainingEnds } = split;
  const { batch, length, seed, epoch, order = 'shuffled', horizon = 'all' } = options;
  const eligible = Int32Array.from(dataset.users.keys()).filter((user) => trainingEnds[user]! - dataset.offsets[user]! >= 2);
  const users = orders[order](eligible, seed, epoch);
  const numbers = stream(seed, epoch, 'data.horizon');
  const ends = users.map((user) => horizons[horizon](dataset.offsets[user]!, trainingEnds[user]!, uniformAt(numbers, user)));
  return lazily(Math.ceil(users.length / batch), (index) => fill(dataset, users, ends, index * batch, batch, length));
};

/** The sizes of evaluation batches. */
export interface EvaluationOptions {
  readonly batch: number;
  readonly length: number;
  /** Room for seen items a row: at least `seenMax(split)`. */
  readonly seenMax: number;
}

/**
 * Every user that has a target, once, by user code. The window holds the latest `length` items before the target; `seen` holds
 * all of them, so that full ranking can leave them out.
 *
 * Throws a RangeError where `seenMax` is too small: ranks over a cut list would be wrong without a sign of it.
 */
export const evaluationBatches = (split: Split, which: Held, { batch, length, seenMax }: EvaluationOptions): Batches<EvaluationBatch> => {
  const { dataset, evaluated } = split;
  const ends = evaluated.map((user) => targetPosition(split, which, user));
  return lazily(Math.ceil(evaluated.length / batch), (index) => {
    const rows = fill(dataset, evaluated, ends, index * batch, batch, length);
    const users = evaluated.slice(index * batch, index * batch + rows.rows);
    const seen = new Int32Array(batch * seenMax);
    const lengths = new Int32Array(batch);
    const visit = distinctVisitor(dataset.items.length);
    users.forEach((user, row) => {
      let count = 0;
      visit(history(split, which, user), target(split, which, user), (item) => {
        if (count === seenMax) throw new RangeError(`seenMax ${seenMax} is too small for user ${dataset.users[user]}: use seenMax(split)`);
        seen[row * seenMax + count++] = item;
      });
      lengths[row] = count;
    });
    return { ...rows, seen, 'seen.lengths': lengths, users };
  });
};
