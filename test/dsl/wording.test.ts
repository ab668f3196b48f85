/**
 * What a reader sees under the cursor when an axis is wrong. Wording is behaviour: a change here is a change of the
 * language, to be read before the snapshot is taken again.
 */
import { describe, expect, test } from 'vitest';
import { errorsOf } from './typescript.js';

const prelude = `
import * as p from 'pcrec';
import { add, and, axis, anderson, batchOf, causal, checkpoint, count, descend, dot, dropout, embed, embedding, exp, expand, extent, fixedPoint, gather,
  gradient, gradients, implicit, index, lastSteps, layerNorm, last, like, linear, lt, max, mean, mul, neg, normal, param, phantom, picard, pipe, prefix, rename,
  shift, silu, softmax, softmaxAttention, square, sub, sum, tanh, toF32, uniform, where, type Tensor } from 'pcrec';
const { batch, seq, item, items } = batchOf(8);
const key = like('key', seq), head = axis('head', 2), depth = axis('depth', 2), width = axis('width', 4);
const table = embedding('items', item, width);
const x = embed(table, items);
const user = last(x, seq, batch);
const theta = param('theta', [seq, key], normal(1));
`;

const compiles: Readonly<Record<string, string>> = {
  'plain and data-last reductions': `
    const a: Tensor<'batch' | 'seq'> = sum(x, width);
    const b: Tensor<'batch' | 'seq'> = pipe(x, exp, sum(width));
    const c: Tensor<'batch'> = pipe(x, mean([seq, width]));
    const d: Tensor<never> = sum(x, [batch, seq, width]);
    const e: Tensor<'batch', 'i32'> = max(items, seq);`,
  contractions: `
    const a: Tensor<'batch' | 'seq' | 'key'> = dot(x, rename(x, seq, key), width);
    const b: Tensor<'batch' | 'seq' | 'key'> = pipe(x, dot(rename(x, seq, key), width));
    const c: Tensor<'batch'> = dot(x, x, [seq, width]);`,
  'the attention of the design': `
    const y: Tensor<'batch' | 'seq' | 'width'> =
      pipe(dot(x, rename(x, seq, key), width), silu, where(causal(seq, key)), (a) => dot(a, rename(x, seq, key), key));`,
  'broadcasting, numbers and element types': `
    const a: Tensor<'batch' | 'seq' | 'width'> = pipe(add(x, 1), sub(sum(x, width)), mul(2));
    const b: Tensor<'seq', 'i32'> = pipe(index(seq), add(1));
    const c: Tensor<'seq' | 'key', 'bool'> = lt(index(seq), index(key));
    const d: Tensor<'seq' | 'batch'> = where(lt(index(seq), extent(seq, batch)), 1, 0);`,
  layers: `
    const a: Tensor<'batch' | 'seq' | 'head' | 'depth'> = linear('q', x, width, [head, depth]);
    const b: Tensor<'batch' | 'seq' | 'width'> = linear('o', a, [head, depth], width, { bias: false });
    const c: Tensor<'batch' | 'seq' | 'width'> = pipe(x, layerNorm(width), softmax(width), dropout('d', 0.1, 'training'));
    const d: Tensor<'batch' | 'seq' | 'head' | 'depth'> = softmaxAttention(a, rename(a, seq, key), rename(a, seq, key), depth, key, causal(seq, key));`,
  gradients: `
    const a: Tensor<'seq' | 'key'> = gradient(sum(x, width), theta);
    const [b, c] = gradients(sum(x, [seq, width]), [theta, x]);
    const d: Tensor<'seq' | 'key'> = b, e: Tensor<'batch' | 'seq' | 'width'> = c;`,
  'descent on a tuple, with its options': `
    const { states: [a, b], energy } = descend(([s0, s1, w]) => sum(square(sub(s0, dot(w, rename(s1, seq, key), key))), [seq, width]),
      { wrt: [x, tanh(x), expand(theta, batch)], rate: [0.1, silu(x), 1], clamp: [true, false, false], steps: 2, order: 'sweepUp', horizon: prefix(seq), backward: checkpoint(2) });
    const c: Tensor<'batch' | 'seq' | 'width'> = a, d: Tensor<'batch'> = energy;`,
  'descent on a list of states': `
    const layers: readonly Tensor<'batch' | 'seq' | 'width'>[] = [x, tanh(x)];
    const { states: [s] } = descend(([s]) => s.map((l) => sum(square(l), [seq, width])).reduce((a, b) => add(a, b)), { wrt: [layers], rate: 0.1, steps: 1 });
    const a: readonly Tensor<'batch' | 'seq' | 'width'>[] = s;`,
  equilibria: `
    const { value, converged } = fixedPoint(x, (s) => add(mul(tanh(s), 0.5), x),
      { solver: anderson(), stop: { per: 'row', atol: 1e-4, rtol: 0, maxSteps: 30 }, backward: implicit() });
    const a: Tensor<'batch' | 'seq' | 'width'> = value, b: Tensor<'batch', 'bool'> = converged;
    fixedPoint(x, tanh, { stop: { fixed: 3 }, backward: phantom({ steps: 2 }) });`,
};

const wrong: readonly string[] = [
  // reductions
  'sum(x, head);',
  'pipe(x, exp, sum(head));',
  'pipe(x, sum(width), sum(width));',
  'mean(x, [head, width]);',
  'sum(sum(x, [batch, seq, width]), head);',
  // contractions
  'dot(x, rename(x, seq, key), seq);',
  'dot(x, user, head);',
  'pipe(user, dot(x, seq));',
  'pipe(x, dot(theta, width));',
  // positions
  'rename(x, head, key);',
  'pipe(x, rename(head, key));',
  'shift(user, seq, 1);',
  'embed(user, items);',
  'gather(x, items, head);',
  'last(user, seq, batch);',
  // layers
  "linear('q', x, head, depth);",
  'pipe(x, layerNorm(head));',
  'softmax(x, [seq, head]);',
  // element types and exact axes
  'exp(items);',
  'add(x, items);',
  'pipe(items, add(x));',
  'where(x, 1, 0);',
  "const y: Tensor<'batch'> = sum(x, width);",
  "const f = (y: Tensor<'batch' | 'width'>) => y; pipe(x, f);",
  // descent and equilibria
  'descend(([s]) => mean(square(s), [batch, seq, width]), { wrt: [x], rate: 0.1, steps: 1 });',
  'descend(([s]) => sum(square(s), width), { wrt: [x], rate: 0.1, steps: 1 });',
  'descend(([s]) => sum(square(s), [seq, width]), { wrt: [x], rate: 0.1, steps: 1, gamma: 0.5 });',
  'descend(([s]) => sum(square(s), [seq, width]), { wrt: [x], rate: 0.1, steps: 1, backward: implicit() });',
  "descend(([s]) => sum(square(s), [seq, width]), { wrt: [x], rate: 0.1, steps: 1, order: 'up' });",
  'descend(([s]) => sum(square(s), [seq, width]), { wrt: [x], rate: [0.1, 0.2], steps: 1 });',
  'fixedPoint(x, tanh, { stop: { fixed: 3 }, backward: implicit() });',
  "fixedPoint(x, tanh, { stop: { per: 'row', atol: 1e-4, rtol: 0, maxSteps: 30 }, backward: lastSteps(1) });",
  'fixedPoint(x, tanh, { stop: { fixed: 3, atol: 1e-4 } });',
  'fixedPoint(x, tanh, { stop: { fixed: 3 }, damping: 0.5 });',
  'fixedPoint(x, (s) => sum(s, width), { stop: { fixed: 3 } });',
  'fixedPoint(theta, tanh, { stop: { fixed: 3 } });',
];

describe('axes are checked by tsc', () => {
  const names = Object.keys(compiles);
  const errors = errorsOf(prelude, [...Object.values(compiles), ...wrong]);

  test.each(names.map((name, i) => [name, i] as const))('%s compile', (_, i) => {
    expect(errors[i]).toEqual([]);
  });

  test('every wrong expression is an error, under the cursor, in words', () => {
    const said = wrong.map((code, i) => `${code}\n${errors[names.length + i]!.join('\n').replace(/^/gm, '    ')}`);
    wrong.forEach((code, i) => expect(errors[names.length + i], code).not.toEqual([]));
    expect(said.join('\n\n')).toMatchSnapshot();
  });
});
