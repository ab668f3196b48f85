/** What each primitive is in Python. */
import { axisOf } from '../../../dsl/build.js';
import { ruleOf, type Rules, still } from '../../exits/rules.js';
import { call } from './piece.js';
import { gathered, renamed, scattered, shifted } from './moves.js';
import { contraction, reduced } from './products.js';
import { uniform } from './random.js';
import { looped, type Writing } from './scan.js';
import { mapped, positions, scalar, type Value } from './value.js';

const rules: Rules<Writing, Value> = {
  ...still,
  uniform,
  constant: (n, w) => scalar(w, n.value, n.dtype),
  index: (n, w) => positions(w, n.axis),
  extent: (n, w) => ({ piece: w.sizes.whole(n.axis), axes: [], dtype: 'i32' }),
  map: (n, w) => mapped(w, n.fn, n.args.map(w.of), n.dtype),
  stop: (n, w) => {
    const v = w.of(n.arg);
    return { ...v, piece: call('lax.stop_gradient', v.piece) };
  },
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

export const rule = ruleOf(rules);
