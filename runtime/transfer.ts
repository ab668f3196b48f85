/** Runs that begin with what a model learned on other data: all that is not of their items, nor of their words. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Foreign, readForeign } from './checkpoint.js';
import { measuredBy, sizeOfFeature } from './contract/features.js';
import type { Manifest, Sizes, StateInfo } from './contract/session.js';
import { plural } from './contract/words.js';
import type { Lexicon } from './features.js';
import { shapeOf, type States } from './init.js';
import type { TrainOptions } from './options.js';

/** What a run begins with, and sentences about that. */
export interface Begun {
  readonly states: States;
  readonly says: readonly string[];
  readonly warns: readonly string[];
}

/** What was learned elsewhere. */
export interface Lesson extends Foreign {
  readonly path: string;
}

const unusable = (path: string, why: string): string => `Nothing can be transferred from ${path}: ${why}.`;

/** The checkpoint to begin with, if there is to be one. Left: one that cannot be read, or of another model. */
export const lessonOf = (
  { model }: Pick<Manifest, 'model'>,
  { transfer, from, resume }: TrainOptions,
): TaskEither<string, Lesson | undefined> => {
  if (transfer === undefined) return TE.right(undefined);
  const other = resume === true ? '--resume' : from !== undefined ? '--from' : undefined;
  if (other !== undefined)
    return TE.left(`--transfer begins a run, and ${other} goes on with what is there: leave one of them out.`);
  return pipe(
    readForeign(transfer),
    TE.filterOrElse(
      ({ kept }) => kept.model === model,
      ({ kept }) => `it belongs to the model \`${kept.model}\`, and this is \`${model}\``,
    ),
    TE.bimap(
      (why) => unusable(transfer, why),
      (found) => ({ ...found, path: transfer }),
    ),
  );
};

/** Whether a state is of the items or of the words of one data set: in another they are others. */
const isOfData = ({ shape }: StateInfo): boolean =>
  shape.some((size) => typeof size === 'string' && measuredBy(size) !== 'width');

const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, 4)
    .map((name) => `\`${name}\``)
    .join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`;
const text = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Why a state cannot be taken. */
const unlike = (
  { name, shape }: StateInfo,
  here: readonly number[],
  there: readonly number[] | undefined,
  lexicon: Lexicon | undefined,
): string => {
  if (there === undefined)
    return `it has no \`${name}\`, which this model has: compile the model with the hyperparameters of the one that was trained`;
  const at = here.findIndex((size, axis) => size !== there[axis]);
  const column = Object.keys(lexicon?.items ?? {}).find((of) => shape[at] === sizeOfFeature('item', of, 'width'));
  return column !== undefined && there.length === here.length
    ? `the vectors of the column '${column}' were ${there[at]} numbers there, and here they are ${here[at]}: make both with the same language model`
    : `its \`${name}\` has the shape ${text(there)}, and here it has ${text(here)}: compile the model with the hyperparameters of the one that was trained`;
};

/**
 * `begun`, the states of a new run, with the parameters of the lesson that are not of its items or words; slots of the optimizer begin
 * anew. Left: a parameter that is not there or has another shape, or a model that has nothing but items.
 */
export const transferred = (
  manifest: Manifest,
  { path, kept, shapes }: Lesson,
  sizes: Sizes,
  lexicon: Lexicon | undefined,
  begun: States,
): E.Either<string, Begun> => {
  const parameters = manifest.states.filter(({ role }) => role === 'parameter');
  const taken = parameters.filter((info) => !isOfData(info));
  const anew = parameters.filter(isOfData).map(({ name }) => name);
  const known = new Set(manifest.states.map(({ name }) => name));
  const idle = Object.keys(kept.states).filter((name) => !known.has(name));
  // A slot is called by its parameter.
  const homeless = idle.filter((name) => !idle.some((other) => name.startsWith(`${other}.`)));
  return pipe(
    taken,
    E.traverseArray((info) =>
      pipe(
        shapeOf(info, sizes),
        E.filterOrElse(
          (here) => text(here) === text(shapes[info.name] ?? [Number.NaN]),
          (here) => unlike(info, here, shapes[info.name], lexicon),
        ),
        E.map(() => [info.name, kept.states[info.name]!] as const),
      ),
    ),
    E.filterOrElse(
      (all) => all.length > 0,
      () => `all that \`${manifest.model}\` learns is of the items of its data`,
    ),
    E.bimap(
      (why) => unusable(path, why),
      (all) => ({
        states: { ...begun, ...Object.fromEntries(all) },
        says: [
          `Begun with ${plural(all.length, 'parameter')} of ${path}, as ${kept.data.source} taught them${anew.length === 0 ? '' : `; anew: ${listed(anew)}`}.`,
        ],
        warns:
          homeless.length === 0
            ? []
            : [`${path} has learned ${listed(homeless)}, for which this model has no place: left out.`],
      }),
    ),
  );
};
