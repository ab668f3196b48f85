/**
 * Which programs may be run on shorter rows than the longest that there may be: those in which positions beyond the longest row of the
 * batch change nothing.
 *
 * What knows the rows (has the axis `batch`, say) has no such positions: whoever brings several together leaves them out already. What
 * does not know the rows is as long as the bound. So it must be cut, and where its positions meet they must be 0 beyond the longest row:
 * because a sum over rows made them, or because a condition ends them at another position (`key <= seq`).
 */
import { type Axis, bound, sameExtent } from '../../../dsl/axis.js';
import { hasAxis } from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import { topological } from '../../graph.js';
import { type Program, rootsOf } from '../../program.js';
import { conditions } from '../../softmax.js';

/** Axes that may be cut, by name, with the symbol of how many positions are left. */
export type Cut = ReadonlyMap<string, string>;
const nothing: Cut = new Map();

const LENGTHS = '.lengths';
const symbolOf = (input: string): string => (input.endsWith(LENGTHS) ? input.slice(0, -LENGTHS.length) : input);
/** Of an axis with rows whose bound is a number: after which input of lengths. */
const raggedOf = ({ extent }: Axis): { readonly rows: string; readonly symbol: string } | undefined =>
  extent.kind === 'ragged' && typeof extent.max === 'number'
    ? { rows: extent.rows, symbol: symbolOf(extent.lengths) }
    : undefined;

const axesWithin = (nodes: readonly Node[]): readonly Axis[] =>
  nodes.flatMap((n) => [
    ...n.axes,
    ...(n.op === 'index' || n.op === 'extent' || n.op === 'scatter' ? [n.axis] : []),
    ...(n.op === 'rename' ? [n.to] : []),
  ]);

/** Whether `p` says that a position of `axis` is at most one of another axis of the same rows, which is among `beside`. */
const endsAt = (p: Node, axis: Axis, beside: readonly Axis[]): boolean =>
  conditions(p).some((c) => {
    if (c.op !== 'map') return false;
    const [low, high] =
      c.fn === 'le' || c.fn === 'lt' ? c.args : c.fn === 'ge' || c.fn === 'gt' ? [c.args[1]!, c.args[0]!] : [];
    const [x, y] = [plain(low), plain(high)];
    return (
      x?.op === 'index' &&
      x.axis.name === axis.name &&
      y?.op === 'index' &&
      y.axis.name !== axis.name &&
      beside.some((a) => a.name === y.axis.name && sameExtent(a, axis))
    );
  });

const plain = (n: Node | undefined): Node | undefined => (n?.op === 'broadcast' ? plain(n.arg) : n);

/** Whether a number, where it is a position of `axis` at all, is one of the row that it stands in. */
const inRow = (n: Node, axis: Axis): boolean => {
  const { extent } = axis;
  switch (n.op) {
    case 'index':
      return sameExtent(n.axis, axis);
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return inRow(n.arg, axis);
    case 'rename':
      return inRow(n.arg, axis);
    case 'map': {
      const [a, b] = n.args;
      const less = b !== undefined && plain(b)!.op === 'constant' ? (plain(b) as { value: number }).value : undefined;
      if (n.fn === 'sub' && less !== undefined) {
        const from = plain(a)!;
        const isLength =
          extent.kind === 'ragged' &&
          ((from.op === 'input' && from.name === extent.lengths) ||
            (from.op === 'extent' && sameExtent(from.axis, axis)));
        return (isLength && less >= 1) || (less >= 0 && inRow(a!, axis));
      }
      if (n.fn === 'min') return n.args.some((x) => inRow(x, axis));
      if (n.fn === 'max') return n.args.every((x) => inRow(x, axis) || plain(x)!.op === 'constant');
      return n.fn === 'select' && n.args.slice(1).every((x) => inRow(x, axis));
    }
    default:
      return false;
  }
};

/** Whether cells of what does not know the rows of `axis` are 0 at its positions beyond the longest row. */
const isZero = (n: Node, axis: Axis, rows: string): boolean => {
  if (n.op === 'constant') return n.value === 0;
  if (n.op === 'scatter' && n.axis.name === axis.name) return inRow(n.at, axis);
  if (!hasAxis(n, axis.name)) return false;
  const zero = (x: Node): boolean => isZero(x, axis, rows);
  switch (n.op) {
    case 'map':
      switch (n.fn) {
        case 'mul':
          return n.args.some(zero);
        case 'div':
          return zero(n.args[0]!);
        case 'add':
        case 'sub':
        case 'neg':
        case 'abs':
          return n.args.every(zero);
        case 'select': {
          const [p, x, otherwise] = n.args as readonly [Node, Node, Node];
          return zero(otherwise) && (zero(x) || endsAt(p, axis, n.axes));
        }
        default:
          return false;
      }
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return zero(n.arg);
    case 'implicit':
      return zero(n.value);
    case 'reduce':
      return n.monoid === 'sum' && (hasAxis(n.arg, rows) || zero(n.arg));
    case 'rename':
      return n.to.name === axis.name ? isZero(n.arg, { ...axis, name: n.from }, rows) : zero(n.arg);
    case 'gather':
      return n.axis !== axis.name && hasAxis(n.table, axis.name) && zero(n.table);
    case 'scatter':
      return n.over.includes(rows) || zero(n.arg);
    case 'shift':
      return n.axis !== axis.name && zero(n.arg);
    default:
      return false;
  }
};

/** Whether a node makes the same of shorter rows, where its arguments do. `known`: of an axis that may be cut, its rows. */
const holds = (n: Node, known: ReadonlyMap<string, string>): boolean => {
  const apart = (x: Node, name: string): boolean => hasAxis(x, name) && !hasAxis(x, known.get(name)!);
  const axisOf = (x: Node, name: string): Axis => x.axes.find((a) => a.name === name)!;
  switch (n.op) {
    case 'reduce':
      return n.over.every((name) => {
        if (!known.has(name) || !apart(n.arg, name)) return true;
        const axis = axisOf(n.arg, name);
        const { arg } = n;
        return n.monoid === 'sum'
          ? isZero(arg, axis, known.get(name)!)
          : arg.op === 'map' && arg.fn === 'select' && endsAt(arg.args[0]!, axis, n.axes);
      });
    case 'gather':
      return !known.has(n.axis) || !apart(n.table, n.axis) || inRow(n.at, axisOf(n.table, n.axis));
    case 'scatter': {
      const over = n.over.every(
        (name) =>
          !known.has(name) ||
          !hasAxis(n.arg, name) ||
          hasAxis(n.arg, known.get(name)!) ||
          isZero(n.arg, axisOf(n.arg, name), known.get(name)!),
      );
      return over && (!known.has(n.axis.name) || hasAxis(n, known.get(n.axis.name)!) || inRow(n.at, n.axis));
    }
    case 'rename':
      return known.has(n.from) === known.has(n.to.name);
    case 'shift':
      return n.by >= 0 || !known.has(n.axis) || !apart(n.arg, n.axis);
    case 'scan': {
      const { along, reverse } = n.carries[0]!;
      return !reverse || !known.has(along) || n.next.every((x) => !apart(x, along));
    }
    default:
      return true;
  }
};

/** The axes that some input tells the length of, where the whole program may be run on shorter rows. */
export const cutOf = (program: Program): Cut => {
  const order = topological(rootsOf(program));
  const given = new Set(
    order
      .filter((n) => n.op === 'input')
      .flatMap((n) => n.axes.filter((a) => hasAxis(n, raggedOf(a)?.rows ?? '')).map((a) => raggedOf(a)!.symbol)),
  );
  const all = axesWithin(order);
  const ragged = all.filter((a) => given.has(raggedOf(a)?.symbol ?? ''));
  const known = new Map(ragged.map((a) => [a.name, raggedOf(a)!.rows]));
  const one = all.every(
    (a) =>
      !known.has(a.name) ||
      sameExtent(
        a,
        ragged.find((r) => r.name === a.name)!,
      ),
  );
  const results = rootsOf(program).every((root) =>
    root.axes.every(
      (a) => !known.has(a.name) || (!hasAxis(root, known.get(a.name)!) && isZero(root, a, known.get(a.name)!)),
    ),
  );
  const bounds = new Set(ragged.map(bound));
  return one && results && bounds.size <= 1 && order.every((n) => holds(n, known))
    ? new Map(ragged.map((a) => [a.name, raggedOf(a)!.symbol]))
    : nothing;
};
