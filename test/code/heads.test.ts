/** What the rows of a tile are: an axis along which what lanes read is the same, such as positions, and not heads, which share nothing. */
import { expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { domain } from '../../compiler/cpu/job.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import hstu from '../../models/hstu.js';
import sasrec from '../../models/sasrec.js';
import { loopsOf } from '../support/cpu-models.js';

it.each([
  ['hstu', hstu],
  ['sasrec', sasrec],
])('products of %s have tiles of positions, however many heads there are', (_, model) => {
  const kernels = cpuProgram(loopsOf(model, { heads: 2 }), native).entries.flatMap(({ scheduled: { phases, world } }) =>
    phases.flatMap((p) => p.rows.flat()).map((j) => ({ name: j.name, rows: j.tiling.rows, axes: domain(j, world) })),
  );
  const ofPositions = kernels.filter(
    ({ axes }) => axes.some((a) => a.name === 'seq') && axes.some((a) => a.name === 'head'),
  );
  expect(ofPositions.filter(({ rows }) => rows === 'seq').length).toBeGreaterThan(10);
  expect(ofPositions.filter(({ rows }) => rows === 'head').map(({ name }) => name)).toEqual([]);
});
