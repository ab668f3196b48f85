/** What the runtime and the compiler use of the package around them, by its own `package.json`: models that have names, and the compiler's command. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const within = createRequire(import.meta.url);
/** A package may always ask for itself by name: from `dist`, and from the sources in the repository. */
const own = 'pcrec/package.json';

const root = (): string => dirname(within.resolve(own));

const suffix = '.ts';
/** Where the package lies, sources or installed. */
export const packageFolder = root;

/** The files of the models that come with the package, by the names that commands take: `pcrec-compile hstu`. */
export const packageModels = (): ReadonlyMap<string, string> => {
  const folder = join(root(), 'models');
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(suffix))
        .sort()
    : [];
  return new Map(files.map((file) => [file.slice(0, -suffix.length), join(folder, file)]));
};

/** What the package says of itself; undefined where a bundle left it behind. */
const told = (): { readonly version: string; readonly bin: Readonly<Record<string, string>> } | undefined => {
  try {
    return within(own) as ReturnType<typeof told>;
  } catch {
    return undefined;
  }
};

/** The file of `pcrec-compile`, for Node to run: this package's own, whatever the PATH holds; undefined where there is no package. */
export const compilerFile = (): string | undefined => {
  const file = told()?.bin['pcrec-compile'];
  return file === undefined ? undefined : join(root(), file);
};

export const packageVersion = (): string => told()?.version ?? 'unknown';
