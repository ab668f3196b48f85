/** A model that can be trained: compiled into the comparison's folder, and its trainer opened. */
import { resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { labelText } from '../contract/features.js';
import type { HyperList } from '../contract/hypers.js';
import { newSettings, type Settings } from '../contract/settings.js';
import type { Manifest } from '../contract/session.js';
import type { Trainer } from '../trainer.js';
import { pcrecCompile, usage } from '../compiler.js';
import { openTrainer, targetFor } from './compiler.js';
import type { CompareListener } from './events.js';
import { meant, type Wanted } from './models.js';
import type { Plan } from './plan.js';

export interface Contestant {
  readonly label: string;
  /** The hash of its manifest: graph, compiler and hyperparameters. */
  readonly manifest: string;
  readonly hyper: Manifest['hyper'];
  readonly settings: (seed: number) => Settings;
  readonly train: Trainer['train'];
}

/** The hyperparameters of a model; empty where the compiler cannot say. */
const hyperparameters = async (file: string, signal: AbortSignal): Promise<readonly string[]> => {
  const listed = await pcrecCompile([file, '--hypers', '--json'], signal);
  return E.isLeft(listed) || listed.right?.code !== 0
    ? []
    : Object.keys((JSON.parse(listed.right.out) as HyperList).hyper);
};

/** A setting of something that the model has not, and which of the others have it, in a sentence; undefined where that is not what is wrong. */
const misfit = async (
  { label, file, set }: Wanted,
  models: readonly Wanted[],
  signal: AbortSignal,
): Promise<string | undefined> => {
  const own = await hyperparameters(file, signal);
  const bad = set
    .map((setting) => ({ setting, name: setting.split('=', 1)[0]?.trim() ?? '' }))
    .find(({ name }) => own.length > 0 && !own.includes(name));
  if (bad === undefined) return undefined;
  const having: string[] = [];
  for (const other of models)
    if (other.label !== label && (await hyperparameters(other.file, signal)).includes(bad.name))
      having.push(other.label);
  const said = `--set ${bad.setting}: ${label} has no hyperparameter '${bad.name}'`;
  return having.length > 0
    ? `${said}, and of these models ${having.join(', ')} ${having.length === 1 ? 'has' : 'have'}: write ${having.map((name) => `--set ${name}:${bad.setting}`).join(' ')}.`
    : `${said}, nor has any other of these models.${meant(bad.name, own)} ${label} has ${own.join(', ')}.`;
};

/**
 * Compiles one model of the plan and opens its trainer. Right: undefined where the signal came first. Left: which model, and what
 * is wrong with its file or the command, in the compiler's words where these say it best.
 */
export const compiled = async (
  { out, training, models, device }: Plan,
  model: Wanted,
  signal: AbortSignal,
  listen: CompareListener,
): Promise<E.Either<string, Contestant | undefined>> => {
  const { label, file, preset, set } = model;
  const into = resolve(out, 'models', label);
  listen({ kind: 'compiling', model: label });
  const ended = await pcrecCompile(
    [
      file,
      '--out',
      into,
      '--target',
      targetFor(device.device),
      ...(preset === undefined ? [] : ['--preset', preset]),
      ...set.flatMap((setting) => ['--set', setting]),
    ],
    signal,
  );
  if (E.isLeft(ended) || ended.right === undefined) return E.map(() => undefined)(ended);
  const { code, err } = ended.right;
  if (code !== 0)
    return E.left(
      (code === usage ? await misfit(model, models, signal) : undefined) ?? `${label} could not be compiled:\n${err}`,
    );
  listen({ kind: 'compiled', model: label, notes: err });
  const opened = await openTrainer(into);
  if (E.isLeft(opened)) return E.left(`The trainer of ${label} in ${opened.left}`);
  const {
    compiled: { manifest },
    train,
  } = opened.right;
  if (manifest.label !== undefined)
    return E.left(
      `${label} predicts whether ${labelText(manifest.label)}, and makes no ranking to compare: train it alone, which tells its AUC and log loss.`,
    );
  return pipe(
    newSettings(manifest, training),
    E.map((settings) => ({
      label,
      manifest: manifest.hash,
      hyper: manifest.hyper,
      settings: (seed) => ({ ...settings, seed }),
      train,
    })),
  );
};
