/** On gpu.js: what hangs on features of items alone is the host's work once, and again when states are written. */
import { expect, it } from 'vitest';
import { compile } from '../../compiler/compile.js';
import { place } from '../../compiler/targets/gpu/placement.js';
import { checkGpu } from '../../compiler/targets/gpu/limits.js';
import hstuf from '../../models/hstuf.js';
import sasrecf from '../../models/sasrecf.js';
import { data, open } from '../gpu/sessions.js';
import { traced, trial } from '../support/models.js';
import { rightOf } from '../support/programs.js';

it('nothing of them is computed at each step', () => {
  const { loops } = rightOf(compile(traced(sasrecf, { blocks: 1 })));
  const advanced = new Set(loops.entries.flatMap((e) => Object.keys(e.updates)));
  const steps = place(loops.entries[0]!, advanced).host;
  const reads = steps.filter((s) => (s.kind === 'compute' ? s.kernel.comment.includes('item.genre') : false));
  expect(reads.length).toBeGreaterThan(0);
  expect(reads.every((s) => s.once)).toBe(true);
  const codes = new Set(reads.flatMap((s) => (s.kind === 'compute' ? [s.kernel.output] : [])));
  const lists = steps.filter((s) => s.kind === 'invert' && codes.has(s.index));
  expect(lists.length).toBeGreaterThan(0);
  expect(lists.every((s) => s.once)).toBe(true);
});

it('a session that is told other features computes with these', async () => {
  const { compiled, sizes, random, inputs, states } = trial(sasrecf, { blocks: 1 }, 0);
  const { loops } = compiled;
  const told = (of: typeof states): Readonly<Record<string, Float32Array>> =>
    Object.fromEntries(Object.entries(of).map(([name, numbers]) => [name, Float32Array.from(numbers)]));
  const other = {
    ...states,
    'item.genre': states['item.genre']!.map((code) => (code + 1) % sizes['item_genre_values']!),
  };
  const lossOf = async (written: readonly (typeof states)[]): Promise<readonly number[]> => {
    const session = await open(loops, 'cpu', sizes);
    const found: number[] = [];
    for (const one of written) {
      await session.write(told(one));
      found.push((await session.run('train', data(loops, inputs), random))['loss']![0]!);
    }
    await session.dispose();
    return found;
  };
  const [[alone], both] = [await lossOf([other]), await lossOf([states, other])];
  expect(both[1]).toBe(alone);
  expect(both[0]).not.toBe(both[1]);
}, 60_000);

it('reads numbers of events at usual sizes: they are finite, so no kernel asks where they may be multiplied', () => {
  const usual = { width: 50, length: 200, negatives: 128, categories: '', eventNumbers: 'rating' };
  expect(checkGpu(rightOf(compile(traced(hstuf, usual))).loops)).toEqual([]);
}, 60_000);
