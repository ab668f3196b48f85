/** Scans of every kind: recurrent, entry by entry, with several states, with a descent inside, through other scans. */
import { axis } from '../../dsl/axis.js';
import { sigmoid, silu, tanh } from '../../dsl/activation.js';
import * as build from '../../dsl/build.js';
import { descend } from '../../dsl/descend.js';
import { add, mul, scalar, sub } from '../../dsl/elementwise.js';
import type { Node } from '../../dsl/node.js';
import { expand, rename } from '../../dsl/position.js';
import { dot, sum } from '../../dsl/reduction.js';
import { scan, type ScanOptions } from '../../dsl/scan.js';
import { type Tensor, typed } from '../../dsl/tensor.js';
import { topological } from '../../compiler/graph.js';
import { batch, seq, width, WIDTH, wide } from './axes.js';

export type State = Tensor<'batch' | 'seq' | 'width'>;
const std = { kind: 'normal', std: 1 } as const;
const param = <A extends string>(path: string, axes: readonly Parameters<typeof build.param>[1][number][]): Tensor<A> =>
  typed<A>(build.param(path, axes, std));
export const x = param<'batch' | 'seq' | 'width'>('x', [batch, seq, width]);
export const w = param<'width' | 'wide'>('w', [width, wide]);
export const start = param<'batch' | 'width'>('start', [batch, width]);
export const zero = expand(scalar(0), batch, width);
export const half = typed<'width' | 'wide'>(build.map('mul', w, build.constant(0.4)));

/** tanh(previous W + x), a plain recurrent network. */
export const recurrent = (from: Tensor<'batch' | 'width'>, options?: ScanOptions): State =>
  scan(seq, from, (previous) => tanh(add(rename(dot(previous, half, width), wide, width), x)), options);
/** previous * sigmoid(x) + x, entry by entry. */
export const decay = (options?: ScanOptions): State =>
  scan(seq, start, (previous) => add(mul(previous, sigmoid(x)), x), options);
/** Two states, of which one asks for the other and only one is asked for. */
export const paired = (options?: ScanOptions): State => {
  const [cell] = scan(
    seq,
    [start, zero],
    ([c, h]): readonly [State, State] => {
      const gate = sigmoid(add(rename(dot(h, half, width), wide, width), x));
      const next = add(mul(gate, c), x);
      return [next, mul(tanh(c), gate)];
    },
    options,
  );
  return cell;
};
/** Two states of different axes, each asked for. */
export const both = (options?: ScanOptions): State => {
  const [h, total] = scan(
    seq,
    [start, expand(scalar(0), batch)],
    ([before, sofar]): readonly [State, Tensor<'batch' | 'seq'>] => [
      tanh(add(mul(before, 0.7), mul(x, sofar))),
      add(mul(sofar, 0.5), sum(before, width)),
    ],
    options,
  );
  return mul(h, sigmoid(total));
};
/** Fast weights: each position takes one step of descent on how well they map x to its mirror image. */
const out = axis('out', WIDTH);
const fast = (options?: ScanOptions): State => {
  const target = rename(mul(x, 0.3), width, out);
  const weights = scan(
    seq,
    expand(scalar(0), batch, width, out),
    (previous) => {
      const {
        states: [next],
      } = descend(
        ([m]) => sum(mul(mul(sub(dot(m, x, width), target), sub(dot(m, x, width), target)), 0.5), [seq, out]),
        { wrt: [previous], rate: 0.1, steps: 1 },
      );
      return next;
    },
    options,
  );
  return rename(dot(weights, x, width), out, width);
};
export const kinds: readonly (readonly [string, (options?: ScanOptions) => Node])[] = [
  ['a recurrent network', (o) => recurrent(start, o)],
  ['a recurrent network from zero', (o) => recurrent(zero, o)],
  ['a decaying sum', decay],
  ['two states', paired],
  ['two states, both asked for', both],
  ['fast weights', fast],
  ['a scan of a scan', (o) => scan(seq, zero, (previous) => add(mul(previous, 0.5), silu(recurrent(start, o))), o)],
  [
    'a scan read by its own derivative',
    (o) =>
      build.project(
        {
          op: 'gradient',
          of: build.reduce('sum', build.map('sin', recurrent(start, o)), ['batch', 'seq', 'width']),
          wrt: [x],
        },
        '0',
      ),
  ],
];

/** A scan and the derivative of a sum over it by each of its parameters. */
export const withSlopes = (root: Node): readonly Node[] => {
  const wrt = topological([root]).filter((n) => n.op === 'param');
  const total = build.reduce(
    'sum',
    build.map('sin', root),
    root.axes.map((a) => a.name),
  );
  return [root, ...wrt.map((_, i) => build.project({ op: 'gradient', of: total, wrt }, `${i}`))];
};
