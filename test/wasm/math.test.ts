/**
 * The scalar functions against float64 over every exponent that a float32 can have, and at their edges. Bounds are those that
 * the emitted code promises: relative errors in units of 2^-24, and absolute ones where a function passes through zero.
 */
import { afterAll, expect, it } from 'vitest';
import { table } from '../../compiler/scalars.js';
import type { ScalarName } from '../../dsl/scalar.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import type { WasmSession } from '../../runtime/wasm/index.js';
import { opened } from './sessions.js';

const N = 60_000;
/** Both signs, all exponents from the least subnormal number to the largest, dense between 2^-12 and 2^8, and the edges. */
const arguments_ = ((): Float32Array => {
  const bits = new Int32Array(N);
  const floats = new Float32Array(bits.buffer);
  const edges = [0, -0, 1, -1, 0.5, -0.5, 0.625, -0.625, 10.5, 88.72, 88.7228394, -87.33, -103.9, 1.17549435e-38, 1.4e-45, 3.4028234e38, -3.4028234e38, Infinity, -Infinity, NaN, 0.70710677, 1.4142135, 6.5, -6.5];
  for (let i = 0; i < N; i++) {
    const mantissa = Math.imul(i, 0x9e3779b9) >>> 9;
    const exponent = i % 2 === 0 ? Math.floor((i / N) * 255) : 115 + Math.floor((i / N) * 21);
    bits[i] = ((i & 2) << 30) | (exponent << 23) | mantissa;
  }
  floats.set(edges, 0);
  return floats;
})();

const read = { kind: 'read', buffer: 'x', at: [{ kind: 'index', axis: 'i' }], dtype: 'f32' } as const;
const names = ['exp', 'log', 'log1p', 'sqrt', 'rsqrt', 'sin', 'cos', 'tanh', 'sigmoid', 'softplus', 'erf', 'sign', 'abs', 'floor', 'neg'] as const satisfies readonly ScalarName[];
const axis = { name: 'i', size: N } as const;
const program: LoopProgram = {
  model: 'math',
  entries: [{
    name: 'all', buffers: [{ id: 'x', dtype: 'f32', axes: [axis], role: 'input' }, ...names.map((id) => ({ id, dtype: 'f32', axes: [axis], role: 'output' } as const))],
    kernels: names.map((fn) => ({ name: fn, output: fn, comment: fn, body: { kind: 'apply', fn, args: [read], dtype: 'f32' } })),
    outputs: Object.fromEntries(names.map((n) => [n, n])), updates: {},
  }],
};

/** Units of 2^-24 of the larger of the true value and `floor`; `within` limits the arguments. */
const bounds: { readonly [F in (typeof names)[number]]: { readonly units: number; readonly floor: number; readonly within?: (x: number) => boolean } } = {
  exp: { units: 4, floor: 2 ** -126 }, log: { units: 3, floor: 2 ** -10 }, log1p: { units: 6, floor: 2 ** -126 }, sqrt: { units: 1, floor: 2 ** -126 }, rsqrt: { units: 3, floor: 2 ** -126 },
  sin: { units: 4, floor: 1, within: (x) => Math.abs(x) < 4096 }, cos: { units: 4, floor: 1, within: (x) => Math.abs(x) < 4096 },
  tanh: { units: 5, floor: 2 ** -126 }, sigmoid: { units: 6, floor: 2 ** -126 }, softplus: { units: 8, floor: 2 ** -126 }, erf: { units: 6, floor: 2 ** -126 },
  sign: { units: 0, floor: 1 }, abs: { units: 0, floor: 1 }, floor: { units: 0, floor: 1 }, neg: { units: 0, floor: 1 },
};

let session: WasmSession | undefined;
let values: Readonly<Record<string, ArrayLike<number>>> = {};
afterAll(async () => { await session?.dispose(); });

it.each(names)('%s', async (fn) => {
  session ??= await opened(program, {}, { threads: 1 });
  if (values['exp'] === undefined) values = await session.run('all', { x: arguments_ }, { seed: 1, step: 1 });
  const got = values[fn]!;
  const { units, floor, within = () => true } = bounds[fn];
  let worst = { units: 0, x: 0, got: 0, want: 0 };
  arguments_.forEach((x, i) => {
    const want = table[fn].meaning(x);
    const g = got[i]!;
    if (!within(x)) return;
    const rounded = Math.fround(want);
    if (Number.isNaN(want) || !Number.isFinite(rounded)) {
      // The last binade before infinity belongs to either side.
      const near = Number.isFinite(g) && Math.abs(g) > 3.3e38 && Math.abs(want) < 3.5e38;
      if (!Object.is(g, rounded) && !near) expect.fail(`${fn}(${x}) is ${g}, not ${rounded}`);
      return;
    }
    // What is below the least normal numbers makes no difference.
    const error = Math.abs(g - want) < 2 ** -125 ? 0 : Math.abs(g - want) / Math.max(Math.abs(want), floor) * 2 ** 24;
    if (Number.isNaN(error) || error > worst.units) worst = { units: Number.isNaN(error) ? Infinity : error, x, got: g, want };
  });
  // Rounding alone is one unit.
  expect(worst.units, `${fn} at ${worst.x}: ${worst.got}, not ${worst.want}`).toBeLessThanOrEqual(units + 1);
});
