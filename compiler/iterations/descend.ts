/**
 * `descend` unrolled: states <- states - rate * d energy / d states (test/laws/README.md, 2). The gradient is derived, never written.
 *
 * Under the horizon `prefix(seq)` position t moves on the energy of its own prefix (test/laws/README.md, 4). That is derived too, in
 * four steps that know nothing of any particular energy: give every state a further axis, one copy for each prefix; let
 * every sum along the sequence run over the prefix alone; differentiate; keep position t of prefix t. The diagonal is then
 * pushed to the leaves and the contractions reordered by later passes, which is where the parallel form comes from.
 */
import { type Axis, copied, prefixName, sameExtent } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Descend, Node, Variable } from '../../dsl/node.js';
import { gradient } from '../gradient.js';
import { dependents, reargue, substitute, topological } from '../graph.js';
import { end, start } from './recompute.js';
import { primitive } from '../primitives/index.js';
import type { Prefix } from '../primitives/prefix.js';

type Slopes = (at: readonly Node[]) => readonly Node[];

const bind = (roots: readonly Node[], variables: readonly Variable[], values: readonly Node[]): readonly Node[] =>
  substitute(roots, new Map(variables.map((v, i) => [v, values[i]!])));

/** d energy / d each state, as a function of the states. */
const wholeSlopes = (d: Descend): Slopes => {
  const slopes = gradient(d.energy, d.variables);
  return (at) => bind(slopes, d.variables, at);
};

const prefixAxis = (seq: Axis): Axis => copied(prefixName(seq.name), seq);
const copiesOf = (seq: Axis, axes: readonly Axis[]): readonly Axis[] =>
  axes.filter((a) => a.extent.kind === 'ragged' && sameExtent(a, seq));

/** A state with exactly one copy of the sequence axis has a value for each position; any other is shared by a prefix's positions. */
export const ownPosition = (state: { readonly axes: readonly Axis[] }, seq: Axis): Axis | undefined => {
  const copies = copiesOf(seq, state.axes);
  return copies.length === 1 ? copies[0] : undefined;
};

/** Whether a node is made of sizes alone: how many positions there are, and what is computed from that. */
const sizes = (order: readonly Node[], isSize: (n: Node) => boolean): ReadonlySet<Node> => {
  const found = new Set<Node>();
  for (const n of order) {
    const args = build.argsOf(n);
    if (
      isSize(n) ||
      (args.some((a) => found.has(a)) && args.every((a) => found.has(a) || a.op === 'constant' || a.op === 'index'))
    )
      found.add(n);
  }
  return found;
};

/** What the states enter: through a scan, too, whose carries are what they made of the position before. */
const movedBy = (order: readonly Node[], states: ReadonlySet<Node>): ReadonlySet<Node> => {
  const moved = dependents(order, states);
  const carries = order
    .flatMap((n) => (n.op === 'scan' && moved.has(n) ? n.carries : []))
    .filter((c) => !states.has(c));
  return carries.length === 0 ? moved : movedBy(order, new Set([...states, ...carries]));
};

/**
 * The energy of each prefix, as if the sequence ended there: what the states enter says so itself (`restricted` of a
 * primitive's record), and the number of positions is the prefix's.
 */
const restricted = (energy: Node, states: ReadonlySet<Node>, seq: Axis, prefix: Axis): Node => {
  const order = topological([energy]);
  const moved = movedBy(order, states);
  const isCopy = (a: Axis): boolean => copiesOf(seq, [a]).length > 0;
  const counts = sizes(order, (n) => n.op === 'extent' && isCopy(n.axis));
  const ending: Prefix = { end: build.index(prefix), isCopy };
  const restrict = (n: Node): Node => primitive(n).restricted(n, ending);
  const done = new Map<Node, Node>();
  for (const node of order) done.set(node, moved.has(node) || counts.has(node) ? restrict(reargue(node, done)) : node);
  return done.get(energy)!;
};

const prefixSlopes = (d: Descend, seq: Axis): Slopes => {
  const prefix = prefixAxis(seq);
  const copies = d.variables.map((v) => build.variable(v.name, [...v.axes, prefix]));
  const perPrefix = restricted(bind([d.energy], d.variables, copies)[0]!, new Set(copies), seq, prefix);
  const slopes = gradient(perPrefix, copies).map((slope, i) => {
    const own = ownPosition(d.variables[i]!, seq);
    return own === undefined ? slope : build.rename(build.rename(slope, own.name, prefix), prefix.name, own);
  });
  return (at) =>
    bind(
      slopes,
      copies,
      at.map((state) => (build.hasAxis(state, prefix.name) ? state : build.broadcast(state, [prefix]))),
    );
};

/** Which states move together in one step: all of them, or one after the other. */
const rounds = (d: Descend): readonly (readonly number[])[] => {
  const free = d.variables.map((_, i) => i).filter((i) => !d.clamp[i]);
  const orders = {
    jacobi: [free],
    sweepUp: free.map((i) => [i]),
    sweepDown: [...free].reverse().map((i) => [i]),
  } as const;
  return orders[d.order];
};

const step = (d: Descend, slopes: Slopes, from: readonly Node[]): readonly Node[] =>
  rounds(d).reduce((states, moving) => {
    const slope = slopes(states);
    return states.map((s, i) =>
      moving.includes(i) ? build.map('sub', s, build.map('mul', d.rate[i]!, slope[i]!)) : s,
    );
  }, from);

/** How many of the last steps carry a derivative. */
const liveSteps = (d: Descend): number => {
  switch (d.backward.kind) {
    case 'unroll':
    case 'checkpoint':
      return Infinity;
    case 'lastSteps':
      return d.backward.steps;
    case 'stopGradient':
      return 0;
  }
};

/** `name` tells the stretches of one descent from those of another. */
export const unrollDescend = (
  d: Descend,
  name: string,
): { readonly states: readonly Node[]; readonly energy: Node } => {
  const slopes = d.horizon.kind === 'whole' ? wholeSlopes(d) : prefixSlopes(d, d.horizon.axis);
  const cut = d.steps - liveSteps(d);
  let states = d.init;
  for (let k = 0; k < d.steps; k++) {
    if (k === cut) states = states.map(build.stop);
    if (d.backward.kind === 'checkpoint' && k % d.backward.every === 0) states = start(states, `${name} ${k}`);
    states = step(d, slopes, states);
  }
  if (d.backward.kind === 'checkpoint') states = end(states);
  if (cut === d.steps && d.steps > 0) states = states.map(build.stop);
  const results = states.map((s, i) => ofLongest(d, s, d.init[i]!));
  return { states: results, energy: bind([d.energy], d.variables, results)[0]! };
};

/** What has one value a prefix is handed back as that of the row's longest: the whole history. */
const ofLongest = (d: Descend, state: Node, init: Node): Node => {
  if (d.horizon.kind === 'whole') return state;
  const prefix = prefixAxis(d.horizon.axis);
  if (!build.hasAxis(state, prefix.name)) return state;
  const last = build.map('sub', build.extent(prefix, [d.rows]), build.constant(1, 'i32'));
  const exists = build.map('ge', last, build.constant(0, 'i32'));
  return build.map('select', exists, build.gather(state, last, prefix.name), init);
};
