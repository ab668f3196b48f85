/**
 * What a condition sends elsewhere has no derivative, whatever stands there. A cotangent is 0 outside its region; each
 * further factor could make 0 * infinity of it, so the share is chosen again, after the multiplication.
 *
 * It is left out where the factor is finite as long as the parameters are: a choice inside a sum of products would cost the
 * contraction. A choice that the model makes cell by cell costs nothing of the kind, and is left out only where the factor
 * is finite whatever the parameters are.
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
  readonly declare: (node: Node, region: Region) => void;
  /** Finite as long as the parameters are. */
  readonly finite: (node: Node) => boolean;
  /** For each argument of a map whose cotangent is `ct`: where its share is to be chosen once more. */
  readonly of: (ct: Node, n: MapNode) => readonly Region[];
}

export const gates = (): Gates => {
  const { of: region, declare } = regions();
  const [sure, trained, moderate] = [finiteness('none'), finiteness('trained'), finiteness('moderate')];
  /** The least that is enough for argument `i`: nothing, some of what the model itself asks, all that is known. */
  const needed = (r: Region, n: MapNode, i: number): Region => {
    const plain = plainOf(r);
    const isEnough = (where: readonly Node[]): boolean => trained.steady(n, where)[i]!;
    const isCellByCell =
      isPlain(r) &&
      n.args[i]!.axes.length === n.axes.length &&
      r.every((all) => all.some((p) => p.axes.length === n.axes.length));
    if (sure.steady(n)[i]! || (!isCellByCell && isEnough([])) || (plain.length === 0 && moderate.steady(n)[i]!))
      return EVERYWHERE;
    return isCellByCell || !isEnough(plain)
      ? r
      : [
          plain.reduce((kept, p) => {
            const rest = kept.filter((q) => q !== p);
            return isEnough(rest) ? rest : kept;
          }, plain),
        ];
  };
  return {
    region,
    declare,
    finite: trained.of,
    of: (ct, n) => {
      const r = region(ct);
      return n.args.map((arg, i) => (isEverywhere(r) || arg.dtype !== 'f32' ? EVERYWHERE : needed(r, n, i)));
    },
  };
};
