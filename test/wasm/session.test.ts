import { afterAll, describe, expect, it } from 'vitest';
import type { CpuSession } from '../../runtime/cpu/index.js';
import { interpret } from '../gpu/interpret.js';
import { small, smallInputs, smallSizes, smallStates } from '../gpu/programs.js';
import { data, worst } from '../gpu/sessions.js';
import { opened } from './sessions.js';
import { storedOf } from '../support/cpu-models.js';

const draw = { seed: 7, step: 3 };
const expected = interpret(small.entries[0]!, smallSizes, { ...smallInputs, ...smallStates }, draw);

describe('a wasm session', () => {
  const sessions: CpuSession[] = [];
  const open = async (...args: Parameters<typeof opened>): Promise<CpuSession> => {
    const session = await opened(...args);
    sessions.push(session);
    return session;
  };
  afterAll(async () => {
    for (const s of sessions.splice(0)) await s.dispose();
  });

  it('computes every kind of expression as the interpreter does', async () => {
    const session = await open(small, smallSizes);
    await session.write(Object.fromEntries(Object.entries(smallStates).map(([k, v]) => [k, Float32Array.from(v)])));
    const inspected = await session.inspect('train', data(small, smallInputs), draw);
    const own = new Set(small.entries[0]!.buffers.map((b) => b.id));
    const buffers = inspected.filter((b) => own.has(b.name));
    const errors = buffers
      .map(({ name, data: values }) => ({ name, error: worst(values, expected[name] ?? [], 1e-2) }))
      .filter(({ error }) => !(error < 2e-5));
    expect(errors).toEqual([]);
    const [entry] = small.entries;
    const stored = storedOf(entry!);
    const kept = entry!.buffers.filter((b) => stored.has(b.id) || entry!.kernels.every((k) => k.output !== b.id));
    expect(buffers.map((b) => b.name).sort()).toEqual(kept.map((b) => b.id).sort());
  });

  it('advances states from run to run, and hands out what was asked for', async () => {
    const session = sessions[0]!;
    const first = await session.run('train', data(small, smallInputs), draw);
    expect(Object.keys(first).sort()).toEqual(Object.keys(small.entries[0]!.outputs).sort());
    expect(first['shifted']).toBeInstanceOf(Int32Array);
    for (const [name, id] of Object.entries(small.entries[0]!.outputs))
      expect(worst(first[name], expected[id]!, 1e-2), name).toBeLessThan(2e-5);
    const after = { table: expected['table_new']!, table_m: expected['table_m_new']!, steps: expected['steps_new']! };
    const read = await session.read();
    for (const [name, values] of Object.entries(after))
      expect(worst(read[name], values, 1e-2), name).toBeLessThan(1e-5);
  });

  it('gives the same bytes on one, two and four threads', async () => {
    const results = [];
    for (const threads of [1, 2, 4]) {
      const session = await open(small, smallSizes, { threads });
      await session.write(Object.fromEntries(Object.entries(smallStates).map(([k, v]) => [k, Float32Array.from(v)])));
      results.push([
        await session.run('train', data(small, smallInputs), draw),
        await session.run('train', data(small, smallInputs), { seed: 7, step: 4 }),
        await session.read(),
      ]);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});
