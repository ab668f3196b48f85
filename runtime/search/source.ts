/** The file that a trainer was compiled from. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import type { CompiledModel } from '../contract/compiled.js';
import { packageModels } from '../contract/package.js';

const above = (folder: string): readonly string[] =>
  dirname(folder) === folder ? [folder] : [folder, ...above(dirname(folder))];

/** The models of the package as their trainers name them: `models/hstu.ts`. */
const ofPackage = (source: string): readonly string[] => {
  try {
    const name = /^models\/([^/]+)\.ts$/.exec(source)?.[1];
    const file = name === undefined ? undefined : packageModels().get(name);
    return file === undefined ? [] : [file];
  } catch {
    return []; // A bundle, without the package around it.
  }
};

/**
 * A trainer knows its model's file by the path within its project: it is looked for from the folder at hand, from those above the trainer,
 * and among the package's models. Left: where it is not, and what to do.
 */
export const modelFile = (
  { manifest: { source }, url }: Pick<CompiledModel, 'manifest' | 'url'>,
  given: string | undefined,
): E.Either<string, string> => {
  if (given !== undefined)
    return existsSync(given) ? E.right(resolve(given)) : E.left(`There is no model file ${given}.`);
  const found = [
    resolve(source),
    ...(url === undefined ? [] : above(dirname(fileURLToPath(url))).map((folder) => join(folder, source))),
    ...ofPackage(source),
  ].find((path) => existsSync(path));
  return found === undefined
    ? E.left(`The model is compiled anew, and its file ${source} is not here: name it with --model FILE.`)
    : E.right(found);
};
