/** The gradient of a maximum arrives on a device where no two computations of one value agree. */
import { describe, expect, test } from 'vitest';
import { add, axis, gradient, max, maximum, minimum, mul, param, sum, tanh, zeros, type Tensor } from 'pcrec';
import { loops, uneven } from '../support/lowered.js';
import { reference, type Target } from '../support/programs.js';

const width = axis('width', 3);
const rows = axis('rows', 2);
const [a, b] = [param('a', [rows, width], zeros), param('b', [rows, width], zeros)];
type Table = Tensor<'rows' | 'width'>;
const env = { sizes: {}, params: { a: [0.1, 0.7, 0.3, 0.4, 0.2, 0.4], b: [0.3, 0.9, 0.2, 0.6, 0.5, 0.6] } };
const targets: readonly (() => Target)[] = [() => reference, () => loops, uneven];
const product: Table = mul(a, b);

describe.each(targets.map((make) => [make().name, make] as const))('%s', (_, make) => {
  const slopes = (of: Tensor<never>, wrt = a) => Array.from(make().values([gradient(of, wrt)], env)[0]!);
  const close = (want: readonly number[]) => want.map((x): unknown => expect.closeTo(x, 5));

  test('of what is computed again, ties included', () => {
    const [first, tied] = [
      slopes(sum(max(product, width), rows)).slice(0, 3),
      slopes(sum(max(product, width), rows)).slice(3),
    ];
    expect(first).toEqual(close([0, 0.9, 0]));
    // Two cells of one value are two computations too: a device may tell them apart, but none of the slope is lost.
    expect([tied[0]! + tied[2]!, tied[1]]).toEqual(close([0.6, 0]));
    if (make !== uneven) expect(tied).toEqual(close([0.3, 0, 0.3]));
  });
  test('of a slope', () => {
    const slope = gradient(sum(max(tanh(product), width), rows), a);
    const t = Math.tanh(0.63);
    const bend = 0.9 * 0.9 * -2 * t * (1 - t * t);
    const [found] = make().values([gradient(sum(slope, [rows, width]), a)], env);
    expect(Array.from(found!).slice(0, 3)).toEqual(close([0, bend, 0]));
  });
  test.each([
    ['the larger', maximum],
    ['the smaller', minimum],
  ] as const)('%s of two equals: one of them has it all', (__, pick) => {
    // b a and a b are one value, computed twice; what is added tells the two apart.
    const [x, y] = [param('x', [rows, width], zeros), param('y', [rows, width], zeros)];
    const of = sum(pick(add(mul(tanh(a), tanh(b)), x), add(mul(tanh(a), tanh(b)), y)), [rows, width]);
    const [byX, byY] = make().values([gradient(of, x), gradient(of, y)], {
      ...env,
      params: { ...env.params, x: env.params.a.map(() => 0), y: env.params.a.map(() => 0) },
    });
    expect(Array.from(byX!, (v, i) => v + byY![i]!)).toEqual(close([1, 1, 1, 1, 1, 1]));
  });
});
