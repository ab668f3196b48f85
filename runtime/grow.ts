/** Runs that go on from a checkpoint on more data: tables that grow, and what a new run takes over. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Checkpoint, restore } from './checkpoint.js';
import type { CompiledModel } from './contract/compiled.js';
import type { Manifest, StateInfo } from './contract/session.js';
import { newSettings, type Settings } from './contract/settings.js';
import type { Listener } from './events.js';
import { initial, shapeOf, type States } from './init.js';
import type { TrainOptions } from './options.js';
import type { Identity } from './progress.js';

/**
 * Copies the rows of known items along one axis of a state: element (outer, item, inner) of `old` goes to where that item now is.
 * `places[i]` is the new index of the old item `i`.
 */
const copied = (old: Float32Array, fresh: Float32Array, outer: number, places: Int32Array, items: number): void => {
  const inner = fresh.length / outer / items;
  for (let o = 0; o < outer; o++)
    places.forEach((to, from) => {
      const start = (o * places.length + from) * inner;
      fresh.set(old.subarray(start, start + inner), (o * items + to) * inner);
    });
};

/** One state. Left: a shape that nobody can tell, or one with two axes of items. */
const grownState = (
  info: StateInfo,
  old: Float32Array,
  fresh: Float32Array,
  places: Int32Array,
  items: number,
): E.Either<string, Float32Array> => {
  const along = info.shape.flatMap((size, axis) => (size === 'items' ? [axis] : []));
  if (along.length === 0) return E.right(old);
  if (along.length > 1)
    return E.left(`\`${info.name}\` has a value for each pair of items, and such tables cannot grow: train anew.`);
  return pipe(
    shapeOf(info, { items }),
    E.map((shape) => {
      copied(
        old,
        fresh,
        shape.slice(0, along[0]).reduce((a, b) => a * b, 1),
        places,
        items,
      );
      return fresh;
    }),
  );
};

/**
 * The states of a checkpoint for a catalogue that holds its items and more, matched by raw id. Rows of known items, and what the
 * optimizer keeps of them, stay to the bit; rows of new items begin as in a new run of that seed.
 */
export const grown = (
  manifest: Manifest,
  { items: known, states }: Pick<Checkpoint, 'items' | 'states'>,
  items: readonly string[],
  seed: number,
): E.Either<string, States> => {
  const codes = new Map(items.map((id, code) => [id, code]));
  const places = Int32Array.from(known, (id) => codes.get(id) ?? -1);
  const lost = places.indexOf(-1);
  if (lost >= 0) return E.left(`The catalogue lacks the item ${JSON.stringify(known[lost])}, which the model knows.`);
  return pipe(
    manifest.states,
    E.traverseArray((info) =>
      pipe(
        initial(seed, { items: items.length })(info),
        E.chain((fresh) => grownState(info, states[info.name]!, fresh, places, items.length)),
        E.map((data) => [info.name, data] as const),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  );
};

/** What a new run goes on from: states of another, and how many steps they have seen. */
export const baseOf = (compiled: CompiledModel, { from }: TrainOptions): TaskEither<string, Checkpoint | undefined> =>
  from === undefined ? TE.right(undefined) : restore(from, compiled.manifest);

/** Says where events may be tested that a checkpoint has learned. */
export const warnOfBase = (
  listen: Listener,
  { settings, data }: Checkpoint,
  now: Settings,
  identity: Identity,
): void => {
  const held = (of: Settings, split: Identity['split']): string =>
    of.trainOn !== undefined ? '--train-on all' : split === undefined ? `--protocol ${of.protocol}` : split.given;
  const [before, after] = [held(settings, data.split), held(now, identity.split)];
  if (now.trainOn === undefined && (before !== after || after.startsWith('user:')))
    listen({
      kind: 'warning',
      message: `The checkpoint to go on from was trained under ${before}, so it may have learned what is held out now (${after}): the figures of this run are optimistic.`,
    });
};

/** The settings of a new run; of one that goes on from another, seed and batch are that one's unless given. */
export const newSettingsFrom = (
  manifest: Manifest,
  options: TrainOptions,
  base: Checkpoint | undefined,
): E.Either<string, Settings> =>
  base === undefined
    ? newSettings(manifest, options)
    : pipe(
        newSettings(manifest, {
          ...options,
          seed: options.seed ?? base.settings.seed,
          batch: options.batch ?? base.settings.batch,
        }),
        E.map((settings) => ({ ...settings, before: base.progress.step })),
      );
