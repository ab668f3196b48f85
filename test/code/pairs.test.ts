/** What pairs of positions say of few targets is added up row by row, summed over all else before, and no pair is met that conditions rule out. */
import { describe, expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { axis, like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { data, differences } from '../gpu/sessions.js';
import * as c from '../native/sessions.js';
import { scanned } from '../support/scanned.js';
import * as wasm from '../wasm/sessions.js';

const openers = { wasm: wasm.opened, ...(c.available ? { native: c.opened } : {}) };
const rows = 40;
const length = 24;
const batch = partial('batch', 'batch');
const seq = ragged('seq', batch, length);
const key = like('key', seq);
const bucket = axis('bucket', 5);
const pick = (condition: Node, x: Node): Node => build.map('select', condition, x, build.constant(0));
const before = build.map('le', build.index(key), build.index(seq));
const same = build.map('eq', build.index(key), build.index(seq));
const first = build.map('eq', build.index(batch), build.constant(1, 'i32'));

const wave = (n: number, speed: number): readonly number[] => Array.from({ length: n }, (_, i) => Math.sin(i * speed));

describe.each([
  ['one head', 1],
  ['three heads', 3],
])('%s', (_, heads) => {
  const head = axis('head', heads);
  const x = build.map('tanh', build.input('x', [batch, head, seq, key], 'f32'));
  const names = build.input('names', [batch, seq, key], 'i32');
  const added = (n: Node): Node => build.scatter(n, names, bucket, ['batch', 'seq', 'key']);
  const ofHeads = (n: Node): Node => build.reduce('sum', n, ['head']);
  const roots = [
    added(ofHeads(pick(before, x))),
    added(ofHeads(pick(same, x))),
    added(pick(same, ofHeads(x))),
    added(ofHeads(pick(build.map('and', before, first), x))),
    added(ofHeads(pick(build.map('gt', x, build.constant(0)), x))),
  ];
  const { program, sizes, inputs, draw, want } = scanned(roots, {
    sizes: { batch: rows },
    inputs: {
      x: wave(rows * heads * length * length, 3.7),
      names: Array.from({ length: rows * length * length }, (__, i) => ((i * 7) % 8) - 1),
      'seq.lengths': Array.from({ length: rows }, (__, i) => (i * 5) % (length + 1)),
      'batch.missing': [3],
    },
    params: {},
    random: { seed: 1, step: 1 },
  });

  it('no lists of positions are made, and some loops end where a condition does', () => {
    const [{ scheduled }] = cpuProgram(program, native).entries as [ReturnType<typeof cpuProgram>['entries'][0]];
    expect(scheduled.phases.flatMap((p) => p.inverses)).toEqual([]);
    const loops = scheduled.phases.flatMap((p) => p.rows.flat()).flatMap((j) => j.scatter?.over ?? []);
    expect(loops.filter((o) => o.to !== undefined).length).toBeGreaterThan(2);
    expect(loops.filter((o) => o.axis.name === 'batch' && (o.to ?? o.from) !== undefined)).toEqual([]);
  });

  it.each(Object.entries(openers))('is on %s what the reference has', async (__, open) => {
    for (const threads of [1, 2]) {
      const session = await open(program, sizes, { threads });
      const got = await session.run('train', data(program, inputs), draw);
      expect(differences(got, want)).toEqual([]);
      await session.dispose();
    }
  });
});
