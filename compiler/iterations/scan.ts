/**
 * What a scan's step may do, and scans that need no loop: a step that is affine in the carry, entry by entry, composes, so
 * log2(length) sweeps over all positions give every state (Hillis and Steele 1986).
 */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type Axis, bound } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node, Scan } from '../../dsl/node.js';
import { gradient } from '../gradient.js';
import { type Diagnostic, error } from '../diagnostics.js';
import { dependents, inLoop, type Origins, substitute, topological } from '../graph.js';
import { mixes } from '../primitives/index.js';

const { map, constant } = build;

/** The axes whose positions a step must leave alone: the scan's own, and its rows. */
const guarded = (node: Scan): readonly string[] => {
  const { along } = node.carries[0]!;
  const { extent } = build.axisOf(node, along);
  return extent.kind === 'ragged' ? [along, extent.rows] : [along];
};

/** A step that reads its carry at other positions than its own is no recurrence. */
export const strayingSteps = (roots: readonly Node[], origins: Origins): readonly Diagnostic[] => {
  const scans = new Map(topological(roots).flatMap((n) => (n.op === 'scan' ? [[n.carries, n] as const] : [])));
  return [...scans.values()].flatMap((node) => {
    const inside = inLoop(node);
    const strays = (n: Node): string | null =>
      guarded(node)
        .map((axis) => mixes(n, axis))
        .find((m) => m !== null) ??
      (n.op === 'scan'
        ? 'is a scan of its own'
        : n.op === 'gather' && inside.has(n.table)
          ? 'looks up positions of it'
          : n.op === 'scatter'
            ? 'adds it up at other positions'
            : null);
    const guilty = [...inside].find((n) => n.op !== 'carry' && strays(n) !== null);
    if (guilty === undefined) return [];
    const origin = origins.get(guilty) ?? origins.get(node);
    return [
      error(
        'PC4008',
        `the step of a scan reads its carried state elsewhere: ${origins.get(guilty)?.name === undefined ? 'an expression' : `'${origins.get(guilty)!.name}'`} ${strays(guilty)}`,
        origin?.source,
        'at each position a step reads the carried state of that position alone; what looks along the sequence belongs before or after the scan',
      ),
    ];
  });
};

/** x[t - by], and what is composed with it: states before the first are 0, so 0 in place of a missing factor does no harm. */
const composed = (a: Node, b: Node, axis: Axis, sign: number): Node => {
  const size = bound(axis);
  if (typeof size !== 'number') throw new Error(`the length of '${axis.name}' is not known`);
  let factor = a;
  let state = b;
  for (let by = 1; by < size; by *= 2) {
    const earlier = (x: Node): Node => build.shift(x, axis.name, sign * by);
    state = map('add', state, map('mul', factor, earlier(state)));
    if (2 * by < size) factor = map('mul', factor, earlier(factor));
  }
  return state;
};

/** The states of a scan of form `associative`, or why its step has another form. */
export const associative = (node: Scan): Either<string, Node> => {
  const [state, more] = node.carries;
  if (more !== undefined) return left('it has several states');
  const inside = inLoop(node);
  const mixed = [...inside].find((n) => n.op !== 'carry' && node.axes.some((a) => mixes(n, a.name) !== null));
  if (mixed !== undefined)
    return left(`its step ${node.axes.map((a) => mixes(mixed, a.name)).find((m) => m !== null)!}`);
  const factor = gradient(node.next[0]!, [state!])[0]!;
  if (dependents(topological([factor]), new Set([state!])).has(factor))
    return left('the derivative of its step by the state reads the state');
  const rest = substitute(node.next, new Map([[state!, build.broadcast(constant(0), state!.axes)]]))[0]!;
  return right(composed(factor, rest, build.axisOf(node, state!.along), state!.reverse ? -1 : 1));
};
