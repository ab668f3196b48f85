/** Short rows are computed together, some kernels over all of them as over one row: what comes out is what each row has by itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { axis, like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { interpret } from '../gpu/interpret.js';
import { choices, longer, randomProgram, valuesFor } from '../gpu/random.js';
import { data, differences, worst } from '../gpu/sessions.js';
import * as c from '../native/sessions.js';
import { scanned } from '../support/scanned.js';
import * as wasm from '../wasm/sessions.js';

/** Rows of a batch of so many that a share has three. */
const rows = 90;
const gone = 4;
const openers = { wasm: wasm.opened, ...(c.available ? { native: c.opened } : {}) };

describe.each([
  ['a user', 13],
  ['a user, and more than are computed together', 70],
])('histories as long as %s has', (_, length) => {
  const batch = partial('batch', 'batch');
  const seq = ragged('seq', batch, length);
  const [key, width, to] = [like('key', seq), axis('width', 5), axis('to', 20)];
  const [x, weights] = [build.input('x', [batch, seq, width], 'f32'), build.input('weights', [width, to], 'f32')];
  const sum = (a: Node, b: Node, ...over: readonly string[]): Node => build.reduce('sum', build.map('mul', a, b), over);
  const mapped = sum(x, weights, 'width');
  const gated = build.map('mul', build.map('sigmoid', mapped), mapped);
  const causal = build.map('le', build.index(key), build.index(seq));
  const pairs = build.map(
    'select',
    causal,
    build.map('tanh', sum(gated, build.rename(gated, 'seq', key), 'to')),
    build.constant(0),
  );
  const read = sum(pairs, build.rename(gated, 'seq', key), 'key');
  const placed = build.map('mul', read, build.map('toF32', build.map('add', build.index(seq), build.index(batch))));
  /** Its own cells alone, stored since two ask for it. */
  const waves = build.map('sin', build.input('y', [batch, seq, to], 'f32'));
  const roots: readonly Node[] = [
    build.reduce('sum', waves, ['to']),
    build.reduce('max', waves, ['seq']),
    build.reduce('sum', placed, ['batch', 'seq']),
    sum(x, read, 'batch', 'seq'),
    build.reduce('max', placed, ['seq', 'to']),
    build.reduce('sum', pairs, ['batch']),
    build.reduce('sum', build.map('add', read, build.uniform('drop', [batch, seq, to])), ['to']),
  ];
  /** Nobody, one event, and longer ones. */
  const lengths = Array.from({ length: rows }, (__, i) => [0, 1, 3, 1, length][i % 5]!);
  const wave = (n: number, speed: number): readonly number[] =>
    Array.from({ length: n }, (__, i) => Math.sin(i * speed));
  const { program, sizes, inputs, draw, want } = scanned(roots, {
    sizes: { batch: rows },
    inputs: {
      x: wave(rows * length * 5, 3.7),
      y: wave(rows * length * 20, 2.9),
      weights: wave(100, 1.3),
      'seq.lengths': lengths,
      'batch.missing': [gone],
    },
    params: {},
    random: { seed: 1, step: 1 },
  });

  it('are gathered, and those to whom it is the same run over all as over one', () => {
    const [{ scheduled }] = cpuProgram(program, native).entries as [ReturnType<typeof cpuProgram>['entries'][0]];
    const { rows: groups, gather } = scheduled.phases.find((p) => p.rows.length > 0)!;
    expect(gather).toEqual({ lengths: 'seq.lengths', most: Math.min(64, length) });
    const how = groups.flat().map((j) => (j.flat === undefined ? 'row' : j.flat.line ? 'line' : 'positions'));
    for (const kind of ['row', 'line', 'positions']) expect(how).toContain(kind);
    // Where a condition, or a position, is asked for, it is another for each row.
    for (const j of groups.flat()) if (j.where !== undefined && !j.adds) expect(j.flat).toBeUndefined();
  });

  it.each(Object.entries(openers))(
    'give on %s what the reference gives, and the same bytes on any number of threads',
    async (___, open) => {
      const given = data(program, inputs);
      const all = [];
      for (const threads of [1, 2, 4]) {
        const session = await open(program, sizes, { threads });
        all.push(await session.run('train', given, draw));
        // Once more, over what the first run left.
        expect(await session.run('train', given, draw)).toEqual(all.at(-1));
        await session.dispose();
      }
      const [one, ...others] = all;
      for (const other of others) expect(other).toEqual(one);
      expect(differences(one!, want)).toEqual([]);
    },
  );

  it.each(length > 64 ? [] : Object.entries(openers))('are looked at on %s row by row', async (___, open) => {
    const session = await open(program, sizes, { threads: 1 });
    const seen = await session.inspect('train', data(program, inputs), draw);
    await session.dispose();
    const [{ scheduled }] = cpuProgram(program, native).entries as [ReturnType<typeof cpuProgram>['entries'][0]];
    const values = interpret(program.entries[0]!, sizes, inputs, draw);
    const local = seen.filter(
      ({ name }) => scheduled.world.layouts.get(name)?.gathered === true && values[name] !== undefined,
    );
    expect(local.length).toBeGreaterThan(1);
    for (const { name, data: found } of local) {
      // Rows that are missing hold anything.
      const [got, wanted] = [found, values[name]!].map((v) =>
        Array.from(v).slice(0, (v.length / rows) * (rows - gone)),
      );
      expect(worst(got, wanted!, 1), name).toBeLessThan(1e-4);
    }
  });
});

it('random kernels of many short rows mean what they mean', async () => {
  const lengths = Array.from({ length: rows }, (_, i) => (i * 7) % 10);
  const sizes = { batch: rows, items: 5 };
  const values = valuesFor(
    9,
    6,
    lengths.map((n) => Math.min(n, 9)),
  );
  for (const runs of fc.sample(choices, { numRuns: Number(process.env['RANDOM_RUNS'] ?? 3), seed: 20261130 })) {
    const program = longer(randomProgram(runs), 9, 6);
    const session = await wasm.opened(program, sizes);
    const got = await session.run('all', data(program, values), { seed: 11, step: 5 });
    await session.dispose();
    expect(differences(got, interpret(program.entries[0]!, sizes, values, { seed: 11, step: 5 }))).toEqual([]);
  }
});
