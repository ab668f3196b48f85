/**
 * The front end: from a model file to expression graphs that know where in the file they came from.
 *
 *   open(path)            type-checks, evaluates, finds the model
 *   trace(opened, hyper)  builds its training and inference expressions
 *
 * Nothing outside this folder knows how a file is parsed, checked or run.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { chain, type Either, map, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { type Batch, batchOf, type Model, type Outputs, type Phase } from '../../dsl/model.js';
import type { Optimizer } from '../../dsl/optimizer.js';
import { suggest } from '../../runtime/contract/words.js';
import { type Diagnostics, refuse, type Source } from '../diagnostics.js';
import { evaluator, type Evaluator } from './evaluate.js';
import { exportedModel } from './exported.js';
import type { HyperValues } from './hyper.js';
import { displayName, modelExtensions, projectOf } from './modules.js';
import { checkOutputs } from './outputs.js';
import { packageModels } from '../../runtime/contract/package.js';
import { type CheckTypes, checkTypes } from './project.js';
import { type ProvenanceOf, recorder } from './provenance.js';

export { type Choices, hyperList, type HyperValues, hypersText, hyperValues } from './hyper.js';
export { checkTypes, typeChecker } from './project.js';
export { projectOf } from './modules.js';
export type { Provenance, ProvenanceOf } from './provenance.js';

/** A model that was read, type-checked and evaluated, and the means to trace it. */
export interface Opened {
  readonly model: Model;
  /** The model file, relative to its project: equal wherever the project lies. */
  readonly file: string;
  /** The absolute path of a file that a diagnostic names. */
  readonly locate: (file: string) => string;
  readonly provenance: ProvenanceOf;
  /** The call that made the model. */
  readonly madeAt: Source | undefined;
  /** Runs a function of the model's: what it throws becomes a diagnostic at its own line. */
  readonly attempt: Evaluator['attempt'];
  readonly guard: Evaluator['guard'];
  /** Names a tensor of the model under a name the compiler knows it by, where the model gave none. */
  readonly christen: (value: unknown, name: string) => void;
}

/** A model's expressions at chosen hyperparameters; both phases read the same `batch`. */
export interface Traced {
  readonly model: Model;
  readonly hyper: HyperValues;
  readonly file: string;
  readonly batch: Batch;
  readonly training: Outputs;
  readonly inference: Outputs;
  readonly optimizer: Optimizer;
  readonly provenance: ProvenanceOf;
}

/** The absolute path of a model file, or why there is none: a mistake in the command, not in the model. */
export const modelPath = (path: string, cwd: string): Either<Diagnostics, string> => {
  const absolute = resolve(cwd, path);
  const [ts] = modelExtensions;
  // A word without a dot or a slash may be a model of the package, where it is no file.
  const named = /^[\w-]+$/.test(path);
  const own = named ? packageModels() : new Map<string, string>();
  if (own.has(path) && !(existsSync(absolute) && statSync(absolute).isFile())) return right(own.get(path)!);
  if (!existsSync(absolute)) {
    if (existsSync(absolute + ts))
      return refuse('PC0002', `there is no file ${path}`, undefined, `did you mean ${path}${ts}?`);
    return named
      ? refuse(
          'PC0002',
          `there is neither a file ${path} nor a model of the package of that name`,
          undefined,
          suggest(path, [...own.keys()], 'models of the package'),
        )
      : refuse('PC0002', `there is no file ${path}`);
  }
  if (!statSync(absolute).isFile()) return refuse('PC0002', `${path} is a folder: name the model file in it`);
  const known: readonly string[] = modelExtensions;
  if (!known.includes(extname(path)))
    return refuse('PC0002', `${path} is not a model file: its name must end in ${modelExtensions.join(', ')}`);
  return right(realpathSync(absolute));
};

/** Diagnostics name files relative to the model's project; this gives their absolute paths. */
export const locateFrom =
  (path: string) =>
  (file: string): string =>
    resolve(projectOf(path), file);

export interface OpenOptions {
  /** Default: a program of its own for each model. */
  readonly check?: CheckTypes;
  /** Seconds that the file, and each part of the model that runs later, may take; default 60. */
  readonly patience?: number;
}
/** `path` is absolute, from `modelPath`. */
export const open = (
  path: string,
  { check = checkTypes, patience = 60 }: OpenOptions = {},
): Either<Diagnostics, Opened> => {
  const project = projectOf(path);
  const file = displayName(project, path);
  const { provenance, christen, madeAt, ...rest } = recorder();
  const { load, attempt, guard } = evaluator(project, { provenance, christen, madeAt, ...rest }, patience);
  return pipe(
    check(path, project),
    chain(() => load(path)),
    chain((exports) => exportedModel(exports, file, madeAt)),
    map((model) => ({
      model,
      file,
      locate: locateFrom(path),
      provenance,
      madeAt: madeAt(model),
      attempt,
      guard,
      christen: (value, name) => christen(value, name, madeAt(model)),
    })),
  );
};

const build = (
  { model, attempt, christen, madeAt }: Opened,
  hyper: HyperValues,
  batch: Batch,
  phase: Phase,
): Either<Diagnostics, Outputs> =>
  pipe(
    attempt<unknown>(() => model.build({ hyper, batch, phase })),
    chain((value) => checkOutputs(value, phase, madeAt)),
    map((outputs) => {
      Object.entries(outputs).forEach(([name, value]) => christen(value, name));
      return outputs;
    }),
  );

/**
 * The model's expressions at these hyperparameters, built once for training and once for inference. Left: what its code
 * threw, at the model's line, or outputs of wrong axes.
 */
export const trace = (opened: Opened, hyper: HyperValues): Either<Diagnostics, Traced> => {
  const { model, file, provenance, attempt } = opened;
  return pipe(
    attempt(() => batchOf(Number(hyper['length']))),
    chain((batch) =>
      pipe(
        build(opened, hyper, batch, 'training'),
        chain((training) =>
          pipe(
            build(opened, hyper, batch, 'inference'),
            chain((inference) =>
              pipe(
                attempt(() => model.optimizer(hyper)),
                map((optimizer): Traced => ({ model, hyper, file, batch, training, inference, optimizer, provenance })),
              ),
            ),
          ),
        ),
      ),
    ),
  );
};
