/**
 * Every scalar function against float64, over every exponent that a float32 can have and at its edges (test/support/ranges.ts), on
 * four lanes with a tail and on single values.
 */
import { describe, expect, it } from 'vitest';
import { worth } from '../../compiler/scalars.js';
import { wasmText } from '../../compiler/targets/wasm/index.js';
import { scalars } from '../../dsl/scalar.js';
import { data } from '../gpu/sessions.js';
import { columnsOf, functionOf, ranges, resultOf, trials, unitsOff } from '../support/ranges.js';
import { opened } from './sessions.js';

it('is a table of every function on every element type that it takes', () => {
  expect(Object.keys(ranges).sort()).toEqual(Object.keys(scalars).sort());
  trials.forEach((t) =>
    expect(
      t.range.rows.every((r) => r.length === scalars[t.fn].args.length),
      t.fn,
    ).toBe(true),
  );
});

const forms = [
  ['on four lanes', 1],
  ['on one value', 3],
] as const;
describe.each(trials.map((t) => [`${t.fn} of ${t.dtype}`, t] as const))('%s', (_, trial) => {
  it.each(forms)('%s', async (form, along) => {
    const program = functionOf(trial, along);
    const { text, relaxed } = wasmText(program);
    // Where products are fused into sums, these stay what they are: their polynomials count on every rounding.
    expect(relaxed).toBe(text);
    const session = await opened(program, {}, { threads: 1 });
    try {
      const given = Object.fromEntries(columnsOf(trial).map((c, k) => [`a${k}`, c]));
      const got = (await session.run('all', data(program, given), { seed: 1, step: 1 }))['out']!;
      const meaning = worth(trial.fn, resultOf(trial));
      const worst = { units: 0, says: '' };
      trial.range.rows.forEach((row, i) => {
        const want = meaning(...row);
        const units = unitsOff(got[i * along]!, want, trial.range.floor);
        if (units > worst.units)
          Object.assign(worst, {
            units,
            says: `${trial.fn}(${row.join(', ')}) is ${got[i * along]}, not ${Math.fround(want)} ${form}`,
          });
      });
      expect(worst.units, worst.says).toBeLessThanOrEqual(trial.range.units);
    } finally {
      await session.dispose();
    }
  });
});

it('makes nothing of what is too small for a number, not the least that there is: multiplied by much, that is something', async () => {
  const trial = trials.find((t) => t.fn === 'sigmoid' && t.dtype === 'f32')!;
  const rows = [-89, -1000, -1e30, -Infinity].map((x) => [x]);
  const session = await opened(functionOf({ ...trial, range: { ...trial.range, rows } }, 1), {}, { threads: 1 });
  const { out } = await session.run('all', { a0: Float32Array.from(rows.flat()) }, { seed: 1, step: 1 });
  await session.dispose();
  expect([...out!]).toEqual([0, 0, 0, 0]);
});
