/**
 * Descent on an energy, inside a model: the compiler derives the update and differentiates through it.
 *
 * The energy is a function of the states. It is called once, with fresh variables, so a derivative with respect to one
 * state cannot run through another's definition.
 */
import type { Axis } from './axis.js';
import { type Horizon, unroll, whole } from './backward.js';
import { constant, project, showAxes, variable } from './build.js';
import { fail } from './errors.js';
import type { Descend, Node } from './node.js';
import { checkChoice, checkOptions } from './options.js';
import type { AnyTensor, Tensor } from './tensor.js';
import type { List, Said } from './wording.js';

type State = AnyTensor;
/** The states: tensors, or lists of tensors where their number is a hyperparameter. */
export type States = readonly (State | readonly State[])[];

/** A rate: one for all, or one tensor (or number) that broadcasts to each position of its state. */
export type Rate = number | State;
type EachRate<S extends States> = {
  readonly [I in keyof S]: S[I] extends readonly State[] ? Rate | readonly Rate[] : Rate;
};
type EachFlag<S extends States> = {
  readonly [I in keyof S]: S[I] extends readonly State[] ? boolean | readonly boolean[] : boolean;
};

/** What descends, how fast, how often, and how it is differentiated. */
export interface DescendOptions<S extends States> {
  /** Where the states start: a tuple of tensors, or of lists of tensors. The energy is given states of the same shape. */
  readonly wrt: S;
  /** The factor of the gradient: one for all states, or a tuple like `wrt`. */
  readonly rate: Rate | EachRate<S>;
  /** How many steps, from 0. */
  readonly steps: number;
  /** States that are held where they start, a tuple like `wrt`; default none. */
  readonly clamp?: EachFlag<S>;
  /** All states at once (jacobi, the default), or one after the other, first to last (sweepUp) or last to first (sweepDown). */
  readonly order?: Descend['order'];
  /** Whose energy a position descends: `whole` (default) or `prefix(seq)`. */
  readonly horizon?: Horizon;
  /** `unroll` (default), `checkpoint(k)`, `lastSteps(k)` or `stopGradient`. */
  readonly backward?: Descend['backward'];
}

/** What an energy must be, one number for each row, so that one user's inference cannot touch another's. */
export type Energy<A extends string> = string extends A
  ? AnyTensor // the options are wrong: they say so
  : [A] extends ['batch']
    ? ['batch'] extends [A]
      ? Tensor<A>
      : Said<
          'PC4002',
          `an energy is one number for each row of 'batch': this one is the same number for the whole batch, which would let one user's inference touch another's; sum over every axis but 'batch'`
        >
    : Said<'PC4002', `an energy is one number for each row of 'batch': sum over ${List<Exclude<A, 'batch'>>} as well`>;

/** What a descent gives. */
export interface Descent<S extends States> {
  /** The states after the last step, of the types of `wrt`. */
  readonly states: S;
  /** The energy at the returned states. */
  readonly energy: Tensor<'batch'>;
}

const KNOWN: Readonly<Record<keyof DescendOptions<States>, true>> = {
  wrt: true,
  rate: true,
  steps: true,
  clamp: true,
  order: true,
  horizon: true,
  backward: true,
};
const ORDERS: Readonly<Record<Descend['order'], true>> = { jacobi: true, sweepUp: true, sweepDown: true };
const HORIZONS: Readonly<Record<Horizon['kind'], true>> = { whole: true, prefix: true };
const BACKWARDS: Readonly<Record<Descend['backward']['kind'], true>> = {
  unroll: true,
  checkpoint: true,
  lastSteps: true,
  stopGradient: true,
};

type Nested<T> = T | readonly T[];
const isList = <T>(x: Nested<T>): x is readonly T[] => Array.isArray(x);
/** One value for each state, from one for all or from a tuple that follows the states' shape. */
const spread = <T>(states: readonly Nested<Node>[], given: Nested<Nested<T>>, what: string): readonly T[] => {
  if (!isList(given)) return states.flatMap((s) => (isList(s) ? s.map(() => given as T) : [given as T]));
  if (given.length !== states.length)
    fail('PC4003', `${what} has an entry for each state: ${states.length}, not ${given.length}`);
  return states.flatMap((s, i) => {
    const g = given[i] as Nested<T>;
    if (!isList(s)) return isList(g) ? fail('PC4003', `entry ${i + 1} of ${what} is a list, its state is not`) : [g];
    if (isList(g) && g.length !== s.length)
      fail('PC4003', `entry ${i + 1} of ${what} has an entry for each state: ${s.length}, not ${g.length}`);
    return isList(g) ? g : s.map(() => g);
  });
};

const checkedRate = (rate: Node | number, state: Node): Node => {
  const node = typeof rate === 'number' ? constant(rate) : rate;
  if (node.dtype !== 'f32') fail('PC2004', `a rate is f32, not ${node.dtype}`);
  const extra = node.axes.filter((a) => !state.axes.some((b) => b.name === a.name));
  return extra.length === 0
    ? node
    : fail('PC4003', `the rate's axes are ${showAxes(node.axes)}, of which its state does not have ${showAxes(extra)}`);
};

/**
 * states <- states - rate * d energy / d states, `steps` times from `wrt`. The energy's only axis is `batch`. Unknown
 * options are errors.
 *
 *     const { states: [s0, s1] } = descend(([s0, s1]) => energy(s0, s1), { wrt: [input, block(input)], rate: 0.1, steps: 1 });
 */
export const descend = <const S extends States, A extends string>(
  energy: (states: S) => Energy<A>,
  options: DescendOptions<S>,
): Descent<S> => {
  checkOptions('descend', options, KNOWN);
  const { wrt, rate, steps, clamp = false, order = 'jacobi', horizon = whole, backward = unroll } = options;
  checkChoice('descend', 'order', order, ORDERS);
  checkChoice('descend', 'horizon', horizon.kind, HORIZONS);
  checkChoice('descend', 'backward', backward.kind, BACKWARDS);
  if (!Number.isInteger(steps) || steps < 0) fail('PC2012', `descend takes a whole number of steps, not ${steps}`);
  const init = (wrt as readonly Nested<Node>[]).flat() as readonly Node[];
  init.forEach((s, i) => s.dtype === 'f32' || fail('PC2004', `state ${i} is ${s.dtype}: only f32 can descend`));
  const variables = init.map((s, i) => variable(`state.${i}`, s.axes));
  /** The shape of `wrt`, filled in order. */
  const shaped = (values: readonly Node[]): S => {
    let next = 0;
    return (wrt as readonly Nested<Node>[]).map((s) =>
      isList(s) ? s.map(() => values[next++]!) : values[next++]!,
    ) as unknown as S;
  };
  const value = energy(shaped(variables)) as Node;
  const rows: Axis = value.axes[0] ?? fail('PC4002', 'an energy keeps the axis batch');
  if (value.axes.length !== 1 || rows.name !== 'batch')
    fail('PC4002', `an energy has the axis 'batch' alone, not ${showAxes(value.axes)}`);
  const node: Descend = {
    op: 'descend',
    variables,
    energy: value,
    init,
    steps,
    order,
    horizon,
    backward,
    rows,
    rate: spread<Node | number>(wrt, rate as Nested<Nested<Node | number>>, 'rate').map((r, i) =>
      checkedRate(r, init[i]!),
    ),
    clamp: spread<boolean>(wrt, clamp as Nested<Nested<boolean>>, 'clamp'),
  };
  return {
    states: shaped(init.map((_, i) => project(node, String(i)))),
    energy: project(node, 'energy') as unknown as Tensor<'batch'>,
  };
};
