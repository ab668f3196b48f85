/** One rule for each primitive. The type is mapped over the union of nodes: the table cannot miss one. */
import { axisOf } from '../../../dsl/build.js';
import { impossible } from '../../../dsl/errors.js';
import type { Node, Op } from '../../../dsl/node.js';
import type { Of } from '../../primitives/record.js';
import { call } from './piece.js';
import { gathered, renamed, scattered, shifted } from './moves.js';
import { contraction, reduced } from './products.js';
import { uniform } from './random.js';
import { looped, type Writing } from './scan.js';
import { mapped, positions, scalar, type Value } from './value.js';

type Rule<N extends Node> = (node: N, w: Writing) => Value;

/** Arrays that a function is given are there before anything is written, and the states of a loop before its step. */
const given = (n: Node): never => impossible(`'${n.op}' is given`);
const handed = (n: { readonly arg: Node }, { of }: Writing): Value => of(n.arg);

const rules: { readonly [O in Op]: Rule<Of<O>> } = {
  input: given,
  param: given,
  carry: given,
  variable: (n) => impossible(`the variable '${n.name}' is bound nowhere`),
  project: (n) => impossible(`${n.of.op} was not expanded`),
  uniform,
  constant: (n, w) => scalar(w, n.value, n.dtype),
  index: (n, w) => positions(w, n.axis),
  extent: (n, w) => ({ piece: w.sizes.count(n.axis), axes: [], dtype: 'i32' }),
  map: (n, w) => mapped(w, n.fn, n.args.map(w.of), n.dtype),
  broadcast: handed,
  barrier: handed,
  stop: (n, w) => {
    const v = w.of(n.arg);
    return { ...v, piece: call('lax.stop_gradient', v.piece) };
  },
  implicit: (n, w) => w.of(n.value),
  reduce: (n, w) =>
    n.monoid === 'max'
      ? reduced('jnp.max', w.of(n.arg), n.over)
      : contraction(
          w,
          w.factors(n).map(w.of),
          n.arg.axes.filter((a) => n.over.includes(a.name)),
        ),
  gather: (n, w) => gathered(w, w.of(n.table), w.of(n.at), axisOf(n.table, n.axis)),
  scatter: (n, w) => scattered(w, n, w.of(n.arg), w.of(n.at)),
  rename: (n, w) => renamed(w.of(n.arg), n.from, n.to),
  shift: (n, w) => shifted(w, w.of(n.arg), axisOf(n, n.axis), n.by),
  scan: looped,
};

export const rule = (n: Node, w: Writing): Value => (rules[n.op] as Rule<Node>)(n, w);
