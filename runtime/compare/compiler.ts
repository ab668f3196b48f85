/** Trainers that were compiled for a comparison. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { type CompiledModel, type DeviceName, gpuDevices } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import type { Trainer } from '../trainer.js';

/** What kernels are written for: those of the device that is named, where one is; else all. */
export const targetFor = (device: DeviceName | 'auto' = 'auto'): string => {
  if (device === 'auto') return 'all';
  return (gpuDevices as readonly string[]).includes(device) ? 'gpu' : device;
};

/** What the module of an emitted trainer exports. */
export interface Emitted extends Trainer {
  readonly compiled: CompiledModel;
}

/** The trainer in a folder. Left: why it cannot be loaded, as the end of the sentence "The trainer of MODEL in ...". */
export const openTrainer = async (folder: string): Promise<E.Either<string, Emitted>> => {
  try {
    return E.right((await import(pathToFileURL(join(folder, 'trainer.js')).href)) as Emitted);
  } catch (error) {
    return E.left(
      `${folder} cannot be loaded: ${messageOf(error)}. Choose a folder inside a project that has pcrec with --out.`,
    );
  }
};
