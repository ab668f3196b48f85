/** Rankings that learn nothing but counts, which every model must beat; and the plain meaning of a rank. */
import { once } from '../contract/once.js';
import { counts, type Held, type Split, history, seenVisitor, training, wanted } from '../data/split.js';

export { counts } from '../data/split.js';

/** A ranking by counts of the training sequences. */
export interface Baseline {
  /** [rows], the rank of each wanted item, as `fullRanks` of the scores gives it. */
  ranks(which: Held): Float32Array;
  /** [items], higher is better: the scores for a question. The array is written over by the next call. */
  scores(which: Held, question: number): Float64Array;
}

/** The ranks of all rows of a part, question by question: `rank(question, item)`. */
const each = (of: Split, which: Held, rank: (question: number, item: number) => number): Float32Array => {
  const { users, wanted: items } = of.held[which];
  const ranks = new Float32Array(items.length);
  let row = 0;
  users.forEach((_, question) =>
    wanted(of, which, question).forEach((item) => void (ranks[row++] = rank(question, item))),
  );
  return ranks;
};

/**
 * Ranks of all wanted items, row by row, under `scores(question)`: [items], higher is better. Items of the history are left out
 * unless they are wanted; ties count against the wanted: rank = 1 + the other items that score at least as much.
 */
export const fullRanks = (split: Split, which: Held, scores: (question: number) => ArrayLike<number>): Float32Array => {
  const visit = seenVisitor(split, which);
  let asked = -1;
  let of: ArrayLike<number> = [];
  return each(split, which, (question, wanted) => {
    if (question !== asked) of = scores((asked = question));
    // Not `score >= wanted`: an item with a score of NaN must count against what is wanted too.
    const beats = (item: number): boolean => !(of[item]! < of[wanted]!);
    let rank = 0; // what is wanted beats itself
    for (let item = 0; item < of.length; item++) if (beats(item)) rank++;
    visit(question, (item) => void (rank -= beats(item) ? 1 : 0));
    return rank;
  });
};

/** How many items occur at least so often: one table replaces a pass over all items a question. */
const atLeastOf = (count: Int32Array): Int32Array => {
  const most = count.reduce((a, b) => Math.max(a, b), 0);
  const atLeast = new Int32Array(most + 2);
  count.forEach((c) => void atLeast[c]!++);
  for (let c = most; c >= 0; c--) atLeast[c]! += atLeast[c + 1]!;
  return atLeast;
};

/** Ranks found once for each part: every epoch's validation asks for the same. */
const remembered = (ranks: Baseline['ranks']): Baseline['ranks'] => {
  const found: { [W in Held]?: Float32Array } = {};
  return (which) => (found[which] ??= ranks(which));
};

/** The items that occur most often in training, the same for everybody. */
export const popular = once((split: Split): Baseline => {
  const count = counts(split);
  const scores = Float64Array.from(count);
  return {
    ranks: remembered((which) => {
      const atLeast = atLeastOf(count);
      const visit = seenVisitor(split, which);
      return each(split, which, (question, item) => {
        let rank = atLeast[count[item]!]!;
        visit(question, (seen) => void (rank -= count[seen]! >= count[item]! ? 1 : 0));
        return rank;
      });
    }),
    scores: () => scores,
  };
});

/** Ranks by training counts, row by row. */
export const popularity = (split: Split, which: Held): Float32Array => popular(split).ranks(which);

/** What followed item `i` in training stands at `offsets[i] .. offsets[i + 1])`: different items, and how often each did. */
interface Successors {
  readonly offsets: Int32Array;
  readonly items: Int32Array;
  readonly times: Int32Array;
}

const successors = (split: Split): Successors => {
  const { users, items: all } = split.dataset;
  const pairs = (visit: (from: number, to: number) => void): void =>
    users.forEach((_, user) => {
      const own = training(split, user);
      for (let i = 1; i < own.length; i++) visit(own[i - 1]!, own[i]!);
    });
  const starts = new Int32Array(all.length + 1);
  pairs((from) => void starts[from + 1]!++);
  for (let i = 0; i < all.length; i++) starts[i + 1]! += starts[i]!;
  const items = new Int32Array(starts.at(-1)!);
  const cursor = starts.slice();
  pairs((from, to) => void (items[cursor[from]!++] = to));
  // Sorted, equal ones lie together: they become one, further to the front.
  const offsets = new Int32Array(all.length + 1);
  const times = new Int32Array(items.length);
  let end = 0;
  for (let from = 0; from < all.length; from++) {
    items.subarray(starts[from], starts[from + 1]).sort();
    for (let i = starts[from]!; i < starts[from + 1]!; i++) {
      if (end === offsets[from] || items[end - 1] !== items[i]) items[end++] = items[i]!;
      times[end - 1]!++;
    }
    offsets[from + 1] = end;
  }
  return { offsets, items: items.slice(0, end), times: times.slice(0, end) };
};

/**
 * A Markov chain of the first order: after the last item of the history, what followed it most often in training; equals, and
 * what never did, by popularity.
 */
export const chain = once((split: Split): Baseline => {
  const { offsets, items, times: often } = successors(split);
  const count = counts(split);
  const atLeast = atLeastOf(count);
  /** Calls back with each different item that followed, and how often it did. */
  const following = (which: Held, question: number, visit: (item: number, times: number) => void): void => {
    const last = history(split, which, question).at(-1)!;
    for (let i = offsets[last]!; i < offsets[last + 1]!; i++) visit(items[i]!, often[i]!);
  };
  return {
    ranks: remembered((which) => {
      const visit = seenVisitor(split, which);
      const seenAt = new Int32Array(count.length).fill(-1);
      let asked = -1;
      return each(split, which, (question, wanted) => {
        if (question !== asked) visit((asked = question), (item) => void (seenAt[item] = question));
        const popularity = count[wanted]!;
        let followed = 0;
        following(which, question, (item, times) => void (item === wanted && (followed = times)));
        // Without what followed it is the rank by popularity; what followed and is less popular comes before it too.
        let rank = followed > 0 ? 1 : atLeast[popularity]!;
        if (followed === 0) visit(question, (item) => void (rank -= count[item]! >= popularity ? 1 : 0));
        following(which, question, (item, times) => {
          if (item === wanted || seenAt[item] === question) return;
          const ahead =
            followed === 0
              ? count[item]! < popularity
              : times > followed || (times === followed && count[item]! >= popularity);
          if (ahead) rank++;
        });
        return rank;
      });
    }),
    scores: (() => {
      const scores = new Float64Array(count.length);
      const more = atLeast.length; // more than any count
      return (which, question) => {
        scores.set(count);
        following(which, question, (item, times) => void (scores[item]! += times * more));
        return scores;
      };
    })(),
  };
});

/** Ranks by a Markov chain, row by row: see `chain`. */
export const markov = (split: Split, which: Held): Float32Array => chain(split).ranks(which);
