/**
 * Which interactions train, which validate and which test. A split is offsets into the data set; nothing is copied.
 */
import type { Dataset } from './dataset.js';

/** Which held-out items. */
export type Held = 'validation' | 'test';

/** Where each held-out target lies, counted from the end of a user's sequence (1 is the last), and who has them. */
interface Protocol {
  readonly description: string;
  readonly places: Readonly<Record<Held, number>>;
  /** Users with fewer interactions stay in training only. */
  readonly minimum: number;
}

/** Where held-out items lie, counted from a sequence's end, and who is evaluated: at least `minimum` interactions. */
export const protocols = {
  standard: {
    description: 'the last item tests, the one before it validates, the rest trains',
    places: { validation: 2, test: 1 },
    minimum: 3,
  },
  hstu: {
    description:
      'the last item tests and validates, the rest trains: optimistic, as published figures of the HSTU repository are',
    places: { validation: 1, test: 1 },
    minimum: 3,
  },
} as const satisfies Readonly<Record<string, Protocol>>;

/** A name in `protocols`. */
export type ProtocolName = keyof typeof protocols;

/** A data set, and which of its interactions train, validate and test. */
export interface Split {
  readonly dataset: Dataset;
  readonly protocol: ProtocolName;
  /** [users]: user `u` trains on `sequence[offsets[u] .. trainingEnds[u])`. */
  readonly trainingEnds: Int32Array;
  /** User codes that have a validation and a test target, ascending. */
  readonly evaluated: Int32Array;
}

/** Splits by time, user by user. */
export const split = (dataset: Dataset, protocol: ProtocolName = 'standard'): Split => {
  const { places, minimum } = protocols[protocol];
  const held = Math.max(places.validation, places.test);
  const { offsets } = dataset;
  const isEvaluated = (user: number): boolean => offsets[user + 1]! - offsets[user]! >= minimum;
  const trainingEnds = new Int32Array(dataset.users.length).map(
    (_, user) => offsets[user + 1]! - (isEvaluated(user) ? held : 0),
  );
  const evaluated = Int32Array.from(dataset.users.keys()).filter(isEvaluated);
  return { dataset, protocol, trainingEnds, evaluated };
};

/** Last item test, the one before validation, the rest training. */
export const leaveOneOut = (dataset: Dataset): Split => split(dataset, 'standard');

/** Position in `sequence` of an evaluated user's target. */
export const targetPosition = ({ dataset, protocol }: Split, which: Held, user: number): number =>
  dataset.offsets[user + 1]! - protocols[protocol].places[which];

/** Item codes a user trains on: a view. */
export const training = ({ dataset, trainingEnds }: Split, user: number): Int32Array =>
  dataset.sequence.subarray(dataset.offsets[user], trainingEnds[user]);

/** Everything an evaluated user met before the target, the validation item included when testing: a view. */
export const history = (of: Split, which: Held, user: number): Int32Array =>
  of.dataset.sequence.subarray(of.dataset.offsets[user], targetPosition(of, which, user));

/** Item code of an evaluated user's target. */
export const target = (of: Split, which: Held, user: number): number =>
  of.dataset.sequence[targetPosition(of, which, user)]!;

/**
 * Visitor of the distinct items of a history, except one, in order of first appearance. It owns one stamp an item, so a pass
 * over all users allocates nothing; make one a pass.
 */
export const distinctVisitor = (
  items: number,
): ((history: Int32Array, except: number, visit: (item: number) => void) => void) => {
  const stamps = new Int32Array(items);
  let stamp = 0;
  return (history, except, visit) => {
    stamp++;
    stamps[except] = stamp;
    for (let i = 0; i < history.length; i++) {
      const item = history[i]!;
      if (stamps[item] === stamp) continue;
      stamps[item] = stamp;
      visit(item);
    }
  };
};

/**
 * The most distinct items, the target aside, that an evaluated user has seen: the room `evaluationBatches` needs. The test
 * histories decide: a validation history is a beginning of one and cannot hold more.
 */
export const seenMax = (of: Split): number => {
  const visit = distinctVisitor(of.dataset.items.length);
  return of.evaluated.reduce((most, user) => {
    let count = 0;
    visit(history(of, 'test', user), target(of, 'test', user), () => void count++);
    return Math.max(most, count);
  }, 0);
};
