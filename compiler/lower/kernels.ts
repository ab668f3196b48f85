/** From a program whose stored nodes are decided to kernels: one kernel for each stored node. */
import { type Axis, missingOf } from '../../dsl/axis.js';
import { argsOf, axisOf } from '../../dsl/build.js';
import type { Carry, Node, Scan } from '../../dsl/node.js';
import { kernelReads } from '../cost.js';
import { type Origin, topological } from '../graph.js';
import { all, apply, guard, integer } from '../loops/build.js';
import type { Buffer, Entry, Expr, Kernel, Loop, LoopAxis } from '../loops/ir.js';
import { isInternal, plainWord } from '../loops/names.js';
import { exprText, sketch } from '../loops/text.js';
import { primitive } from '../primitives/index.js';
import type { Lowering, Scope } from '../primitives/record.js';
import { type Program, rootsOf } from '../program.js';
import { memoryOrder } from './layout.js';
import { loopsOf, type ScanLoop } from './loops.js';
import { extentOf, inRange, loopAxis, loopsOver, position, variableOf, type Variables } from './scope.js';
import { demands, isIndexPredicate, supports } from './support.js';
import { isPosition } from './within.js';

export const isBuffer = (node: Node): boolean => node.op === 'input' || node.op === 'param';
const idOf = (node: Node, ids: ReadonlyMap<Node, string>): string | undefined =>
  node.op === 'input' ? node.name : node.op === 'param' ? node.path : ids.get(node);

/** Names for stored nodes: the model's own, else what it is called after, else the name of the first named use; numbered where taken. */
export const namesOf = (
  order: readonly Node[],
  stored: ReadonlySet<Node>,
  origins: { get(node: Node): Origin | undefined },
  taken: Iterable<string>,
): ReadonlyMap<Node, string> => {
  const used = new Set(taken);
  const inherited = new Map<Node, string>();
  const bases = new Map<Node, { readonly base: string; readonly own: boolean }>();
  const result = new Map<Node, string>();
  const unique = (base: string): string => {
    let name = base;
    for (let i = 2; used.has(name) || isInternal(name); i++) name = `${base}_${i}`;
    used.add(name);
    return name;
  };
  for (const node of [...order].reverse()) {
    const origin = origins.get(node);
    const base = origin?.name ?? origin?.label ?? inherited.get(node);
    if (base !== undefined) for (const arg of argsOf(node)) inherited.set(arg, base);
    if (stored.has(node)) bases.set(node, { base: plainWord(base ?? node.op), own: origin?.name !== undefined });
  }
  // A node's own name is its before anything called after it may have it.
  for (const own of [true, false])
    for (const [node, of] of bases) if (of.own === own) result.set(node, unique(of.base));
  return result;
};

const bufferOf = (
  id: string,
  node: { readonly axes: readonly Axis[]; readonly dtype: Buffer['dtype'] },
  role: Buffer['role'],
): Buffer => ({
  id,
  role,
  dtype: node.dtype,
  axes: memoryOrder(node.axes).map((a) => loopAxis(a)),
});

interface Lowered {
  readonly body: Expr;
  readonly where: Expr | null;
}

const lowerNode = (
  root: Node,
  ids: ReadonlyMap<Node, string>,
  byId: ReadonlyMap<string, Node>,
  states: ReadonlyMap<Carry, Scan>,
  support: (n: Node) => readonly Node[],
  demand: (n: Node) => readonly Node[],
): Lowered => {
  const scope: Scope = {
    at: new Map(root.axes.map((a) => [a.name, { kind: 'index', axis: a.name }])),
    known: new Set(),
    live: new Set(root.axes.map((a) => a.name)),
  };
  const variables: Variables = new Map(root.axes.map((a) => [a.name, variableOf(a, scope)]));
  const memo = new Map<Node, Map<string, Expr>>();
  const signature = (node: Node, scope: Scope): string => {
    const names = new Set(node.axes.flatMap((a) => (a.extent.kind === 'ragged' ? [a.name, a.extent.rows] : [a.name])));
    return `${[...names].map((n) => (scope.at.has(n) ? exprText(scope.at.get(n)!) : '')).join()}|${[...scope.known].join()}`;
  };
  const read = (node: Node, scope: Scope): Expr => ({
    kind: 'read',
    buffer: idOf(node, ids)!,
    dtype: node.dtype,
    at: memoryOrder(node.axes).map((a) => position(scope, a.name)),
  });
  const expr = (node: Node, around: Scope): Expr => {
    if (node !== root && idOf(node, ids) !== undefined) return read(node, around);
    // An expression knows its own axes alone: a sequence without its rows is as long as its bound, whoever uses it.
    const scope: Scope = { ...around, at: new Map(node.axes.map((a) => [a.name, position(around, a.name)])) };
    const table = memo.get(node) ?? new Map<string, Expr>();
    memo.set(node, table);
    const key = signature(node, scope);
    const known = table.get(key);
    if (known !== undefined) return known;
    const fresh = isBuffer(node) ? read(node, scope) : primitive(node).lower(node, scope, lowering);
    table.set(key, fresh);
    return fresh;
  };
  const lowering: Lowering = {
    expr,
    position,
    support,
    axis: loopAxis,
    extent: extentOf,
    inRange: (axis, scope) =>
      isTrusted(position(scope, axis.name), axis, byId) ? null : inRange(axis, scope, variables),
    loops: (axes, over, scope, zeroOutside) =>
      loopsOver(axes, over, scope, zeroOutside.filter(isIndexPredicate), expr, variables),
    buffer: (node) => idOf(node, ids),
    carried: (carry, scope) => {
      const state = states.get(carry)!;
      const before = apply('sub', position(scope, carry.along), integer(carry.reverse ? -1 : 1));
      const there: Scope = {
        ...scope,
        at: new Map(state.axes.map((a) => [a.name, a.name === carry.along ? before : position(scope, a.name)])),
      };
      return guard(inRange(axisOf(state, carry.along), there, variables), read(state, there));
    },
  };
  const predicates = [...new Set([...support(root), ...demand(root)])].filter(isIndexPredicate);
  const conditions = predicates.map((p) => expr(p, scope));
  return { body: expr(root, { ...scope, known: new Set(conditions.map(exprText)) }), where: all(conditions) };
};

/** Ids that the runtime makes exist, and so do drawn positions: looking them up needs no guard. What a buffer is called says nothing. */
const isTrusted = (e: Expr, axis: Axis, byId: ReadonlyMap<string, Node>): boolean => {
  const index = e.kind === 'read' ? byId.get(e.buffer) : undefined;
  return index !== undefined && isPosition(index, axis);
};

/** The ragged axes that a program speaks of, by the input that holds their lengths. */
const lengthsOf = (order: readonly Node[]): ReadonlyMap<string, Axis> =>
  new Map(
    order
      .flatMap((n) => [...n.axes, ...(n.op === 'extent' ? [n.axis] : [])])
      .flatMap((a) => (a.extent.kind === 'ragged' ? [[a.extent.lengths, a] as const] : [])),
  );

/** The inputs that say how many positions of an axis are missing. */
const missingIn = (order: readonly Node[]): readonly string[] =>
  [...new Set(order.flatMap((n) => [...n.axes, ...(n.op === 'extent' ? [n.axis] : [])]).map(missingOf))].filter(
    (id) => id !== undefined,
  );

/** Where no kernel asks how many positions are missing, all of them are computed, and nothing need be said of it. */
const withMissing = (entry: Entry, ids: readonly string[]): Entry => {
  const asked = new Set(entry.kernels.flatMap((k) => kernelReads(k)));
  const plain = (axis: LoopAxis): LoopAxis => {
    const { missing, ...rest } = axis;
    return missing === undefined || asked.has(missing) ? axis : rest;
  };
  const given = ids.filter((id) => asked.has(id)).map((id): Buffer => ({ id, dtype: 'i32', axes: [], role: 'input' }));
  const inputs = entry.buffers.filter((b) => b.role === 'input' || b.role === 'state');
  const made = entry.buffers.filter((b) => !inputs.includes(b));
  return { ...entry, buffers: [...inputs, ...given, ...made].map((b) => ({ ...b, axes: b.axes.map(plain) })) };
};

/** The kernel, and the buffer, of each stored node. */
export const kernelNames = (program: Program): ReadonlyMap<Node, string> => {
  const order = topological(rootsOf(program));
  const stored = program.stored ?? new Set(rootsOf(program));
  const taken = [
    ...order.filter(isBuffer).map((n) => idOf(n, new Map())!),
    ...lengthsOf(order).keys(),
    ...missingIn(order),
  ];
  const states = loopsOf(order)
    .flatMap((l) => l.states)
    .filter((s) => !order.includes(s));
  return namesOf([...order, ...states], new Set([...stored].filter((n) => !isBuffer(n))), program.origins, taken);
};

/** The kernels of a program in an order that respects their reads, those of a loop side by side. */
const ordered = (
  order: readonly Node[],
  ids: ReadonlyMap<Node, string>,
): readonly { readonly node: Node; readonly loop?: Loop }[] => {
  const loops = loopsOf(order);
  const looped = new Map(loops.flatMap((l) => [...l.inside, ...l.states].map((n) => [n, l] as const)));
  const done = new Set<ScanLoop>();
  return order.flatMap((node) => {
    const own = looped.get(node);
    if (own === undefined) return ids.has(node) ? [{ node }] : [];
    if (node.op !== 'scan' || done.has(own)) return [];
    done.add(own);
    const [
      {
        carries: [carry],
      },
    ] = own.states;
    const loop: Loop = { id: done.size, axis: carry!.along, reverse: carry!.reverse };
    return [...topological(node.next).filter((n) => own.inside.has(n) && ids.has(n)), ...own.states].map((n) => ({
      node: n,
      loop,
    }));
  });
};

export const lowerEntry = (program: Program): Entry => {
  const roots = rootsOf(program);
  const order = topological(roots);
  const states = new Map(loopsOf(order).flatMap((l) => l.states.map((s) => [s.carries[s.result]!, s] as const)));
  const leaves = order.filter(isBuffer);
  const lengths = lengthsOf(order);
  const rows = new Map(order.flatMap((n) => n.axes).map((a) => [a.name, a]));
  const ids = kernelNames(program);
  const byId = new Map([
    ...leaves.map((n) => [idOf(n, ids)!, n] as const),
    ...[...ids].map(([node, id]) => [id, node] as const),
  ]);
  const support = supports();
  const demand = demands(roots, support);
  const outputs = new Set(Object.values(program.outputs));
  const kernels: Kernel[] = [];
  const buffers: Buffer[] = [
    ...leaves.map((n) => bufferOf(idOf(n, ids)!, n, n.op === 'param' ? 'state' : 'input')),
    ...[...lengths].flatMap(([id, a]): readonly Buffer[] => {
      const along = a.extent.kind === 'ragged' ? rows.get(a.extent.rows) : undefined;
      return along === undefined ? [] : [bufferOf(id, { axes: [along], dtype: 'i32' }, 'input')];
    }),
  ];
  for (const { node, loop } of ordered(order, ids)) {
    const id = ids.get(node)!;
    const { body, where } = lowerNode(node, ids, byId, states, support, demand);
    const source = program.origins.get(node)?.source;
    buffers.push(bufferOf(id, node, outputs.has(node) ? 'output' : 'temp'));
    kernels.push({
      name: id,
      output: id,
      body,
      comment: `${id} = ${sketch(body)}`,
      ...(source === undefined ? {} : { source }),
      ...(where === null ? {} : { where }),
      ...(loop === undefined ? {} : { loop }),
    });
  }
  const unique = [...new Map(buffers.map((b) => [b.id, b])).values()];
  const resolve = (nodes: Readonly<Record<string, Node>>) =>
    Object.fromEntries(Object.entries(nodes).map(([name, n]) => [name, idOf(n, ids)!]));
  return withMissing(
    {
      name: program.entry,
      buffers: unique,
      kernels,
      outputs: resolve(program.outputs),
      updates: resolve(program.updates),
    },
    missingIn(order),
  );
};
