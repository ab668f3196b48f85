/** From an expression over rectangles to an ONNX graph. */
import { bound } from '../../../dsl/axis.js';
import type { Input, Node, Param } from '../../../dsl/node.js';
import { draw, elements, type OnnxGraph, type OnnxValue, pruned, sizeName } from '../../../runtime/contract/onnx.js';
import { inLoop, topological } from '../../graph.js';
import { type Program, rootsOf } from '../../program.js';
import { rule } from './rules.js';
import { type Frame, writer } from '../../exits/frames.js';
import { sliced, type Writing } from './scan.js';
import { book } from './sheet.js';
import { type Given, sizesOf } from './sizes.js';
import { type Value, whole } from './value.js';

type Leaf = Input | Param;
export const nameOf = (n: Leaf): string => (n.op === 'input' ? n.name : n.path);
export const leavesOf = (program: Program): readonly Leaf[] =>
  topological(rootsOf(program)).filter((n) => n.op === 'input' || n.op === 'param');

/** The names of an array's axes, outermost first. */
export type Order = (name: string) => readonly string[] | undefined;

const inOrder = (n: Node, names: readonly string[] | undefined): Value['axes'] =>
  names === undefined ? n.axes : names.map((name) => n.axes.find((a) => a.name === name)!);

const described = (name: string, dtype: Node['dtype'], axes: Value['axes'], doc?: string): OnnxValue => ({
  name,
  type: {
    tensor: {
      element: elements[dtype],
      shape: {
        dims: axes.map(bound).map((size) => (typeof size === 'number' ? { value: size } : { symbol: size })),
      },
    },
  },
  ...(doc === undefined ? {} : { doc }),
});

/**
 * The graph of a program without ragged rows. It is given what its inputs and parameters are called, inputs
 * first, and each by its name in the order of its axes that `order` says; what is lost when parameters become constants is
 * nothing but their mention among its inputs.
 */
export const graphOf = (program: Program, name: string, order: Order): OnnxGraph => {
  const { origins, outputs } = program;
  const leaves = [...leavesOf(program)].sort(
    (a, b) => (a.op === b.op ? 0 : a.op === 'input' ? -1 : 1) || (nameOf(a) < nameOf(b) ? -1 : 1),
  );
  const given = leaves.map((n): Value & Given => ({
    id: nameOf(n),
    axes: inOrder(n, order(nameOf(n))),
    dtype: n.dtype,
  }));
  const all = topological(rootsOf(program));
  const draws = all.some((n) => n.op === 'uniform') ? Object.values(draw) : [];
  const b = book([...given.map(({ id }) => id), ...draws, ...Object.keys(outputs)]);
  // Parameters may become constants, and what is measured of them with them.
  const pen = { book: b, sizes: sizesOf(b, [...given].reverse()) };
  const about = (n: Node): void => {
    const { name: own, label, source } = origins.get(n) ?? {};
    b.about(own ?? label ?? n.op, source === undefined ? undefined : `${source.file}:${source.line}`);
  };
  const written = writer<Value>(
    (node, frame) => rule(node, writing(frame, node)),
    (v, loop) => sliced(v, loop, pen),
  );
  const writing = (frame: Frame<Value>, node: Node): Writing => {
    about(node);
    return {
      ...pen,
      frame,
      of: (n) => {
        const v = written(frame, n);
        about(node);
        return v;
      },
      inside: (inner) => (n) => written(inner, n),
    };
  };
  const frame: Frame<Value> = { values: new Map(leaves.map((n, i) => [n, given[i]!])), loops: new Map() };
  const inLoops = new Set(all.flatMap((n) => (n.op === 'scan' ? [...inLoop(n)] : [])));
  // Arguments first, so that no recursion goes deep; what hangs on a loop's states is written with the loop.
  all.filter((n) => !inLoops.has(n)).forEach((n) => written(frame, n));
  const results = Object.entries(outputs).map(([result, n]) => {
    about(n);
    const v = whole(pen, written(frame, n), inOrder(n, order(result)));
    return { result, from: v.id, described: described(result, n.dtype, v.axes) };
  });
  return pruned({
    nodes: [
      ...b.close(),
      ...results.map(({ result, from }) => ({ inputs: [from], outputs: [result], name: result, op: 'Identity' })),
    ],
    name,
    constants: b.constants,
    inputs: [
      ...given.map(({ id, dtype, axes }) => described(id, dtype, axes)),
      ...draws.map((id) => described(id, 'i32', [])),
      ...[...pen.sizes.asked].sort().map((size) => ({
        name: sizeName(size),
        type: { tensor: { element: elements.i64, shape: { dims: [{ value: 1 }] } } },
      })),
    ],
    outputs: results.map((r) => r.described),
  });
};
