/**
 * The tree of code: what stands between loops and the text of a processor's language. It knows numbers, lanes of numbers,
 * memory by address, and blocks; it does not know how any of them is spelt, nor how many lanes there are. A printer spells it.
 *
 * One value of a condition is 0 or 1; in lanes it is a mask, all bits of a lane or none.
 */

/** One number, or, with an `s`, a number in each lane. f64s and i64s are lanes twice as wide: half as many. `at` is a place in memory, in bytes. */
export type Type = 'f32' | 'i32' | 'at' | 'f32s' | 'i32s' | 'f64s' | 'i64s';

/** A number that may hang on how many lanes there are: `plain`, and `lanes` times their number. Only a printer knows it, or the language it prints. */
export type Amount = number | { readonly plain: number; readonly lanes: number };
export const amountFor = (amount: Amount, lanes: number): number =>
  typeof amount === 'number' ? amount : amount.plain + amount.lanes * lanes;

/** A variable of a function. The printer gives it a name like the one wanted; two locals are the same if they are one object. */
export interface Local {
  readonly wanted: string;
  readonly type: Type;
  /** Read once, where its value may as well be computed. */
  readonly once?: true;
}

/** What a session binds before code runs: a size by its symbol, the address of a buffer, the address behind all buffers. */
export type Global =
  | { readonly kind: 'size'; readonly symbol: string }
  | { readonly kind: 'base'; readonly buffer: string }
  | { readonly kind: 'end' };

/** Operations by what they mean; on lanes they go lane by lane. `operations` says what each takes. */
export type Op =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'neg'
  | 'abs'
  | 'sqrt'
  | 'floor'
  | 'nearest'
  | 'min'
  | 'max'
  /** The lesser, the greater of two; where the second is no number, the first. */
  | 'lesser'
  | 'greater'
  /** The lesser of two i32 without signs. */
  | 'leastUnsigned'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'ltUnsigned'
  | 'and'
  | 'or'
  | 'xor'
  | 'not'
  /** By the number of bits that the second argument, one i32, says. */
  | 'shiftLeft'
  | 'shiftRight'
  | 'shiftRightUnsigned'
  /** a + b * c, rounded once. */
  | 'fma'
  /** The same, rounded as often as the machine pleases. */
  | 'mulAdd'
  /** (condition, yes, no): both are computed. */
  | 'select'
  /** One number on all lanes. */
  | 'splat'
  /** Towards zero, the nearest i32 there is. */
  | 'toI32'
  | 'toF32'
  /** The same bits, taken for another type. */
  | 'bits'
  /** The lower, the upper half of f32 lanes as f64 lanes. */
  | 'lowerHalf'
  | 'upperHalf'
  /** f64 lanes as f32, as i32 towards zero, in the lower half. */
  | 'narrow'
  | 'narrowI32'
  /** The lower halves of two, one behind the other. */
  | 'join'
  /** All lanes together, from the first to the last. */
  | 'sumLanes'
  | 'maxLanes';

export type Code =
  | { readonly kind: 'local'; readonly local: Local; readonly type: Type }
  | { readonly kind: 'global'; readonly global: Global; readonly type: 'i32' | 'at' }
  /** The same on all lanes. */
  | { readonly kind: 'literal'; readonly value: number; readonly type: Type }
  | { readonly kind: 'amount'; readonly amount: Amount; readonly type: 'i32' }
  /** `from` in the first lane, one more in each after it. */
  | { readonly kind: 'ramp'; readonly from: Amount; readonly type: 'i32s' }
  | { readonly kind: 'op'; readonly op: Op; readonly args: readonly Code[]; readonly type: Type }
  | { readonly kind: 'lane'; readonly lane: number; readonly of: Code; readonly type: 'f32' | 'i32' }
  /**
   * `offset` bytes behind `address`. Lanes lie `apart` bytes from one another: 4 where they are neighbours, 0 where one number is on all of
   * them. Where `first` is given only so many lanes are loaded, and the others are 0.
   */
  | {
      readonly kind: 'load';
      readonly address: Code;
      readonly offset: Amount;
      readonly apart: number;
      readonly first?: Code;
      readonly type: Type;
    }
  /** Each lane from an address of its own; `first` as above. */
  | {
      readonly kind: 'gather';
      readonly addresses: Code;
      readonly offset: Amount;
      readonly first?: Code;
      readonly type: 'f32s' | 'i32s';
    }
  /** `inline`: few ask at once, so that the function is worth writing out; a call empties the registers. */
  | {
      readonly kind: 'call';
      readonly fn: string;
      readonly args: readonly Code[];
      readonly inline: boolean;
      readonly type: Type;
    };

export type Statement =
  | { readonly kind: 'set'; readonly local: Local; readonly value: Code }
  /** Where `first` is given, so many lanes of it. */
  | {
      readonly kind: 'store';
      readonly address: Code;
      readonly offset: Amount;
      readonly value: Code;
      readonly first?: Code;
    }
  | { readonly kind: 'if'; readonly condition: Code; readonly then: Block; readonly otherwise: Block | null }
  /** While `variable` is below `to`, by `step`; `from` is null where the variable is at its beginning already. */
  | {
      readonly kind: 'loop';
      readonly variable: Local;
      readonly from: Code | null;
      readonly to: Code;
      readonly step: Amount;
      readonly body: Block;
    }
  | { readonly kind: 'while'; readonly condition: Code; readonly body: Block }
  /** Zeros from one address up to another. */
  | { readonly kind: 'clear'; readonly from: Code; readonly to: Code }
  /** What is there will be read soon: it may come nearer meanwhile, or not. Any address will do. */
  | { readonly kind: 'prefetch'; readonly address: Code; readonly offset: Amount }
  | { readonly kind: 'run'; readonly fn: string; readonly args: readonly Code[] };

export type Block = readonly Statement[];

export interface Func {
  readonly name: string;
  /** Called from outside. */
  readonly exported: boolean;
  /** Lines for people, in the model's terms. */
  readonly comments: readonly string[];
  readonly parameters: readonly Local[];
  readonly body: Block;
  /** What it gives back, where it is a function of numbers. */
  readonly result: Code | null;
}

export const hasLanes = (type: Type): boolean => type.endsWith('s');
