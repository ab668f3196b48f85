/**
 * What a condition sends elsewhere has no derivative, whatever stands there. A cotangent is 0 outside its region; each
 * further factor could make 0 * infinity of it, so the share is chosen again, after the multiplication.
 *
 * Where a choice would cost a contraction (a factor lacks axes of the product, so that the share is summed), and where the
 * region is itself a sum over conditions, it is left out if the factor is finite as long as the parameters are; anywhere
 * else only if it is finite whatever they are.
 */
import * as build from '../dsl/build.js';
import type { MapNode, Node } from '../dsl/node.js';
import { finiteness, steady } from './finite.js';
import { conditionOf, isEverywhere, isPlain, type Region, regions } from './region.js';

/** `x` within a region and 0 outside, one choice for each condition that must hold. */
export const within = (r: Region, x: Node): Node => {
  if (isEverywhere(r)) return x;
  const conditions = r.length === 1 ? r[0]! : [conditionOf(r)!];
  return conditions.reduce((y, p) => build.along(build.map('select', p, y, build.constant(0)), y), x);
};

export interface Gates {
  readonly region: (node: Node) => Region;
  /** Finite as long as the parameters are. */
  readonly finite: (node: Node) => boolean;
  /** For each argument of a map whose cotangent is `ct`: where its share is to be chosen once more. */
  readonly of: (ct: Node, n: MapNode) => readonly Region[];
}

const OPEN: Region = [[]];

export const gates = (): Gates => {
  const region = regions();
  const finite = finiteness('trained');
  const usually = steady(finite);
  const always = steady(finiteness('none'));
  return {
    region, finite,
    of: (ct, n) => {
      const r = region(ct);
      if (isEverywhere(r)) return n.args.map(() => OPEN);
      const [trained, sure] = [usually(n), always(n)];
      const isSummed = (arg: Node): boolean => arg.axes.length < n.axes.length;
      return n.args.map((arg, i) => (sure[i] || (trained[i] && (isSummed(arg) || !isPlain(r))) ? OPEN : r));
    },
  };
};
