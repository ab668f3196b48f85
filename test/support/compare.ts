/** Two evaluations of a program, compared with a tolerance that its own intermediate values set. */
import { expect } from 'vitest';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { evaluate } from '../../compiler/targets/reference.js';

export interface Measured {
  readonly values: readonly Float64Array[];
  /** The largest value anywhere inside: sums of large numbers lose the digits of small ones. */
  readonly scale: number;
  readonly finite: boolean;
}

export const measured = (roots: readonly Node[], env: Environment): Measured => {
  const order = topological(roots);
  const all = evaluate(order, env);
  const byNode = new Map(order.map((n, i) => [n, all[i]!.data]));
  let scale = 1;
  let finite = true;
  for (const n of order) {
    // An empty maximum is below every number; its user brings it back.
    if (n.op === 'reduce' && n.monoid === 'max') continue;
    for (const v of byNode.get(n)!) {
      if (!Number.isFinite(v)) finite = false;
      else scale = Math.max(scale, Math.abs(v));
    }
  }
  return { values: roots.map((r) => byNode.get(r)!), scale, finite };
};

/** `exists`, where given, is 0 at cells that are nobody's. */
export const expectEqualValues = (
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  scale: number,
  what: string,
  exists?: ArrayLike<number>,
): void => {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const g = got[i]!;
    const w = want[i]!;
    if (exists !== undefined && exists[i] === 0) continue;
    if (!(Math.abs(g - w) <= 1e-9 * scale)) expect.fail(`${what}, cell ${i}: ${g}, not ${w} (scale ${scale})`);
  }
};
