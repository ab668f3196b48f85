/** Conditions that others, or the bounds of loops, have answered are gone, and those that nobody has are asked: what comes out is the same. */
import { expect, test } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { rootsOf } from '../../compiler/cpu/job.js';
import { apply, guard, integer, literal } from '../../compiler/loops/build.js';
import type { Buffer, Expr, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';
import { nodes } from '../../compiler/loops/shape.js';
import { interpret } from '../gpu/interpret.js';
import { data, differences } from '../gpu/sessions.js';
import { opened } from '../wasm/sessions.js';

const batch: LoopAxis = { name: 'batch', size: 'batch' };
const seq: LoopAxis = { name: 'seq', size: 19, ragged: { rows: 'batch', lengths: 'lengths' } };
const key: LoopAxis = { ...seq, name: 'key' };
const past: LoopAxis = { ...seq, name: 'past' };
const at = ({ name }: LoopAxis): Expr => ({ kind: 'index', axis: name });
const length = (axis: LoopAxis): Expr => ({ kind: 'extent', axis, row: at(batch) });
const read = (along: LoopAxis): Expr => ({ kind: 'read', buffer: 'x', dtype: 'f32', at: [at(batch), at(along)] });
const causal = apply('le', at(key), at(seq));
const product = apply('mul', read(seq), read(key));

/** Sums over a position's past of what `body` says. */
const summed = (body: Expr): Expr => ({
  kind: 'reduce',
  monoid: 'sum',
  dtype: 'f32',
  over: [{ axis: past, row: at(batch), to: apply('add', at(key), integer(1)) }],
  body,
});

test.each<[string, Expr, number]>([
  ['that holds where the cell is', guard(causal, product), 0],
  ['that says the same from its other side', guard(apply('ge', at(seq), at(key)), product), 0],
  ['that says so of an axis as long', guard(apply('lt', at(key), length(seq)), product), 0],
  ['that the bound of a loop has answered', summed(guard(apply('le', at(past), at(key)), read(past))), 0],
  ['of which one half is answered', guard(apply('and', causal, apply('lt', at(seq), integer(7))), product), 1],
  ['that nobody has answered', guard(apply('lt', at(seq), at(key)), product), 1],
  [
    'that is asked where it is answered, and where it is not',
    apply('add', guard(causal, read(key)), summed(guard(apply('lt', at(past), at(seq)), read(past)))),
    1,
  ],
  [
    'that another has answered on one of two ways alone',
    ((shared: Expr) => apply('add', guard(apply('lt', at(key), integer(4)), shared), shared))(
      guard(apply('lt', at(key), integer(4)), product),
    ),
    2,
  ],
])('a condition %s', async (_, body, left) => {
  const buffer = (id: string, role: Buffer['role'], ...axes: readonly LoopAxis[]): Buffer => ({
    id,
    dtype: 'f32',
    role,
    axes,
  });
  const program: LoopProgram = {
    model: 'moot',
    entries: [
      {
        name: 'train',
        buffers: [
          { ...buffer('lengths', 'input', batch), dtype: 'i32' },
          buffer('x', 'input', batch, seq),
          buffer('pairs', 'output', batch, seq, key),
        ],
        kernels: [
          {
            name: 'pairs',
            output: 'pairs',
            comment: 'pairs of positions',
            where: apply('and', causal, apply('lt', at(key), length(key))),
            body: apply('add', body, literal(0.5)),
          },
        ],
        outputs: { pairs: 'pairs' },
        updates: {},
      },
    ],
  };
  const [{ scheduled }] = cpuProgram(program, native).entries as [ReturnType<typeof cpuProgram>['entries'][0]];
  const jobs = scheduled.phases.flatMap((p) => [...p.rows, ...p.grids].flat());
  expect([...nodes(jobs.flatMap(rootsOf))].filter((e) => e.kind === 'guard').length).toBe(left);
  const sizes = { batch: 3 };
  const given = { lengths: [19, 1, 8], x: Array.from({ length: 57 }, (__, i) => Math.fround(Math.sin(i * 2.3))) };
  const session = await opened(program, sizes, { threads: 1 });
  const got = await session.run('train', data(program, given), { seed: 1, step: 1 });
  await session.dispose();
  expect(differences(got, interpret(program.entries[0]!, sizes, given, { seed: 1, step: 1 }))).toEqual([]);
});
