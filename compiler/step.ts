/**
 * A training step taken apart, for exits that train: the loss before it is differentiated, its derivative by each parameter, and what
 * the optimizer makes of one. The entry `train` is all of these in one program, in which they are no longer told apart.
 */
import { isLeft } from 'fp-ts/lib/Either.js';
import * as build from '../dsl/build.js';
import { inputNode } from '../dsl/batch.js';
import { impossible } from '../dsl/errors.js';
import type { Param } from '../dsl/node.js';
import type { Optimizer } from '../dsl/optimizer.js';
import { typed } from '../dsl/tensor.js';
import { inputs } from '../runtime/contract/batch.js';
import { topological } from './graph.js';
import { differentiate, nextOf, slotsOf } from './passes/differentiate.js';
import { simplify } from './passes/simplify.js';
import { pipeline, runPasses } from './pipeline.js';
import { type Pass, type Program, rootsOf } from './program.js';

export interface Step {
  /** Output `loss`; what has no derivative says so (`stop`), and fixed points are still known as such (`implicit`). */
  readonly loss: Program;
  /** Outputs as those of `train`; its updates are the derivatives by the parameters. */
  readonly gradients: Program;
  /** Of one parameter: inputs are named after `leaf`, updates after the parameter and its slots. */
  readonly update: (parameter: Param) => Program;
  readonly optimizer: Optimizer;
  /** Those that the loss reads and that are trained, by path. */
  readonly parameters: readonly Param[];
}

/** What an update reads beside its parameter and slots: the derivative, under a name that no input of a batch has. */
export const GRADIENT = '@gradient';

const settled = (passes: readonly Pass[], program: Program): Program => {
  const done = runPasses(passes, program);
  return isLeft(done)
    ? impossible(`the step was compiled, and its parts are refused: ${done.left[0].message}`)
    : done.right;
};

/** `program`: the entry `train` before any pass, which goes through all of them. */
export const stepOf = (program: Program, optimizer: Optimizer): Step => {
  const bare: Optimizer = { name: 'derivative', slots: [], update: (_, gradient) => ({ value: gradient, slots: {} }) };
  const gradients = settled(pipeline, { ...program, optimizer: bare });
  const parameters = topological(rootsOf(program)).filter(
    (n): n is Param => n.op === 'param' && n.path in gradients.updates,
  );
  return {
    loss: settled(pipeline.slice(0, pipeline.indexOf(differentiate)), program),
    gradients,
    parameters,
    optimizer,
    update: (p) => {
      const step = typed<never>(inputNode(inputs.step, {}));
      const next = optimizer.update(p, build.input(GRADIENT, p.axes, 'f32'), slotsOf(optimizer, p), step);
      const { optimizer: _, ...rest } = program;
      return settled([simplify], { ...rest, outputs: {}, updates: nextOf(p, next) });
    },
  };
};
