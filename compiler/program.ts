/** What the passes hand to one another: one entry of the trainer as an immutable, hash-consed graph. */
import type { Either } from 'fp-ts/lib/Either.js';
import type { Node, Param } from '../dsl/node.js';
import type { Optimizer } from '../dsl/optimizer.js';
import type { Certificate } from './dependence/certificate.js';
import type { Diagnostics } from './diagnostics.js';
import type { Interner, Origins } from './graph.js';

export interface Program {
  /** `train`, `rank`, `score`, `predict`, `vectors` or `explain`. */
  readonly entry: string;
  readonly outputs: Readonly<Record<string, Node>>;
  /** The next value of each parameter and optimizer slot, by path. */
  readonly updates: Readonly<Record<string, Node>>;
  /** Present where the output `loss` is to be descended. */
  readonly optimizer?: Optimizer;
  /** Stands for 1; present where the output `score` is to be derived by it. */
  readonly scale?: Param;
  /** Nodes that get a buffer of their own; the rest are computed where they are used. Decided by the pass `fuse`. */
  readonly stored?: ReadonlySet<Node>;
  /** What its predictions read, once the pass `certify` has proved it. */
  readonly certificate?: Certificate;
  readonly interned: Interner;
  readonly origins: Origins;
}

export interface Pass {
  readonly name: string;
  readonly description: string;
  readonly run: (program: Program) => Either<Diagnostics, Program>;
}

export const rootsOf = (program: Program): readonly Node[] => [
  ...Object.values(program.outputs),
  ...Object.values(program.updates),
];

/** The program with its roots replaced one by one. */
export const withRoots = (program: Program, roots: readonly Node[]): Program => {
  const outputs = Object.keys(program.outputs);
  const zip = (names: readonly string[], from: number) =>
    Object.fromEntries(names.map((name, i) => [name, roots[from + i]!]));
  return { ...program, outputs: zip(outputs, 0), updates: zip(Object.keys(program.updates), outputs.length) };
};
