/** What is emitted beside `model.py`, the same for all models: the program that trains it, in Python, which stands in `train/` as it is. */
import { readFileSync } from 'node:fs';
import type { Asset } from '../../compiled.js';

const modules = [
  '__init__',
  'batches',
  'begins',
  'checkpoints',
  'commands',
  'draws',
  'events',
  'exporting',
  'files',
  'jobs',
  'judging',
  'lengths',
  'measures',
  'placing',
  'progress',
  'running',
  'shards',
  'told',
] as const;

/** Relative to the folder of `model.py`. */
export const programNames: readonly string[] = [
  'train.py',
  ...modules.map((name) => `trainer/${name}.py`),
  'requirements.txt',
  'README.md',
];

/** The program's files under a folder's name, `jax/` say. */
export const programFiles = (folder: string): readonly Asset[] =>
  programNames.map((name) => ({
    name: `${folder}${name}`,
    content: readFileSync(new URL(`train/${name}`, import.meta.url), 'utf8'),
    comment: name.endsWith('.md') ? '<!--' : '#',
  }));
