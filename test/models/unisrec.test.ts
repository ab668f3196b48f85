/** What UniSRec is made of: each part against its formula in plain loops, what it is certified to read, and every target. */
import { describe, expect, test } from 'vitest';
import { axis, batchOf, contrastOfViews, itemFeature, mean, mixtureOfWhitenings, standardNormal, vector } from 'pcrec';
import * as build from '../../dsl/build.js';
import { typed } from '../../dsl/tensor.js';
import unisrec from '../../models/unisrec.js';
import { numbers, run1, someParams } from '../dsl/evaluate.js';
import { expectDerivatives } from '../support/derivatives.js';
import { traced } from '../support/models.js';
import { certificateOf, disagreements } from '../support/targets.js';

const [ITEMS, TEXT, W, EXPERTS] = [4, 3, 2, 3];
const width = axis('width', W);
const { batch } = batchOf(5);
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const sizes = { batch: 4, items: ITEMS, item_text_width: TEXT };
const random = { seed: 3, step: 1 };

describe('a mixture of whitenings', () => {
  const made = (phase: 'training' | 'inference') =>
    mixtureOfWhitenings('a', itemFeature('text', vector()), width, { experts: EXPERTS, phase });
  const params = someParams([made('training')], { item: ITEMS, text: TEXT, expert: EXPERTS, width: W });
  const env = { sizes, inputs: {}, params, random };
  const texts = params['item.text']!;
  // Axes are stored by name: expert before text before width.
  const gateOf = (name: string, i: number, e: number): number =>
    total(range(TEXT).map((j) => texts[i * TEXT + j]! * params[`a.${name}.weight`]![e * TEXT + j]!));
  const cell = (i: number, w: number, shaken: (i: number, e: number) => number): number => {
    const scores = range(EXPERTS).map((e) => Math.exp(gateOf('gate', i, e) + shaken(i, e)));
    return total(
      range(EXPERTS).map(
        (e) =>
          (scores[e]! / total(scores)) *
          total(
            range(TEXT).map(
              (j) =>
                (texts[i * TEXT + j]! - params['a.centre']![e * TEXT + j]!) *
                params['a.weight']![(e * TEXT + j) * W + w]!,
            ),
          ),
      ),
    );
  };
  test('turns each vector in as many ways as there are experts, and mixes them', () => {
    const found = run1(made('inference'), env);
    range(ITEMS).forEach((i) =>
      range(W).forEach((w) =>
        expect(found({ item: i, width: w })).toBeCloseTo(
          cell(i, w, () => 0),
          9,
        ),
      ),
    );
  });
  test('shakes its gate while training alone', () => {
    const expert = axis('expert', EXPERTS);
    const noise = run1(standardNormal('a.noise', [batchOf(5).item, expert]), env);
    const shaken = (i: number, e: number): number =>
      noise({ item: i, expert: e }) * Math.log1p(Math.exp(gateOf('shake', i, e)));
    const found = run1(made('training'), env);
    range(ITEMS).forEach((i) =>
      range(W).forEach((w) => expect(found({ item: i, width: w })).toBeCloseTo(cell(i, w, shaken), 9)),
    );
    expect(run1(made('inference'), env)({ item: 0, width: 0 })).not.toBeCloseTo(found({ item: 0, width: 0 }), 6);
  });
  test('has the derivatives of its parameters', () => expectDerivatives(made('training'), env));
});

test('standard normal numbers are what they are called', () => {
  const many = axis('many', 20_000);
  const env = { sizes, inputs: {}, params: {}, random };
  const found = run1(standardNormal('n', [many]), env);
  const values = range(20_000).map((i) => found({ many: i }));
  const moment = (p: number): number => total(values.map((x) => x ** p)) / values.length;
  expect(values.every(Number.isFinite)).toBe(true);
  // Four deviations of each moment's mean.
  const off = 4 / Math.sqrt(values.length);
  expect(Math.abs(moment(1))).toBeLessThan(off);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(off * Math.sqrt(2));
  expect(Math.abs(moment(3))).toBeLessThan(off * Math.sqrt(15));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(off * Math.sqrt(96));
  expect(values.filter((x) => Math.abs(x) > 1.959964).length / values.length).toBeCloseTo(0.05, 2);
});

describe('the contrast of views', () => {
  const view = (name: string) => typed<'batch' | 'width'>(build.input(name, [batch, width], 'f32'));
  const given = { first: numbers(4 * W, 1), second: numbers(4 * W, 2) };
  const env = (missing: number) => ({ sizes, inputs: { ...given, 'batch.missing': [missing] }, params: {}, random });
  const made = contrastOfViews(view('first'), view('second'), { rows: batch, width, temperature: 0.3 });
  const unit = (of: readonly number[], r: number): readonly number[] => {
    const row = of.slice(r * W, (r + 1) * W);
    return row.map((x) => x / Math.sqrt(total(row.map((y) => y * y))));
  };
  test.each([0, 1])('is the share of the own second view among those of the rows, %i missing', (missing) => {
    const found = run1(made, env(missing));
    const rows = range(4 - missing);
    const score = (r: number, o: number): number =>
      Math.exp(total(range(W).map((w) => unit([...given.first], r)[w]! * unit([...given.second], o)[w]!)) / 0.3);
    rows.forEach((r) =>
      expect(found({ batch: r })).toBeCloseTo(-Math.log(score(r, r) / total(rows.map((o) => score(r, o)))), 9),
    );
  });
  test('is 0 for a row alone, and is finite where a view has no direction', () => {
    const alone = { sizes: { ...sizes, batch: 1 }, inputs: { first: [1, 2], second: [2, 1], 'batch.missing': [0] } };
    expect(run1(made, { ...alone, params: {}, random })({ batch: 0 })).toBeCloseTo(0, 12);
    const flat = { ...env(0), inputs: { ...env(0).inputs, first: numbers(8, 1).map(() => 0) } };
    expect(run1(mean(made, batch), flat)({})).toBeCloseTo(Math.log(4), 12);
  });
});

const told = "; that the table of items told text beforehand is the author's word";
const alone = `prediction at t reads positions <= t of items; rows independent${told}`;
describe.each([
  ['inductive', {}, alone],
  ['transductive', { stage: 'transductive' }, alone],
  [
    'pretraining',
    { stage: 'pretraining' },
    `prediction at t reads positions <= t of items, and how long its row is; rows read one another (seq.lengths, items)${told}`,
  ],
] as const)('unisrec, %s', (_, over, certificate) => {
  const small = { ...over, experts: 2, blocks: 1 };
  test('has its certificate', () => expect(certificateOf(unisrec, small)).toBe(certificate));
  test('is on every target what it means', async () => expect(await disagreements(unisrec, small, [0])).toEqual([]));
});

test('pretraining has a loss of its own', () =>
  expect(() => traced(unisrec, { stage: 'pretraining', loss: 'bce' })).toThrow(
    'pretraining is a softmax among the answers of a batch, and loss=bce: leave one of the two out',
  ));
