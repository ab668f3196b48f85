/** Every model of the zoo in ONNX Runtime: its scores and its vectors are the reference's. */
import { expect, it } from 'vitest';
import { graphOf } from '../../compiler/targets/onnx/graph.js';
import { onnxFile, onnxModel } from '../../compiler/targets/onnx/index.js';
import { padding } from '../../compiler/passes/padded.js';
import { pipeline, runPasses } from '../../compiler/pipeline.js';
import { rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { add, normal, param } from '../../dsl/index.js';
import type { Model } from '../../dsl/model.js';
import sasrec from '../../models/sasrec.js';
import { decode } from '../../runtime/contract/onnx.js';
import { ofUser } from '../../runtime/export/user-graph.js';
import { vectorsOf } from '../explain/support.js';
import { cases, environment, plain, programs, traced, trial, trialOf } from '../support/models.js';
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

it.each(cases)('%s has its vectors', async (_, model, over) => {
  const program = vectorsOf(model, over);
  if (typeof program === 'string') return expect(['wukong', 'pcrec-simple']).toContain(model.name);
  const env = environment([program]);
  const want = evaluate(rootsOf(plain(program)), env);
  const finished = rightOf(runPasses(pipeline, program));
  const got = await ran(wrapped(graphOf(padding(finished), 'vectors', () => undefined)), {
    sizes: env.sizes,
    data: { ...env.inputs, ...env.params, ...besides(env) },
  });
  expect(Object.keys(got)).toEqual(Object.keys(program.outputs));
  Object.keys(program.outputs).forEach((name, i) => expect(close(got[name]!.data, want[i]!.data, 1e-5)).toEqual([]));
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

it('makes vectors of users whose products with those of items, their bias last, are the scores', async () => {
  const model: Model = sasrec;
  const biased: Model = {
    ...model,
    build: (context) => {
      const built = model.build(context);
      return { ...built, scores: add(built.scores, param('ahead', context.batch.item, normal(0.02))) };
    },
  };
  const { compiled, sizes, inputs, states, outputs } = trialOf(traced(biased), 2);
  const program = compiled.programs.find((p) => p.entry === 'vectors')!;
  const whole = decode('Model', onnxFile(program, compiled.manifest));
  const arrays = { sizes, data: { ...inputs, ...states } };
  const { item, bias } = await ran(whole, arrays);
  const own = ofUser(whole);
  const { user, ...others } = await ran(own, arrays);
  expect(others).toEqual({});
  expect(whole.graph!.inputs!.map(({ name }) => name)).toContain('ahead');
  expect(own.graph!.inputs!.map(({ name }) => name)).not.toContain('ahead');
  const [batch, items] = [sizes['batch']!, sizes['items']!];
  const width = item!.shape[1]!;
  expect(user!.shape).toEqual([batch, width + 1]);
  expect(own.graph!.outputs![0]!.type!.tensor!.shape!.dims).toEqual([{ symbol: 'batch' }, { value: width + 1 }]);
  const products = Array.from({ length: batch * items }, (_, at) => {
    const [row, one] = [Math.floor(at / items), at % items];
    const vector = [...item!.data.subarray(one * width, (one + 1) * width), bias!.data[one]!];
    return vector.reduce((sum, x, w) => sum + x * user!.data[row * (width + 1) + w]!, 0);
  });
  expect(close(products, outputs['scores']!, 1e-5)).toEqual([]);
});
