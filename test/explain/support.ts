/** Programs that only read a model, through the whole pipeline, with values for every leaf. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { explainableOf, vectorsProgram } from '../../compiler/compile.js';
import { explanationProgram } from '../../compiler/explanation.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { withPlainNames } from '../../compiler/loops/names.js';
import { interner, topological } from '../../compiler/graph.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { loopPasses, pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import type { HyperValue, Model } from '../../dsl/model.js';
import { programs, traced } from '../support/models.js';
import { rightOf, runPass } from '../support/programs.js';
import { expand } from '../../compiler/passes/expand.js';

export type Over = Readonly<Record<string, HyperValue>>;
export type Numbers = Readonly<Record<string, Float64Array>>;

/** The parameters that training or scores read, by their paths. */
export const trainedOf = (model: Model, over: Over): ReadonlySet<string> =>
  new Set(
    programs(model, over)
      .flatMap((p) => topological(rootsOf(runPass(expand, p))))
      .flatMap((n) => (n.op === 'param' ? [n.path] : [])),
  );
export const explainOf = (model: Model, over: Over, trained = trainedOf(model, over)): Program => {
  const explainable = explainableOf(traced(model, over), trained);
  return rightOf(explanationProgram(explainable, { updates: {}, interned: interner(), origins: explainable.origins }));
};
/** Left: why there are none. */
export const vectorsOf = (model: Model, over: Over): Program | string => {
  const found = vectorsProgram(traced(model, over));
  return isLeft(found) ? found.left : found.right;
};
export const scoreOf = (model: Model, over: Over): Program => programs(model, over)[2]!;

/** By the reference, rows and axes sorted by name. */
export const valuesOf = (program: Program, env: Environment): Numbers => {
  const plain = runPass(expand, program);
  const values = evaluate(rootsOf(plain), env);
  return Object.fromEntries(Object.keys(plain.outputs).map((name, i) => [name, Float64Array.from(values[i]!.data)]));
};

export const loopsOf = (program: Program): LoopProgram => {
  const entry = lowerEntry(pipeline.reduce((p, pass) => runPass(pass, p), program));
  return withPlainNames({ model: 'explained', entries: [loopPasses.reduce((e, pass) => pass.run(e), entry)] });
};
