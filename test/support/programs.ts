/** Programs around bare expressions, and the values that the reference gives them. */
import type { Axis } from '../../dsl/axis.js';
import { bound } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import type { Diagnostics } from '../../compiler/diagnostics.js';
import { interner, rewrite } from '../../compiler/graph.js';
import { expand } from '../../compiler/passes/expand.js';
import type { Value } from '../../compiler/primitives/record.js';
import { type Pass, type Program, rootsOf, withRoots } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import type { Either } from 'fp-ts/lib/Either.js';

export const rightOf = <A>(either: Either<Diagnostics, A>): A => {
  if (either._tag === 'Left') throw new Error(`refused: ${JSON.stringify(either.left)}`);
  return either.right;
};

/** An interned program whose outputs are these expressions. */
export const programOf = (outputs: Readonly<Record<string, Node>>, rest: Partial<Program> = {}): Program => {
  const program: Program = {
    entry: 'train',
    updates: {},
    interned: interner(),
    origins: new WeakMap(),
    ...rest,
    outputs,
  };
  return withRoots(
    program,
    rewrite(rootsOf(program), program.interned, (n) => n),
  );
};

export const runPass = (pass: Pass, program: Program): Program => rightOf(pass.run(program));

/** The roots without operators: gradients derived, iterations unrolled. */
export const expanded = (roots: readonly Node[]): readonly Node[] =>
  rootsOf(runPass(expand, programOf(Object.fromEntries(roots.map((root, i) => [`${i}`.padStart(4, '0'), root])))));

/** What expressions mean, operators included. */
export const meaning = (roots: readonly Node[], env: Environment): readonly Value[] => evaluate(expanded(roots), env);

/** An evaluator of expressions, with the relative error that its arithmetic allows. */
export interface Target {
  readonly name: string;
  readonly tolerance: number;
  readonly values: (roots: readonly Node[], env: Environment) => readonly Float64Array[];
}

export const reference: Target = {
  name: 'reference',
  tolerance: 1e-10,
  values: (roots, env) => meaning(roots, env).map((v) => v.data),
};

export const sizeOf = (axis: Axis, env: Environment): number => {
  const size = bound(axis);
  return typeof size === 'number' ? size : env.sizes[size]!;
};
