/** Predictions that read the answer they are compared with, whatever the way; and losses that read answers as they may. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  add,
  and,
  type Axis,
  axis,
  type Batch,
  binaryCrossEntropy,
  causal,
  div,
  dot,
  embed,
  eq,
  exp,
  expand,
  fullSoftmax,
  gather,
  ge,
  index,
  itemScores,
  last,
  like,
  linear,
  log,
  mean,
  model,
  mul,
  ne,
  neg,
  nextItem,
  normal,
  normalise,
  or,
  type Outputs,
  param,
  type Phase,
  type RecommenderContext,
  recommenderHypers,
  recommenderOptimizer,
  rename,
  sampledSoftmax,
  scan,
  sequenceInput,
  sigmoid,
  softmaxAttention,
  softplus,
  square,
  type State,
  stop,
  sub,
  sum,
  type Tensor,
  toF32,
  uniform,
  uniformIndices,
  where,
  zeros,
} from '../../dsl/index.js';
import { certify } from '../../compiler/passes/certify.js';
import { diagonalise } from '../../compiler/passes/diagonal.js';
import { expand as expanded } from '../../compiler/passes/expand.js';
import { runPasses } from '../../compiler/pipeline.js';
import { programs } from '../support/models.js';

/** What the models here are made of. */
interface Parts extends Omit<Batch, 'seq' | 'batch'> {
  readonly context: RecommenderContext;
  readonly phase: Phase;
  readonly rows: Axis<'batch'>;
  readonly seq: Axis<'seq'>;
  readonly key: Axis<'key'>;
  readonly width: Axis<'width'>;
  readonly table: Tensor<'item' | 'width'>;
  readonly input: State;
  /** The answer's row. */
  readonly answer: State;
  readonly layer: (x: State) => State;
}
type Losses = (state: State, parts: Parts) => Tensor<'batch' | 'seq'>;

const partsOf = (context: RecommenderContext): Parts => {
  const {
    batch: { batch: rows, seq, ...given },
    phase,
  } = context;
  const { width, items: table, input } = sequenceInput(context);
  return {
    context,
    phase,
    rows,
    seq,
    ...given,
    width,
    table,
    input,
    key: like('key', seq),
    answer: embed(table, given.targets),
    layer: (x) => linear('layer', x, width, width),
  };
};

const tried = (build: (parts: Parts) => Outputs): string | null => {
  const of = model({
    name: 'tried',
    hyper: recommenderHypers,
    optimizer: recommenderOptimizer,
    build: (context) => build(partsOf(context)),
  });
  for (const entry of [0, 2] as const) {
    const passed = runPasses([expanded, diagonalise, certify], programs(of)[entry]!);
    if (isLeft(passed)) return passed.left[0].message;
  }
  return null;
};

const byCosine = { hyper: { similarity: 'cosine' } as never };
/** Scores after the last position, by a cosine, beside the mean of some losses. */
const outputs = (losses: Tensor<'batch' | 'seq'>, state: State, { rows, seq, width, table }: Parts): Outputs => ({
  loss: mean(losses, [rows, seq]),
  scores: itemScores(byCosine, { width, items: table }, last(state, seq, rows)),
});

const scoring = (state: State, { targets, table, width }: Parts) => ({ state, targets, items: table, width });
const sampled = { key: 'negatives', negatives: 5 } as const;
const negativesOf = ({ item, rows }: Parts) => {
  const negative = axis('negative', 5);
  return { negative, ids: uniformIndices('negatives', item, [rows, negative]) };
};
const allScores = (state: State, { table, width }: Parts) => dot(state, table, width);
const logSum = <A extends string>(x: Tensor<A | 'item'>, { item }: Parts) =>
  log(sum(exp(x as unknown as Tensor<'batch' | 'seq' | 'item'>), item));

/** Losses as one writes them. */
const losses = {
  'sampled softmax of cosines': (state, p) => sampledSoftmax({ ...scoring(state, p), ...sampled }),
  'sampled softmax of products, negatives of each user': (state, p) =>
    sampledSoftmax({ ...scoring(state, p), ...sampled, score: 'dot', drawnFor: [p.rows], temperature: 0.1 }),
  'sampled softmax, negatives of each position': (state, p) =>
    sampledSoftmax({ ...scoring(state, p), ...sampled, drawnFor: [p.rows, p.seq] }),
  'full softmax': (state, p) => fullSoftmax(scoring(state, p)),
  'full softmax, the answer looked up': (state, p) =>
    sub(logSum(allScores(state, p), p), gather(allScores(state, p), p.targets, p.item)),
  'full softmax, the answer chosen by a mask': (state, p) =>
    sub(logSum(allScores(state, p), p), sum(where(eq(index(p.item), p.targets), allScores(state, p), 0), p.item)),
  'label smoothing': (state, p) => {
    const scores = allScores(state, p);
    const shares = where(eq(index(p.item), p.targets), 0.9, 0.01);
    return neg(sum(mul(shares, sub(scores, logSum(scores, p))), p.item));
  },
  'a margin at the answer': (state, p) => {
    const scores = where(eq(index(p.item), p.targets), sub(allScores(state, p), 0.2), allScores(state, p));
    return sub(logSum(scores, p), gather(scores, p.targets, p.item));
  },
  'binary cross-entropy': (state, p) => binaryCrossEntropy({ ...scoring(state, p), ...sampled }),
  'gBCE: a power of the positive, weights of the negatives': (state, p) => {
    const { negative, ids } = negativesOf(p);
    const against = sum(where(ne(ids, p.targets), softplus(dot(state, embed(p.table, ids), p.width)), 0), negative);
    return add(mul(0.3, softplus(neg(dot(state, p.answer, p.width)))), against);
  },
  'pairs (BPR)': (state, p) => {
    const { negative, ids } = negativesOf(p);
    const apart = sub(dot(state, embed(p.table, ids), p.width), dot(state, p.answer, p.width));
    return mean(softplus(apart), negative);
  },
  'pairs with every item': (state, p) =>
    sum(
      where(ne(index(p.item), p.targets), softplus(sub(allScores(state, p), dot(state, p.answer, p.width))), 0),
      p.item,
    ),
  'the answers of other rows as negatives, less the log of how often they are drawn': (state, p) => {
    const other = like('other', p.rows);
    const often = param('often', [p.item], zeros);
    const candidates = rename(p.answer, p.rows, other);
    const scores = sub(dot(state, candidates, p.width), embed(often, rename(p.targets, p.rows, other)));
    const mine = sub(dot(state, p.answer, p.width), embed(often, p.targets));
    return sub(log(sum(exp(scores), other)), mine);
  },
  'a bias and a weight of each item': (state, p) => {
    const score = add(dot(state, p.answer, p.width), embed(param('bias', [p.item], zeros), p.targets));
    return mul(sigmoid(embed(param('weight', [p.item], zeros), p.targets)), softplus(neg(score)));
  },
  distance: (state, p) => sum(square(sub(state, stop(p.answer))), p.width),
  'a cosine by its norms': (state, p) => {
    const norms = mul(sum(square(state), p.width), sum(square(p.answer), p.width));
    return neg(div(dot(state, p.answer, p.width), norms));
  },
  'a learned score of both (GMF)': (state, p) =>
    softplus(neg(dot(mul(state, p.answer), param('mix', [p.width], normal(0.1)), p.width))),
  'answers through a tower of their own': (state, p) =>
    softplus(neg(dot(state, linear('tower', normalise(p.answer, p.width), p.width, p.width), p.width))),
} as const satisfies Readonly<Record<string, Losses>>;

/** Ways into the prediction. Each reads the answer of its own position alone, which no rule about positions forbids. */
const ways: Readonly<Record<string, (p: Parts) => State>> = {
  'added to the input': (p) => p.layer(add(p.input, p.answer)),
  'added to the state': (p) => add(p.layer(p.input), p.answer),
  'added without a derivative': (p) => p.layer(add(p.input, stop(p.answer))),
  'a multiple of it': (p) => p.layer(mul(p.input, p.answer)),
  'a gate': (p) => mul(p.layer(p.input), sigmoid(linear('gate', p.answer, p.width, p.width))),
  'a gate of one number': (p) => mul(p.layer(p.input), sigmoid(sum(p.answer, p.width))),
  'the number of the item': (p) => p.layer(add(p.input, div(toF32(p.targets), 100))),
  'whether it was there before': (p) => p.layer(where(eq(p.items, p.targets), p.input, 0)),
  'whether it was there before, in a learned way': (p) =>
    add(p.input, where(eq(p.items, p.targets), param('repeat', [p.width], normal(0.1)), 0)),
  'in the place of some items': (p) =>
    p.layer(embed(p.table, where(ge(uniform('coin', [p.rows, p.seq]), 0.5), p.targets, p.items))),
  'in the place of some states': (p) => p.layer(where(ge(uniform('coin', [p.rows, p.seq]), 0.5), p.answer, p.input)),
  'a query': (p) =>
    softmaxAttention(
      add(p.input, p.answer),
      rename(p.input, p.seq, p.key),
      rename(p.input, p.seq, p.key),
      p.width,
      p.key,
      causal(p.seq, p.key),
    ),
  'a query alone': (p) =>
    softmaxAttention(
      p.answer,
      rename(p.input, p.seq, p.key),
      rename(p.input, p.seq, p.key),
      p.width,
      p.key,
      causal(p.seq, p.key),
    ),
  'negatives made of it': (p) => {
    const other = where(
      ge(uniform('coin', [p.rows, p.seq]), 0.5),
      p.targets,
      uniformIndices('other', p.item, [p.rows, p.seq]),
    );
    return p.layer(sub(p.input, embed(p.table, other)));
  },
  'far below': (p) =>
    p.layer(
      normalise(
        add(p.layer(normalise(add(p.layer(add(p.input, mul(0.001, p.answer))), p.input), p.width)), p.input),
        p.width,
      ),
    ),
};
describe('a prediction that reads its answer while training is refused', () => {
  it.each(Object.keys(ways).flatMap((way) => Object.keys(losses).map((loss) => [way, loss] as const)))(
    '%s, under %s',
    (way, loss) => {
      const leaking = tried((p) => {
        const state = p.phase === 'training' ? ways[way]!(p) : p.layer(p.input);
        return outputs((losses as Readonly<Record<string, Losses>>)[loss]!(state, p), state, p);
      });
      expect(leaking).toMatch(
        /^the prediction at position t reads position t of 'targets', the very answer that it is compared with. The way of the leak:\n/,
      );
    },
  );

  it('in the row mode, by either name', () => {
    const of = (way: (p: Parts) => State) =>
      tried((p) =>
        nextItem(p.context, { width: p.width, items: p.table }, p.phase === 'training' ? way(p) : p.input, 'last'),
      );
    expect(of((p) => add(p.input, expand(embed(p.table, p.target), p.seq)))).toMatch(
      /^the prediction reads 'target', the very answer/,
    );
    expect(of((p) => p.layer(add(p.input, p.answer)))).toMatch(
      /^the prediction at position t reads position t of 'targets', the very answer/,
    );
    expect(
      of((p) =>
        scan(p.seq, expand(param('start', [p.width], zeros), p.rows), (h) =>
          add(p.layer(h), add(p.input, expand(embed(p.table, p.target), p.seq))),
        ),
      ),
    ).toMatch(/^the prediction reads 'target'/);
    expect(of((p) => p.layer(p.input))).toBeNull();
  });

  it('where a mask does not hide it in the terms that count it', () => {
    const masked = (counts: (hidden: Tensor<'batch', 'bool'>, p: Parts) => Tensor<'batch', 'bool'>) =>
      tried((p) => {
        const hidden = ge(uniform('hidden', [p.rows]), 0.5);
        const mask = param('mask', [p.width], normal(0.1));
        const end = p.phase === 'training' ? where(hidden, mask, embed(p.table, p.target)) : expand(mask, p.rows);
        const state = add(last(p.layer(p.input), p.seq, p.rows), linear('end', end, p.width, p.width));
        const loss = softplus(neg(dot(state, embed(p.table, p.target), p.width)));
        return {
          loss: mean(where(counts(hidden, p), loss, 0), p.rows),
          scores: itemScores(byCosine, { width: p.width, items: p.table }, state),
        };
      });
    expect(masked((hidden) => hidden)).toBeNull();
    expect(masked((hidden, p) => and(hidden, ge(uniform('more', [p.rows]), 0.5)))).toBeNull();
    expect(masked((hidden, p) => or(hidden, ge(uniform('more', [p.rows]), 0.5)))).toMatch(
      /^the prediction reads 'target'/,
    );
    expect(masked((_, p) => ge(uniform('other', [p.rows]), 0.5))).toMatch(/^the prediction reads 'target'/);
    // The mask of another row hides nothing of one's own.
    expect(
      masked((hidden, p) => {
        const other = like('other', p.rows);
        return gather(rename(hidden, p.rows, other), sub(1, index(p.rows)), other);
      }),
    ).toMatch(/^the prediction reads 'target'/);
  });
});

describe('a loss that reads its answer as it may is accepted', () => {
  it.each(Object.entries(losses))('%s', (_, loss) => {
    expect(tried((p) => outputs((loss as Losses)(p.layer(p.input), p), p.layer(p.input), p))).toBeNull();
  });

  it('with auxiliary losses: of the past, of the answers alone, of the time', () => {
    expect(
      tried((p) => {
        const state = p.layer(p.input);
        const time = square(sub(sum(linear('time', state, p.width, p.width), p.width), toF32(p.nextTimes)));
        const own = add(
          losses['full softmax'](state, p),
          add(mul(0.1, time), mul(0.1, sum(square(p.answer), p.width))),
        );
        return outputs(own, state, p);
      }),
    ).toBeNull();
  });
});
