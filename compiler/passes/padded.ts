/**
 * Ragged rows as padded ones with masks, for exits that know rectangles alone (ONNX, JAX): every axis becomes as long as its bound,
 * and how long rows are is an input like any other. A cell that did not exist now holds whatever its expression makes of the
 * padding, infinities and NaN included; whoever would meet such a cell chooses another number first. That is done where cells of
 * several positions come together (sums, maxima, lookups, shifts), so what works cell by cell costs nothing more.
 *
 * The law: cells that exist are what they were, whatever the inputs hold elsewhere.
 */
import { right } from 'fp-ts/lib/Either.js';
import { type Axis, sameExtent } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { lowest } from '../../dsl/lowest.js';
import type { Carry, Node, Op } from '../../dsl/node.js';
import { type End, endsOf, flat, kept, lengthOf, met, shorter } from '../ends.js';
import { interner, type Origins, rewrite, topological } from '../graph.js';
import { isPosition } from '../lower/within.js';
import { rebuild } from '../primitives/rebuild.js';
import type { Of } from '../primitives/record.js';
import { type Pass, type Program, rootsOf, withRoots } from '../program.js';
import { conditions } from '../softmax.js';

/** Whether a condition holds at positions of `axis` alone that exist, because it ends them at one that does. */
const within = (condition: Node, { axis, rows }: End, beside: readonly Axis[]): boolean => {
  if (rows === undefined || condition.op !== 'map' || !beside.some((a) => a.name === rows.name)) return false;
  const [low, high] =
    condition.fn === 'le' || condition.fn === 'lt'
      ? condition.args
      : condition.fn === 'ge' || condition.fn === 'gt'
        ? [condition.args[1]!, condition.args[0]!]
        : [];
  return (
    low?.op === 'index' &&
    low.axis.name === axis.name &&
    high?.op === 'index' &&
    beside.some((a) => a.name === high.axis.name && sameExtent(a, axis))
  );
};

/** Whether a choice gives `unit` wherever a position of the end's axis does not exist, for cells over `beside` that do. */
const chosen = (n: Node, end: End, beside: readonly Axis[], unit: number): boolean =>
  n.op === 'map' &&
  n.fn === 'select' &&
  n.args[2]!.op === 'constant' &&
  n.args[2].value === unit &&
  conditions(n.args[0]!).some((p) => within(p, end, beside));

/** The same of what such a choice is handed on by, for sums: 0 divided by what has no such axis is 0. */
const isZero = (n: Node, end: End, beside: readonly Axis[]): boolean => {
  if (chosen(n, end, beside, 0)) return true;
  switch (n.op) {
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return isZero(n.arg, end, beside);
    case 'map':
      return n.fn === 'div' && !build.hasAxis(n.args[1]!, end.axis.name) && isZero(n.args[0]!, end, beside);
    default:
      return false;
  }
};

const factorsOf = (n: Node): readonly Node[] =>
  n.op === 'map' && n.fn === 'mul' && n.dtype === 'f32' ? n.args.flatMap(factorsOf) : [n];

const knows = (n: Node, { axis, rows }: End): boolean =>
  build.hasAxis(n, axis.name) && (rows === undefined || build.hasAxis(n, rows.name));

/** The factors with the ends that each is to be chosen by: all that hold such cells; where none does, the smallest along the axis. */
const shared = (
  factors: readonly Node[],
  ends: readonly End[],
  beside: readonly Axis[],
): readonly (readonly End[])[] => {
  const taken = factors.map((): End[] => []);
  for (const end of ends) {
    const own = factors.flatMap((f, i) => (knows(f, end) ? [i] : []));
    if (own.length === 0) {
      const [smallest] = factors
        .flatMap((f, i) => (build.hasAxis(f, end.axis.name) ? [i] : []))
        .sort((a, b) => factors[a]!.axes.length - factors[b]!.axes.length);
      taken[smallest!]!.push(end);
    }
    own.filter((i) => !isZero(factors[i]!, end, beside)).forEach((i) => taken[i]!.push(end));
  }
  return taken;
};

/** Choices of 0 that a sum does not run along are made after it: what is left inside is a product, where it was one. */
const opened = (
  n: Node,
  over: readonly string[],
  ends: readonly End[],
): { readonly conditions: readonly Node[]; readonly inner: Node } => {
  if (n.op !== 'map' || n.fn !== 'select') return { conditions: [], inner: n };
  const [p, x, otherwise] = n.args as readonly [Node, Node, Node];
  const stays =
    otherwise.op !== 'constant' ||
    otherwise.value !== 0 ||
    over.some((name) => build.hasAxis(p, name)) ||
    !ends.every((end) => knows(x, end));
  if (stays) return { conditions: [], inner: n };
  const { conditions: more, inner } = opened(x, over, ends);
  return { conditions: [...more, p], inner };
};

/** What became of a node, or of all states of a scan, which go on being one list. */
type Padded = {
  (original: Node): Node;
  readonly all: (carries: readonly Carry[]) => readonly Carry[];
  /** An axis as it ends. */
  readonly as: (axis: Axis) => Axis;
  /** The ends that cells over these axes have. */
  readonly ends: (axes: readonly Axis[]) => readonly End[];
};
type Rule<N extends Node> = (node: N, of: Padded) => Node;
const again: Rule<Node> = (n, of) =>
  rebuild(
    n,
    build.argsOf(n).map((arg) => of(arg)),
  );
const sized = <N extends Node>(n: N): N => ({ ...n, axes: n.axes.map(flat) });

const rules: { readonly [O in Op]: Rule<Of<O>> } = {
  input: sized,
  param: sized,
  variable: sized,
  constant: (n) => n,
  index: (n) => build.index(flat(n.axis)),
  extent: (n, of) => {
    const axis = of.as(n.axis);
    return flat(axis) === axis ? n : lengthOf(axis, n.axes[0]);
  },
  uniform: sized,
  carry: (n) => build.carry(n.name, n.axes.map(flat), n.along, n.reverse),
  map: again,
  stop: again,
  barrier: again,
  project: again,
  broadcast: (n, of) => build.broadcast(of(n.arg), n.axes.map(flat)),
  reduce: (n, of) => {
    const ends = met(of.ends(n.arg.axes), n.over);
    if (n.monoid === 'max') {
      const unit = lowest[n.dtype];
      const left = ends.filter((e) => !chosen(n.arg, e, n.axes, unit));
      return build.reduce('max', kept(of(n.arg), left, unit), n.over);
    }
    const { conditions: outside, inner } = opened(n.arg, n.over, ends);
    const factors = factorsOf(inner);
    const by = shared(factors, ends, n.axes);
    const product = factors.map((f, i) => kept(of(f), by[i]!)).reduce((a, b) => build.map('mul', a, b));
    const total = build.reduce('sum', product, n.over);
    return outside.reduce((x: Node, p) => build.map('select', of(p), x, build.constant(0, x.dtype)), total);
  },
  gather: (n, of) => {
    const ends = met(of.ends(n.table.axes), [n.axis]);
    // Positions that exist are the only ones looked up there.
    const sure = isPosition(n.at, build.axisOf(n.table, n.axis));
    const left = sure ? ends.filter(({ axis }) => axis.name !== n.axis) : ends;
    return build.gather(kept(of(n.table), left), of(n.at), n.axis);
  },
  scatter: (n, of) => {
    const ends = met(of.ends(build.unionAxes(n.arg.axes, n.at.axes)), n.over);
    return build.scatter(kept(of(n.arg), ends), of(n.at), flat(n.axis), n.over);
  },
  // Positions are the same under either name, but rows of another name say nothing of how long these are.
  rename: (n, of) => {
    const ends = n.from === n.to.name ? [] : shorter(of.ends(n.arg.axes), n.from);
    return build.rename(kept(of(n.arg), ends), n.from, flat(n.to));
  },
  // From the past comes what exists where its reader does.
  shift: (n, of) => {
    const ends = of.ends(n.arg.axes);
    return build.shift(kept(of(n.arg), n.by < 0 ? met(ends, [n.axis]) : shorter(ends, n.axis)), n.axis, n.by);
  },
  // Backward a state would begin beyond the end of its row; there it is 0.
  scan: (n, of) => {
    const { along, reverse } = n.carries[0]!;
    const next = n.next.map((x) => {
      const ends = of.ends(x.axes);
      return kept(of(x), reverse ? met(ends, [along]) : shorter(ends, along));
    });
    const whole = next.map((x, i) => build.along(x, of(n.carries[i]!)));
    return build.scan(of.all(n.carries), whole, n.result, n);
  },
  // Derivatives are taken, so it is no more than its value.
  implicit: (n, of) => of(n.value),
};

const renewed = (roots: readonly Node[], origins: Origins, as: Padded['as']): readonly Node[] => {
  const done = new Map<Node, Node>();
  // A state that no step reads lies below none.
  const lists = new Map<readonly Carry[], readonly Carry[]>();
  const of: Padded = Object.assign((n: Node) => done.get(n) ?? renew(n), {
    all: (carries: readonly Carry[]) => {
      const list = lists.get(carries) ?? (carries.map((c) => of(c)) as readonly Carry[]);
      lists.set(carries, list);
      return list;
    },
    as,
    ends: (axes: readonly Axis[]) => endsOf(axes.map(as)),
  });
  const renew = (node: Node): Node => {
    const fresh = (rules[node.op] as Rule<Node>)(node, of);
    const origin = origins.get(node);
    if (origin !== undefined && !origins.has(fresh)) origins.set(fresh, origin);
    done.set(node, fresh);
    return fresh;
  };
  topological(roots).forEach(renew);
  return roots.map(of);
};

/**
 * A program of rectangles; of its outputs the cells that exist mean what they meant. `as`: an axis as it ends where it is padded, which
 * may lack positions at its end although the program has them all.
 */
export const padding = (program: Program, as: (axis: Axis) => Axis = (axis) => axis): Program => {
  const interned = interner();
  const roots = rewrite(renewed(rootsOf(program), program.origins, as), interned, (n) => n, program.origins);
  return withRoots({ ...program, interned }, roots);
};

export const padded: Pass = {
  name: 'pad',
  description: 'makes every row as long as the longest may be, and leaves out what lies beyond by masks',
  run: (program) => right(padding(program)),
};
