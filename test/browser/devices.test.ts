import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitGpu } from '../../compiler/targets/gpu/index.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import type { GpuDevice } from '../../runtime/contract/compiled.js';
import { interpret } from '../gpu/interpret.js';
import {
  scalarErrors,
  scalarInputs,
  scalarProgram,
  small,
  smallInputs,
  smallSizes,
  smallStates,
} from '../gpu/programs.js';
import { choices, given, randomProgram, sizes } from '../gpu/random.js';
import { manifest, worst } from '../gpu/sessions.js';
import type { Job, Outcome } from './job.js';
import { type Opened, available, executable, openPage } from './page.js';

if (!available) console.warn(`Browser tests: skipped. There is no ${executable}; apt-get install chromium.`);

const draw = { seed: 7, step: 3 };
const dtypes = (program: LoopProgram) =>
  Object.fromEntries(program.entries.flatMap((e) => e.buffers.map((b) => [b.id, b.dtype])));

/** `job` runs in the page. */
const inPage = async (
  opened: Opened,
  program: LoopProgram,
  job: Omit<Job, 'manifest' | 'dtypes' | 'draw'>,
): Promise<Outcome> =>
  opened.page.evaluate((j) => globalThis.runJob(j), { ...job, manifest, dtypes: dtypes(program), draw });

const randoms = fc
  .sample(choices, { seed: 20261123, numRuns: Number(process.env['RANDOM_RUNS'] ?? 4) })
  .map(randomProgram);

const devices: readonly { readonly device: GpuDevice; readonly backend: RegExp }[] = [
  { device: 'webgl2', backend: /^webgl2 \(generic\)$/ },
  { device: 'webgpu', backend: /^webgpu \(fused-encoder.*, software adapter .*swiftshader/i },
  { device: 'webasm', backend: /^webasm \(fused-(sync|threaded)\)$/ },
];

describe.skipIf(!available)('chromium', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openPage({
      '/small.js': emitGpu(small),
      '/scalars.js': emitGpu(scalarProgram),
      ...Object.fromEntries(randoms.map((p, i) => [`/random${i}.js`, emitGpu(p)])),
    });
  });
  afterAll(async () => {
    await opened?.close();
  });

  describe.each(devices)('$device', ({ device, backend }) => {
    it('computes every kind of expression as the interpreter does, and advances states', async () => {
      const expected = interpret(small.entries[0]!, smallSizes, { ...smallInputs, ...smallStates }, draw);
      const {
        values,
        states,
        backend: ran,
      } = await inPage(opened, small, {
        path: '/small.js',
        entry: 'train',
        device,
        sizes: smallSizes,
        inputs: smallInputs,
        states: smallStates,
        inspect: true,
      });
      const errors = Object.entries(expected)
        .map(([name, want]) => ({ name, error: worst(values[name], want, 1e-2) }))
        .filter(({ error }) => !(error < 5e-5));
      expect(errors).toEqual([]);
      expect(ran).toMatch(backend);
      expect(worst(states['table'], expected['table_new']!, 1e-2)).toBeLessThan(5e-5);
      expect(states['steps']).toEqual([4]);
    });
    it('computes every scalar function to float32 on its whole range', async () => {
      const { values } = await inPage(opened, scalarProgram, {
        path: '/scalars.js',
        entry: 'all',
        device,
        sizes: {},
        inputs: scalarInputs,
        states: {},
        inspect: false,
      });
      expect(scalarErrors(values, { shader: device !== 'webasm', more: 300 })).toEqual([]);
    });
    it('computes random kernels as the interpreter does', async () => {
      for (const [i, p] of randoms.entries()) {
        const want = interpret(p.entries[0]!, sizes, given, draw);
        const { values } = await inPage(opened, p, {
          path: `/random${i}.js`,
          entry: 'all',
          device,
          sizes,
          inputs: given,
          states: {},
          inspect: false,
        });
        const errors = Object.keys(values)
          .map((name) => ({ name, error: worst(values[name], want[name]!.map(Math.fround), 1) }))
          .filter(({ error }) => !(error < 1e-4));
        expect({ i, errors }).toEqual({ i, errors: [] });
      }
    }, 600_000);
  });
  it('draws no complaint from the page', () => expect(opened.complaints).toEqual([]));
});
