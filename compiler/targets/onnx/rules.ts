/** What each primitive is in an ONNX graph. */
import { axisOf } from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import { handed, ruleOf, type Rules, still } from '../../exits/rules.js';
import { gathered, renamed, scattered, shifted } from './moves.js';
import { contraction } from './products.js';
import { uniform } from './random.js';
import { looped, type Writing } from './scan.js';
import { mapped, positions, scalar, type Value } from './value.js';

/** What a sum runs over is not written as a product first. */
const factorsOf = (n: Node): readonly Node[] => {
  if (n.dtype === 'f32' && n.op === 'map' && n.fn === 'mul') return n.args.flatMap(factorsOf);
  return n.op === 'broadcast' || n.op === 'stop' || n.op === 'barrier' ? factorsOf(n.arg) : [n];
};

const reduce: Rules<Writing, Value>['reduce'] = (n, w) => {
  const over = n.arg.axes.filter((a) => n.over.includes(a.name));
  if (n.monoid === 'sum') return contraction(w, factorsOf(n.arg).map(w.of), over);
  const v = w.of(n.arg);
  const at = v.axes.flatMap((a, i) => (n.over.includes(a.name) ? [i] : []));
  if (at.length === 0) return v;
  const id = w.book.op('ReduceMax', [v.id, w.book.numbers('i64', at, [at.length])], { keepdims: 0 });
  return { ...v, id, axes: v.axes.filter((a) => !n.over.includes(a.name)) };
};

const rules: Rules<Writing, Value> = {
  ...still,
  uniform,
  constant: (n, w) => scalar(w, n.value, n.dtype),
  index: (n, w) => positions(w, n.axis),
  extent: (n, w) => ({ id: w.sizes.count(n.axis), axes: [], dtype: 'i32' }),
  map: (n, w) => mapped(w, n.fn, n.args.map(w.of), n.dtype),
  stop: handed,
  reduce,
  gather: (n, w) => gathered(w, w.of(n.table), w.of(n.at), axisOf(n.table, n.axis)),
  scatter: (n, w) => scattered(w, n, w.of(n.arg), w.of(n.at)),
  rename: (n, w) => renamed(w, w.of(n.arg), n.from, n.to),
  shift: (n, w) => shifted(w, w.of(n.arg), axisOf(n, n.axis), n.by),
  scan: looped,
};

export const rule = ruleOf(rules);
