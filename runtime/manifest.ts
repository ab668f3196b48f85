/** The manifest beside an emitted trainer. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { reason } from './files.js';
import { isMain } from './process.js';
import type { Manifest } from './contract/session.js';

const again = 'compile the model again';

/** Left: what is wrong with the text of a manifest, and what to do. */
const parsed = (text: string): E.Either<string, Manifest> => {
  let found: Partial<Manifest> | null;
  try {
    found = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    return E.left(`is damaged: ${again}`);
  }
  const { format, model, states, entries, hyper } = found ?? {};
  if (format !== undefined && format !== 1)
    return E.left(
      `has the format ${String(format)}, and this runtime reads format 1: ${again} with the installed version`,
    );
  if (
    format === undefined ||
    typeof model !== 'string' ||
    !Array.isArray(states) ||
    typeof entries !== 'object' ||
    typeof hyper !== 'object'
  )
    return E.left(`is no manifest of a trainer: ${again}`);
  return E.right(found as Manifest);
};

const read = (path: string): E.Either<string, Manifest> => {
  try {
    return parsed(readFileSync(path, 'utf8'));
  } catch (error) {
    return E.left(`cannot be read: ${reason(error)}; ${again}`);
  }
};

/**
 * Reads `manifest.json`, which the compiler wrote together with the trainer that asks for it. Where it cannot be used, a trainer that
 * is the program says so and ends; one that is imported throws.
 */
export const readManifest = (url: URL): Manifest => {
  const path = fileURLToPath(url);
  const manifest = read(path);
  if (E.isRight(manifest)) return manifest.right;
  const message = `${path} ${manifest.left}.`;
  if (!isMain(new URL('./trainer.js', url).href)) throw new Error(message);
  process.stderr.write(`Error: ${message}\n`);
  process.exit(1);
};
