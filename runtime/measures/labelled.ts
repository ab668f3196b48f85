/**
 * How well it is told which events a label holds of: the area under the ROC curve, over all events and by user, and the logarithmic
 * loss. What one class alone makes meaningless is null.
 */

/** What is told of events, each by a logit, and whether the label holds. */
export interface Judgements {
  readonly logits: ArrayLike<number>;
  /** 1 where it holds, else 0. */
  readonly holds: ArrayLike<number>;
  /** Whose event each is, ascending: users with both kinds of events count towards `GAUC`. */
  readonly users: ArrayLike<number>;
}

const ranges = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);

/**
 * The share of pairs of an event of which the label holds and one of which it does not whose logits are in that order, ties being half
 * a pair (Hanley and McNeil 1982); null where there are no such pairs. Of events `from` up to `to`. n log n.
 */
export const auc = (
  { logits, holds }: Pick<Judgements, 'logits' | 'holds'>,
  from = 0,
  to = logits.length,
): number | null => {
  const order = ranges(to - from)
    .map((i) => from + i)
    .sort((a, b) => logits[a]! - logits[b]!);
  let [ahead, below, held] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    // Equal logits together: each of theirs that holds has half of theirs that do not.
    let [end, yes] = [i, 0];
    do yes += holds[order[end++]!]!;
    while (end < order.length && logits[order[end]!] === logits[order[i]!]);
    const no = end - i - yes;
    ahead += yes * (below + no / 2);
    below += no;
    held += yes;
    i = end;
  }
  return held === 0 || below === 0 ? null : ahead / (held * below);
};

/** The mean of users' own AUC, each as often as they have events (Zhou et al., KDD 2018); null where nobody has events of both kinds. */
const byUser = (of: Judgements): number | null => {
  let [total, events] = [0, 0];
  for (let from = 0; from < of.users.length;) {
    let to = from;
    while (to < of.users.length && of.users[to] === of.users[from]) to++;
    const own = auc(of, from, to);
    if (own !== null) {
      total += (to - from) * own;
      events += to - from;
    }
    from = to;
  }
  return events === 0 ? null : total / events;
};

/** log(1 + exp(x)), without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The mean over events of -(y log p + (1 - y) log(1 - p)), p the sigmoid of the logit, in nats; null where there are none. */
export const logLoss = ({ logits, holds }: Pick<Judgements, 'logits' | 'holds'>): number | null => {
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += softplus(holds[i] === 1 ? -logits[i]! : logits[i]!);
  return logits.length === 0 ? null : total / logits.length;
};

const measures = { AUC: (of) => auc(of), GAUC: byUser, 'log loss': logLoss } as const satisfies Readonly<
  Record<string, (of: Judgements) => number | null>
>;
/** Measures of labels, in the order in which they are printed. */
export const labelMeasures = Object.keys(measures) as readonly (keyof typeof measures)[];
/** Each by its name: of `log loss` less is better. Null where it cannot be told. */
export type LabelMetrics = Readonly<Record<keyof typeof measures, number | null>>;

export const labelMetrics = (of: Judgements): LabelMetrics =>
  Object.fromEntries(labelMeasures.map((name) => [name, measures[name](of)])) as unknown as LabelMetrics;

/**
 * The quantity that epochs are chosen by, more being better: AUC, and where it cannot be told the log loss, negated; none where there is
 * no event to tell anything by.
 */
export const labelMerit = ({ AUC, 'log loss': loss }: LabelMetrics): number | null =>
  AUC ?? (loss === null ? null : -loss);
