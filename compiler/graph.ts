/**
 * Hash-consed graphs. Within one `Interner` structurally equal nodes are one object, so that identity is equality, common
 * subexpressions are shared by construction, and maps keyed by nodes need no structural comparison.
 */
import { along, argsOf, carry, project, scan, shift, unionAxes } from '../dsl/build.js';
import type { Axis } from '../dsl/axis.js';
import type { Carry, Node, Project, Scan } from '../dsl/node.js';
import { rebuild } from './primitives/rebuild.js';

/** Where in the model file a node was written, the `const` that holds it, and what it is called after where none does. */
export interface Origin {
  readonly name?: string;
  readonly label?: string;
  readonly source?: { readonly file: string; readonly line: number; readonly column: number };
}
export type Origins = WeakMap<Node | Axis, Origin>;

/**
 * Arguments before their users; each node once. What hangs below a node that is `known` is not visited. `below`: what stands for a
 * node's arguments, for who reads something else in their place.
 */
export const topological = (
  roots: readonly Node[],
  known?: (node: Node) => boolean,
  below: (node: Node) => readonly Node[] = argsOf,
): readonly Node[] => {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { readonly node: Node; readonly args: readonly Node[]; next: number }[] = [];
  const push = (node: Node) => {
    if (!seen.has(node) && known?.(node) !== true) {
      seen.add(node);
      stack.push({ node, args: below(node), next: 0 });
    }
  };
  for (const root of roots) {
    push(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const arg = top.args[top.next++];
      if (arg !== undefined) push(arg);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
};

/** Everything of a node but its arguments, as text: two nodes with equal heads and identical arguments are equal. */
export interface Interner {
  /** The one node equal to `node`, whose arguments must already be interned. */
  readonly one: (node: Node) => Node;
  readonly id: (node: Node) => number;
  /** Whether `node` is itself the one kept for its kind. */
  readonly has: (node: Node) => boolean;
}

export const interner = (): Interner => {
  const texts = new WeakMap<Axis, string>();
  const axisText = (a: Axis): string => {
    const known = texts.get(a);
    if (known !== undefined) return known;
    const text = `${a.name}:${JSON.stringify(a.extent)}`;
    texts.set(a, text);
    return text;
  };
  const lists = new WeakMap<readonly Axis[], string>();
  const axesText = (axes: readonly Axis[]): string => {
    const known = lists.get(axes);
    if (known !== undefined) return known;
    const text = axes.map(axisText).join();
    lists.set(axes, text);
    return text;
  };
  const canonical = new Set<Node>();
  const ids = new Map<object, number>();
  const table = new Map<string, Node>();
  const idOf = (object: object): number => {
    const known = ids.get(object);
    if (known !== undefined) return known;
    ids.set(object, ids.size);
    return ids.size - 1;
  };
  const operators = new Map<string, Project['of']>();
  const operator = (of: Project['of']): Project['of'] => {
    const key = JSON.stringify(of, (name, value: unknown) =>
      name !== '' && typeof value === 'object' && value !== null && 'op' in value ? `#${idOf(value)}` : value,
    );
    const known = operators.get(key);
    if (known !== undefined) return known;
    operators.set(key, of);
    return of;
  };
  const head = (node: Node): string => {
    switch (node.op) {
      case 'input':
        return node.name;
      case 'param':
        return node.path;
      case 'constant':
        return Object.is(node.value, -0) ? '-0' : `${node.value}`;
      case 'index':
        return axisText(node.axis);
      case 'extent':
        return axisText(node.axis);
      case 'uniform':
        return node.key;
      case 'map':
        return node.fn;
      case 'reduce':
        return `${node.monoid} ${node.over.join()}`;
      case 'broadcast':
      case 'stop':
        return '';
      case 'barrier':
        return node.key;
      case 'gather':
        return node.axis;
      case 'scatter':
        return `${axisText(node.axis)} ${node.over.join()}`;
      case 'rename':
        return `${node.from} ${axisText(node.to)}`;
      case 'shift':
        return `${node.axis} ${node.by}`;
      case 'implicit':
        return `${idOf(node.of)}`;
      case 'variable':
      case 'carry':
        return `${idOf(node)}`;
      case 'scan':
        return `${node.carries.map(idOf).join()} ${node.result} ${node.backward} ${node.form}`;
      case 'project':
        return `${idOf(operator(node.of))} ${node.result}`;
    }
  };
  const one = (node: Node): Node => {
    const key = `${node.op} ${node.dtype} ${axesText(node.axes)} | ${head(node)} | ${argsOf(node).map(idOf).join()}`;
    const known = table.get(key);
    if (known !== undefined) return known;
    table.set(key, node);
    canonical.add(node);
    idOf(node);
    return node;
  };
  return { one, id: idOf, has: (node) => canonical.has(node) };
};

/** A node that takes another's place comes from where the other came from, unless it has a place of its own. */
const inherit = (origins: Origins | undefined, from: Node, to: Node): void => {
  const origin = origins?.get(from);
  if (origin !== undefined && origins !== undefined && !origins.has(to)) origins.set(to, origin);
};

/**
 * Rebuilds a graph from its leaves, interned. `rule` sees each node with its arguments already rewritten and gives its
 * replacement (or the node itself); a replacement's own new nodes are interned too, but not rewritten again.
 */
export const rewrite = (
  roots: readonly Node[],
  interned: Interner,
  rule: (node: Node) => Node,
  origins?: Origins,
): readonly Node[] => {
  const done = new Map<Node, Node>();
  const settled = (node: Node): boolean => done.has(node) || interned.has(node);
  const settle = (node: Node): Node => {
    for (const n of topological([node], settled)) done.set(n, interned.one(reargue(n, done)));
    return done.get(node) ?? node;
  };
  const mapped = new Map<Node, Node>();
  const operators = new Map<Project['of'], Project['of']>();
  for (const node of topological(roots)) {
    const fresh = interned.one(reargue(node, mapped, operators));
    const result = settle(rule(fresh));
    mapped.set(node, result);
    inherit(origins, node, result);
  }
  return roots.map((root) => mapped.get(root)!);
};

/**
 * A copy with given nodes replaced throughout. The replacements are taken as they are. A scan of which anything changes gets
 * carries of its own, since the original may live on beside it.
 */
export const substitute = (roots: readonly Node[], by: ReadonlyMap<Node, Node>, origins?: Origins): readonly Node[] => {
  const mapped = new Map<Node, Node>(by);
  const operators = new Map<Project['of'], Project['of']>();
  const scans = new Map<readonly Carry[], readonly Scan[]>();
  for (const node of topological(roots)) {
    if (mapped.has(node)) continue;
    const changed = node.op === 'scan' && node.next.some((n) => mapped.get(n) !== n);
    const fresh = changed
      ? memo(scans, node.carries, () => recarried(node, mapped))[node.result]!
      : reargue(node, mapped, operators);
    mapped.set(node, fresh);
    inherit(origins, node, fresh);
  }
  return roots.map((root) => mapped.get(root)!);
};

const memo = <K, V>(known: Map<K, V>, key: K, make: () => V): V => {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
};

/** What of a scan's step depends on its carries. */
export const inLoop = ({ carries, next }: Scan): ReadonlySet<Node> => dependents(topological(next), new Set(carries));

/** All states of a scan with the nodes outside its loop replaced; where they bring further axes, the states get them too. */
export const recarried = (node: Scan, by: ReadonlyMap<Node, Node>): readonly Scan[] => {
  const inside = inLoop(node);
  const outside = new Map([...by].filter(([n]) => !inside.has(n)));
  const go = (carries: readonly Carry[]): readonly Scan[] => {
    const next = substitute(node.next, new Map([...outside, ...node.carries.map((c, i) => [c, carries[i]!] as const)]));
    const wider = carries.map((c, i) => carry(c.name, unionAxes(c.axes, next[i]!.axes), c.along, c.reverse));
    if (wider.some((c, i) => c.axes.length > carries[i]!.axes.length)) return go(wider);
    const whole = next.map((n, i) => along(n, carries[i]!));
    return carries.map((_, i) => scan(carries, whole, i, node));
  };
  return go(node.carries.map((c) => carry(c.name, c.axes, c.along, c.reverse)));
};

/** The state at the position before, as the carry of number `k` has it, outside the loop. */
export const carriedBy = (node: Scan, k: number): Node => {
  const { along: axis, reverse } = node.carries[k]!;
  return shift(k === node.result ? node : scan(node.carries, node.next, k, node), axis, reverse ? -1 : 1);
};

/** Replaces nodes throughout, inside their replacements too, which are made of nodes below what they replace. */
export const replaceAll = (roots: readonly Node[], by: ReadonlyMap<Node, Node>, origins?: Origins): readonly Node[] => {
  const done = new Map<Node, Node>();
  const settle = (root: Node): Node => {
    for (const n of topological([root], (x) => done.has(x))) {
      const fresh = reargue(n, done);
      done.set(n, fresh);
      inherit(origins, n, fresh);
    }
    return done.get(root)!;
  };
  for (const node of topological(roots)) {
    const target = by.get(node);
    if (target === undefined) settle(node);
    else done.set(node, settle(target));
  }
  return roots.map((root) => done.get(root)!);
};

/** The projections of one operator go on sharing one: `operators` remembers its replacement. */
export const reargue = (
  node: Node,
  by: ReadonlyMap<Node, Node>,
  operators = new Map<Project['of'], Project['of']>(),
): Node => {
  const args = argsOf(node);
  const next = args.map((arg) => by.get(arg) ?? arg);
  if (next.every((arg, i) => arg === args[i])) return node;
  const known = node.op === 'project' ? operators.get(node.of) : undefined;
  if (node.op === 'project' && known !== undefined) return project(known, node.result);
  const fresh = rebuild(node, next);
  if (node.op === 'project' && fresh.op === 'project') operators.set(node.of, fresh.of);
  return fresh;
};

/** How many nodes have each node among their arguments. */
export const userCounts = (order: readonly Node[]): ReadonlyMap<Node, number> => {
  const counts = new Map<Node, number>();
  for (const n of order) for (const a of new Set(argsOf(n))) counts.set(a, (counts.get(a) ?? 0) + 1);
  return counts;
};

/** The nodes from which one of `sources` can be reached. */
export const dependents = (order: readonly Node[], sources: ReadonlySet<Node>): ReadonlySet<Node> => {
  const found = new Set<Node>();
  for (const node of order) if (sources.has(node) || argsOf(node).some((arg) => found.has(arg))) found.add(node);
  return found;
};
