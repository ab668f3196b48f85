/**
 * Recurrences along an axis. In a scan's step the carry stands for the state one position before, at every position at once,
 * so the step is an expression over whole sequences like any other, and the scan is its one solution x = step(shift(x)).
 * Hence the derivative: lambda = ct + shift'(step' lambda), a scan the other way.
 */
import * as build from '../../dsl/build.js';
import type { Node, Scan } from '../../dsl/node.js';
import { ANYTHING, type Edge, fresh } from '../dependence/flow.js';
import { zone } from '../dependence/zone.js';
import { within } from '../gate.js';
import { either, isEverywhere, onwards, type Region, summed } from '../region.js';
import { carriedBy, inLoop, substitute } from '../graph.js';
import { cellwise, found } from './prefix.js';
import type { Differentiation, Mixes, Of, Primitive, Value } from './record.js';

export const carry: Primitive<Of<'carry'>> = {
  ...cellwise,
  // What it is before the first sweep: a scan works its step out anew.
  reference: (n, e) => e.fill(n.axes, () => 0),
  vjp: () => [],
  cost: () => 0,
  lower: (n, scope, l) => l.carried(n, scope),
  support: () => [],
  // Whatever it reads the scan reads, at the positions up to its own.
  dependence: () => ({ edges: [], facts: ANYTHING }),
};

const sum = (parts: readonly Node[]): Node => parts.reduce((a, b) => build.map('add', a, b));

/** mu_i = sum_j (d next_j / d carry_i)' lambda_j, as an expression in lambda, at the states that the scan found. */
const pullback = (n: Scan, gradient: Differentiation['gradient']): ((lambda: readonly Node[]) => readonly Node[]) => {
  const placeholders = n.next.map((x, j) => build.variable(`lambda.${j}`, x.axes));
  const parts = n.next.map((x, j) => gradient(build.map('mul', placeholders[j]!, x), n.carries));
  const slopes = n.carries.map((_, i) => sum(parts.map((p) => p[i]!)));
  const found = new Map<Node, Node>(n.carries.map((c, k) => [c, carriedBy(n, k)]));
  return (lambda) => substitute(slopes, new Map([...found, ...placeholders.map((p, j) => [p, lambda[j]!] as const)]));
};

/** Axes along which the step leaves every position alone, as far as its carries are concerned. */
const apart = (n: Scan, mixes: Mixes): ReadonlySet<string> => {
  const inside = [...inLoop(n)].filter((x) => x.op !== 'carry');
  return new Set(n.axes.map((a) => a.name).filter((name) => inside.every((x) => mixes(x, name) === null)));
};

/** Where a state is asked for: there, or at a position that comes of it. Along other axes all that the step joins is asked for together. */
const askedFor = (n: Scan, given: readonly Node[], region: (node: Node) => Region, mixes: Mixes): Region => {
  const { along, reverse } = n.carries[0]!;
  const alone = apart(n, mixes);
  const isKept = (name: string): boolean =>
    name === along || (alone.has(name) && given.every((g) => build.hasAxis(g, name)));
  const direct = given
    .map((g) =>
      summed(
        region(g),
        g.axes.map((a) => a.name).filter((name) => !isKept(name)),
        g,
      ),
    )
    .reduce(either);
  return isEverywhere(direct) ? direct : onwards(direct, build.axisOf(n, along), reverse);
};

export const scan: Primitive<Of<'scan'>> = {
  reference: (n, e) => {
    // After k sweeps the first k positions are what they will be.
    const along = build.axisOf(n, n.carries[0]!.along);
    const shifted = n.carries.map((c) => build.shift(c, c.along, c.reverse ? -1 : 1));
    const [before, after] = [e.again(shifted, n.carries), e.again(n.next, n.carries)];
    let states: readonly Value[] = n.carries.map((c) => e.fill(c.axes, () => 0));
    for (let k = e.extent(along, {}); k > 0; k--) states = after(before(states));
    return states[n.result]!;
  },
  vjp: (ct, n, { beside, gates, gradient, mixes }) => {
    const pull = pullback(n, gradient);
    const { along, reverse } = n.carries[0]!;
    const given = n.next.map((x, j): Node =>
      j === n.result ? ct : (beside.get(j) ?? build.broadcast(build.constant(0), x.axes)),
    );
    const mu = n.carries.map((c) => build.carry(`d_${c.name}`, c.axes, along, !reverse));
    const asked = askedFor(n, given, gates.region, mixes);
    const isSteady = isEverywhere(asked) || pull(n.next.map((x) => build.variable('any', x.axes))).every(gates.finite);
    const next = pull(given.map((g, j) => build.map('add', g, mu[j]!))).map((x) => (isSteady ? x : within(asked, x)));
    const whole = next.map((x, i) => build.along(x, mu[i]!));
    const lambda = given.map((g, j) =>
      build.map('add', g, build.shift(build.scan(mu, whole, j, n), along, reverse ? 1 : -1)),
    );
    lambda.forEach((x) => gates.declare(x, asked));
    return lambda;
  },
  cost: () => 0,
  lower: (n, scope, l) => l.expr(n.next[n.result]!, scope),
  support: () => [],
  dependence: (n, _, mixes) => {
    const { along, reverse } = n.carries[0]!;
    const alone = apart(n, mixes);
    const until = zone(reverse ? [along, fresh(along), 0] : [fresh(along), along, 0]);
    const edges = n.next.map((arg): Edge => ({
      arg,
      where: until,
      moved: arg.axes.map((a) => a.name).filter((name) => name === along || !alone.has(name)),
    }));
    return { edges, facts: ANYTHING };
  },
  mixes: (n, axis) => (n.carries[0]!.along === axis ? `runs along '${axis}'` : null),
  // One that runs backward starts at the prefix's end: beyond it every state is what it is before the first.
  restricted: (n, prefix) => {
    const { along, reverse } = n.carries[0]!;
    const axis = build.axisOf(n, along);
    return reverse && prefix.isCopy(axis)
      ? build.scan(
          n.carries,
          n.next.map((x) => found(x, build.index(axis), prefix)),
          n.result,
          n,
        )
      : n;
  },
};
