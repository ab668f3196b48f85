/** Sums of parameters whose loops begin or end elsewhere for each cell of a row lie along lanes all the same, and say the same. */
import { expect, test } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { data } from '../gpu/sessions.js';
import { scanned } from '../support/scanned.js';
import { opened } from '../wasm/sessions.js';

const length = 37;
const [seq, key, step] = [axis('seq', length), axis('key', length), axis('step', length)];
const cells = (by: number): readonly number[] => Array.from({ length: length ** 2 }, (_, i) => ((i * by) % 11) - 5);
const [a, b] = [build.input('a', [key, step], 'f32'), build.input('b', [seq, step], 'f32')];

/** Where summands exist, by the position of the row, of the cell, and of the sum. */
const tests: Readonly<Record<string, readonly (readonly ['le' | 'lt' | 'ge' | 'gt', Node, Node])[]>> = {
  'from a cell on': [['ge', build.index(step), build.index(key)]],
  'before a cell': [['lt', build.index(step), build.index(key)]],
  'from a cell and a row on': [
    ['ge', build.index(step), build.index(key)],
    ['gt', build.index(step), build.index(seq)],
  ],
  'from a row on, up to a cell': [
    ['ge', build.index(step), build.index(seq)],
    ['le', build.index(step), build.index(key)],
  ],
  'at one place': [
    ['ge', build.index(step), build.index(key)],
    ['le', build.index(step), build.index(key)],
  ],
};

test.each(Object.entries(tests))('%s', async (_, conditions) => {
  const product = conditions.reduce<Node>(
    (x, [fn, left, right]) => build.map('select', build.map(fn, left, right), x, build.constant(0)),
    build.map('mul', a, b),
  );
  const { program, sizes, inputs, draw, want } = scanned([build.reduce('sum', product, ['step'])], {
    sizes: {},
    inputs: { a: cells(7), b: cells(5) },
    params: {},
    random: { seed: 1, step: 1 },
  });
  const [{ scheduled }] = cpuProgram(program, native).entries as [ReturnType<typeof cpuProgram>['entries'][0]];
  const jobs = scheduled.phases.flatMap((p) => [...p.rows, ...p.grids].flat());
  const last = scheduled.world.layouts.get(jobs.at(-1)!.output)!.buffer.axes.at(-1)!.name;
  expect(jobs.at(-1)!.tiling.lanes).toBe(last);
  const session = await opened(program, sizes, { threads: 1 });
  const got = await session.run('train', data(program, inputs), draw);
  await session.dispose();
  expect([...got['out0']!]).toEqual(want['out0']);
});
