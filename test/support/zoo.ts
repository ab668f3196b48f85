/** The models of this repository, as its folders have them: a new file is in every test that asks for all. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../compiler/package.js';
import type { Model } from '../../dsl/model.js';

const inFolder = async (folder: string): Promise<readonly Model[]> =>
  (
    await Promise.all(
      readdirSync(join(packageRoot, folder))
        .filter((f) => f.endsWith('.ts'))
        .sort()
        .map(async (file) => {
          const { default: found } = (await import(join(packageRoot, folder, file))) as { readonly default?: Model };
          return found?.kind === 'pcrec.model' ? [found] : [];
        }),
    )
  ).flat();

/** Those of the package. */
export const models = await inFolder('models');
export const examples = await inFolder('examples');
