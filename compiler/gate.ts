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
import { finiteness } from './finite.js';
import { conditionOf, EVERYWHERE, isEverywhere, isPlain, plainOf, type Region, regions } from './region.js';

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

export const gates = (): Gates => {
  const region = regions();
  const trained = finiteness('trained');
  const sure = finiteness('none');
  /** The least that is enough: nothing, what the model itself asks, all that is known. */
  const needed = (r: Region, n: MapNode): readonly Region[] => {
    const plain = plainOf(r);
    const [always, usually, there] = [sure.steady(n), trained.steady(n), trained.steady(n, plain)];
    return n.args.map((arg, i) => {
      const isSummed = arg.axes.length < n.axes.length;
      if (always[i] || (usually[i] && (isSummed || !isPlain(r)))) return EVERYWHERE;
      return there[i] && !isPlain(r) ? [plain] : r;
    });
  };
  return {
    region, finite: trained.of,
    of: (ct, n) => {
      const r = region(ct);
      return isEverywhere(r) ? n.args.map(() => EVERYWHERE) : needed(r, n);
    },
  };
};
