/** What goes in and out of blocks that are alike, and of their derivatives. */
import { argsOf } from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import type { Alike, Blocks, Family } from '../../exits/alike.js';
import { topological } from '../../graph.js';
import { type Program, rootsOf } from '../../program.js';
import type { Call } from './function.js';

export interface Part {
  readonly alike: Alike;
  /** Positions in the list of nodes of what others read. */
  readonly out: readonly number[];
  /** What is read from outside, each time. */
  readonly given: readonly (readonly Node[])[];
}

/** What of a batch says no more than which positions exist: each function works it out for itself. */
const isMask = (n: Node): boolean =>
  n.op === 'input' ||
  n.op === 'param' ||
  topological([n]).every(
    (x) =>
      argsOf(x).length > 0 ||
      x.op === 'constant' ||
      x.op === 'index' ||
      x.op === 'extent' ||
      (x.op === 'input' && ['.lengths', '.missing'].some((end) => x.name.endsWith(end))),
  );

/** `quiet`: readers that need nothing handed out; `more`: positions that are handed out although nobody else reads them. */
export const partOf = (
  alike: Alike,
  program: Program,
  { quiet = new Set(), more = [] }: { readonly quiet?: ReadonlySet<Node>; readonly more?: readonly number[] },
): Part => {
  const inside = alike.nodes.map((of) => new Set(of));
  const at = new Map(alike.nodes.flatMap((of, k) => of.map((n, i) => [n, { k, i }] as const)));
  const out = new Set<number>(more);
  for (const n of topological(rootsOf(program)).filter((reader) => !quiet.has(reader)))
    for (const a of argsOf(n)) {
      const from = at.get(a);
      if (from !== undefined && !inside[from.k]!.has(n)) out.add(from.i);
    }
  for (const n of Object.values(program.outputs)) {
    const from = at.get(n);
    if (from !== undefined) out.add(from.i);
  }
  const varying = new Set(alike.varying[0]);
  const shared = [...new Set(alike.nodes[0]!.flatMap(argsOf))].filter(
    (a) => !inside[0]!.has(a) && !varying.has(a) && argsOf(a).length > 0 && !isMask(a),
  );
  return { alike, out: [...out].sort((a, b) => a - b), given: alike.varying.map((of) => [...of, ...shared]) };
};

/** The derivatives of blocks, the last block's first. */
export interface Slopes extends Part {
  /** Positions of what is the derivative by a parameter of each block, and of no other one's. */
  readonly own: readonly number[];
  /** The parameters that these belong to, for the derivatives at a place. */
  readonly named: (at: number) => readonly (readonly [string, Node])[];
  /** The number of the block whose derivatives come at this place. */
  readonly layer: (at: number) => number;
  /** Positions in the block of what its derivatives read of it. */
  readonly residual: readonly number[];
  /** The position in the last block of a node. */
  readonly within: ReadonlyMap<Node, number>;
}

export const slopesOf = (program: Program, { forward, backward, families, count }: Blocks): Slopes | undefined => {
  if (backward === undefined) return undefined;
  const last = count - 1;
  const layer = (at: number): number => (at === 0 ? last : at - 1);
  const owners = new Map(Object.entries(program.updates).map(([path, n]) => [n, path]));
  const isOf = (path: string | undefined, number: number): boolean => {
    const family: Family | undefined = families.get(path ?? '');
    return family !== undefined && path === family.around.join(`${family.first + number}`);
  };
  const updated = backward.nodes[0]!.flatMap((_, i) => (backward.nodes.some((of) => owners.has(of[i]!)) ? [i] : []));
  const own = updated.filter((i) => {
    const paths = backward.nodes.map((of) => owners.get(of[i]!));
    const around = new Set(paths.map((path) => families.get(path ?? '')?.around.join('*')));
    // Two parameters may have one derivative, which then has two names.
    const alone = backward.nodes.every((of) => Object.values(program.updates).filter((n) => n === of[i]!).length === 1);
    return alone && around.size === 1 && paths.every((path, at) => isOf(path, layer(at)));
  });
  const part = partOf(backward, program, { more: updated.filter((i) => !own.includes(i)) });
  const within = new Map(forward.nodes[last]!.map((n, i) => [n, i]));
  return {
    ...part,
    own,
    named: (at) => own.map((i) => [owners.get(backward.nodes[at]![i]!)!, backward.nodes[at]![i]!] as const),
    layer,
    residual: [...new Set(part.given[0]!.flatMap((n) => within.get(n) ?? []))].sort((a, b) => a - b),
    within,
  };
};

/** Whether every call has what goes in before anything comes out, and nothing comes out of two. */
export const inTurn = (program: Program, calls: readonly Call[]): boolean => {
  const makers = new Map(calls.flatMap((c) => c.makes.map((n) => [n, c] as const)));
  if (makers.size < calls.reduce((sum, c) => sum + new Set(c.makes).size, 0)) return false;
  const done = new Set<object>();
  const open = new Set<object>();
  const fine = (n: Node): boolean => {
    const call = makers.get(n);
    const here = call ?? n;
    if (done.has(here)) return true;
    if (open.has(here)) return false;
    open.add(here);
    const found = (call?.reads ?? argsOf(n)).every(fine);
    open.delete(here);
    done.add(here);
    return found;
  };
  // Arguments first, so that no recursion goes deep.
  return topological(rootsOf(program)).every(fine);
};
