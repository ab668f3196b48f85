/**
 * A thread that compiles a model in memory and tells what the compiler itself says of its cost; its stack is as deep as that of `pcrec-compile`.
 * Given an `Accounting`, it answers with an `Account`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as E from 'fp-ts/lib/Either.js';
import { hyperValues, modelPath, open, renderAll, toolchain, trace, type Diagnostics } from 'pcrec/compiler';
import { orThrow } from './carried.js';
import type { Account, Accounting } from './cost.js';

const said = <A>(found: E.Either<Diagnostics, A>): A =>
  orThrow(
    E.mapLeft((all: Diagnostics) => renderAll(all, { colour: false, read: () => undefined, show: (file) => file }))(
      found,
    ),
  );

const account = ({ model, set, backend, sizes, threads }: Accounting): Account => {
  const [, name = model, preset] = /^(.+)@([^@\\/]+)$/.exec(model) ?? [];
  // Its types were checked when it was compiled to be run.
  const opened = said(open(said(modelPath(name, process.cwd())), { check: () => E.right([]) }));
  const hyper = said(hyperValues(opened.model, { set: [...set], ...(preset === undefined ? {} : { preset }) }));
  const { report, loops } = said(toolchain.compile(said(trace(opened, hyper))));
  const { operations, peakBytes } = report.cost(sizes);
  const peak = toolchain.targets[backend.split(' ')[0]!]?.peak?.(loops, sizes);
  return { operations, arena: peak === undefined ? peakBytes : peak.bytes + threads * peak.thread };
};

parentPort!.postMessage(account(workerData as Accounting));
