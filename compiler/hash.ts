/** By what a checkpoint knows its model: everything that decides the numbers, and nothing by which people find their way. */
import { createHash } from 'node:crypto';
import { type Manifest, manifestHash } from '../runtime/contract/session.js';
import type { Kernel, LoopProgram } from './loops/ir.js';

/** Where a kernel stands in the model's file, what it is called there and how it reads, decide nothing: its output's name tells it apart. */
const withoutWords = ({
  source: _source,
  comment: _comment,
  name: _name,
  ...rest
}: Kernel): Omit<Kernel, 'source' | 'comment' | 'name'> => rest;

/** Programs, how their states begin, and hyperparameters, which settings of a run are taken from. */
export const hashOf = (
  { model, entries }: LoopProgram,
  { states, hyper }: Pick<Manifest, 'states' | 'hyper'>,
): string => {
  const numbers = { model, entries: entries.map((e) => ({ ...e, kernels: e.kernels.map(withoutWords) })) };
  return manifestHash.of(
    createHash('sha256')
      .update(JSON.stringify([numbers, states, hyper]))
      .digest('hex'),
  );
};
