/** Names of axes that are changed all at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axis, copied } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { renameAll } from '../../compiler/algebra/terms.js';
import { evaluate } from '../../compiler/targets/reference.js';

// What stands in for a name on the way is made of it by primes, which names of the compiler's own have too.
const names = ['key', "key'", "key''", "seq'", 'seq', 'z'];
const axes = names.slice(0, 5).map((name, i) => copied(name, axis('of', 2 + (i % 2))));
const table = build.input('table', axes, 'f32');
const cells = Float64Array.from(
  { length: axes.reduce((n, { extent }) => n * Number(extent.kind === 'fixed' ? extent.size : 0), 1) },
  (_, i) => i,
);
const env = { sizes: {}, inputs: { table: cells }, params: {}, random: { seed: 1, step: 1 } };

test('are those that were asked for, and changed back they mean what they meant', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: axes.length, maxLength: axes.length }), (to) => {
      const there = new Map(axes.map((a, i) => [a.name, copied(to[i]!, a)]));
      const back = new Map(axes.map((a, i) => [to[i]!, a]));
      const moved = renameAll(table, there);
      expect(moved.axes.map(({ name }) => name).sort()).toEqual([...to].sort());
      const [before, after] = evaluate([table, renameAll(moved, back)], env);
      expect(after).toEqual(before);
    }),
    { numRuns: 200 },
  );
});
