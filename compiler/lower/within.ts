/** Integers that are positions of an axis whatever the data: what is looked up at them needs no guard. */
import { type Axis, bound } from '../../dsl/axis.js';
import type { Input, Node } from '../../dsl/node.js';
import { axes, inputOf } from '../../runtime/contract/batch.js';

/** Functions of which no value is below 0 where no argument is. */
const keepsSign: ReadonlySet<string> = new Set(['add', 'mul', 'min', 'max', 'toI32', 'toF32', 'floor']);

const isNonnegative = (n: Node): boolean =>
  n.op === 'constant'
    ? n.value >= 0
    : n.op === 'index' ||
      n.op === 'extent' ||
      n.op === 'uniform' ||
      (n.op === 'map' && keepsSign.has(n.fn) && n.args.every(isNonnegative));

/** size - 1, of an axis all of whose positions exist. */
const isLast = (n: Node, { name, extent }: Axis): boolean => {
  if (extent.kind === 'ragged' || extent.missing !== undefined) return false;
  if (n.op === 'constant') return typeof extent.size === 'number' && n.value <= extent.size - 1;
  const [size, one] = n.op === 'map' && n.fn === 'sub' ? n.args : [];
  return size?.op === 'extent' && size.axis.name === name && one?.op === 'constant' && one.value >= 1;
};

/** The runtime makes ids of items that exist. What an input is called says nothing, but where the table of inputs has its row. */
const isIdOf = ({ name }: Input, axis: Axis): boolean => {
  const ids = inputOf(name)?.ids ?? null;
  return ids !== null && bound(axis) === axes[ids].size;
};

/** An id, or min(size - 1, what is at least 0): as drawn positions are. An axis has at least one position. */
export const isPosition = (n: Node, axis: Axis): boolean =>
  n.op === 'input'
    ? isIdOf(n, axis)
    : n.op === 'map' &&
      n.fn === 'min' &&
      n.args.some((last, i) => isLast(last, axis) && n.args.every((other, j) => i === j || isNonnegative(other)));
