/** Expressions as a loop program, with what a session must be given and what it must give back. */
import type { Node } from '../../dsl/node.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { loopPasses, pipeline } from '../../compiler/pipeline.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import { givenOf } from './lowered.js';
import { reorder } from './loops.js';
import { expanded, programOf, runPass } from './programs.js';

export interface Scanned {
  readonly program: LoopProgram;
  readonly sizes: Environment['sizes'];
  readonly draw: { readonly seed: number; readonly step: number };
  /** In memory order, by buffer. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly want: Readonly<Record<string, readonly number[]>>;
}

/** What a program that was made of these expressions is given, in memory order, by buffer. */
export const givenTo = (program: LoopProgram, roots: readonly Node[], env: Environment): Scanned['inputs'] => {
  const read = new Set(program.entries.flatMap((e) => e.buffers.map((b) => b.id)));
  return Object.fromEntries(
    Object.entries(givenOf(roots, env))
      .filter(([id]) => read.has(id))
      .map(([id, values]) => [id, Array.from(values)] as const),
  );
};

export const scanned = (roots: readonly Node[], env: Environment): Scanned => {
  const finished = pipeline.reduce(
    (p, pass) => runPass(pass, p),
    programOf(Object.fromEntries(roots.map((r, i) => [`out${i}`, r]))),
  );
  const lowered = loopPasses.reduce((e, pass) => pass.run(e), lowerEntry(finished));
  // A session's states have no rows; here what is differentiated by has.
  const entry = {
    ...lowered,
    buffers: lowered.buffers.map((b) => (b.role === 'state' ? { ...b, role: 'input' as const } : b)),
  };
  const program = { model: 'scans', entries: [entry] };
  const values = evaluate(expanded(roots), env);
  return {
    program,
    sizes: env.sizes,
    draw: env.random!,
    inputs: givenTo(program, roots, env),
    want: Object.fromEntries(values.map((v, i) => [`out${i}`, Array.from(reorder(v.data, v.axes, env.sizes))])),
  };
};
