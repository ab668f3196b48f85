/**
 * Which interactions train, which validate and which test. A split is offsets into the data set and item codes of targets; no
 * history is copied. How users are divided says a rule (`rules.ts`).
 */
import { once } from '../contract/once.js';
import type { Dataset } from './dataset.js';
import { type Rule, placesUnder } from './rules.js';

/** Which held-out items. */
export type Held = 'validation' | 'test';

/** Today's protocols, by the rule that each divides users by. */
export const protocols = {
  standard: {
    description: 'the last item tests, the one before it validates, the rest trains',
    rule: { kind: 'last', count: 1 },
  },
  hstu: {
    description:
      'the last item tests and validates, the rest trains: optimistic, as published figures of the HSTU repository are',
    rule: { kind: 'hstu' },
  },
} as const satisfies Readonly<Record<string, { readonly description: string; readonly rule: Rule }>>;

/** A name in `protocols`. */
export type ProtocolName = keyof typeof protocols;

/**
 * What one part asks. Question `q` shows a user's items up to a place and wants what the user met next: one item under
 * leave-one-out, the distinct items of a stretch under `last:k` and `time:`. A row is a question and one of its items.
 */
export interface Questions {
  /** [questions], user codes, ascending. */
  readonly users: Int32Array;
  /** [questions]: the history of question `q` is `sequence[offsets[user] .. ends[q])`. */
  readonly ends: Int32Array;
  /** [questions + 1]: question `q` has the rows `starts[q] .. starts[q + 1])`. */
  readonly starts: Int32Array;
  /** [rows], item codes of what is wanted. */
  readonly wanted: Int32Array;
}

/** A data set, and which of its interactions train, validate and test. */
export interface Split {
  readonly dataset: Dataset;
  readonly rule: Rule;
  /** [users]: user `u` trains on `sequence[offsets[u] .. trainingEnds[u])`. */
  readonly trainingEnds: Int32Array;
  readonly held: Readonly<Record<Held, Questions>>;
}

/** The questions of one part, from the stretch that each user holds out: `ends[u] .. tos[u])`, empty where there is none. */
const questionsOf = ({ users, items, sequence }: Dataset, ends: Int32Array, tos: Int32Array): Questions => {
  const asked = Int32Array.from(users.keys()).filter((user) => tos[user]! > ends[user]!);
  const visit = distinctVisitor(items.length);
  const starts = new Int32Array(asked.length + 1);
  const wanted = new Int32Array(asked.reduce((room, user) => room + tos[user]! - ends[user]!, 0));
  let rows = 0;
  asked.forEach((user, question) => {
    visit(sequence.subarray(ends[user], tos[user]), [], (item) => void (wanted[rows++] = item));
    starts[question + 1] = rows;
  });
  return { users: asked, ends: asked.map((user) => ends[user]!), starts, wanted: wanted.slice(0, rows) };
};

/** Divides each user's sequence by a rule. One by time needs data with times: see `ruled`. */
export const splitBy = (dataset: Dataset, rule: Rule): Split => {
  const { users, offsets } = dataset;
  const places = placesUnder(rule, dataset);
  const empty = (): Int32Array => new Int32Array(users.length);
  const trainingEnds = empty();
  const [validation, test] = [
    { ends: empty(), tos: empty() },
    { ends: empty(), tos: empty() },
  ];
  for (let user = 0; user < users.length; user++) {
    const of = places(user, offsets[user]!, offsets[user + 1]!);
    trainingEnds[user] = of.trainingEnd;
    for (const [part, stretch] of [
      [validation, of.validation],
      [test, of.test],
    ] as const)
      if (stretch !== undefined) [part.ends[user], part.tos[user]] = [stretch.end, stretch.to];
  }
  return {
    dataset,
    rule,
    trainingEnds,
    held: {
      validation: questionsOf(dataset, validation.ends, validation.tos),
      test: questionsOf(dataset, test.ends, test.tos),
    },
  };
};

/** Splits by one of today's protocols, user by user. */
export const split = (dataset: Dataset, protocol: ProtocolName = 'standard'): Split =>
  splitBy(dataset, protocols[protocol].rule);

/** Last item test, the one before validation, the rest training. */
export const leaveOneOut = (dataset: Dataset): Split => split(dataset, 'standard');

/** Item codes a user trains on: a view. */
export const training = ({ dataset, trainingEnds }: Split, user: number): Int32Array =>
  dataset.sequence.subarray(dataset.offsets[user], trainingEnds[user]);

/** [items], how often each item occurs in training. One array for all who ask: nobody writes to it. */
export const counts = once((split: Split): Int32Array => {
  const found = new Int32Array(split.dataset.items.length);
  split.dataset.users.forEach((_, user) => training(split, user).forEach((item) => void found[item]!++));
  return found;
});

/** Everything that the user of a question met before it, the validation items included when testing: a view. */
export const history = ({ dataset, held }: Split, which: Held, question: number): Int32Array => {
  const { users, ends } = held[which];
  return dataset.sequence.subarray(dataset.offsets[users[question]!], ends[question]);
};

/** Item codes that a question wants, all different: a view. */
export const wanted = ({ held }: Split, which: Held, question: number): Int32Array =>
  held[which].wanted.subarray(held[which].starts[question], held[which].starts[question + 1]);

/**
 * Visitor of the distinct items of a history, except some, in order of first appearance. It owns one stamp an item, so a pass
 * over all users allocates nothing; make one a pass.
 */
export const distinctVisitor = (
  items: number,
): ((history: Int32Array, except: ArrayLike<number>, visit: (item: number) => void) => void) => {
  const stamps = new Int32Array(items);
  let stamp = 0;
  return (history, except, visit) => {
    stamp++;
    for (let i = 0; i < except.length; i++) stamps[except[i]!] = stamp;
    for (let i = 0; i < history.length; i++) {
      const item = history[i]!;
      if (stamps[item] === stamp) continue;
      stamps[item] = stamp;
      visit(item);
    }
  };
};

/** Visitor of the items that a ranking for a question leaves out: those of its history that it does not want. Make one a pass. */
export const seenVisitor = (of: Split, which: Held): ((question: number, visit: (item: number) => void) => void) => {
  const distinct = distinctVisitor(of.dataset.items.length);
  return (question, visit) => distinct(history(of, which, question), wanted(of, which, question), visit);
};

/** The most items that the ranking for any question leaves out: the room `evaluationBatches` needs. */
export const seenMax = (of: Split): number =>
  (['validation', 'test'] as const).reduce((sofar, which) => {
    const visit = seenVisitor(of, which);
    return of.held[which].users.reduce((most, _, question) => {
      let count = 0;
      visit(question, () => void count++);
      return Math.max(most, count);
    }, sofar);
  }, 0);
