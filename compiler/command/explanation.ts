/** `--explanation`: what explains scores, made in a folder that was compiled before. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chain, type Either, isLeft, map, tryCatch } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { explainableFile } from '../../runtime/contract/cpu-plan.js';
import type { Manifest } from '../../runtime/contract/session.js';
import { type Diagnostics, error } from '../diagnostics.js';
import { explainingFiles, written } from '../emit/index.js';
import { explainingOf } from '../explained-later.js';
import { type ExitCode, exitCodes, type Io, ofModel, ofUsage, report, show } from './said.js';

/** Files of an emitted folder. Left: there are none, or not such. */
const readFrom = (folder: string, name: string, shown: string): Either<Diagnostics, string> =>
  tryCatch(
    () => readFileSync(join(folder, name), 'utf8'),
    (): Diagnostics => [
      error('PC0002', `${shown} holds no ${name}`, undefined, 'name a folder that pcrec-compile wrote'),
    ],
  );

/** Beside the trainer in a folder: what explains, of what the folder has for it. */
export const makeExplanation = (dir: string, io: Io): ExitCode => {
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
