/** Whole models on the devices that Node has, every entry, against the reference. */
import { describe, expect, it } from 'vitest';
import type { DeviceName } from '../../runtime/contract/compiled.js';
import { checkGpu } from '../../compiler/targets/gpu/index.js';
import { compile } from '../../compiler/compile.js';
import { cases, traced, trial } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { data, open, worst } from './sessions.js';

const devices: readonly DeviceName[] = ['webasm', 'cpu'];

describe('every model', () => {
  it.each(cases)('%s fits WebGPU: no kernel reads more arrays than a shader may', (_, model, over) =>
    expect(checkGpu(rightOf(compile(traced(model, over))).loops)).toEqual([]),
  );
});

describe.each(devices)('%s', (device) => {
  describe.each(cases)('%s', (_, model, over) => {
    it.each([0, 1, 2] as const)('entry %i gives what the reference gives', async (number) => {
      const t = trial(model, over, number);
      const session = await open(t.compiled.loops, device, t.sizes);
      try {
        await session.write(
          Object.fromEntries(Object.entries(t.states).map(([path, list]) => [path, Float32Array.from(list)])),
        );
        const outputs = await session.run(t.entry, data(t.compiled.loops, t.inputs), t.random);
        const states = await session.read();
        const errors = [
          ...Object.entries(t.outputs).map(([name, want]) => ({ name, error: worst(outputs[name], [...want], 1) })),
          ...Object.entries(t.updates).map(([name, want]) => ({ name, error: worst(states[name], [...want], 1) })),
        ].filter(({ error }) => !(error < 1e-4));
        expect(errors).toEqual([]);
      } finally {
        await session.dispose();
      }
    });
  });
});
