/** What is to be searched, checked before anything is compiled. */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pcrecCompile } from '../compiler.js';
import type { CompiledModel } from '../contract/compiled.js';
import type { HyperList } from '../contract/hypers.js';
import { newSettings, type Settings } from '../contract/settings.js';
import { checked } from '../checked.js';
import type { SearchOptions } from '../options.js';
import { type Rung, rungsOf } from './halving.js';
import { modelFile } from './source.js';
import { type Point, pointsOf, type Space, spaceOf } from './space.js';

export const defaultTrials = 30;
export const folderOf = ({ manifest }: Pick<CompiledModel, 'manifest'>): string =>
  join('runs', `${manifest.model}.search`);

/** Why a search cannot go on, in a sentence, or that it was told to end. */
export type Halt = string;
export const interrupted = 'interrupted';

/** What all trials share. */
export interface Plan {
  readonly file: string;
  readonly base: CompiledModel['manifest'];
  readonly space: Space;
  readonly points: readonly Point[];
  readonly rungs: readonly Rung[];
  readonly options: SearchOptions;
  readonly settings: Settings;
  readonly out: string;
}

/** The hyperparameters of a trial: the trainer's own, but for the point's. */
export const hyperOf = (
  { base }: Pick<Plan, 'base'>,
  point: Point,
): Readonly<Record<string, string | number | boolean>> => ({
  ...base.hyper,
  ...point,
});

/** The hyperparameters that the model's file has. */
const hypersOf = async (file: string, signal: AbortSignal): Promise<E.Either<Halt, HyperList>> => {
  const listed = await pcrecCompile([file, '--hypers', '--json'], signal);
  if (E.isLeft(listed)) return listed;
  if (listed.right === undefined) return E.left(interrupted);
  return listed.right.code === 0
    ? E.right(JSON.parse(listed.right.out) as HyperList)
    : E.left(`The model's file ${file} cannot be compiled:\n${listed.right.err}`);
};

/** The search that is asked for. Left: what makes no sense, in a sentence. */
export const planned = async (
  { manifest, url }: CompiledModel,
  options: SearchOptions,
  signal: AbortSignal,
): Promise<E.Either<Halt, Plan>> => {
  const { trials = defaultTrials, out = folderOf({ manifest }), seed, batch, epochs, patience } = options;
  const fine = checked(options);
  if (E.isLeft(fine)) return fine;
  const settings = newSettings(manifest, { seed, batch, epochs, patience, split: options.split });
  if (E.isLeft(settings)) return settings;
  const file = modelFile({ manifest, ...(url === undefined ? {} : { url }) }, options.model);
  if (E.isLeft(file)) return file;
  const hypers = await hypersOf(file.right, signal);
  if (E.isLeft(hypers)) return hypers;
  if (hypers.right.model !== manifest.model)
    return E.left(
      `${file.right} is the model ${hypers.right.model}, and this trainer ${manifest.model}: name its file with --model.`,
    );
  const space = spaceOf(options.space, hypers.right.hyper);
  if (E.isLeft(space)) return space;
  const points = pointsOf(space.right, settings.right.seed, trials);
  const rungs = rungsOf(points.length, settings.right.epochs);
  return E.right({
    file: file.right,
    base: manifest,
    space: space.right,
    points,
    rungs,
    options,
    settings: settings.right,
    out,
  });
};
