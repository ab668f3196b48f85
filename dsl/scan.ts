/**
 * Recurrences along a sequence: h[t] = step(h[t - 1]). The step is written for all positions at once and says what one of
 * them does: it is called once, with tensors that hold at each position the state of the position before.
 */
import type { Axis } from './axis.js';
import * as build from './build.js';
import { fail } from './errors.js';
import type { Node, Scan } from './node.js';
import { checkChoice, checkOptions } from './options.js';
import { type AnyTensor, type AxesOf, type Tensor } from './tensor.js';

type Start = AnyTensor | readonly AnyTensor[];
/** The states at every position of the axis, from where they start. */
export type Along<S extends Start, K extends string> = S extends readonly AnyTensor[]
  ? { readonly [I in keyof S]: Tensor<AxesOf<S[I]> | K> }
  : Tensor<AxesOf<S> | K>;

/** Which way a scan runs, in which form, and what its derivative keeps. */
export interface ScanOptions {
  /** From the last position to the first; default false. */
  readonly reverse?: boolean;
  /** `store` (default) keeps the states for the derivative; `recompute` computes them once more when it needs them. */
  readonly backward?: Scan['backward'];
  /**
   * `sequential` (default): one position after the other. `associative`: log2(length) sweeps over all positions, for steps
   * of the form a * previous + b entry by entry (the compiler derives a and b, and refuses other steps); more arithmetic,
   * but parallel.
   */
  readonly form?: Scan['form'];
}
const KNOWN: Readonly<Record<keyof ScanOptions, true>> = { reverse: true, backward: true, form: true };
const BACKWARDS: Readonly<Record<Scan['backward'], true>> = { store: true, recompute: true };
const FORMS: Readonly<Record<Scan['form'], true>> = { sequential: true, associative: true };

const isList = (x: Start): x is readonly AnyTensor[] => Array.isArray(x);

/**
 * The states after each position of `along`: h[0] = step(init)[0], h[t] = step(h[t - 1])[t]. `init` is one state or a list,
 * without the axis; the step is given the previous states with it, and returns states of the same axes. At a position it may
 * read the carried states at that position alone (they are those of the position before); other tensors as it likes.
 *
 *     const hidden = scan(seq, zero, (previous) => add(mul(decay, previous), input));   // Tensor<'batch' | 'seq' | 'width'>
 *
 * Differentiable to any order: the derivative is a scan the other way (backpropagation through time).
 */
export const scan = <const S extends Start, K extends string>(
  along: Axis<K>,
  init: S,
  step: (previous: Along<S, K>) => Along<S, NoInfer<K>>,
  options: ScanOptions = {},
): Along<S, K> => {
  checkOptions('scan', options, KNOWN);
  const { reverse = false, backward = 'store', form = 'sequential' } = options;
  checkChoice('scan', 'backward', backward, BACKWARDS);
  checkChoice('scan', 'form', form, FORMS);
  const starts = (isList(init) ? init : [init]) as readonly Node[];
  starts.forEach(
    (s) =>
      !build.hasAxis(s, along.name) ||
      fail('PC4007', `a start has no position along '${along.name}': it is what comes before the first`),
  );
  const { extent } = along;
  const rows = extent.kind === 'ragged' ? starts.map((s) => build.axisOf(s, extent.rows)) : [];
  const carries = starts.map((s, i) =>
    build.carry(starts.length === 1 ? 'previous' : `previous.${i}`, [...s.axes, along], along.name, reverse),
  );
  const edge = reverse
    ? build.map('sub', build.extent(along, rows.slice(0, 1)), build.constant(1, 'i32'))
    : build.constant(0, 'i32');
  const isFirst = build.map('eq', build.index(along), edge);
  const previous = carries.map((c, i) =>
    isZero(starts[i]!) ? c : build.map('select', isFirst, build.broadcast(starts[i]!, [along]), c),
  );
  const shaped = (list: readonly Node[]): never => (isList(init) ? list : list[0]) as never;
  const stepped = step(shaped(previous)) as unknown as Start;
  const next = ((isList(stepped) ? stepped : [stepped]) as readonly Node[]).map((n, i) => widened(n, carries[i]!));
  if (next.length !== starts.length)
    fail('PC4004', `the states that go in are ${starts.length}, and the step returns ${next.length}`);
  return shaped(carries.map((_, i) => build.scan(carries, next, i, { backward, form })));
};

/** A step that does not read its state may lack axes of it. */
const widened = (next: Node, like: Node): Node =>
  next.axes.every((a) => build.hasAxis(like, a.name)) ? build.along(next, like) : next;

const isZero = (n: Node): boolean => (n.op === 'broadcast' ? isZero(n.arg) : n.op === 'constant' && n.value === 0);
