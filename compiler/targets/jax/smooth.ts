/**
 * A loss that others may differentiate. JAX multiplies by the slope of a branch that was not chosen, so where that is infinite the product
 * with 0 is no number: what is divided by, rooted or taken the logarithm of is 1 there. And the root of 0 has slope 0, as everywhere here.
 */
import * as build from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import type { ScalarName } from '../../../dsl/scalar.js';
import { rewrite } from '../../graph.js';
import { type Program, rootsOf, withRoots } from '../../program.js';

/** Functions with a slope that has no bound, and of which argument. */
const steep: { readonly [F in ScalarName]?: number } = { rsqrt: 0, sqrt: 0, log: 0, log1p: 0, pow: 0, div: 1 };
const one = build.constant(1);

/** The same where `p` holds, with something harmless elsewhere. */
const guarded = (n: Node, p: Node): Node => {
  if (n.op !== 'map') return n;
  const at = steep[n.fn];
  if (at === undefined || n.args[at]!.op === 'constant') return n;
  return build.map(n.fn, ...n.args.map((a, i) => (i === at ? build.map('select', p, a, one) : a)));
};

const rule = (n: Node): Node => {
  if (n.op !== 'map') return n;
  if (n.fn === 'sqrt') {
    const [x] = n.args as readonly [Node];
    const zero = build.map('eq', x, build.constant(0));
    return build.map('select', zero, build.constant(0), build.map('sqrt', build.map('select', zero, one, x)));
  }
  if (n.fn !== 'select') return n;
  const [p, x, y] = n.args as readonly [Node, Node, Node];
  const [a, b] = [guarded(x, p), guarded(y, build.map('not', p))];
  return a === x && b === y ? n : build.map('select', p, a, b);
};

export const smooth = (program: Program): Program =>
  withRoots(program, rewrite(rootsOf(program), program.interned, rule, program.origins));
