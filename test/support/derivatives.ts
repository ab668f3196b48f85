/** Derived derivatives against central differences of the reference, to order two. */
import * as build from '../../dsl/build.js';
import type { Node, Param } from '../../dsl/node.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { topological } from '../../compiler/graph.js';
import { stream } from '../generators/axes.js';
import { expectSlope, inner, slopeAt } from './numbers.js';
import { expanded, sizeOf } from './programs.js';

const total = (n: Node): Node =>
  build.reduce(
    'sum',
    n,
    n.axes.map((a) => a.name),
  );
export const paramsOf = (root: Node): readonly Param[] =>
  topological([root]).filter((n): n is Param => n.op === 'param');

const weights = (name: string, like: Node): Node => build.input(name, like.axes, 'f32');
/** The environment with random weights for every input that is not given yet. */
const weighted = (env: Environment, names: readonly Node[], seed: number): Environment => {
  const next = stream(seed);
  const more = names.map(
    (n) =>
      [
        n.op === 'input' ? n.name : '',
        Array.from({ length: n.axes.reduce((k, a) => k * sizeOf(a, env), 1) }, () => next() * 2 - 1),
      ] as const,
  );
  return { ...env, inputs: { ...env.inputs, ...Object.fromEntries(more) } };
};

const scalar = (node: Node, env: Environment): number => evaluate([node], env)[0]!.data[0]!;

/** The slope of the scalar `of` in every entry of every parameter, derived and measured. */
const expectSlopes = (
  of: Node,
  wrt: readonly Param[],
  slopes: readonly Node[],
  env: Environment,
  what: string,
): void => {
  const derived = evaluate(slopes, env).map((v) => v.data);
  const scale = Math.abs(scalar(of, env));
  wrt.forEach((p, k) => {
    const x = env.params![p.path]!;
    const at = (moved: Float64Array): number => scalar(of, { ...env, params: { ...env.params, [p.path]: moved } });
    for (let i = 0; i < x.length; i++)
      expectSlope(derived[k]![i]!, slopeAt(at, x, i), `${what} by ${p.path}[${i}]`, scale);
  });
};

/**
 * Checks the first derivative of a random projection of `root` by each parameter, and the derivative of a random
 * projection of that gradient. Nothing here may lie at a kink.
 */
export const expectDerivatives = (root: Node, given: Environment, seed = 1): void => {
  const wrt = paramsOf(root);
  const w = weights('weights', root);
  const [projection] = expanded([total(build.map('mul', root, w))]) as readonly [Node];
  const vs = wrt.map((p, i) => weights(`direction.${i}`, p));
  const slopes = wrt.map((_, i) => build.project({ op: 'gradient', of: projection, wrt }, `${i}`));
  const along = slopes.map((s, i) => total(build.map('mul', s, vs[i]!))).reduce((a, b) => build.map('add', a, b));
  const curvatures = wrt.map((_, i) => build.project({ op: 'gradient', of: along, wrt }, `${i}`));
  const plain = expanded([...slopes, along, ...curvatures]);
  const env = weighted(given, [w, ...vs], seed);
  expectSlopes(projection, wrt, plain.slice(0, wrt.length), env, 'first derivative');
  expectSlopes(plain[wrt.length]!, wrt, plain.slice(wrt.length + 1), env, 'second derivative');
  // The second derivative is symmetric: <u, H v> = <v, H u> is checked through two directions.
  const hv = evaluate(plain.slice(wrt.length + 1), env).map((v) => v.data);
  const other = weighted(given, vs, seed + 1);
  const swapped = weighted(env, [], seed);
  const hu = evaluate(plain.slice(wrt.length + 1), {
    ...swapped,
    inputs: {
      ...swapped.inputs,
      ...Object.fromEntries(
        vs.map((v) => [v.op === 'input' ? v.name : '', other.inputs![v.op === 'input' ? v.name : '']!]),
      ),
    },
  }).map((v) => v.data);
  const pair = (a: readonly Float64Array[], of: Environment): number =>
    a.reduce((sum, x, i) => sum + inner(x, of.inputs![`direction.${i}`]!), 0);
  expectSlope(pair(hv, other), pair(hu, env), 'symmetry of the second derivative', 1e3);
};
