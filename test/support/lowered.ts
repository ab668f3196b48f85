/** A program lowered and run by the interpreter of loops, with inputs and results as the reference has them. */
import { missingOf } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { loopPasses, pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { type Run, reorder, runLoops } from './loops.js';
import { programOf, runPass, type Target } from './programs.js';

/** Inputs and states by buffer, in memory order. */
export const givenOf = (roots: readonly Node[], env: Environment): Run['given'] => {
  const given: Record<string, ArrayLike<number>> = {};
  // Lengths are vectors, and what is missing is a number: they have one order.
  for (const axis of topological(roots).flatMap((n) => [...n.axes, ...(n.op === 'extent' ? [n.axis] : [])])) {
    const missing = missingOf(axis);
    if (missing !== undefined) given[missing] = env.inputs?.[missing] ?? [0];
  }
  for (const [name, data] of Object.entries(env.inputs ?? {})) if (name.endsWith('.lengths')) given[name] = data;
  for (const n of topological(roots)) {
    if (n.op === 'input') given[n.name] = reorder(env.inputs![n.name]!, n.axes, env.sizes);
    if (n.op === 'param') given[n.path] = reorder(env.params![n.path]!, n.axes, env.sizes);
  }
  return given;
};

/** Every output and update of a finished program, row-major over the axes sorted by name. */
export const runLowered = (
  program: Program,
  env: Environment,
  round?: Run['round'],
): Readonly<Record<string, Float64Array>> => {
  const entry = loopPasses.reduce((e, pass) => pass.run(e), lowerEntry(program));
  const { random } = env;
  const values = runLoops(entry, {
    sizes: env.sizes,
    given: givenOf(rootsOf(program), env),
    ...(random === undefined ? {} : { random }),
    ...(round === undefined ? {} : { round }),
  });
  const nodes = { ...program.outputs, ...program.updates };
  const ids = { ...entry.outputs, ...entry.updates };
  return Object.fromEntries(
    Object.entries(ids).map(([name, id]) => [name, reorder(values.get(id)!, nodes[name]!.axes, env.sizes, true)]),
  );
};

const lowered = (name: string, tolerance: number, round?: Run['round']): Target => ({
  name,
  tolerance,
  values: (roots, env) => {
    const names = roots.map((_, i) => `out${i}`);
    const program = pipeline.reduce(
      (p, pass) => runPass(pass, p),
      programOf(Object.fromEntries(roots.map((r, i) => [names[i]!, r]))),
    );
    const results = runLowered(program, env, round);
    return names.map((n) => results[n]!);
  },
});

/** Through the whole pipeline to loops, in float64 and with every operation rounded to float32. */
export const loops = lowered('loops', 1e-9);
export const loops32 = lowered('loops, float32', 1e-5, Math.fround);
/** A device on which no two computations of one value agree to the last bit: each operation errs by a little of its own. */
export const uneven = (): Target => {
  let count = 0;
  return lowered('uneven', 1e-5, (x) => x * (1 + 1e-7 * ((count = (count * 31 + 7) % 1009) / 1009)));
};
