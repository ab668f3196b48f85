/**
 * Layers: ordinary functions over the operations. Inside, where axes are type variables, tensors are `Loose` and the
 * result takes its type once, at the end; a layer over axes with known names needs none of that (see examples).
 */
import { type Axis, like } from './axis.js';
import { hasAxis } from './build.js';
import { add, gt, mul, rsqrt, sub, square, where } from './elementwise.js';
import { fail } from './errors.js';
import type { Init } from './node.js';
import { param, ones, truncatedNormal, xavierUniform, zeros } from './parameter.js';
import { rename } from './position.js';
import { dot, mean, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { AxesIn, Having, Shared, Without } from './wording.js';

type Loose = Tensor<string>;
type Over = Axis | readonly Axis[];
const listed = (over: Over): readonly Axis[] => [over].flat() as readonly Axis[];

/** How a linear map starts, and whether it has a bias. */
export interface LinearOptions {
  /** Whether a bias along the output axes is added (default true; starts at 0). */
  readonly bias?: boolean;
  /** Default: Xavier-uniform. */
  readonly init?: Init;
  readonly biasInit?: Init;
}

/**
 * x W + b: the axes `from` of x give way to the axes `to`. The parameters are `<path>.weight`, with the axes from and to,
 * and `<path>.bias`. One axis or several on both sides: heads are an axis (`linear('q', x, width, [head, depth])`). Where an
 * axis is on both sides the weight's input axis is called `<name>.in`.
 */
export const linear = <A extends string, K extends string, O extends string>(
  path: string,
  x: Tensor<A>,
  from: AxesIn<K, A>,
  to: Axis<O> | readonly Axis<O>[],
  options: LinearOptions = {},
): Tensor<Without<A, K> | NoInfer<O>> => {
  const outputs = listed(to);
  const both = (axis: Axis) => outputs.some((o) => o.name === axis.name);
  const inputs = listed(from as Over).map((axis) => ({
    axis,
    inner: both(axis) ? like(`${axis.name}.in`, axis) : axis,
  }));
  // A rename to an axis that is there takes the diagonal, which nobody asked for.
  inputs.forEach(
    ({ axis, inner }) =>
      axis === inner ||
      !hasAxis(x, inner.name) ||
      fail(
        'PC3008',
        `'${axis.name}' is on both sides, so its input is called '${inner.name}' in the weight: x has an axis of that name already`,
      ),
  );
  const arg = inputs.reduce<Loose>((y, { axis, inner }) => (axis === inner ? y : rename(y, axis, inner)), typed(x));
  const inner = inputs.map((i) => i.inner);
  const weight: Loose = param(`${path}.weight`, [...inner, ...outputs], options.init ?? xavierUniform(inner, outputs));
  const product: Loose = dot(arg, weight, inner);
  return typed(
    options.bias === false ? product : add(product, param(`${path}.bias`, outputs, options.biasInit ?? zeros)),
  );
};

/** A table with one row for each position of `rows` (`item`, `seq`): truncated normal, deviation 0.02, unless said otherwise. */
export const embedding = <R extends string, W extends string>(
  path: string,
  rows: Axis<R>,
  width: Axis<W>,
  init: Init = truncatedNormal(0.02),
): Tensor<R | W> => typed(param<string>(path, [rows, width], init));

/** What keeps a norm from dividing by 0, and whether it is trained. */
export interface NormOptions {
  /** Added to the mean square before the root (default 1e-6). */
  readonly eps?: number;
  /** Gives the norm a trained gain (and for layerNorm a bias) along its axes: `<path>.gain`, `<path>.bias`. Default: none. */
  readonly path?: string;
}
interface Norm {
  <K extends string>(over: Axis<K> | readonly Axis<K>[]): <A extends string>(x: Having<A, K, 'f32'>) => Tensor<A>;
  <A extends string, K extends string>(x: Tensor<A>, over: AxesIn<K, A>, options?: NormOptions): Tensor<A>;
}
const norm = (apply: (x: Loose, over: Over, options: NormOptions) => Loose): Norm =>
  ((...args: readonly [Over] | readonly [Loose, Over, NormOptions?]): unknown =>
    args.length === 1 ? (x: Loose) => apply(x, args[0], {}) : apply(args[0], args[1], args[2] ?? {})) as Norm;
const scaled = (x: Loose, over: Over, eps: number): Loose => mul(x, rsqrt(add(mean(square(x), over), eps)));
const gain = (x: Loose, over: Over, { path }: NormOptions): Loose =>
  path === undefined ? x : mul(x, param(`${path}.gain`, over, ones));

/** (x - mean) / sqrt(variance + eps) over one axis or several (Ba et al. 2016). `pipe(x, layerNorm(width))`. */
export const layerNorm = norm((x, over, options) => {
  const y = gain(scaled(sub(x, mean(x, over)), over, options.eps ?? 1e-6), over, options);
  return options.path === undefined ? y : add(y, param(`${options.path}.bias`, over, zeros));
});

/** x / sqrt(mean of squares + eps) over one axis or several (Zhang & Sennrich 2019). */
export const rmsNorm = norm((x, over, options) => gain(scaled(x, over, options.eps ?? 1e-6), over, options));

interface Normalise {
  <K extends string>(over: Axis<K> | readonly Axis<K>[]): <A extends string>(x: Having<A, K, 'f32'>) => Tensor<A>;
  <A extends string, K extends string>(x: Tensor<A>, over: AxesIn<K, A>): Tensor<A>;
}
/**
 * x / |x|: unit length over the axes given, so that a dot product is a cosine. What is no longer than 1e-6 has no direction:
 * its value and all its derivatives are 0.
 */
export const normalise: Normalise = norm((x, over) => {
  const size = sum(square(x), over);
  return mul(x, where(gt(size, 1e-12), rsqrt(size), 0));
});

/** The cosine of two tensors over the axes given, in [-1, 1]: the dot product of both brought to unit length by `normalise`. */
export const cosine = <A extends string, B extends string, K extends string>(
  a: Tensor<A>,
  b: Tensor<B>,
  over: Shared<K, A, B>,
): Tensor<Without<A | B, K>> => {
  const k = over as Axis;
  return typed(dot(normalise(typed<string>(a), k), normalise(typed<string>(b), k), k));
};
