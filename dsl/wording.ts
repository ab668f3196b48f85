/**
 * What a wrong axis is called under the reader's cursor. Where tsc's own wording would show machinery, a parameter's type
 * becomes a sentence instead: "Argument of type 'Axis<"head">' is not assignable to parameter of type '"PC2001: there is no
 * axis 'head' here: the axes are 'batch' | 'seq'"'". Being string literals, the sentences add no further lines to the error.
 */
import type { Axis } from './axis.js';
import type { LanguageCode } from './errors.js';
import type { DType } from './scalar.js';
import type { Tensor } from './tensor.js';

// A union becomes a list by taking its last member off, one at a time: the last overload of an intersection of functions.
type Overloads<U> = (U extends string ? (f: () => U) => void : never) extends (f: infer I) => void ? I : never;
type Last<U> = Overloads<U> extends () => infer L ? L & string : never;
type Join<U extends string, L extends string = Last<U>> = [U] extends [L]
  ? `'${L}'`
  : `${Join<Exclude<U, L>>} | '${L}'`;

/** `'batch' | 'seq'` as text, quotes included; `none` for a scalar. */
export type List<U extends string> = [U] extends [never] ? 'none' : string extends U ? 'any' : Join<U>;

/** A sentence with the code of the mistake that it tells. */
export type Said<C extends LanguageCode, Sentence extends string> = `${C}: ${Sentence}`;

/** The sentence for axes `K` that are not among the axes `A`. */
export type NoAxis<K extends string, A extends string> = Said<
  'PC2001',
  `there is no axis ${List<Exclude<K, A>>} here: the axes are ${List<A>}`
>;

/** An axis of a tensor with the axes `A`. */
export type AxisIn<K extends string, A extends string> = [K] extends [A] ? Axis<K> : NoAxis<K, A>;

/** One axis, or several, of a tensor with the axes `A`. */
export type AxesIn<K extends string, A extends string> = [K] extends [A] ? Axis<K> | readonly Axis<K>[] : NoAxis<K, A>;

/** A tensor that has the axes `K`, as a data-last function asks for it. */
export type Having<A extends string, K extends string, D extends DType> = [K] extends [A] ? Tensor<A, D> : NoAxis<K, A>;

/** An axis that both factors of a contraction have. */
export type Shared<K extends string, A extends string, B extends string> = [K] extends [A & B]
  ? Axis<K> | readonly Axis<K>[]
  : Said<
      'PC2002',
      `a contraction needs ${List<Exclude<K, A & B>>} in both factors: the first has ${List<A>}, the second ${List<B>}`
    >;

/** The first factor of a contraction whose second factor and axes are known, as the data-last `dot` asks for it. */
export type FirstFactor<A extends string, K extends string, B extends string> = [K] extends [A]
  ? Tensor<A>
  : Said<
      'PC2002',
      `a contraction needs ${List<Exclude<K, A>>} in both factors: the first has ${List<A>}, the second ${List<B>}`
    >;

/**
 * The axes `A` without `K`. The expected type of a result never decides what the operands are (NoInfer): otherwise an
 * annotation on the left of `=` would move the error into the arguments. Axes that are not known by name (`string`, inside
 * generic functions) stay so.
 */
export type Without<A extends string, K extends string> = NoInfer<string extends A ? string : Exclude<A, K>>;
