/** What a comparison uses of the package around it, by its own `package.json`: the models that have names, and the compiler's command. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const within = createRequire(import.meta.url);
/** A package may always ask for itself by name: from `dist`, and from the sources in the repository. */
const own = 'pcrec/package.json';

const root = (): string => dirname(within.resolve(own));

/** The folder of the package's own models. */
export const modelsFolder = (): string => join(root(), 'models');

/** The names by which these may be asked for. */
export const modelNames = (): readonly string[] => readdirSync(modelsFolder()).filter((name) => name.endsWith('.ts')).map((name) => name.slice(0, -3)).sort();

/** The file of `pcrec-compile`, for Node to run: this package's own, whatever the PATH holds. */
export const compilerFile = (): string => join(root(), (within(own) as { readonly bin: Readonly<Record<string, string>> }).bin['pcrec-compile']!);
