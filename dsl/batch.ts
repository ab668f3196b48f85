/** From the table of inputs to axes and nodes: for `batchOf`, and for what the compiler reads of a batch besides. */
import { type AxisName, type AxisRow, axes as table, type InputRow, inputOf } from '../runtime/contract/batch.js';
import { type Axis, axis, partial, ragged } from './axis.js';
import { input } from './build.js';
import type { Input } from './node.js';

type Axes = { readonly [A in AxisName]: Axis<A> };
/** The axes of inputs as their table says, a history being at most `length` long: other sizes are bound when the trainer starts. */
export const batchAxes = (length: number): Axes => {
  const made: Record<string, Axis> = {};
  for (const [name, { size, rows, partial: ends }] of Object.entries<AxisRow>(table)) {
    const most = size === 'length' ? length : size;
    made[name] =
      rows !== undefined ? ragged(name, made[rows]!, most) : ends === true ? partial(name, most) : axis(name, most);
  }
  return made as unknown as Axes;
};

/** The tensor of an input, over these axes. */
export const inputNode = (row: InputRow, among: Readonly<Record<string, Axis>>): Input =>
  input(
    row.name,
    [...row.axes.map((a) => among[a]!), ...(row.own === undefined ? [] : [axis(row.own.name, row.own.size)])],
    row.dtype,
    inputOf(row.name) === undefined ? row : undefined,
  );
/** The row of an input: its own, or the table's. */
export const rowOf = ({ name, row }: Input): InputRow | undefined => row ?? inputOf(name);
