/**
 * Evaluates a model: its files, instrumented, each once, under a `require` that hands them the compiler's own language.
 * Whatever is thrown comes back as a diagnostic at the model's own line.
 */
import { Console } from 'node:console';
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, extname } from 'node:path';
import { Script } from 'node:vm';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { ModelError } from '../../dsl/errors.js';
import { plural } from '../../runtime/contract/words.js';
import { type Diagnostic, type Diagnostics, error, isDeep, type Source, tooDeep } from '../diagnostics.js';
import { instrument, probeName } from './instrument.js';
import { displayName, language, requirePackage, resolveImport } from './modules.js';
import type { Probe, Recorder } from './provenance.js';

type Exports = Readonly<Record<string, unknown>>;
type Require = (specifier: string) => unknown;
type Body = (
  exports: object,
  require: Require,
  module: { exports: unknown },
  filename: string,
  dirname: string,
  console: Console,
  probe: Probe,
) => void;

/** What a model prints is no part of what the command answers. */
const aside = new Console(process.stderr, process.stderr);

/** A model that would end the process that evaluates it. */
class Ended extends Error {}
const kept = (): never => {
  throw new Ended();
};

/** Runs a function that may go on for ever, which nothing but a script of its own can be kept from, or end the process. */
const watched = <T>(what: () => T, seconds: number): T => {
  const slot = globalThis as { $pcrecRun?: (() => unknown) | undefined };
  const before = slot.$pcrecRun;
  const { exit } = process;
  slot.$pcrecRun = what;
  process.exit = kept;
  try {
    return new Script('$pcrecRun()').runInThisContext({ timeout: seconds * 1000 }) as T;
  } finally {
    slot.$pcrecRun = before;
    process.exit = exit;
  }
};

export interface Evaluator {
  /** The model file's exports. */
  readonly load: (file: string) => Either<Diagnostics, Exports>;
  /** Runs a part of the model later (its `build`, its optimizer). */
  readonly attempt: <T>(what: () => T) => Either<Diagnostics, T>;
  /** Runs a part of the compiler that may call the model: what the model did not cause is a bug, and stays an exception. */
  readonly guard: <T>(what: () => T) => Either<Diagnostics, T>;
}

/** An import that leads nowhere, where no type checker looked. */
class NoModule extends Error {
  constructor(
    message: string,
    readonly source: Source | undefined,
  ) {
    super(message);
  }
}

/** What was thrown, in words: whose mistake it was decides the code. */
const wordsOf = (thrown: unknown, seconds: number): Pick<Diagnostic, 'code' | 'message'> => {
  if (thrown instanceof ModelError) return { code: thrown.code, message: thrown.message };
  if (thrown instanceof NoModule) return { code: 'PC1003', message: thrown.message };
  if (thrown instanceof Ended) return { code: 'PC1011', message: 'the model would end the compiler (process.exit)' };
  if (isDeep(thrown)) return { code: 'PC1009', message: tooDeep };
  const { code } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as { readonly code?: unknown };
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
    return {
      code: 'PC1010',
      message: `the model has not come to an end after ${plural(seconds, 'second')}: a loop without an end?`,
    };
  if (thrown instanceof Error)
    return { code: 'PC1007', message: thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}` };
  return { code: 'PC1007', message: `the model threw ${String(thrown)}` };
};

/** `patience`: a model describes, and one that has not come to an end after so many seconds does not. */
export const evaluator = (project: string, recorder: Recorder, patience: number): Evaluator => {
  const modules = new Map<string, { exports: unknown }>();
  const maps = new Map<string, SourceMap>();
  let main = project;

  const evaluate = (file: string): unknown => {
    const known = modules.get(file);
    if (known !== undefined) return known.exports;
    const module: { exports: unknown } = { exports: {} };
    modules.set(file, module);
    const { code, map, sites } = instrument(displayName(project, file), readFileSync(file, 'utf8'));
    if (map !== '') maps.set(file, new SourceMap(JSON.parse(map) as SourceMapPayload));
    const wrapped = `(function (exports, require, module, __filename, __dirname, console, ${probeName}) {${code}\n})`;
    const body = new Script(wrapped, { filename: file }).runInThisContext() as Body;
    body(module.exports as object, requireFrom(file), module, file, dirname(file), aside, recorder.probe(sites));
    return module.exports;
  };

  const requireFrom =
    (file: string): Require =>
    (specifier) => {
      const target = resolveImport(file, specifier);
      if (target === undefined)
        throw new NoModule(`there is no file '${specifier}' beside this one`, importOf(file, specifier));
      switch (target.kind) {
        case 'language':
          return language;
        case 'file':
          return extname(target.path) === '.json'
            ? JSON.parse(readFileSync(target.path, 'utf8'))
            : evaluate(target.path);
        case 'package':
          return packaged(file, target.specifier);
      }
    };

  /** Where a file asks for a module: where it is written first. */
  const importOf = (file: string, specifier: string): Source | undefined => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes(`'${specifier}'`) || text.includes(`"${specifier}"`));
    return line < 0
      ? undefined
      : { file: displayName(project, file), line: line + 1, column: lines[line]!.indexOf(specifier) };
  };

  const packaged = (file: string, specifier: string): unknown => {
    try {
      return requirePackage(file, specifier);
    } catch (thrown) {
      if ((thrown as { readonly code?: unknown }).code !== 'MODULE_NOT_FOUND') throw thrown;
      throw new NoModule(
        `the package '${specifier}' cannot be loaded: ${(thrown as Error).message.split('\n')[0]}`,
        importOf(file, specifier),
      );
    }
  };

  /** The topmost frame of the stack, if it is the model's: more exact than the open call where the model itself failed. */
  const frameOf = (thrown: unknown): Source | undefined => {
    if (!(thrown instanceof Error) || thrown instanceof ModelError) return undefined;
    const top = thrown.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
    const [, file, line, column] = /\(?([^()\s][^()]*):(\d+):(\d+)\)?$/.exec(top.replace(/^\s+at (?!.*\()/, '')) ?? [];
    const map = file === undefined ? undefined : maps.get(file);
    if (file === undefined || map === undefined) return undefined;
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
    return 'originalLine' in entry
      ? { file: displayName(project, file), line: entry.originalLine + 1, column: entry.originalColumn + 1 }
      : undefined;
  };

  const catching =
    (isModels: (thrown: unknown) => boolean) =>
    <T>(what: () => T): Either<Diagnostics, T> => {
      recorder.reset();
      try {
        return right(what());
      } catch (thrown) {
        if (!isModels(thrown)) throw thrown;
        const source = thrown instanceof NoModule ? thrown.source : (frameOf(thrown) ?? recorder.open());
        // Where no line is known, the file is.
        const { code, message } = wordsOf(thrown, patience);
        return left([
          error(code, source === undefined ? `${displayName(project, main)}: ${message}` : message, source),
        ]);
      }
    };

  const caught = catching(() => true);
  const attempt: Evaluator['attempt'] = (what) => caught(() => watched(what, patience));
  const guard = catching(
    (thrown) => thrown instanceof ModelError || recorder.open() !== undefined || frameOf(thrown) !== undefined,
  );
  return {
    attempt,
    guard,
    load: (file) => {
      main = file;
      return attempt(() => evaluate(file) as Exports);
    },
  };
};
