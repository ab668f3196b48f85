/** What is predicted of the next event beside its item: its numbers, what it changes, and that no prediction reads it. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  add,
  category,
  embed,
  embedFeature,
  eventFeature,
  fusedItems,
  axis,
  featureHypers,
  integer,
  model,
  nextEventHypers,
  nextEventLoss,
  nextItem,
  recommenderHypers,
  recommenderOptimizer,
  stacked,
  withInference,
} from 'pcrec';
import { certificateText } from '../../compiler/dependence/wording.js';
import { certify } from '../../compiler/passes/certify.js';
import { diagonalise } from '../../compiler/passes/diagonal.js';
import { expand } from '../../compiler/passes/expand.js';
import { runPasses } from '../../compiler/pipeline.js';
import { evaluate } from '../../compiler/targets/reference.js';
import type { HyperValue, Model } from '../../dsl/model.js';
import hstuf from '../../models/hstuf.js';
import { layeredPredictionError } from '../../models/pcrec.js';
import { columnSizes, environment, plain, programs, traced } from '../support/models.js';

type Over = Readonly<Record<string, HyperValue>>;
const events = { categories: '', eventCategories: 'action', eventNumbers: 'rating' } as const;
const verdict = (of: Model, over: Over = {}): readonly [code: string, message: string] | string => {
  const found = runPasses([expand, diagonalise, certify], programs(of, over)[0]!);
  return isLeft(found) ? [found.left[0].code, found.left[0].message] : certificateText(found.right.certificate!);
};

/** States are the items' own vectors, and the loss is that of the next event alone. */
const bare = model({
  name: 'bare',
  hyper: { ...recommenderHypers, ...featureHypers, ...nextEventHypers, blocks: integer(1, 'unread') },
  optimizer: recommenderOptimizer,
  build: (context) => {
    const width = axis('width', context.hyper.width);
    const items = fusedItems(context, width);
    const state = embed(items, context.batch.items);
    const { scores } = nextItem(context, { width, items }, state);
    return { loss: nextEventLoss(context, { width, items }, state), scores };
  },
});

describe('the loss of the next event', () => {
  const setting = { ...events, weight: 0.7, temperature: 0.5, width: 4, length: 6 };
  const [batch, width, length] = [3, 4, 6];
  const worked = (
    column: 'action' | 'rating',
    lossAt: (judged: (row: readonly number[]) => number, place: number) => number,
  ) => {
    const program = plain(programs(bare, { ...setting, predicted: column })[0]!);
    const env = environment([program]);
    const numbers = (name: string): readonly number[] => Array.from(env.params![name] ?? env.inputs![name]!);
    const unit = (id: number): readonly number[] => {
      const row = numbers('embedding.items').slice(id * width, (id + 1) * width);
      const size = Math.hypot(...row);
      return row.map((x) => x / size);
    };
    const places = Array.from({ length: batch }, (_, row) =>
      Array.from({ length: numbers('seq.lengths')[row]! }, (_, t) => row * length + t),
    ).flat();
    const losses = places.map((place) => {
      const [state, item] = [unit(numbers('items')[place]!), unit(numbers('targets')[place]!)];
      return lossAt((row) => row.reduce((sum, w, k) => sum + state[k]! * item[k]! * w, 0) / 0.5, place);
    });
    const [got] = evaluate([program.outputs['loss']!], env);
    return {
      numbers,
      losses,
      got: got!.data[0]!,
      want: () => (0.7 * losses.reduce((a, b) => a + b, 0)) / places.length,
    };
  };

  it('is the mean cross-entropy of what is done, given the item; what is missing counts for nothing', () => {
    const values = columnSizes.event_action_values;
    const program = plain(programs(bare, { ...setting, predicted: 'action' })[0]!);
    const { params, inputs } = environment([program]);
    const [weight, bias, next] = [
      params!['next.action.weight']!,
      params!['next.action.bias']!,
      inputs!['next.action']!,
    ];
    const { losses, got, want } = worked('action', (judged, place) => {
      const score = (value: number): number =>
        judged(Array.from({ length: width }, (_, k) => weight[value * width + k]!)) + bias[value]!;
      const total = Array.from({ length: values - 1 }, (_, v) => Math.exp(score(v + 1))).reduce((a, b) => a + b);
      return next[place] === 0 ? 0 : Math.log(total) - score(next[place]!);
    });
    expect(losses).toContain(0);
    expect(losses.some((loss) => loss > 0)).toBe(true);
    expect(got).toBeCloseTo(want(), 10);
  });

  it('is the squared error of a number', () => {
    const program = plain(programs(bare, { ...setting, predicted: 'rating' })[0]!);
    const { params, inputs } = environment([program]);
    const { got, want } = worked(
      'rating',
      (judged, place) =>
        (judged(Array.from(params!['next.rating.weight']!)) +
          params!['next.rating.bias']![0]! -
          inputs!['next.rating']![place]!) **
        2,
    );
    expect(got).toBeCloseTo(want(), 10);
  });
});

describe('a model that predicts it', () => {
  const predicting = { ...events, predicted: 'action,rating' };

  it('is certified, position by position and row by row', () => {
    const text =
      'prediction at t reads positions <= t of items, <= t of event.action, <= t of event.rating; rows independent';
    expect(verdict(hstuf, predicting)).toBe(text);
    const inferring = withInference(hstuf, layeredPredictionError);
    expect(verdict(inferring, predicting)).toBe(text);
    expect(verdict(inferring, { ...predicting, horizon: 'last' })).toBe(
      'one prediction a row, which may read all of its positions; rows independent',
    );
  });

  it('has the scores of one that does not, and with the weight 0 its loss', () => {
    const [with0, without] = [{ ...predicting, weight: 0 }, events].map((over) => programs(hstuf, over).map(plain));
    const env = environment([with0![0]!, with0![2]!]);
    for (const [entry, output] of [
      [0, 'loss'],
      [2, 'scores'],
    ] as const) {
      const [got, want] = [with0, without].map((of) => evaluate([of![entry]!.outputs[output]!], env)[0]!.data);
      expect(got).toEqual(want);
    }
    const other = {
      ...env,
      inputs: { ...env.inputs, 'next.action': Array.from(env.inputs!['next.action']!, (a) => (a + 1) % 3) },
    };
    const loss = plain(programs(hstuf, predicting)[0]!).outputs['loss']!;
    expect(evaluate([loss], other)[0]!.data).not.toEqual(evaluate([loss], env)[0]!.data);
  });

  it('is refused where its states have read the action that follows', () => {
    const knowing = stacked({
      ...hstuf,
      name: 'knowing',
      stack: (context) => {
        const stack = hstuf.stack(context);
        const { next, vocabulary } = eventFeature('action', category(), context.batch);
        const told = embedFeature('told', { values: next, vocabulary }, stack.table.width);
        return { ...stack, input: context.phase === 'training' ? add(stack.input, told) : stack.input };
      },
    });
    expect(verdict(knowing, predicting)).toEqual(['PC5002', expect.stringContaining("'next.action'")]);
    // Its items' loss alone would not tell: the action is no item. The certificate does.
    expect(verdict(knowing, events)).toEqual(['PC5002', expect.stringContaining("'next.action'")]);
  });

  it('is refused columns that it does not read, and no columns at all', () => {
    expect(() => traced(hstuf, { ...events, predicted: 'action,price' })).toThrow(
      "predicted=price, but 'price' is no column of events that the model reads: name it in eventCategories or eventNumbers too",
    );
    expect(() => traced(hstuf, { categories: ' , ' })).toThrow(
      'there is no feature: name columns, or compile the model that reads none',
    );
  });
});
