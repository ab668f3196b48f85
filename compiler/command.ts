/**
 * `pcrec-compile`: from arguments to an exit code. Everything outside (the disk aside) comes in as an argument, so the
 * tests run the very command that users run.
 */
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { chain, chainFirst, type Either, flatten, isLeft, map, mapLeft, right, tryCatch } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { explainableFile } from '../runtime/contract/cpu-plan.js';
import { lazy } from '../runtime/contract/once.js';
import { packageModels } from '../runtime/contract/package.js';
import type { Manifest } from '../runtime/contract/session.js';
import { suggest } from '../runtime/contract/words.js';
import { repeated, singly } from '../runtime/contract/singly.js';
import type { Beside } from './beside.js';
import type { Compiled, Observe, PassInfo, Target, Toolchain } from './compiled.js';
import { codes } from './catalogue.js';
import {
  type Diagnostic,
  type Diagnostics,
  error,
  fromDisk,
  isDeep,
  refuse,
  renderAll,
  tooDeep,
} from './diagnostics.js';
import { explainingOf } from './explained-later.js';
import {
  builds,
  emittedFiles,
  explainingFiles,
  handedOver,
  partFiles,
  runtimeReachable,
  written,
} from './emit/index.js';
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
} from './frontend/index.js';
import { packageFile } from './package.js';
import { sectionOf } from './pages.js';
import { ordinary, summary } from './summary.js';

/** What the command needs of the world around it. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly colour: boolean;
  readonly cwd: string;
  /** Runs a script of JavaScript, which prints for itself, and gives its exit code; `--build` asks for it. */
  readonly run?: (script: string, ...args: readonly string[]) => number;
  /** A second thread, where there is one. */
  readonly beside?: Beside;
}

/** One thread does all, when it is asked for. */
const alone: Beside = {
  check: (model, project) => () => checkTypes(model, project),
  emit:
    (compiled, { target }) =>
    () =>
      partFiles(compiled, target),
};

/** 0: compiled. 1: the model is wrong. 2: the command is. */
export const exitCodes = { ok: 0, model: 1, usage: 2 } as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

interface Options {
  readonly out?: string;
  readonly target: string;
  readonly set?: readonly string[];
  readonly preset?: string;
  readonly dumpAfter?: string;
  readonly explain?: string;
  readonly explainError?: string;
  readonly build?: boolean;
  readonly explanation?: string;
  readonly listPasses?: boolean;
  readonly hypers?: boolean;
  readonly json?: boolean;
}

interface Failure {
  readonly code: ExitCode;
  readonly diagnostics: Diagnostics;
}

/** Whose mistake it was decides the exit code. */
const blame =
  (code: ExitCode) =>
  <A>(result: Either<Diagnostics, A>): Either<Failure, A> =>
    pipe(
      result,
      mapLeft((diagnostics) => ({ code, diagnostics })),
    );
const ofModel = blame(exitCodes.model);
const ofUsage = blame(exitCodes.usage);

const helpWidth = 100;

const describe = ({ passes, targets }: Toolchain, io: Io): Command =>
  new Command('pcrec-compile')
    .description(
      'Compiles a model file into a trainer: type-checks it, differentiates, optimises, and writes build/<model>/.',
    )
    .argument('[file]', 'the model file (models/pcrec.ts), or the name of a model of the package (pcrec)')
    .option('-o, --out <dir>', 'the folder to write (default: build/<model>)')
    .addOption(
      new Option('-t, --target <name>', 'what the kernels are written for')
        .choices(Object.keys(targets))
        .default(Object.keys(targets)[0]),
    )
    .addOption(repeated(new Option('-s, --set <name=value>', 'sets a hyperparameter; may be repeated')))
    .option('-p, --preset <name>', "one of the model's named sets of hyperparameters; --set goes over it")
    .option(
      '--build',
      'builds the kernels in C for the processor at hand and keeps them in the folder, for machines like it without a compiler',
    )
    .option(
      '--explanation <dir>',
      'makes what explains scores, which a trainer in this folder otherwise does when it is first asked to explain, and compiles nothing',
    )
    .option('--hypers', "lists the model's hyperparameters and presets, and writes nothing")
    .option('--json', 'with --hypers: as JSON, for programs')
    .option('--dump-after <pass>', 'prints the program as it is after a pass, and writes nothing')
    .option('--explain <name>', 'prints what is known of a tensor of the model, and writes nothing')
    .option('--explain-error <code>', 'prints what an error means, with an example that fails and one that works')
    .option('--list-passes', 'prints the passes in their order, those of the target last')
    .version(packageFile.version)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  pcrec-compile models/pcrec.ts',
        '  pcrec-compile hstu --hypers',
        '  pcrec-compile models/pcrec.ts --set width=32 --set length=50 --out build/small',
        `  pcrec-compile models/pcrec.ts --dump-after ${passes.at(-1)?.name ?? 'PASS'}`,
        '',
        'Exit codes: 0 compiled, 1 the model is wrong, 2 the command is.',
      ].join('\n'),
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error: /, 'error PC0001: ')),
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    });

const show = (path: string, cwd: string): string => {
  const short = relative(cwd, path);
  return short.length > path.length ? path : short || '.';
};

/** Diagnostics name files relative to the project; the author reads them relative to where the command runs. */
const report = (diagnostics: Diagnostics, io: Io, locate: (file: string) => string): void =>
  io.err(
    renderAll(diagnostics, {
      colour: io.colour,
      read: (file) => fromDisk(locate(file)),
      show: (file) => show(locate(file), io.cwd),
    }),
  );

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
const compileFile = (file: string, chosen: Chosen): ExitCode => {
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

const usage = (io: Io, diagnostic: Diagnostic): ExitCode => {
  report([diagnostic], io, (f) => f);
  return exitCodes.usage;
};

/** What `errors/` says of a code, however its letters are written. */
const explainError = (asked: string, io: Io): ExitCode => {
  const section = sectionOf(asked.toUpperCase());
  if (section === undefined)
    return usage(
      io,
      error('PC0005', `there is no error '${asked}'`, undefined, suggest(asked.toUpperCase(), codes, 'errors')),
    );
  io.out(section);
  return exitCodes.ok;
};

/** Files of an emitted folder. Left: there are none, or not such. */
const readFrom = (folder: string, name: string, shown: string): Either<Diagnostics, string> =>
  tryCatch(
    () => readFileSync(join(folder, name), 'utf8'),
    (): Diagnostics => [
      error('PC0002', `${shown} holds no ${name}`, undefined, 'name a folder that pcrec-compile wrote'),
    ],
  );

/** Beside the trainer in a folder: what explains, of what the folder has for it. */
const makeExplanation = (dir: string, io: Io): ExitCode => {
  const folder = resolve(io.cwd, dir);
  const shown = show(folder, io.cwd);
  const done = pipe(
    ofUsage(readFrom(folder, 'manifest.json', shown)),
    chain((manifest) =>
      pipe(
        ofUsage(readFrom(folder, explainableFile, shown)),
        chain((text) => ofModel(explainingOf(text))),
        map((explaining) => explainingFiles(JSON.parse(manifest) as Manifest, explaining)),
      ),
    ),
    chain((files) => ofUsage(written(files, {}, folder))),
  );
  if (isLeft(done)) {
    report(done.left.diagnostics, io, (f) => f);
    return done.left.code;
  }
  io.out(`wrote ${shown}/{${done.right.files.join(',')}}`);
  return exitCodes.ok;
};

/** `argv` without node and script. */
export const main = (argv: readonly string[], toolchain: Toolchain, io: Io): ExitCode => {
  const command = singly(describe(toolchain, io));
  try {
    command.parse([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    throw thrown;
  }
  const options = command.opts<Options>();
  const target = toolchain.targets[options.target]!;
  const passes: readonly PassInfo[] = [...toolchain.passes, ...(target.passes?.list ?? [])];
  const names = passes.map(({ name }) => name);
  if (options.listPasses === true) {
    const width = Math.max(0, ...names.map((name) => name.length));
    io.out(passes.map(({ name, description }) => `${name.padEnd(width)}  ${description}`).join('\n'));
    return exitCodes.ok;
  }
  if (options.explainError !== undefined) return explainError(options.explainError, io);
  if (options.explanation !== undefined) return makeExplanation(options.explanation, io);
  const [file] = command.args;
  if (options.build === true && !builds(target))
    return usage(
      io,
      error(
        'PC0001',
        `the target ${options.target} has nothing to build`,
        undefined,
        `--build is for ${Object.keys(toolchain.targets)
          .filter((name) => builds(toolchain.targets[name]!))
          .join(' and ')}`,
      ),
    );
  if (options.json === true && options.hypers !== true)
    return usage(io, error('PC0001', '--json says how --hypers prints', undefined, 'give both, or neither'));
  if (file === undefined)
    return usage(
      io,
      error(
        'PC0001',
        'which model file?',
        undefined,
        `pcrec-compile models/mine.ts, or the name of a model of the package: ${[...packageModels().keys()].join(', ')}; --help tells more`,
      ),
    );
  if (options.dumpAfter !== undefined && !names.includes(options.dumpAfter))
    return usage(
      io,
      error(
        'PC0005',
        `there is no pass '${options.dumpAfter}'`,
        undefined,
        suggest(options.dumpAfter, names, 'passes'),
      ),
    );
  return compileFile(file, { options, target, toolchain, io });
};
