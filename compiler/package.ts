/** Where this package lives, and what it is called and built from: read once from its own package.json. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The nearest folder, from `folder` upwards, that holds a file of one of these names. */
export const nearest = (folder: string, ...names: readonly string[]): string | undefined => {
  if (names.some((name) => existsSync(join(folder, name)))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearest(parent, ...names);
};

const found = nearest(dirname(fileURLToPath(import.meta.url)), 'package.json');
if (found === undefined) throw new Error('pcrec runs from a folder without its package.json');

/** The package's root, whether the compiler runs from source or from dist. */
export const packageRoot: string = found;

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

export const packageFile = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as PackageFile;
