/** What fusion stores: values that are dear to compute again, and none that a kernel knows by where it stands. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import mixing from '../../examples/study/models/mixing.js';
import { programs } from '../support/models.js';
import { runPass } from '../support/programs.js';
import { models } from '../support/zoo.js';

/** As long and as wide as people train: a buffer is not worth its kernel where all is tiny. */
const usual = { width: 48, length: 200, negatives: 128 };
const finished = (program: Program): Program => pipeline.reduce((p, pass) => runPass(pass, p), program);

const views: readonly Node['op'][] = ['constant', 'index', 'extent', 'rename', 'broadcast'];
/** One of some constants, by a position of a user's row. */
const isMaskOfConstants = (n: Node): boolean =>
  n.op === 'map' &&
  n.fn === 'select' &&
  n.axes.some((a) => a.extent.kind === 'ragged') &&
  topological([n]).every((a) => views.includes(a.op) || (a.op === 'map' && (a.dtype !== 'f32' || a.fn === 'select')));

/** The derivative of mixing's energy is a masked -1 times theta. */
describe.each([...models, mixing].map((model) => [model.name, model] as const))('%s', (_, model) => {
  test('stores no mask of constants', () => {
    const stored = programs(model, usual)
      .map(finished)
      .flatMap((p) => [...p.stored!].filter((n) => !rootsOf(p).includes(n)));
    expect(stored.filter(isMaskOfConstants).map((n) => `over ${n.axes.map((a) => a.name).join(', ')}`)).toEqual([]);
  });
});
