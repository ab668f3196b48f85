/** Labels: losses of every honest form are certified, and a prediction that has read its label is refused, however it did. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type Context,
  type Label,
  type Tensor,
  abs,
  adamw,
  add,
  among,
  atLeast,
  div,
  dot,
  embed,
  eventFeature,
  eventLabel,
  indicator,
  labelLoss,
  last,
  maximum,
  mean,
  model,
  mul,
  neg,
  normal,
  numeric,
  param,
  recommenderHypers,
  sequenceInput,
  shift,
  softplus,
  square,
  sub,
  sum,
  tanh,
  where,
} from 'pcrec';
import { compile } from '../../compiler/compile.js';
import type { Model } from '../../dsl/model.js';
import { traced } from '../support/models.js';

type Ctx = Context<typeof recommenderHypers>;
type Logit = Tensor<'batch' | 'seq'>;
interface Parts {
  readonly context: Ctx;
  readonly label: Label;
  /** 1 where it holds, else 0. */
  readonly y: Logit;
  /** Of the item at t + 1, after the history up to t. */
  readonly logit: Logit;
  /** The logit with something more in the state. */
  readonly withState: (more: Tensor<'batch' | 'seq' | 'width'> | Logit) => Logit;
  readonly row: Tensor<'width'>;
}

/** A model that predicts a label by the product of a state and the row of an item; its loss is made of these. */
const predicting = (lossOf: (parts: Parts) => Tensor<never>, test = atLeast(4)): Model =>
  model({
    name: 'tried',
    hyper: recommenderHypers,
    optimizer: () => adamw({ rate: 0.1 }),
    build: (context) => {
      const { batch } = context;
      const { width, items, input } = sequenceInput(context);
      const label = eventLabel('rating', test, batch);
      const row = param('row', [width], normal(1));
      const withState = (more: Tensor<'batch' | 'seq' | 'width'> | Logit): Logit =>
        dot(tanh(add(input, more as typeof input)), embed(items, batch.targets), width);
      const logit = dot(tanh(input), embed(items, batch.targets), width);
      const asked = last(tanh(input), batch.seq, batch.batch);
      return {
        loss: lossOf({ context, label, y: indicator(label.next.holds), logit, withState, row }),
        scores: dot(asked, items, width),
        logit: dot(asked, embed(items, batch.target), width),
        label: label.of,
      };
    },
  });
const averaged = ({ context }: Parts, losses: Logit): Tensor<never> =>
  mean(losses, [context.batch.batch, context.batch.seq]);
const verdict = (of: Model): readonly [code: string, message: string] | string => {
  const found = compile(traced(of));
  return isLeft(found) ? [found.left[0].code, found.left[0].message] : found.right.report.certificate!;
};
const text =
  'prediction at t reads position t of items; rows independent; whether rating >= 4 of what follows the loss alone reads';

describe('a loss of labels', () => {
  const honest: readonly (readonly [string, (parts: Parts) => Tensor<never>])[] = [
    [
      "the language's own",
      ({ context, label, logit }) => labelLoss(logit, label.next, [context.batch.batch, context.batch.seq]),
    ],
    ['softplus(z) - y z', (p) => averaged(p, sub(softplus(p.logit), mul(p.y, p.logit)))],
    ['softplus((1 - 2 y) z)', (p) => averaged(p, softplus(mul(sub(1, mul(p.y, 2)), p.logit)))],
    ['chosen by the label', (p) => averaged(p, where(p.label.next.holds, softplus(neg(p.logit)), softplus(p.logit)))],
    ['(z - y)²', (p) => averaged(p, square(sub(p.logit, p.y)))],
    [
      '|tanh(z) - y|, of half the weight where it holds',
      (p) => averaged(p, mul(abs(sub(tanh(p.logit), p.y)), sub(1, div(p.y, 2)))),
    ],
    [
      '(1 - p)² of a focal loss, by one prediction twice',
      (p) => averaged(p, mul(square(sub(p.y, tanh(p.logit))), softplus(mul(sub(1, mul(p.y, 2)), p.logit)))),
    ],
    [
      'where it is known, over how many are',
      (p) =>
        div(
          sum(where(p.label.next.known, square(sub(p.logit, p.y)), 0), [p.context.batch.batch, p.context.batch.seq]),
          maximum(sum(indicator(p.label.next.known), [p.context.batch.batch, p.context.batch.seq]), 1),
        ),
    ],
  ];
  it.each(honest)('is certified: %s', (_, loss) => expect(verdict(predicting(loss))).toBe(text));

  const leaking: readonly (readonly [string, (parts: Parts) => Tensor<never>])[] = [
    [
      'added to the logit by a weight',
      (p) => averaged(p, softplus(mul(sub(1, mul(p.y, 2)), add(p.logit, mul(p.y, param('w', [], normal(1))))))),
    ],
    [
      'added to the logit of a squared error',
      (p) => averaged(p, square(sub(add(p.logit, mul(p.y, param('w', [], normal(1)))), p.y))),
    ],
    ['added to the state', (p) => averaged(p, sub(softplus(p.withState(mul(p.y, p.row))), mul(p.y, p.logit)))],
    ['in the state as it is', (p) => averaged(p, softplus(neg(p.withState(p.y))))],
    [
      'choosing among two states',
      (p) => averaged(p, softplus(where(p.label.next.holds, p.logit, p.withState(p.row as never)))),
    ],
    [
      'known by whether it is known',
      (p) => averaged(p, softplus(add(p.logit, where(p.label.next.known, param('w', [], normal(1)), 0)))),
    ],
    [
      'as a feature, of the same event',
      (p) =>
        averaged(
          p,
          softplus(
            p.withState(
              mul(eventFeature('rating', numeric(), p.context.batch).next, p.row) as Tensor<'batch' | 'seq' | 'width'>,
            ),
          ),
        ),
    ],
  ];
  it.each(leaking)('is refused where the prediction has read it: %s', (_, loss) => {
    const found = verdict(predicting(loss));
    expect(found[0]).toBe('PC5002');
    expect(found[1]).toMatch(/rating/);
    expect(found[1]).toContain('the very answer that it is compared with');
  });

  it('is refused where a later label is read, and its own is not late', () => {
    const later = predicting((p) =>
      averaged(p, sub(softplus(p.logit), mul(shift(p.y, p.context.batch.seq, -1), p.logit))),
    );
    expect(verdict(later)[0]).toBe('PC5002');
  });

  it('is refused scores that ask for it', () => {
    const asking = model({
      name: 'tried',
      hyper: recommenderHypers,
      optimizer: () => adamw({ rate: 0.1 }),
      build: (context) => {
        const { batch } = context;
        const { width, items, input } = sequenceInput(context);
        const label = eventLabel('rating', atLeast(4), batch);
        const state = last(input, batch.seq, batch.batch);
        const logit = dot(input, embed(items, batch.targets), width);
        const told = add(dot(state, embed(items, batch.target), width), indicator(label.asked.holds));
        return {
          loss: labelLoss(logit, label.next, [batch.batch, batch.seq]),
          scores: dot(state, items, width),
          logit: told,
          label: label.of,
        };
      },
    });
    expect(verdict(asking)).toEqual([
      'PC5003',
      "the logit reads 'label.asked.rating.from.4', which is known only while training",
    ]);
  });
});

describe('a label', () => {
  it('is told by its words', () => {
    const bought = predicting(
      ({ context: { batch }, label, logit }) => labelLoss(logit, label.next, [batch.batch, batch.seq]),
      among('buy', 'cart', 'buy'),
    );
    expect(verdict(bought)).toBe(text.replace('>= 4', 'in buy, cart'));
  });
  it('begins at a number', () => expect(() => atLeast(Number.NaN)).toThrow('a label begins at a number, not at NaN'));
});
