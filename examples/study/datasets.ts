/** Table 1 of every data set at hand, kept as a small file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, statistics } from '../../runtime/data/index.js';
import { orThrow } from './carried.js';
import type { Shelf } from './declared.js';
import { median } from './perform.js';
import { writeParts } from './result.js';

export interface Described {
  readonly name: string;
  readonly file: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  readonly meanLength: number;
  readonly medianLength: number;
  readonly times: boolean;
  readonly hash: string;
}
const datasetsFile = (results: string): string => join(results, 'datasets.json');
const format = 'pcrec-study-datasets-1';

/** Those that are there. */
export const describeAll = async (shelf: readonly Shelf[], files: string): Promise<readonly Described[]> => {
  const all: Described[] = [];
  for (const { name, file, columns } of shelf) {
    const source = file === 'sample' ? file : join(files, file);
    if (file !== 'sample' && !existsSync(source)) continue;
    const data = orThrow(await load(source, { columns }));
    const { name: _, ...counted } = statistics(data);
    const lengths = data.users.map((__, user) => data.offsets[user + 1]! - data.offsets[user]!);
    all.push({
      name,
      file,
      ...counted,
      medianLength: median(lengths)!,
      times: data.times !== undefined,
      hash: data.hash,
    });
  }
  return all;
};

export const keepDatasets = (results: string, all: readonly Described[]): void =>
  writeParts(datasetsFile(results), { format, ...Object.fromEntries(all.map((one) => [one.name, one])) });

export const datasetsOf = (results: string): readonly Described[] => {
  const path = datasetsFile(results);
  if (!existsSync(path)) return [];
  const { format: _, ...all } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Described>;
  return Object.values(all);
};
