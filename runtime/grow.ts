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
import type { States } from './init.js';
import type { TrainOptions } from './options.js';
import type { Identity } from './progress.js';

/** What training changes, and a new run therefore takes over; anything else data give anew. */
const learned: ReadonlySet<string> = new Set(['parameter', 'slot'] satisfies readonly StateInfo['role'][]);

/**
 * One state: `begun`, with the rows of known items as in `old`, of which item `i` is now item `places[i]` of `items`. Left: two axes
 * of items.
 */
const grownState = (
  { name, shape }: StateInfo,
  old: Float32Array,
  begun: Float32Array,
  places: Int32Array,
  items: number,
): E.Either<string, Float32Array> => {
  const along = shape.indexOf('items');
  if (along < 0) return E.right(old);
  if (shape.lastIndexOf('items') !== along)
    return E.left(`\`${name}\` has a value for each pair of items, and such tables cannot grow: train anew.`);
  const outer = shape.slice(0, along).reduce<number>((product, size) => product * Number(size), 1);
  const inner = begun.length / outer / items;
  const grown = begun.slice();
  for (let o = 0; o < outer; o++)
    places.forEach((to, from) => {
      const start = (o * places.length + from) * inner;
      grown.set(old.subarray(start, start + inner), (o * items + to) * inner);
    });
  return E.right(grown);
};

/**
 * The states of a checkpoint for a catalogue that holds its items and more, matched by raw id. Rows of known items, and what the
 * optimizer keeps of them, stay to the bit; all else is as in `begun`, the states of a new run.
 */
export const grown = (
  manifest: Manifest,
  { items: known, states }: Pick<Checkpoint, 'items' | 'states'>,
  items: readonly string[],
  begun: States,
): E.Either<string, States> => {
  const codes = new Map(items.map((id, code) => [id, code]));
  const places = Int32Array.from(known, (id) => codes.get(id) ?? -1);
  const lost = places.indexOf(-1);
  if (lost >= 0) return E.left(`The catalogue lacks the item ${JSON.stringify(known[lost])}, which the model knows.`);
  return pipe(
    manifest.states.filter(({ role }) => learned.has(role)),
    E.traverseArray((info) =>
      pipe(
        grownState(info, states[info.name]!, begun[info.name]!, places, items.length),
        E.map((data) => [info.name, data] as const),
      ),
    ),
    E.map((entries) => ({ ...begun, ...Object.fromEntries(entries) })),
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
