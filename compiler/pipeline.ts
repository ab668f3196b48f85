/** The compiler's table of contents: every program goes through these passes in this order. */
import { chain, type Either, map, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Diagnostics } from './diagnostics.js';
import { schedule } from './lower/schedule.js';
import type { Entry } from './loops/ir.js';
import { certify } from './passes/certify.js';
import { contract } from './passes/contract.js';
import { diagonalise } from './passes/diagonal.js';
import { expand } from './passes/expand.js';
import { fuse } from './passes/fuse.js';
import { simplify, simplifyForward } from './passes/simplify.js';
import { sparse } from './passes/sparse.js';
import { differentiate } from './passes/differentiate.js';
import type { Pass, Program } from './program.js';

export const pipeline: readonly Pass[] = [
  expand,
  diagonalise,
  certify,
  simplifyForward,
  sparse,
  { ...contract, name: 'contract-forward' },
  differentiate,
  simplify,
  contract,
  { ...simplify, name: 'simplify-contracted' },
  fuse,
];

/** What is done to a lowered entry. */
export interface LoopPass {
  readonly name: string;
  readonly description: string;
  readonly run: (entry: Entry) => Entry;
}

export const loopPasses: readonly LoopPass[] = [
  { name: 'schedule', description: 'orders kernels so that the least memory is alive at once', run: schedule },
];

/** Runs the passes; `observe` sees the program after each. */
export const runPasses = (
  passes: readonly Pass[],
  program: Program,
  observe: (pass: Pass, program: Program) => void = () => {},
): Either<Diagnostics, Program> =>
  passes.reduce<Either<Diagnostics, Program>>(
    (sofar, pass) =>
      pipe(
        sofar,
        chain(pass.run),
        map((next) => {
          observe(pass, next);
          return next;
        }),
      ),
    right(program),
  );
