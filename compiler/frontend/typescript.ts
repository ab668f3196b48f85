/**
 * TypeScript, by `require`: to import it, Node would first read all of its text for the names that it exports, which takes as long as to run
 * it. It is kept as V8 reads it (`../read-before.ts`), since that text is 9 MB.
 */
import { createRequire } from 'node:module';
import { lazy } from '../../runtime/contract/once.js';
import { readBefore } from '../read-before.js';

// What ts-morph brings: its own layer over TypeScript is for who changes files, and takes as long to load as a check takes.
const require = createRequire(createRequire(import.meta.url).resolve('ts-morph'));

const { exported, keep } = readBefore(require.resolve('@ts-morph/common/dist/typescript.js'));

export const { ts } = { ts: exported as (typeof import('ts-morph'))['ts'] };

/** Keeps what V8 has made of it by now for the next time: best once it has checked something. */
export const keepTypeScript = keep;

/** The declarations of the language's own libraries, by name. */
export const libraries = lazy((): ReadonlyMap<string, string> => {
  const { getLibFiles } = require('@ts-morph/common') as {
    getLibFiles(): readonly { fileName: string; text: string }[];
  };
  return new Map(getLibFiles().map(({ fileName, text }) => [fileName, text]));
});
