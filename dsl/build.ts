/**
 * Untyped constructors, one for each primitive: they compute axes and element type and refuse what has no meaning.
 * The typed language (`tensor.ts`) and the compiler's own rewrites are both built from these.
 */
import type { InputRow } from '../runtime/contract/batch.js';
import { type Axis, sameExtent, showExtent } from './axis.js';
import { fail, impossible } from './errors.js';
import type {
  Constant,
  Extent,
  FixedPoint,
  Gather,
  Implicit,
  Index,
  Init,
  Input,
  MapNode,
  Monoid,
  Node,
  Param,
  Project,
  Rebind,
  Reduce,
  Rename,
  Scatter,
  Barrier,
  Carry,
  Scan,
  Shift,
  Stop,
  Uniform,
  Variable,
  Broadcast,
} from './node.js';
import { type DType, type ScalarName, scalars } from './scalar.js';

const byName = (a: Axis, b: Axis): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** An axis name must mean one extent. */
const agreed = (known: Axis, axis: Axis): Axis =>
  known === axis || sameExtent(known, axis)
    ? known
    : fail('PC2005', `axis '${axis.name}' has two extents: ${showExtent(known)} and ${showExtent(axis)}`);

const isSorted = (axes: readonly Axis[]): boolean => axes.every((a, i) => i === 0 || axes[i - 1]!.name < a.name);
/** By name, each once. */
const inOrder = (axes: readonly Axis[]): readonly Axis[] => {
  if (isSorted(axes)) return axes;
  const found = new Map<string, Axis>();
  for (const axis of axes) found.set(axis.name, agreed(found.get(axis.name) ?? axis, axis));
  return [...found.values()].sort(byName);
};

/** Of two lists in order; the first itself where it has them all, as of most nodes. */
const joined = (a: readonly Axis[], b: readonly Axis[]): readonly Axis[] => {
  if (a === b) return a;
  const all: Axis[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const [x, y] = [a[i], b[j]];
    if (y === undefined || (x !== undefined && x.name <= y.name)) {
      all.push(y?.name === x!.name ? agreed(x!, y) : x!);
      i++;
      if (y?.name === x!.name) j++;
    } else {
      all.push(y);
      j++;
    }
  }
  return all.length === a.length ? a : all;
};

/** Sorted union; an axis name must mean one extent. */
export const unionAxes = (...groups: readonly (readonly Axis[])[]): readonly Axis[] =>
  groups.map(inOrder).reduce((all, axes) => (all.length === 0 ? axes : joined(all, axes)), []);

/** The axes that have none of these names. */
export const withoutAxes = (axes: readonly Axis[], names: readonly string[]): readonly Axis[] =>
  axes.filter((a) => !names.includes(a.name));
/** Whether a node, or what else has axes, has one of that name. */
export const hasAxis = ({ axes }: Pick<Node, 'axes'>, name: string): boolean => axes.some((a) => a.name === name);
/** The node's axis of that name; an error that lists its axes where there is none. */
export const axisOf = (node: Node, name: string): Axis =>
  node.axes.find((a) => a.name === name) ??
  fail('PC2001', `there is no axis '${name}' here: the axes are ${showAxes(node.axes)}`);
/** The axes as messages list them: `'batch' | 'seq'`. */
export const showAxes = (axes: readonly Axis[]): string =>
  axes.length === 0 ? 'none' : axes.map((a) => `'${a.name}'`).join(' | ');
/** Whether two sorted lists name the same axes. */
export const sameAxes = (a: readonly Axis[], b: readonly Axis[]): boolean =>
  a.length === b.length && a.every((x, i) => x.name === b[i]!.name);

/** Data of the batch, by the name that the runtime fills. */
export const input = (name: string, axes: readonly Axis[], dtype: DType, row?: InputRow): Input => ({
  op: 'input',
  name,
  axes: unionAxes(axes),
  dtype,
  ...(row === undefined ? {} : { row }),
});
/** A tensor that stays from run to run (f32), trained unless its init is `given`. Neither the path nor that equal paths agree is checked here. */
export const param = (path: string, axes: readonly Axis[], init: Init): Param => ({
  op: 'param',
  path,
  init,
  axes: unionAxes(axes),
  dtype: 'f32',
});
/** One value, without axes. */
export const constant = (value: number, dtype: DType = 'f32'): Constant => ({ op: 'constant', value, axes: [], dtype });
/** Positions along the axis from 0. Axes: the axis; i32. */
export const index = (axis: Axis): Index => ({ op: 'index', axis, axes: [axis], dtype: 'i32' });
/** Uniform in [0, 1), the same for equal keys. Axes: those given; f32. */
export const uniform = (key: string, axes: readonly Axis[]): Uniform => ({
  op: 'uniform',
  key,
  axes: unionAxes(axes),
  dtype: 'f32',
});
/** A variable that `descend` or `fixedPoint` binds: another object is another variable, whatever its name. */
export const variable = (name: string, axes: readonly Axis[], dtype: DType = 'f32'): Variable => ({
  op: 'variable',
  name,
  axes: unionAxes(axes),
  dtype,
});
/** The same value, without a derivative. */
export const stop = (arg: Node): Stop => ({ op: 'stop', arg, axes: arg.axes, dtype: arg.dtype });
/** The same value, never merged with an equal one that has another key: what hangs on it is computed again. */
export const barrier = (arg: Node, key: string): Barrier => ({
  op: 'barrier',
  arg,
  key,
  axes: arg.axes,
  dtype: arg.dtype,
});
/** The key of barriers whose value is computed once, into a buffer: the compiler sees to it (`compiler/stored.ts`). */
export const STORED = 'stored';
/** The same value, one number for all who compare it; leaves are that anyway. */
export const stored = (n: Node): Node =>
  n.op === 'input' || n.op === 'param' || n.op === 'constant' ? n : barrier(n, STORED);
/** `value`, with the derivative of the implicit function theorem through `through` = step(value). Axes: those of `value`. */
export const implicit = (value: Node, through: Node, of: FixedPoint): Implicit => ({
  op: 'implicit',
  value,
  through,
  of,
  axes: value.axes,
  dtype: value.dtype,
});

/** `rows` is the axis that a ragged axis's lengths run along. */
export const extent = (axis: Axis, rows: readonly Axis[]): Extent => {
  const { extent: e } = axis;
  const along =
    e.kind === 'fixed'
      ? []
      : [
          rows.find((r) => r.name === e.rows) ??
            fail('PC2011', `axis '${axis.name}' has a length for each '${e.rows}': give that axis`),
        ];
  return { op: 'extent', axis, axes: along, dtype: 'i32' };
};

/** A scalar function at every position. Axes: the union of the arguments'. Wrong numbers or element types of arguments are errors. */
export const map = (fn: ScalarName, ...args: readonly Node[]): MapNode => {
  const { args: want, result } = scalars[fn];
  if (args.length !== want.length)
    impossible(`${fn} takes ${want.length === 1 ? 'one argument' : `${want.length} arguments`}, not ${args.length}`);
  let same: DType | undefined;
  args.forEach((arg, i) => {
    const expected = want[i]!;
    if (expected !== 'same') {
      if (arg.dtype !== expected) fail('PC2004', `argument ${i + 1} of ${fn} must be ${expected}, not ${arg.dtype}`);
    } else if (same === undefined) same = arg.dtype;
    else if (same !== arg.dtype)
      fail('PC2004', `the arguments of ${fn} must have one element type, not ${same} and ${arg.dtype}`);
  });
  return {
    op: 'map',
    fn,
    args,
    axes: unionAxes(...args.map((a) => a.axes)),
    dtype: result === 'same' ? same! : result,
  };
};

/** Combines the positions that exist. Axes: those of `arg` without `over`, which must be among them; no bool. */
export const reduce = (monoid: Monoid, arg: Node, over: readonly string[]): Reduce => {
  over.forEach((name) => axisOf(arg, name));
  if (arg.dtype === 'bool')
    fail('PC2004', `${monoid} needs numbers: turn the bool into f32 with where(condition, 1, 0)`);
  return {
    op: 'reduce',
    monoid,
    over: [...new Set(over)].sort(),
    arg,
    axes: withoutAxes(arg.axes, over),
    dtype: arg.dtype,
  };
};

/** The same value along further axes as well; those that it has change nothing. */
export const broadcast = (arg: Node, axes: readonly Axis[]): Broadcast => ({
  op: 'broadcast',
  arg,
  axes: unionAxes(arg.axes, axes),
  dtype: arg.dtype,
});

/** `x` along all axes of `like`: what stands in for a node must have its axes. */
export const along = (x: Node, like: Node): Node => (sameAxes(x.axes, like.axes) ? x : broadcast(x, like.axes));

/** table[at]. Axes: those of the table without `axis`, and those of `at` (i32), which may not have `axis`. */
export const gather = (table: Node, at: Node, axis: string): Gather => {
  axisOf(table, axis);
  if (at.dtype !== 'i32') fail('PC2004', `positions along '${axis}' must be i32, not ${at.dtype}`);
  if (hasAxis(at, axis))
    fail('PC2010', `the positions have the axis '${axis}' that they look up: rename one of the two`);
  return {
    op: 'gather',
    table,
    at,
    axis,
    axes: unionAxes(withoutAxes(table.axes, [axis]), at.axes),
    dtype: table.dtype,
  };
};

/** out[i] = the sum over `over` of `arg` where `at` = i. Axes: those of both without `over`, and `axis`, which `arg` may not have. */
export const scatter = (arg: Node, at: Node, axis: Axis, over: readonly string[]): Scatter => {
  if (at.dtype !== 'i32') impossible(`positions along '${axis.name}' must be i32, not ${at.dtype}`);
  if (hasAxis(arg, axis.name)) impossible(`the summands already have the axis '${axis.name}'`);
  over.forEach((name) => axisOf(at, name));
  return {
    op: 'scatter',
    arg,
    at,
    axis,
    over: [...new Set(over)].sort(),
    dtype: arg.dtype,
    axes: unionAxes(withoutAxes(unionAxes(arg.axes, at.axes), over), [axis]),
  };
};

/** Along `to` instead of `from`, of the same extent. Where `to` is there already, the diagonal. */
export const rename = (arg: Node, from: string, to: Axis): Rename => {
  const original = axisOf(arg, from);
  if (!sameExtent(original, to))
    fail('PC2009', `'${from}' cannot be renamed to '${to.name}': ${showExtent(original)} against ${showExtent(to)}`);
  return { op: 'rename', arg, from, to, axes: unionAxes(withoutAxes(arg.axes, [from]), [to]), dtype: arg.dtype };
};

/** out[t] = arg[t - by] along the axis, 0 where there is no such position; `by` is a whole number. */
export const shift = (arg: Node, axis: string, by: number): Shift => {
  axisOf(arg, axis);
  if (!Number.isInteger(by)) fail('PC2012', `a shift along '${axis}' takes a whole number of positions, not ${by}`);
  return { op: 'shift', arg, axis, by, axes: arg.axes, dtype: arg.dtype };
};

/** The state that a step of a scan along `along` is given, which must be among the axes; f32. */
export const carry = (name: string, axes: readonly Axis[], along: string, reverse: boolean): Carry => {
  if (!axes.some((a) => a.name === along))
    impossible(`a state of a scan along '${along}' has that axis: its axes are ${showAxes(axes)}`);
  return { op: 'carry', name, along, reverse, axes: unionAxes(axes), dtype: 'f32' };
};

/** Result number `result` of a scan. `next` has one f32 state for each carry, of its axes. */
export const scan = (
  carries: readonly Carry[],
  next: readonly Node[],
  result: number,
  { backward, form }: Pick<Scan, 'backward' | 'form'>,
): Scan => {
  next.forEach((n, i) => {
    const from =
      carries[i] ?? impossible(`the states of a scan are ${carries.length}, and its step gives ${next.length}`);
    if (n.dtype !== 'f32') fail('PC2004', `state ${i} of a scan is f32, not ${n.dtype}`);
    if (!sameAxes(n.axes, from.axes))
      fail('PC4004', `a step of a scan keeps the axes: from ${showAxes(from.axes)} to ${showAxes(n.axes)}`);
  });
  const own = carries[result] ?? impossible(`a scan of ${carries.length} states has no result '${result}'`);
  return { op: 'scan', carries, next, result, backward, form, axes: own.axes, dtype: 'f32' };
};

/** Expressions in which parameters have other values: each has the parameter's axes, and perhaps `rows`, which every expression has. */
export const rebind = (of: readonly Node[], values: ReadonlyMap<Param, Node>, rows: Axis): Rebind => {
  of.forEach(
    (n) =>
      hasAxis(n, rows.name) ||
      fail('PC2001', `what is rebound has the axis '${rows.name}': the axes here are ${showAxes(n.axes)}`),
  );
  values.forEach(
    (value, p) =>
      sameAxes(unionAxes(p.axes, [rows]), unionAxes(value.axes, [rows])) ||
      impossible(
        `the parameter '${p.path}' has the axes ${showAxes(p.axes)}, what takes its place ${showAxes(value.axes)}`,
      ),
  );
  return { op: 'rebind', of, paths: [...values.keys()].map((p) => p.path), values: [...values.values()], rows };
};

/** The axes of each result, for `project`. */
const resultType = (of: Project['of'], result: string): { axes: readonly Axis[]; dtype: DType } => {
  const typed = (node: Node) => ({ axes: node.axes, dtype: node.dtype });
  const row = (rows: Axis, dtype: DType) => ({ axes: [rows], dtype });
  switch (of.op) {
    case 'gradient':
      return typed(of.wrt[Number(result)] ?? impossible(`gradient has no result '${result}'`));
    case 'rebind':
      return typed(of.of[Number(result)] ?? impossible(`rebind has no result '${result}'`));
    case 'descend':
      return result === 'energy'
        ? typed(of.energy)
        : typed(of.variables[Number(result)] ?? impossible(`descend has no result '${result}'`));
    case 'fixedPoint':
      return result === 'value'
        ? typed(of.variable)
        : row(
            of.rows,
            ({ residual: 'f32', steps: 'i32', converged: 'bool' } as const)[result] ??
              impossible(`fixedPoint has no result '${result}'`),
          );
  }
};
/** One result of an operator with several; a name that it does not have is an error. */
export const project = (of: Project['of'], result: string): Project => ({
  op: 'project',
  of,
  result,
  ...resultType(of, result),
});

/** A node's inputs, those of the operators it projects included. */
export const argsOf = (node: Node): readonly Node[] => {
  switch (node.op) {
    case 'input':
    case 'param':
    case 'constant':
    case 'index':
    case 'extent':
    case 'uniform':
    case 'carry':
    case 'variable':
      return [];
    case 'map':
      return node.args;
    case 'reduce':
    case 'broadcast':
    case 'rename':
    case 'shift':
    case 'stop':
    case 'barrier':
      return [node.arg];
    case 'gather':
      return [node.table, node.at];
    case 'scatter':
      return [node.arg, node.at];
    case 'implicit':
      return [node.value, node.through];
    case 'scan':
      return node.next;
    case 'project':
      return operatorArgs(node.of);
  }
};
const operatorArgs = (of: Project['of']): readonly Node[] => {
  switch (of.op) {
    case 'gradient':
      return [of.of, ...of.wrt];
    case 'rebind':
      return [...of.of, ...of.values];
    case 'descend':
      return [...of.init, ...of.rate, of.energy];
    case 'fixedPoint':
      return [of.init, of.step];
  }
};
