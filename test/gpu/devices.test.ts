import { isLeft } from 'fp-ts/lib/Either.js';
import { afterAll, describe, expect, it } from 'vitest';
import type { GpuDevice } from '../../runtime/contract/compiled.js';
import { openGpu } from '../../runtime/devices/index.js';
import { findWebGpu } from '../../runtime/devices/webgpu.js';
import type { Session } from '../../runtime/contract/session.js';
import { interpret } from './interpret.js';
import {
  scalarErrors,
  scalarInputs,
  scalarProgram,
  small,
  smallInputs,
  smallSizes,
  smallStates,
  wholeErrors,
  wholeInputs,
  wholeProgram,
} from './programs.js';
import { data, load, manifest, open, worst } from './sessions.js';

const adapter = await findWebGpu(true);
if (isLeft(adapter)) console.warn(`webgpu in Node: skipped. ${adapter.left}`);

const devices: readonly { readonly device: GpuDevice; readonly skip: boolean; readonly backend: RegExp }[] = [
  { device: 'cpu', skip: false, backend: /^cpu \(generic\)$/ },
  { device: 'webasm', skip: false, backend: /^webasm \(fused-(sync|threaded)\)$/ },
  { device: 'webgpu', skip: isLeft(adapter), backend: /^webgpu \(fused-encoder/ },
];

const draw = { seed: 7, step: 3 };
const expected = interpret(small.entries[0]!, smallSizes, { ...smallInputs, ...smallStates }, draw);

/** Units of 2^-24 beyond what a function promises in our own WebAssembly: GPUs compute exp, log and pow to fewer bits. */
const more: { readonly [D in GpuDevice]: number } = { cpu: 4, webasm: 4, webgpu: 300, webgl2: 300 };

describe.each(devices)('$device', ({ device, skip, backend }) => {
  const sessions: Session[] = [];
  const opened = async (...args: Parameters<typeof open>): Promise<Session> => {
    const session = await open(...args);
    sessions.push(session);
    return session;
  };
  afterAll(async () => {
    for (const s of sessions.splice(0)) await s.dispose();
  });

  it.skipIf(skip)('computes every kind of expression as the interpreter does', async () => {
    const session = await opened(small, device, smallSizes);
    await session.write(Object.fromEntries(Object.entries(smallStates).map(([k, v]) => [k, Float32Array.from(v)])));
    const inspected = await session.inspect('train', data(small, smallInputs), draw);
    // The target has buffers of its own beside the program's: uniform numbers, parts of sums.
    const own = new Set(small.entries[0]!.buffers.map((b) => b.id));
    const buffers = inspected.filter((b) => own.has(b.name));
    const errors = buffers
      .map(({ name, data: values }) => ({ name, error: worst(values, expected[name] ?? [], 1e-2) }))
      .filter(({ error }) => !(error < 2e-5));
    expect(errors).toEqual([]);
    expect(buffers.map((b) => b.name).sort()).toEqual(small.entries[0]!.buffers.map((b) => b.id).sort());
    expect(session.backend).toMatch(backend);
  });

  it.skipIf(skip)('advances states from run to run, and hands out what was asked for', async () => {
    const session = sessions[0]!;
    const first = await session.run('train', data(small, smallInputs), draw);
    expect(Object.keys(first).sort()).toEqual(Object.keys(small.entries[0]!.outputs).sort());
    expect(first['shifted']).toBeInstanceOf(Int32Array);
    expect(worst(first['loss'], expected['loss']!, 1e-2)).toBeLessThan(1e-5);
    const after = { table: expected['table_new']!, table_m: expected['table_m_new']!, steps: expected['steps_new']! };
    const read = await session.read();
    for (const [name, values] of Object.entries(after)) expect(worst(read[name], values, 1e-2)).toBeLessThan(1e-5);
    const again = interpret(small.entries[0]!, smallSizes, { ...smallInputs, ...after }, { seed: 7, step: 4 });
    const second = await session.run('train', data(small, smallInputs), { seed: 7, step: 4 });
    expect(worst(second['attended'], again['attended']!, 1e-2)).toBeLessThan(2e-5);
    expect(worst((await session.read())['table'], again['table_new']!, 1e-2)).toBeLessThan(2e-5);
    expect(session.backend.includes('states resident')).toBe(device === 'webgpu');
    await session.run('train', data(small, smallInputs), { seed: 7, step: 5 });
    expect((await session.read())['steps']).toEqual(Float32Array.of(6));
    await session.write({ steps: Float32Array.of(40) });
    await session.run('train', data(small, smallInputs), { seed: 7, step: 6 });
    await session.run('train', data(small, smallInputs), { seed: 7, step: 7 });
    expect((await session.read())['steps']).toEqual(Float32Array.of(42));
  });

  it.skipIf(skip)('computes every scalar function to float32 on its whole range', async () => {
    const session = await opened(scalarProgram, device, {});
    const result = await session.run('all', data(scalarProgram, scalarInputs), draw);
    expect(scalarErrors(result, { shader: device === 'webgpu', more: more[device] })).toEqual([]);
  });

  it.skipIf(skip)('computes whole numbers on the host as i32 has them', async () => {
    const session = await opened(wholeProgram, device, {});
    expect(wholeErrors(await session.run('all', data(wholeProgram, wholeInputs), draw))).toEqual([]);
  });
});

describe('opening', () => {
  it('refuses a device that does not answer, saying what to do', async () => {
    const result = await openGpu(await load(small), manifest, 'webgl2', smallSizes);
    expect(result).toMatchObject({ _tag: 'Left', left: expect.stringMatching(/browser.*choose webgpu or webasm/) });
  });
  it('refuses sizes that are missing', async () => {
    expect(await openGpu(await load(small), manifest, 'cpu', { batch: 4 })).toMatchObject({
      left: 'The model needs a positive size for items.',
    });
  });
  it('takes the best device that is no software', async () => {
    const result = await openGpu(await load(small), manifest, 'auto', smallSizes);
    expect(result._tag).toBe('Right');
    if (result._tag === 'Right') {
      expect(result.right.backend).toMatch(/^(webgpu|webasm) \(fused/);
      await result.right.dispose();
    }
  });
  it('refuses integers that float32 cannot hold', async () => {
    const session = await open(small, 'cpu', smallSizes);
    await expect(
      session.run('train', { ...data(small, smallInputs), history: new Int32Array(28).fill(2 ** 25) }, draw),
    ).rejects.toThrow(/exactly only up to 2\^24/);
    await expect(
      session.run('train', { ...data(small, smallInputs), scale: new Float32Array(2) }, draw),
    ).rejects.toThrow("The input 'scale' of 'train' needs 1 value and got 2.");
    await session.dispose();
  });
  it.skipIf(isLeft(adapter))('passes on why a shader does not compile', async () => {
    const module = await load(small);
    const broken = {
      ...module,
      entries: module.entries.map((entry) => ({
        ...entry,
        // gpu.js makes a float of this counter, and WGSL has no ++ for floats.
        device: entry.device.map((s) =>
          s.output !== 'steps_new'
            ? s
            : {
                ...s,
                run: function steps_new(steps: number[]) {
                  let sum = 0;
                  for (let i = steps[0]!; i < 9; i++) sum += 1;
                  return sum;
                },
              },
        ),
      })),
    };
    const result = await openGpu(broken, manifest, 'webgpu', smallSizes);
    if (result._tag === 'Left') throw new Error(result.left);
    await expect(result.right.run('train', data(small, smallInputs), draw)).rejects.toThrow(
      /increment statement can only be applied/,
    );
    await result.right.dispose();
  });
});
