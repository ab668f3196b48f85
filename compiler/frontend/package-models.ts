/** The models that come with the package, by the names that `pcrec-compile` takes: `pcrec-compile hstu`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package.js';

const folder = join(packageRoot, 'models');

export const packageModels = (): ReadonlyMap<string, string> =>
  new Map(existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.ts')).sort().map((file) => [file.slice(0, -'.ts'.length), join(folder, file)]) : []);
