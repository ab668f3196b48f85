/**
 * What an import of a model file means: this package's own language, another file of the model, or an installed package.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import * as dsl from '../../dsl/index.js';
import { nearest, packageRoot } from '../package.js';

/** The extensions of a model file: what TypeScript can check and turn into CommonJS. */
export const modelExtensions = ['.ts', '.mts', '.js', '.mjs'] as const;

export type Resolved =
  | { readonly kind: 'language' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'package'; readonly specifier: string };

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** As in Node and TypeScript: an import of `./x.js` may be written in `./x.ts`. */
const spellings: readonly ((path: string) => string)[] = [
  (p) => p.replace(/\.js$/, '.ts'),
  (p) => p.replace(/\.mjs$/, '.mts'),
  (p) => p,
  (p) => `${p}.ts`,
  (p) => `${p}.js`,
  (p) => join(p, 'index.ts'),
  (p) => join(p, 'index.js'),
];

/** This package's own language: the sources, or what they were built into. */
const languageFolders = [join(packageRoot, 'dsl'), join(packageRoot, 'dist', 'dsl')].map((folder) => folder + sep);
export const isLanguageFile = (path: string): boolean => languageFolders.some((folder) => path.startsWith(folder));

const asFile = (path: string): Resolved | undefined => {
  const found = spellings.map((spell) => spell(path)).find(isFile);
  const real = found ?? path;
  if (isLanguageFile(real)) return { kind: 'language' };
  return found === undefined ? undefined : { kind: 'file', path: realpathSync(found) };
};

const own = 'pcrec';

/** The package's models ship with their sources, so they are instrumented as the user's own files are. */
const ofPackage = (specifier: string): Resolved | undefined =>
  specifier === own
    ? { kind: 'language' }
    : specifier.startsWith(`${own}/models/`)
      ? asFile(join(packageRoot, specifier.slice(own.length + 1) + '.ts'))
      : undefined;

/** `undefined`: a relative import of a file that is not there. */
export const resolveImport = (from: string, specifier: string): Resolved | undefined => {
  if (/^\.{0,2}\//.test(specifier)) return asFile(resolve(dirname(from), specifier));
  return ofPackage(specifier) ?? { kind: 'package', specifier };
};

/** The module instance that the compiler itself uses: one language, whichever way a model spells its import. */
export const language: unknown = dsl;

const compilerRequire = createRequire(import.meta.url);

/** An installed package as the model's own folder sees it, else one of the compiler's (fp-ts, say). */
export const requirePackage = (from: string, specifier: string): unknown => {
  const modelRequire = createRequire(from);
  try {
    modelRequire.resolve(specifier);
  } catch {
    return compilerRequire(specifier);
  }
  return modelRequire(specifier);
};

/**
 * How a file is named in messages and in emitted code: relative to its project (the nearest package.json), so that what is
 * emitted depends neither on the working directory nor on where the project lies.
 */
export const projectOf = (file: string): string =>
  nearest(dirname(file), 'package.json', 'tsconfig.json') ?? dirname(file);
export const displayName = (project: string, file: string): string =>
  relative(project, file).split(sep).join('/') || basename(file);
