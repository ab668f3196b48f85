/** A derivative is masked last: what is not asked for cannot make it infinite or no number. */
import { describe, expect, test } from 'vitest';
import {
  axis,
  div,
  exp,
  gradient,
  gt,
  log,
  lt,
  mul,
  neg,
  normalise,
  param,
  pow,
  rsqrt,
  softmax,
  sqrt,
  sum,
  variance,
  where,
  zeros,
  type Tensor,
} from 'pcrec';
import { meaning } from '../support/programs.js';

const width = axis('width', 3);
const x = param('x', [width], zeros);
const at = [0, -1, 4];
type Vector = Tensor<'width'>;

const cases: Readonly<Record<string, readonly [(x: Vector) => Vector, (x: number) => number]>> = {
  log: [(v) => where(gt(v, 0), log(v), 0), (v) => 1 / v],
  sqrt: [(v) => where(gt(v, 0), sqrt(v), 0), (v) => 0.5 / Math.sqrt(v)],
  rsqrt: [(v) => where(gt(v, 0), rsqrt(v), 0), (v) => -0.5 * v ** -1.5],
  div: [(v) => where(gt(v, 0), div(1, v), 0), (v) => -1 / v ** 2],
  pow: [(v) => where(gt(v, 0), pow(v, 0.5), 0), (v) => 0.5 / Math.sqrt(v)],
  'log behind a product': [(v) => where(gt(v, 0), mul(log(v), 2), 0), (v) => 2 / v],
};

describe('where', () => {
  test.each(Object.entries(cases))('%s where it exists has no derivative elsewhere', (_, [f, slope]) => {
    const [found] = meaning([gradient(sum(f(x), width), x)], { sizes: {}, params: { x: at } });
    expect([...found!.data]).toEqual([0, 0, slope(4)].map((want) => expect.closeTo(want, 12)));
  });

  test('exp that overflows where it is not asked for', () => {
    const [found] = meaning([gradient(sum(where(lt(x, 3), exp(mul(x, 400)), 0), width), x)], {
      sizes: {},
      params: { x: [0, -1, 4] },
    });
    expect([...found!.data]).toEqual([400, expect.closeTo(400 * Math.exp(-400), 12), 0]);
  });
});

const slopesOf = (of: Tensor<never>, at: readonly number[]): readonly (readonly number[])[] => {
  const slope = gradient(of, x);
  return meaning([of, slope, gradient(sum(mul(slope, slope), width), x)], { sizes: {}, params: { x: at } }).map((v) => [
    ...v.data,
  ]);
};
const none = [0, 0, 0];

describe('what has no direction, or nothing to choose from', () => {
  test.each<readonly [string, (v: Vector) => Tensor<never>]>([
    ['the norm of 0', (v) => sqrt(sum(mul(v, v), width))],
    ['the deviation of what is all the same', (v) => sqrt(variance(v, width))],
    ['0 brought to unit length', (v) => sum(mul(normalise(v, width), normalise(v, width)), width)],
    ['0, normalised, in another direction', (v) => sum(normalise(v, width), width)],
    ['a softmax of nothing', (v) => sum(mul(softmax(v, width, gt(v, 9)), mul(v, v)), width)],
  ])('%s is 0, and so are its derivatives', (_, f) => {
    const [value, slope, bend] = slopesOf(f(x), none);
    expect([value!.map(Math.abs), slope!.map(Math.abs), bend!.map(Math.abs)]).toEqual([[0], none, none]);
  });
  test('a softmax of one has no slope', () => {
    const [value, slope] = slopesOf(sum(softmax(x, width, gt(x, 1)), width), [0, -1, 4]);
    expect([value, slope!.map(Math.abs)]).toEqual([[1], none]);
  });
  test('the branch that is taken otherwise is let alone too', () => {
    expect(slopesOf(sum(where(gt(x, 0), mul(x, x), mul(x, log(neg(x)))), width), [1, 2, 3])[1]).toEqual([2, 4, 6]);
  });
});
