/**
 * The evaluators that the laws are run on. A real target joins by giving a name, a tolerance and a function from
 * expressions to numbers; `exact` says that its arithmetic is float64, where finite differences mean something.
 */
import type { Node } from '../../dsl/node.js';
import { type Chain, environmentOf } from '../generators/chains.js';
import { loops, loops32 } from '../support/lowered.js';
import { reference, type Target } from '../support/programs.js';

export interface LawTarget extends Target {
  /** Random problems for each law: compiling takes longer than evaluating. */
  readonly runs: number;
  readonly exact: boolean;
}

export const targets: readonly LawTarget[] = [
  { ...reference, runs: 60, exact: true },
  { ...loops, runs: 12, exact: true },
  { ...loops32, runs: 12, exact: false },
];

/** What expressions over a chain's states and thetas are worth. `more` gives further parameters by path. */
export const valuesOf = (
  target: Target,
  chain: Chain,
  roots: readonly Node[],
  more: Readonly<Record<string, ArrayLike<number>>> = {},
): readonly (readonly number[])[] => target.values(roots, environmentOf(chain, more)).map((v) => [...v]);

export const flat = (layers: readonly ArrayLike<number>[]): readonly number[] => layers.flatMap((v) => Array.from(v));
