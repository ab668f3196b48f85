/** Whole training steps of the emitted models in a real browser, against the reference. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitGpu } from '../../compiler/targets/gpu/index.js';
import gru4rec from '../../models/gru4rec.js';
import type { DeviceName } from '../../runtime/contract/compiled.js';
import { worst } from '../gpu/sessions.js';
import { cases, type Trial, trial } from '../support/models.js';
import { type Opened, available, executable, openPage } from './page.js';

if (!available) console.warn(`Browser tests: skipped. There is no ${executable}; apt-get install chromium.`);

const devices: readonly DeviceName[] = ['webgl2', 'webgpu'];
const chosen: ReadonlySet<string> = new Set(['hstu with heads and times', 'pcrec']);
/** A recurrence runs its kernels once for each position, on what they computed before. */
const recurrent = ['gru4rec', gru4rec, { hidden: 5, blocks: 1 }] as const;
const trials: readonly (readonly [string, Trial])[] = [...cases.filter(([name]) => chosen.has(name)), recurrent].map(
  ([name, model, over]) => [name, trial(model, over, 0)],
);
const path = (name: string): string => `/${name.replaceAll(' ', '-')}.js`;

describe.skipIf(!available)('chromium', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openPage(Object.fromEntries(trials.map(([name, t]) => [path(name), emitGpu(t.compiled.loops)])));
  }, 60_000);
  afterAll(async () => {
    await opened?.close();
  });

  describe.each(devices)('%s', (device) => {
    it.each(trials)(
      '%s: one step gives the loss and every parameter of the reference',
      async (name, t) => {
        const dtypes = Object.fromEntries(
          t.compiled.loops.entries.flatMap((e) => e.buffers.map((b) => [b.id, b.dtype])),
        );
        const { backend, values, states } = await opened.page.evaluate((job) => globalThis.runJob(job), {
          path: path(name),
          manifest: t.compiled.manifest,
          entry: t.entry,
          device,
          sizes: t.sizes,
          dtypes,
          inputs: t.inputs,
          states: t.states,
          inspect: false,
          draw: t.random,
        });
        expect(backend.startsWith(device)).toBe(true);
        expect(worst(values['loss'], [...t.outputs['loss']!], 1)).toBeLessThan(1e-4);
        const errors = Object.entries(t.updates)
          .map(([path, want]) => ({ path, error: worst(states[path], [...want], 1) }))
          .filter(({ error }) => !(error < 1e-3));
        expect(errors).toEqual([]);
      },
      120_000,
    );
  });
});
