/** Every model of the zoo in ONNX Runtime: its scores are the reference's. */
import { expect, it } from 'vitest';
import { graphOf } from '../../compiler/targets/onnx/graph.js';
import { onnxModel } from '../../compiler/targets/onnx/index.js';
import { padding } from '../../compiler/passes/padded.js';
import { pipeline, runPasses } from '../../compiler/pipeline.js';
import { rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import sasrec from '../../models/sasrec.js';
import { cases, environment, plain, programs, trial } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { besides, close, ran, wrapped } from './sessions.js';

it.each(cases)('%s scores as it should', async (_, model, over) => {
  const program = programs(model, over)[2]!;
  const env = environment([program]);
  const [want] = evaluate(rootsOf(plain(program)), env);
  const finished = rightOf(runPasses(pipeline, program));
  const graph = graphOf(padding(finished), 'score', () => undefined);
  const got = await ran(wrapped(graph), {
    sizes: env.sizes,
    data: { ...env.inputs, ...env.params, ...besides(env) },
  });
  expect(got['scores']!.shape).toEqual([env.sizes['batch'], env.sizes['items']]);
  expect(close(got['scores']!.data, want!.data, 1e-5)).toEqual([]);
});

it('takes states and inputs as they lie in memory', async () => {
  const { compiled, sizes, inputs, states, outputs } = trial(sasrec, { heads: 2 }, 2);
  const written = onnxModel(
    compiled.programs.find((p) => p.entry === 'score')!,
    compiled.manifest,
  );
  const shapes = new Map(compiled.manifest.states.map(({ name, shape }) => [name, shape]));
  for (const { name, type } of written.graph!.inputs!)
    if (shapes.has(name!))
      expect(type!.tensor!.shape!.dims!.map(({ value, symbol }) => value ?? symbol)).toEqual(shapes.get(name!));
  const got = await ran(written, { sizes, data: { ...inputs, ...states } });
  expect(close(got['scores']!.data, outputs['scores']!, 1e-5)).toEqual([]);
});
