/** Every scalar function over its range, as ONNX Runtime computes it from what we make of it. */
import { expect, it } from 'vitest';
import { axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { worth } from '../../compiler/scalars.js';
import { graphOf } from '../../compiler/targets/onnx/graph.js';
import { argumentsOf, columnsOf, resultOf, trials } from '../support/ranges.js';
import { programOf } from '../support/programs.js';
import { ran, wrapped } from './sessions.js';

/** Theirs are float32's to a few units, but Erf, which is a polynomial, and products that overflow on the way of a power. */
const TOLERANCE = 2e-6;
const isNear = (got: number, want: number): boolean =>
  Object.is(got, want) ||
  got === want ||
  Math.abs(got - want) <= TOLERANCE * Math.max(1, Math.abs(want)) ||
  // The last binade before infinity belongs to either side.
  (Math.abs(want) > 3.3e38 && Math.abs(got) > 3.3e38 && Math.sign(got) === Math.sign(want));

it.each(trials.map((t) => [`${t.fn} of ${t.dtype}`, t] as const))('%s', async (_, trial) => {
  const along = axis('i', trial.range.rows.length);
  const args = argumentsOf(trial).map((dtype, k) => build.input(`a${k}`, [along], dtype));
  const made = build.map(trial.fn, ...args);
  // ONNX gives truth values as bytes; as numbers they come out as others do.
  const out = made.dtype === 'bool' ? build.map('select', made, build.constant(1), build.constant(0)) : made;
  const graph = graphOf(programOf({ out }), 'function', () => undefined);
  const data = Object.fromEntries(columnsOf(trial).map((column, k) => [`a${k}`, column]));
  const { out: got } = await ran(wrapped(graph), { sizes: {}, data });
  const meaning = worth(trial.fn, resultOf(trial));
  const wrong = trial.range.rows.flatMap((row, i) => {
    const want = meaning(...row);
    const single = resultOf(trial) === 'f32' ? Math.fround(want) : want;
    return isNear(got!.data[i]!, single) ? [] : [`${trial.fn}(${row.join(', ')}) is ${got!.data[i]}, not ${single}`];
  });
  expect(wrong.slice(0, 5)).toEqual([]);
});
