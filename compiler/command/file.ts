/** Compiles a model file: from its path to a folder, or to what was asked about it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chain, chainFirst, type Either, flatten, isLeft, map, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { lazy } from '../../runtime/contract/once.js';
import type { Beside } from '../beside.js';
import type { Compiled, Observe, Target, Toolchain } from '../compiled.js';
import { type Diagnostics, error, isDeep, refuse, tooDeep } from '../diagnostics.js';
import { emittedFiles, handedOver, partFiles, runtimeReachable, written } from '../emit/index.js';
import {
  checkTypes,
  hyperList,
  hypersText,
  hyperValues,
  locateFrom,
  modelPath,
  open,
  type Opened,
  projectOf,
  trace,
} from '../frontend/index.js';
import { ordinary, summary } from '../summary.js';
import type { Options } from './line.js';
import { type ExitCode, exitCodes, type Failure, type Io, ofModel, ofUsage, report, show } from './said.js';

/** One thread does all, when it is asked for. */
const alone: Beside = {
  check: (model, project) => () => checkTypes(model, project),
  emit:
    (compiled, { target }) =>
    () =>
      partFiles(compiled, target),
};

interface Chosen {
  readonly options: Options;
  readonly target: Target;
  readonly toolchain: Toolchain;
  readonly io: Io;
}

/** The middle of the compiler, with `--dump-after` looking on. */
const build = (
  opened: Opened,
  { options: { set = [], preset, dumpAfter }, target, toolchain, io }: Chosen,
): Either<Failure, Compiled> => {
  const observe: Observe = (pass, text) => {
    if (pass === dumpAfter) io.out(text());
  };
  return pipe(
    ofUsage(hyperValues(opened.model, { set, ...(preset === undefined ? {} : { preset }) })),
    chain((hyper) => ofModel(trace(opened, hyper))),
    // The middle calls the model's optimizer, and the language's constructors may refuse what a pass makes of the model.
    chain((traced) =>
      ofModel(
        pipe(
          opened.guard(() => toolchain.compile(traced, { observe })),
          flatten,
        ),
      ),
    ),
    chainFirst((compiled) => ofModel(target.check(compiled.loops))),
    map((compiled) => {
      if (target.passes?.list.some(({ name }) => name === dumpAfter) === true)
        target.passes.observe(compiled.loops, observe);
      return compiled;
    }),
  );
};

/** What is found of a model counts where its types are right: what it does with wrong ones says little. */
type Judge = <A>(found: Either<Failure, A>) => Either<Failure, A>;
const judging = (verdict: () => Either<Diagnostics, unknown>): Judge => {
  const types = lazy(() => ofModel(verdict()));
  return (found) =>
    pipe(
      types(),
      chain(() => found),
    );
};

const finish = (opened: Opened, chosen: Chosen, judge: Judge, began: number): Either<Failure, ExitCode> => {
  const { options, target, toolchain, io } = chosen;
  // What prints as it goes waits for the verdict.
  const compiled =
    options.dumpAfter === undefined
      ? build(opened, chosen)
      : pipe(
          judge(right(opened)),
          chain((o) => build(o, chosen)),
        );
  if (isLeft(compiled) || options.dumpAfter !== undefined)
    return pipe(
      judge(compiled),
      map(() => exitCodes.ok),
    );
  if (options.explain !== undefined) {
    const { explain } = compiled.right.report;
    const told =
      explain === undefined
        ? refuse('PC0005', 'nothing is known of single tensors here')
        : explain(options.explain, ordinary);
    return pipe(
      judge(ofUsage(told)),
      map((text) => {
        io.out(`${text}\n\ntarget ${options.target}: ${target.description}`);
        return exitCodes.ok;
      }),
    );
  }
  const folder = resolve(io.cwd, options.out ?? `build/${opened.model.name}`);
  const { handOver } = target;
  const files =
    handOver === undefined
      ? emittedFiles(compiled.right, target, (part) => (io.beside ?? alone).emit(compiled.right, part))
      : handedOver(compiled.right, handOver);
  return pipe(
    judge(right(files)),
    // A trainer that is there stays: what is handed over stands beside it.
    chain(() => ofUsage(written(files, handOver === undefined ? toolchain.targets : {}, folder))),
    map(({ files }) => {
      const reachable = handOver === undefined ? runtimeReachable(folder, show(folder, io.cwd)) : right(undefined);
      if (isLeft(reachable)) report([reachable.left], io, opened.locate);
      const cost = compiled.right.report.cost(ordinary);
      io.out(
        summary({
          compiled: compiled.right,
          target,
          cost,
          folder: show(folder, io.cwd),
          files,
          trainer: existsSync(join(folder, 'trainer.js')),
          seconds: (io.now() - began) / 1000,
        }),
      );
      // The runtime builds: the trainer asks it to, as it does before a run.
      return options.build === true && io.run?.(join(folder, 'trainer.js'), 'build') !== 0
        ? exitCodes.model
        : exitCodes.ok;
    }),
  );
};

/** Compiles one file; failures are printed and become the exit code. */
export const compileFile = (file: string, chosen: Chosen): ExitCode => {
  const { io } = chosen;
  const began = io.now();
  const said =
    (locate: (file: string) => string) =>
    ({ code, diagnostics }: Failure): ExitCode => {
      report(diagnostics, io, locate);
      if (code === exitCodes.model) io.err(`more: pcrec-compile --explain-error ${diagnostics[0].code}`);
      return code;
    };
  const path = ofUsage(modelPath(file, io.cwd));
  if (isLeft(path)) return said((f) => f)(path.left);
  try {
    const judge = judging((io.beside ?? alone).check(path.right, projectOf(path.right)));
    const opened = ofModel(open(path.right, { check: () => right([]) }));
    const known = isLeft(opened) || chosen.options.hypers === true ? judge(opened) : opened;
    if (isLeft(known)) return said(locateFrom(path.right))(known.left);
    if (chosen.options.hypers === true) {
      io.out(
        chosen.options.json === true ? JSON.stringify(hyperList(known.right.model)) : hypersText(known.right.model),
      );
      return exitCodes.ok;
    }
    const done = finish(known.right, chosen, judge, began);
    return isLeft(done) ? said(known.right.locate)(done.left) : done.right;
  } catch (thrown) {
    if (!isDeep(thrown)) throw thrown;
    return said((f) => f)({
      code: exitCodes.model,
      diagnostics: [
        error(
          'PC1009',
          `${show(path.right, io.cwd)}: ${tooDeep}`,
          undefined,
          'give parts a const of their own, or make them in a loop',
        ),
      ],
    });
  }
};
