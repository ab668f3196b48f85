/** A derivative is masked last: what is not asked for cannot make it infinite or no number. */
import { describe, expect, test } from 'vitest';
import { axis, div, exp, gradient, gt, log, lt, mul, param, pow, rsqrt, sqrt, sum, where, zeros, type Tensor } from 'pcrec';
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
    const [found] = meaning([gradient(sum(where(lt(x, 3), exp(mul(x, 400)), 0), width), x)], { sizes: {}, params: { x: [0, -1, 4] } });
    expect([...found!.data]).toEqual([400, expect.closeTo(400 * Math.exp(-400), 12), 0]);
  });
});
