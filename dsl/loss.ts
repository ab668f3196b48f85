/**
 * Next-item losses: one number for each position (mean over the positions that exist comes after). The score of an item
 * is how near the state is to the item's row, over the temperature: the cosine, the dot product, or another similarity.
 */
import type { Axis } from './axis.js';
import { add, and, div, exp, log, maximum, minimum, mul, ne, neg, scalar, sub, toF32, where } from './elementwise.js';
import { softplus } from './activation.js';
import * as build from './build.js';
import { LOWEST } from './lowest.js';
import { fail } from './errors.js';
import { type Negatives, type Sampled, uniformNegatives } from './negatives.js';
import { embed } from './position.js';
import { stop } from './random.js';
import { max, sum } from './reduction.js';
import { cosineSimilarity, dotSimilarity, type Similarity } from './similarity.js';
import { type Tensor, typed } from './tensor.js';
import type { Without } from './wording.js';

/** What a loss compares: states, the items that they should predict, and the table of all items. */
export interface NextItem<A extends string, B extends string, W extends string> {
  /** The model's state: the targets' axes and the width. */
  readonly state: Tensor<A>;
  /** The item to be predicted from each state. */
  readonly targets: Tensor<B, 'i32'>;
  /** The item table. */
  readonly items: Tensor<'item' | W>;
  readonly width: Axis<W>;
  /** Divides the scores; default 1. */
  readonly temperature?: number;
  /** Default cosine. */
  readonly score?: 'cosine' | 'dot' | Similarity;
}
/** What stands against the targets: a draw, or negatives of one kind or of several together. */
export type Against = Sampled | { readonly against: Negatives | readonly Negatives[] };
/** A softmax over a sample, and whether it makes up for how the sample was drawn. */
export type Corrected = Against & {
  /**
   * Subtracts from each score, the target's too, the logarithm of how many times its item is expected among the negatives (default
   * false), so that what is drawn often is not pushed down for it: Bengio & Senecal 2008; Yi et al. 2019, whose s - log Q this is.
   */
  readonly logQ?: boolean;
};
type Loss<A extends string, B extends string, W extends string> = Tensor<Without<A | B, W>>;
type Loose = Tensor<string>;

const named = { cosine: cosineSimilarity, dot: dotSimilarity } as const;

/** The scores of the targets, and the scores of items by their ids (or of all of them, by no ids). */
const scoring = ({
  state,
  targets,
  items,
  width,
  temperature = 1,
  score = 'cosine',
}: NextItem<string, string, string>) => {
  const { query, item, between } = typeof score === 'string' ? named[score](width) : score;
  const asking = query(state);
  const against = (rows: readonly Loose[]): Loose => div(between(asking, rows), temperature);
  const rowsOf = (ids: Tensor<string, 'i32'>): readonly Loose[] => item(embed(items, ids));
  return {
    targets: against(rowsOf(targets)),
    all: () => against(item(items)),
    // Where more rows are looked up than there are items, each item is prepared once.
    of: (ids: Tensor<string, 'i32'>, many: boolean) =>
      against(many ? item(items).map((x) => embed(x, ids)) : rowsOf(ids)),
  };
};
const loose = <A extends string, B extends string, W extends string>(
  given: NextItem<A, B, W>,
): NextItem<string, string, string> => given as unknown as NextItem<string, string, string>;

/** Scores that take part beside the target's, of one kind of negatives. */
interface Candidates {
  readonly scores: Loose;
  readonly over: Axis;
  readonly counted: Tensor<string, 'bool'>;
}
/** log(exp(a) + sum over the candidates of exp) - a, the largest exponent subtracted first. */
const negativeLogShare = (a: Loose, candidates: readonly Candidates[]): Loose => {
  const top = stop(
    candidates.reduce<Loose>(
      (m, { scores, over, counted }) => maximum(m, max(where(counted, scores, LOWEST), over)),
      a,
    ),
  );
  const total = candidates.reduce<Loose>(
    (t, { scores, over, counted }) => add(t, sum(where(counted, exp(sub(scores, top)), 0), over)),
    exp(sub(a, top)),
  );
  return add(log(total), sub(top, a));
};

const kindsOf = (given: NextItem<string, string, string>, options: Against): readonly Negatives[] =>
  'against' in options ? [options.against].flat() : [uniformNegatives(build.axisOf(given.items, 'item'), options)];

/** The scores of negatives; those equal to the target take no part. */
const opposed = (
  { targets }: NextItem<string, string, string>,
  { of }: ReturnType<typeof scoring>,
  { ids, over, exist, many }: Negatives,
): Candidates => {
  const distinct = ne(ids, targets);
  return { scores: of(ids, many), over, counted: exist === undefined ? distinct : and(exist, distinct) };
};

/**
 * -log of the target's share of exp(score) among the target and the negatives; a negative equal to the target takes no
 * part. `-log(exp(s+ / t) / (exp(s+ / t) + sum exp(s- / t)))`, in nats. Axes: those of state and targets without the width.
 */
export const sampledSoftmax = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W> & Corrected,
): Loss<A, B, W> => {
  const given = loose(options);
  const scores = scoring(given);
  const kinds = kindsOf(given, options);
  const expected = (ids: Tensor<string, 'i32'>): Loose =>
    kinds.map(({ number, chance }): Loose => mul(number, chance(ids))).reduce((a, b) => add(a, b));
  const corrected = (score: Loose, ids: Tensor<string, 'i32'>): Loose =>
    options.logQ === true ? sub(score, log(expected(ids))) : score;
  const candidates = kinds.map((kind): Candidates => {
    const found = opposed(given, scores, kind);
    return { ...found, scores: corrected(found.scores, kind.ids) };
  });
  return typed(negativeLogShare(corrected(scores.targets, given.targets), candidates));
};

/** -log softmax of the target's score among all items, in nats. Axes: those of state and targets without the width. */
export const fullSoftmax = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W>,
): Loss<A, B, W> => {
  const given = loose(options);
  const scores = scoring(given);
  const item = build.axisOf(given.items, 'item');
  const all = scores.all();
  const top = stop(max(all, item));
  return typed(add(log(sum(exp(sub(all, top)), item)), sub(top, scores.targets)));
};

/** How a generalised binary cross-entropy weighs the target. */
export interface Generalised {
  /** The power of the target's probability, in (0, 1]: a number, or what `calibratedBeta` gives. */
  readonly beta: number | Tensor<never>;
}
/**
 * -(beta log sigmoid(s+) + sum over the negatives of log(1 - sigmoid(s-))) / (negatives + 1), in nats: gBCE (Petrov & Macdonald, RecSys
 * 2023, arXiv:2308.07192, equation 10), the target's probability being sigmoid^beta. A negative equal to the target takes no part.
 * Axes: those of state and targets without the width.
 */
export const generalisedBinaryCrossEntropy = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W> & Against & Generalised,
): Loss<A, B, W> => {
  const given = loose(options);
  const scores = scoring(given);
  const kinds = kindsOf(given, options);
  const { beta } = options;
  if (typeof beta === 'number' && !(beta > 0 && beta <= 1))
    fail('PC2012', `beta is above 0 and at most 1, not ${beta}: calibratedBeta gives it from the rate of sampling`);
  const target = softplus(neg(scores.targets));
  const all = kinds.reduce<Loose>(
    (total, kind) => {
      const { scores: against, over, counted } = opposed(given, scores, kind);
      return add(total, sum(where(counted, softplus(against), 0), over));
    },
    beta === 1 ? target : mul(target, beta as number),
  );
  return typed(
    div(
      all,
      kinds.reduce<Loose>((total, { number }) => add(total, number), typed(scalar(1))),
    ),
  );
};

/**
 * -(log sigmoid(s+) + sum over the negatives of log(1 - sigmoid(s-))) / (negatives + 1), in nats (SASRec, which has one negative). Axes:
 * those of state and targets without the width.
 */
export const binaryCrossEntropy = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W> & Against,
): Loss<A, B, W> => generalisedBinaryCrossEntropy({ ...options, beta: 1 });

/**
 * beta = alpha (t (1 - 1/alpha) + 1/alpha) = 1 - t (1 - alpha), alpha = negatives / (|items| - 1), at most 1, being the rate at which
 * negatives are sampled: gSASRec's (Petrov & Macdonald 2023, equation 13). The calibration t is in [0, 1]: at 0 gBCE is the binary
 * cross-entropy, at 1 its scores are those of probabilities that sampling has not inflated. No axes.
 */
export const calibratedBeta = (t: number, negatives: number, item: Axis): Tensor<never> => {
  if (!(t >= 0 && t <= 1)) fail('PC2012', `a calibration is between 0 and 1, not ${t}`);
  const others = maximum(sub(toF32(typed<never, 'i32'>(build.extent(item, []))), 1), 1);
  return sub(1, mul(sub(1, minimum(div(negatives, others), 1)), t));
};
