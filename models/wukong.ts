/**
 * Wukong: Zhang et al., "Wukong: Towards a Scaling Law for Large-Scale Recommendation", ICML 2024, arXiv:2403.02545. Fields (an item, what is
 * known of it and of its user, the history) are vectors of one width; a layer makes n_F of them by a factorization machine and n_L by
 * linear compression, so that layer i has interactions of up to 2^i fields. What is predicted is a label of the event that follows,
 * given its item: that it is rated 4 or better, or that it is of some action. The loss is the binary cross-entropy of that label.
 *
 * X' = LN([FMB(X), LCB(X)] + X), FMB(X) = MLP(LN(flat(X Xᵀ Y))) with Y of `rank` columns (the paper's low-rank form: Xᵀ Y first), LCB(X) = W X.
 *
 * Deviations:
 * - Y is a parameter; the paper also makes it from the fields (its attentive form).
 * - A number is its multiple of one row, where the paper has an MLP over all numbers; every field is one vector.
 * - Nobody has a vector of their own: a user is the table of users and the history, of which means are taken up to each position: of
 *   the items, and for each column of past events of its values and of the items weighed by them. The paper's public data have no histories.
 * - One hidden layer in each MLP, ReLU; the norm of a layer is trained. Where a layer changes the number of fields the residual is W X.
 * - Scores are the logits of all items. A logit says how well an item would be liked once chosen, not that it will be: lists by it are
 *   not what the other models' lists are, and runs do not rank by them unless asked. They take a pass through the layers for each item:
 *   with many items give `evaluate` a small `--batch`.
 */
import {
  type AnyTensor,
  type Axis,
  type Context,
  type Hyper,
  type Tensor,
  adamw,
  add,
  among,
  atLeast,
  axis,
  boundOf,
  categories,
  category,
  causal,
  div,
  dot,
  dropout,
  embed,
  embedFeature,
  embedding,
  eq,
  eventFeature,
  eventLabel,
  fail,
  index,
  integer,
  itemFeature,
  itemsMet,
  labelLoss,
  last,
  layerNorm,
  like,
  linear,
  listed,
  model,
  mul,
  names,
  number,
  numeric,
  param,
  relu,
  rename,
  sum,
  toF32,
  truncatedNormal,
  userFeature,
  vector,
  where,
  xavierUniform,
} from 'pcrec';

const hyper = {
  width: integer(32, 'channels of a field'),
  length: integer(200, 'positions of the history that are read, the newest'),
  blocks: integer(2, 'interaction layers, one above the other'),
  made: integer(4, 'fields that a factorization machine block makes (n_F)'),
  kept: integer(4, 'fields that a linear compression block makes (n_L)'),
  rank: integer(8, 'columns of Y in X Xᵀ Y (k)'),
  hidden: integer(128, 'units of the hidden layer of each MLP'),
  dropout: number(0, 'share of hidden units set to 0 while training', { min: 0, max: 0.99 }),
  label: names('rating', 'the column of events that is predicted'),
  atLeast: number(4, 'the label holds of numbers that are at least so large'),
  among: names('', 'the label holds of these values instead, of a column that is a category'),
  categories: names('', 'columns of items that are one category, separated by commas'),
  lists: names('', 'columns of items that are several categories'),
  numbers: names('', 'columns of items that are numbers'),
  vectors: names('', 'columns of items that are vectors'),
  userCategories: names('', 'columns of users that are one category'),
  userLists: names('', 'columns of users that are several categories'),
  userNumbers: names('', 'columns of users that are numbers'),
  userVectors: names('', 'columns of users that are vectors'),
  eventCategories: names('', 'columns of past events that are one category'),
  eventNumbers: names('rating', 'columns of past events that are numbers'),
  rate: number(1e-3, 'learning rate of AdamW', { min: 0 }),
} as const satisfies Readonly<Record<string, Hyper>>;
type Wukong = Context<typeof hyper>;

type Loose = Tensor<string>;
type Width = Axis<'width'>;

/** Each item's fields: its own vector (none of an item that training never saw), and those of its features. */
const itemFields = ({ hyper, batch: { item } }: Wukong, width: Width): readonly Tensor<'item' | 'width'>[] => {
  const path = (name: string): string => `item.${name}.row`;
  return [
    mul(embedding('embedding.items', item, width), itemsMet()),
    ...listed(hyper.categories).map((name) => embedFeature(path(name), itemFeature(name, category()), width)),
    ...listed(hyper.lists).map((name) => embedFeature(path(name), itemFeature(name, categories()), width)),
    ...listed(hyper.numbers).map((name) => embedFeature(path(name), itemFeature(name, numeric()), width)),
    ...listed(hyper.vectors).map((name) => embedFeature(path(name), itemFeature(name, vector()), width)),
  ];
};

const userFields = ({ hyper, batch }: Wukong, width: Width): readonly Tensor<'batch' | 'width'>[] => {
  const path = (name: string): string => `user.${name}.row`;
  return [
    ...listed(hyper.userCategories).map((name) =>
      embedFeature(path(name), userFeature(name, category(), batch), width),
    ),
    ...listed(hyper.userLists).map((name) => embedFeature(path(name), userFeature(name, categories(), batch), width)),
    ...listed(hyper.userNumbers).map((name) => embedFeature(path(name), userFeature(name, numeric(), batch), width)),
    ...listed(hyper.userVectors).map((name) => embedFeature(path(name), userFeature(name, vector(), batch), width)),
  ];
};

/** The history's fields at each position: means over the events up to it, itself included. */
const pastFields = (
  { hyper, batch }: Wukong,
  items: Tensor<'item' | 'width'>,
  width: Width,
): readonly Tensor<'batch' | 'seq' | 'width'>[] => {
  const { seq } = batch;
  const key = like('key', seq);
  const share = where(causal(seq, key), div(1, add(toF32(index(seq)), 1)), 0);
  const mean = (x: Tensor<'batch' | 'seq' | 'width'>) => dot(share, rename(x, seq, key), key);
  const seen = embed(items, batch.items);
  const path = (name: string): string => `event.${name}.row`;
  return [
    mean(seen),
    ...listed(hyper.eventCategories).flatMap((name) => {
      const told = embedFeature(path(name), eventFeature(name, category(), batch), width, truncatedNormal(0.2));
      return [mean(told), mean(mul(told, seen))];
    }),
    ...listed(hyper.eventNumbers).flatMap((name) => {
      const { values } = eventFeature(name, numeric(), batch);
      return [mean(embedFeature(path(name), values, width, truncatedNormal(0.2))), mean(mul(values, seen))];
    }),
  ];
};

/** A tensor's positions along `from` as those of `to` from `first` on; 0 at the others. */
const placed = (x: Loose, from: Axis, to: Axis, first: number): Loose =>
  sum(where(eq(index(to), add(index(from), first)), x, 0), from);

/** One interaction layer. Axes: as x, with `next` in the place of `field`. */
const layer = (
  path: string,
  { hyper, phase }: Pick<Wukong, 'hyper' | 'phase'>,
  x: Loose,
  field: Axis,
  next: Axis,
  width: Width,
): Loose => {
  const [rank, hidden] = [axis('rank', hyper.rank), axis('hidden', hyper.hidden)];
  const [made, kept] = [axis('made', hyper.made), axis('kept', hyper.kept)];
  const y: Loose = param(`${path}.rank`, [field, rank], xavierUniform([field], [rank]));
  const machine: Loose = dot(x, dot(x, y, field), width);
  const flat = layerNorm(machine, [field, rank], { path: `${path}.machine` });
  const inner = relu(linear(`${path}.up`, flat, [field, rank], hidden));
  const fmb: Loose = linear(`${path}.fmb`, dropout(path, hyper.dropout, phase)(inner), hidden, [made, width]);
  const lcb: Loose = linear(`${path}.lcb`, x, field, kept, { bias: false });
  const residual: Loose =
    boundOf(field) === boundOf(next)
      ? rename(x, field, next)
      : linear(`${path}.residual`, x, field, next, { bias: false });
  const joined = add(placed(fmb, made, next, 0), placed(lcb, kept, next, hyper.made));
  return layerNorm(add(joined, residual), width, { path: `${path}.norm` });
};

/** The logit of an item's fields beside the others. Axes: those of the fields without the width. */
const logitOf = <A extends string>(
  of: Pick<Wukong, 'hyper' | 'phase'>,
  parts: readonly (readonly AnyTensor[])[],
  width: Width,
): Tensor<A> => {
  const { hyper, phase } = of;
  const fields = parts.flat() as unknown as readonly Loose[];
  const given: Axis = axis('field.0', fields.length);
  const stacked = fields.map((x, i): Loose => where(eq(index(given), i), x, 0)).reduce((a, b) => add(a, b));
  let [x, field]: [Loose, Axis] = [stacked, given];
  for (let l = 0; l < hyper.blocks; l++) {
    const next: Axis = axis(`field.${l + 1}`, hyper.made + hyper.kept);
    [x, field] = [layer(`layer.${l}`, of, x, field, next, width), next];
  }
  const hidden = axis('hidden', hyper.hidden);
  const inner = relu(linear('head.up', x, [field, width], hidden));
  return linear('head.out', dropout('head', hyper.dropout, phase)(inner), hidden, []) as unknown as Tensor<A>;
};

/** The label that the hyperparameters name. */
const labelOf = ({ hyper, batch }: Wukong) => {
  const [column = fail('there is no label: name the column of events that is predicted'), ...more] = listed(
    hyper.label,
  );
  if (more.length > 0) fail(`one label is predicted, and label names ${listed(hyper.label).length} columns`);
  const [first, ...others] = listed(hyper.among);
  return eventLabel(column, first === undefined ? atLeast(hyper.atLeast) : among(first, ...others), batch);
};

export default model({
  name: 'wukong',
  doc: 'Stacked factorization machines (Wukong): whether the next event is rated well, or of some action.',
  hyper,
  presets: {
    base: {},
    large: { width: 64, blocks: 4, made: 16, kept: 16, rank: 16, hidden: 256 },
  },
  optimizer: ({ rate }) => adamw({ rate }),

  build: (context) => {
    const { hyper, batch } = context;
    const width = axis('width', hyper.width);
    const items = itemFields(context, width);
    const users = userFields(context, width);
    const past = pastFields(context, items[0]!, width);
    const label = labelOf(context);
    const now = past.map((x) => last(x, batch.seq, batch.batch));
    const known = { hyper, phase: 'inference' } as const;
    const next = logitOf<'batch' | 'seq'>(context, [items.map((x) => embed(x, batch.targets)), users, past], width);
    const asked = items.map((x) => embed(x, batch.target));
    return {
      loss: labelLoss(next, label.next, [batch.batch, batch.seq]),
      scores: logitOf<'batch' | 'item'>(known, [items, users, now], width),
      logit: logitOf<'batch'>(known, [asked, users, now], width),
      label: label.of,
    };
  },
});
