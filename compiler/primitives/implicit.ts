/** An equilibrium whose derivative is found by solving, not by unrolling. Its value is that of its first argument. */
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { within } from '../gate.js';
import { isEverywhere, summed } from '../region.js';
import { substitute } from '../graph.js';
import { adjointProblem } from '../iterations/fixed-point.js';
import { same } from './pointwise.js';
import { cellwise } from './prefix.js';
import type { Differentiation, Of, Primitive } from './record.js';

/** (d through / d value)' lambda, linear in lambda. */
const pullback = (n: Of<'implicit'>, gradient: Differentiation['gradient']): ((lambda: Node) => Node) => {
  const placeholder = build.variable('lambda', n.axes);
  const slope = gradient(build.map('mul', placeholder, n.through), [n.value])[0]!;
  return (lambda) => substitute([slope], new Map([[placeholder, lambda]]))[0]!;
};

export const implicit: Primitive<Of<'implicit'>> = {
  ...cellwise,
  reference: (n, e) => e.value(n.value),
  vjp: (ct, n, { check, gates, gradient }) => {
    // A row is asked for as a whole: its cells depend on one another.
    const others = n.axes.map((a) => a.name).filter((name) => name !== n.of.rows.name);
    const asked = summed(gates.region(ct), others, n);
    const pull = pullback(n, gradient);
    const isSteady = isEverywhere(asked) || gates.finite(pull(build.variable('any', n.axes)));
    const { lambda, solved } = adjointProblem(
      n.of,
      { value: n.value, image: n.through },
      ct,
      isSteady ? pull : (x) => within(asked, pull(x)),
    );
    check(solved);
    gates.declare(lambda, asked);
    return [null, lambda];
  },
  cost: () => 0,
  lower: (n, scope, l) => l.expr(n.value, scope),
  support: (n, of) => of(n.value),
  dependence: (n, of) => same(n.value, of),
};
