/**
 * Initial values of states: a pure function of (seed, name, shape), equal on every device and in every order of states,
 * because every element draws from the counter-based stream of its own state.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { stream, uniformAt } from './contract/random.js';
import type { InitInfo, Sizes, StateInfo, TensorInfo } from './contract/session.js';

export type States = Readonly<Record<string, Float32Array>>;

/** The numeric shape of a tensor under bound sizes, outermost first. Left: the symbol that has no size. */
export const shapeOf = (info: TensorInfo, sizes: Sizes): E.Either<string, readonly number[]> => {
  const bound = info.shape.map((size) => (typeof size === 'number' ? size : (sizes[size] ?? Number.NaN)));
  const missing = info.shape.find((_, i) => Number.isNaN(bound[i]));
  return missing === undefined
    ? E.right(bound)
    : E.left(
        `The shape of \`${info.name}\` uses the size \`${missing}\`, which is not bound here (bound: ${Object.keys(sizes).join(', ')}).`,
      );
};

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

const horner = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, c) => sum * x + c, 0);

const centre = {
  top: [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ],
  bottom: [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
};
const tail = {
  top: [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  bottom: [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
};

/**
 * The p-quantile of the standard normal law, 0 < p < 1, relative error below 1.2e-9 (Acklam's rational approximation).
 * One uniform number makes one normal number, so that element i needs counter i and nothing else; Box-Muller needs two.
 */
export const normalQuantile = (p: number): number => {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return horner(tail.top, q) / horner(tail.bottom, q);
  }
  const q = p - 0.5;
  return (q * horner(centre.top, q * q)) / horner(centre.bottom, q * q);
};

/** Φ(-2): the mass that truncation at two standard deviations cuts from each side. */
const beyondTwo = 0.02275013194817921;

/** One law: from the description and the sizes of axes to a function of a uniform number in (0, 1). */
type Drawn = Exclude<InitInfo['kind'], 'given'>;
type Law<K extends Drawn> = (
  init: Extract<InitInfo, { readonly kind: K }>,
  size: (axis: string) => number,
) => (u: number) => number;

const laws: { readonly [K in Drawn]: Law<K> } = {
  constant:
    ({ value }) =>
    () =>
      value,
  normal:
    ({ std }) =>
    (u) =>
      std * normalQuantile(u),
  truncatedNormal:
    ({ std }) =>
    (u) =>
      std * normalQuantile(beyondTwo + u * (1 - 2 * beyondTwo)),
  uniform:
    ({ low, high }) =>
    (u) =>
      low + u * (high - low),
  xavierUniform: ({ fanIn, fanOut }, size) => {
    const bound = Math.sqrt(6 / (product(fanIn.map(size)) + product(fanOut.map(size))));
    return (u) => bound * (2 * u - 1);
  },
};

/** The draw that a state makes of a uniform number. */
const lawOf = (
  init: Extract<InitInfo, { readonly kind: Drawn }>,
  size: (axis: string) => number,
): ((u: number) => number) => (laws[init.kind] as Law<Drawn>)(init as never, size);

/**
 * The first values of one state, flat and row-major. `std` of a truncated normal is that of the law before truncation at
 * two deviations. Left: an unbound size.
 */
export const initial =
  (seed: number, sizes: Sizes) =>
  (state: StateInfo): E.Either<string, Float32Array> =>
    pipe(
      shapeOf(state, sizes),
      E.map((shape) => {
        // What data give is nothing until they do.
        if (state.init.kind === 'given') return new Float32Array(product(shape));
        const draw = lawOf(state.init, (axis) => shape[state.axes.indexOf(axis)] ?? 1);
        const random = stream(seed, 0, `init ${state.name}`);
        // The half step keeps u inside the open interval, where every quantile is finite.
        return Float32Array.from({ length: product(shape) }, (_, i) => draw(uniformAt(random, i) + 2 ** -25));
      }),
    );

/** The first values of all states, by name. */
export const initialStates = (seed: number, sizes: Sizes, states: readonly StateInfo[]): E.Either<string, States> =>
  pipe(
    states,
    E.traverseArray((state) =>
      pipe(
        initial(seed, sizes)(state),
        E.map((data) => [state.name, data] as const),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  );
