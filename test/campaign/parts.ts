/** The parts of the campaign, in the order in which they take their turns. */
import type { Part } from './part.js';
import { files } from './files/part.js';
import { kills } from './kills/part.js';
import { mutantsPart } from './mutants/part.js';
import { tables } from './tables/part.js';
import { programs, webgpu } from './programs/part.js';

export const parts: readonly Part<never>[] = [
  programs,
  files,
  tables,
  kills,
  mutantsPart,
  webgpu,
] as readonly unknown[] as readonly Part<never>[];

export const partOf = (name: string): Part<never> => {
  const found = parts.find((p) => p.name === name);
  if (found === undefined)
    throw new Error(`there is no part '${name}': the parts are ${parts.map((p) => p.name).join(', ')}`);
  return found;
};
