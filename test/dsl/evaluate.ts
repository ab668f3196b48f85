/** Runs an expression on the reference target, for tests: float64, whole arrays. */
import type { Node, Param } from '../../dsl/node.js';
import { interner, rewrite, topological } from '../../compiler/graph.js';
import { expand } from '../../compiler/passes/expand.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import type { Program } from '../../compiler/program.js';

/** Reads one entry by its position along each axis. */
export type Read = (at?: Readonly<Record<string, number>>) => number;

/** Equal expressions merged, operators expanded: what the pipeline's first pass makes of them. */
export const expanded = (roots: readonly Node[]): readonly Node[] => {
  const interned = interner();
  const merged = rewrite(roots, interned, (n) => n);
  const outputs = Object.fromEntries(merged.map((root, i) => [`r${i}`, root]));
  const program: Program = { entry: 'test', outputs, updates: {}, interned, origins: new WeakMap() };
  const result = expand.run(program);
  if (result._tag === 'Left') throw new Error(result.left.map((d) => d.message).join('\n'));
  return roots.map((_, i) => result.right.outputs[`r${i}`]!);
};

export const run = (roots: readonly Node[], env: Environment): readonly Read[] =>
  evaluate(expanded(roots), env).map(
    ({ axes, shape, data }) =>
      (at = {}) =>
        data[axes.reduce((position, axis, i) => position * shape[i]! + at[axis.name]!, 0)]!,
  );
export const run1 = (root: Node, env: Environment): Read => run([root], env)[0]!;

/** Reproducible numbers in (-1, 1) without pattern. */
export const numbers = (n: number, seed: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });

/** Numbers for every parameter that the expressions read; sizes by axis name. */
export const someParams = (
  roots: readonly Node[],
  sizes: Readonly<Record<string, number>>,
): Readonly<Record<string, readonly number[]>> => {
  const parameters = topological(expanded(roots)).filter((n): n is Param => n.op === 'param');
  return Object.fromEntries(
    parameters.map((p, i) => [
      p.path,
      numbers(
        p.axes.reduce((n, a) => n * (sizes[a.name] ?? 0), 1),
        i + 1,
      ),
    ]),
  );
};
