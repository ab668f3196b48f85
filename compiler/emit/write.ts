/**
 * Puts emitted files into their folder: each appears whole or not at all, what an earlier emission left behind goes, and
 * files that are not ours stay as they are.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Either, left, right, tryCatch } from 'fp-ts/lib/Either.js';
import { reason } from '../../runtime/contract/words.js';
import { type Diagnostic, type Diagnostics, error, refuse } from '../diagnostics.js';
import { nearest, packageFile } from '../package.js';
import { type EmittedFile, mark, moduleMarker } from './text.js';

const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** Data carries no mark, but it is ours where the trainer beside it is. */
const isOurs = (path: string): boolean => read(path)?.includes(mark) ?? false;

/** Whether Node would read a `.js` file in this folder as CommonJS. */
const needsMarker = (folder: string): boolean => {
  const around = nearest(dirname(folder), 'package.json');
  if (around === undefined) return true;
  return !/"type"\s*:\s*"module"/.test(readFileSync(join(around, 'package.json'), 'utf8'));
};

/** Node's own recursive form never returns where a file system refuses every new folder, as /proc does. */
const makeFolder = (folder: string): void => {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder);
};

const put = (folder: string, { name, text, bytes, executable = false }: EmittedFile): void => {
  const whole = join(folder, name);
  const part = `${whole}.${process.pid}.part`;
  try {
    makeFolder(dirname(whole));
    writeFileSync(part, bytes ?? text, { mode: executable ? 0o755 : 0o644 });
    renameSync(part, whole);
  } finally {
    rmSync(part, { force: true });
  }
};

/** Files of an earlier emission that this one does not replace: another target's kernels, say. */
const leftovers = (folder: string, files: readonly EmittedFile[], possible: readonly string[]): readonly string[] => {
  const now = new Set(files.map(({ name }) => name));
  return [...new Set(possible)]
    .filter(
      (name) =>
        !now.has(name) &&
        (isOurs(join(folder, name)) ||
          ((name.endsWith('.wasm') || name.endsWith('.node')) &&
            existsSync(join(folder, name)) &&
            isOurs(join(folder, 'trainer.js')))),
    )
    .map((name) => join(folder, name));
};

/**
 * Writes into `folder` (absolute); `possible` are the names that any emission may use. Right: the names written. Left: the folder
 * holds a stranger's files under our names, or cannot be written.
 */
export const writeFiles = (
  folder: string,
  emitted: readonly EmittedFile[],
  possible: readonly string[],
): Either<Diagnostics, readonly string[]> => {
  const files = needsMarker(folder) ? [...emitted, moduleMarker] : emitted;
  const strangers = ['trainer.js', moduleMarker.name].filter(
    (name) => files.some((f) => f.name === name) && existsSync(join(folder, name)) && !isOurs(join(folder, name)),
  );
  if (strangers.length > 0)
    return refuse(
      'PC0006',
      `${folder} holds a ${strangers.join(' and a ')} that this compiler did not write`,
      undefined,
      'choose another folder with --out',
    );
  return tryCatch(
    () => {
      makeFolder(folder);
      leftovers(folder, files, [...possible, moduleMarker.name]).forEach((path) => rmSync(path));
      files.forEach((file) => put(folder, file));
      return files.map(({ name }) => name);
    },
    (cause): Diagnostics => [
      error(
        'PC0006',
        `cannot write to ${folder}: ${(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no folder can be made there' : reason(cause)}`,
        undefined,
        'choose another folder with --out',
      ),
    ],
  );
};

/** A warning where the emitted trainer, run from `folder` (`shown` to the author), would not find the runtime. */
export const runtimeReachable = (folder: string, shown: string): Either<Diagnostic, void> => {
  const name = `${packageFile.name}/runtime`;
  try {
    createRequire(join(folder, 'trainer.js')).resolve(name);
    return right(undefined);
  } catch {
    return left({
      severity: 'warning',
      code: 'PC0007',
      message: `the trainer in ${shown} will not find '${name}' from there`,
      hint: `install the package where the trainer runs (npm install ${packageFile.name}), or choose a folder inside a project that has it with --out`,
    });
  }
};
