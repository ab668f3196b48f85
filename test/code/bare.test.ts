/** What conditions rule out is cleared where somebody reads it, and left alone where nobody does. */
import { expect, test } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { statements } from '../../compiler/code/walk.js';
import { like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { scanned } from '../support/scanned.js';

const seq = ragged('seq', partial('batch', 'batch'), 9);
const key = like('key', seq);
const causal = build.map('le', build.index(key), build.index(seq));
const real = (name: string): Node => build.input(name, [partial('batch', 'batch'), seq], 'f32');
/** A table of pairs of positions, of which those that lie ahead are zero. Two read it, so it is stored. */
const pairs = build.map(
  'select',
  causal,
  build.map('exp', build.map('mul', real('x'), build.rename(real('x'), 'seq', key))),
  build.constant(0),
);

/** For each buffer that has conditions, whether it is left alone; and how many functions clear anything. */
const kernelsOf = (...roots: readonly Node[]) => {
  const { program } = scanned(roots, {
    sizes: { batch: 2 },
    inputs: { x: Array(18).fill(1), 'seq.lengths': [9, 4], 'batch.missing': [0] },
    params: {},
    random: { seed: 1, step: 1 },
  });
  const [{ scheduled, functions }] = cpuProgram(program, native).entries as [
    ReturnType<typeof cpuProgram>['entries'][0],
  ];
  const jobs = scheduled.phases.flatMap((p) => [...p.rows, ...p.grids].flat());
  return {
    bare: jobs.filter((j) => j.where !== undefined).map((j) => j.bare === true),
    clearing: functions.filter((f) => statements(f.body).some((s) => s.kind === 'clear')).length,
  };
};

test('is left alone where sums read the positions that conditions leave, along either axis', () => {
  expect(kernelsOf(build.reduce('sum', pairs, ['key']), build.reduce('sum', pairs, ['seq']))).toEqual({
    bare: [true],
    clearing: 0,
  });
});

test('is cleared where one of its readers looks at all positions', () => {
  expect(kernelsOf(build.reduce('sum', pairs, ['key']), build.reduce('max', pairs, ['key']))).toEqual({
    bare: [false],
    clearing: 1,
  });
});

test('is cleared where it leaves the program', () => {
  expect(kernelsOf(pairs)).toEqual({ bare: [false], clearing: 1 });
});
