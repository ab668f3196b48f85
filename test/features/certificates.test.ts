/** What is proved of models with features, and what is refused of them. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type Context,
  type Outputs,
  type State,
  add,
  adamw,
  axis,
  category,
  dot,
  embed,
  embedFeature,
  eventFeature,
  gather,
  itemFeature,
  linear,
  log,
  exp,
  mean,
  model,
  nextItem,
  normal,
  numeric,
  param,
  recommenderHypers,
  sequenceInput,
  shift,
  sub,
  sum,
  vector,
} from 'pcrec';
import { compile } from '../../compiler/compile.js';
import type { Model } from '../../dsl/model.js';
import sasrecf from '../../models/sasrecf.js';
import { columns, traced } from '../support/models.js';
import { eventful } from './compiled.js';

type Ctx = Context<typeof recommenderHypers>;
const tried = (build: (context: Ctx) => Outputs): Model =>
  model({ name: 'tried', hyper: recommenderHypers, optimizer: () => adamw({ rate: 0.1 }), build });
/** A model whose state is the input and something more; `training`: while training alone. */
const adding = (
  more: (context: Ctx, width: ReturnType<typeof sequenceInput>['width']) => State,
  training = true,
  at: 'all' | 'last' = 'all',
): Model =>
  tried((context) => {
    const { width, items, input } = sequenceInput(context);
    const state = training && context.phase === 'inference' ? input : add(input, more(context, width));
    return nextItem(context, { width, items }, state, at);
  });
const verdict = (of: Model, over = {}): readonly [code: string, message: string] | string => {
  const found = compile(traced(of, over));
  return isLeft(found) ? [found.left[0].code, found.left[0].message] : found.right.report.certificate!;
};

describe('a model that reads features', () => {
  it('is certified, and what it takes on trust is said', () => {
    expect(verdict(sasrecf, columns)).toBe(
      "prediction at t reads positions <= t of items; rows independent; that the table of items told genre, tags, text, year beforehand is the author's word",
    );
    const read = ['items', 'event.action', 'event.rating', 'times.hour', 'times.next.weekday', 'times.next', 'times'];
    expect(verdict(eventful)).toBe(
      `prediction at t reads ${read.map((name) => `position t of ${name}`).join(', ')}; rows independent`,
    );
  });

  it('is refused where its prediction has read a feature of the event that is asked for', () => {
    const rated = adding(({ batch }, width) =>
      embedFeature('told', eventFeature('rating', numeric(), batch).next, width),
    );
    expect(verdict(rated)).toEqual(['PC5002', expect.stringContaining('next.rating')]);
    const done = adding(({ batch }, width) => {
      const { next, vocabulary } = eventFeature('action', category(), batch);
      return embedFeature('told', { values: next, vocabulary }, width);
    });
    expect(verdict(done)).toEqual(['PC5002', expect.stringContaining('next.action')]);
  });

  it('is refused where scores ask for it, or another position does', () => {
    const scores = verdict(
      adding(
        ({ batch }, width) => embedFeature('told', eventFeature('rating', numeric(), batch).next, width),
        false,
        'last',
      ),
    );
    expect(scores[0]).toMatch(/^PC500[123]$/);
    const future = verdict(
      adding(({ batch }, width) =>
        embedFeature('told', shift(eventFeature('rating', numeric(), batch).values, batch.seq, -1), width),
      ),
    );
    expect(future).toEqual(['PC5001', expect.stringContaining("'event.rating'")]);
  });

  it('may predict what is done next: the vocabulary holds its candidates, as the catalogue does', () => {
    const acting = tried((context) => {
      const { batch } = context;
      const { width, items, input } = sequenceInput(context);
      const { next, vocabulary } = eventFeature('action', category(), batch);
      const scores = dot(input, param('actions', [vocabulary, width], normal(0.1)), width);
      const losses = sub(log(sum(exp(scores), vocabulary)), gather(scores, next, vocabulary));
      const predicted = nextItem(context, { width, items }, input);
      return { ...predicted, loss: add(predicted.loss, mean(losses, [batch.batch, batch.seq])) };
    });
    expect(verdict(acting)).toBe('prediction at t reads position t of items; rows independent');
    const seeing = tried((context) => {
      const { batch } = context;
      const { width, items, input } = sequenceInput(context);
      const action = eventFeature('action', category(), batch);
      const table = param('actions', [action.vocabulary, width], normal(0.1));
      const state = add(input, gather(table, action.next, action.vocabulary));
      const scores = dot(state, table, width);
      const losses = sub(log(sum(exp(scores), action.vocabulary)), gather(scores, action.next, action.vocabulary));
      const predicted = nextItem(context, { width, items }, input);
      return { ...predicted, loss: add(predicted.loss, mean(losses, [batch.batch, batch.seq])) };
    });
    expect(verdict(seeing)[0]).toBe('PC5002');
  });

  it('may not smuggle the answer through its vector: the width of a vector is features', () => {
    const leaking = tried((context) => {
      const { batch, phase } = context;
      const { width, items, input } = sequenceInput(context);
      const text = itemFeature('text', vector());
      const own = phase === 'inference' ? embed(text.values, batch.items) : embed(text.values, batch.targets);
      const state = add(input, linear('smuggled', own, text.width, width));
      return nextItem(context, { width, items }, state);
    });
    expect(verdict(leaking)[0]).toBe('PC5002');
  });
});

describe('what a model declares of features', () => {
  it('has sizes of its features, and of none that it does not read', () => {
    const stray = adding(
      (_, width) =>
        sum(
          param('stray', [axis('odd', 'item_odd_values'), width], normal(1)),
          axis('odd', 'item_odd_values'),
        ) as never,
    );
    expect(verdict(stray)).toEqual(['PC2007', "the axis 'odd' has the size 'item_odd_values', which nobody binds"]);
  });
  it('is one kind of column for one name', () => {
    const two = adding(({ batch }, width) => {
      const [a, b] = [itemFeature('genre', category()), itemFeature('genre', numeric())];
      return add(embed(embedFeature('a', a, width), batch.items), embed(embedFeature('b', b, width), batch.items));
    });
    expect(verdict(two)).toEqual([
      'PC3002',
      expect.stringContaining(
        "one is given by the column 'genre' of items (category), the other is given by the column 'genre' of items (number)",
      ),
    ]);
  });
  it('is a name', () => {
    expect(() => itemFeature('a\nb', category())).toThrow('cannot name a feature');
  });
});
