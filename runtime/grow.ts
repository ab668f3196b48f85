/** Runs that go on from a checkpoint on more data: tables that grow, and what a new run takes over. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Checkpoint, restore } from './checkpoint.js';
import type { Split } from './data/index.js';
import { type Learnt, learnt, type Lexicon, sizesOf } from './features.js';
import type { CompiledModel } from './contract/compiled.js';
import type { Manifest, StateInfo } from './contract/session.js';
import { newSettings, type Settings } from './contract/settings.js';
import type { Listener } from './events.js';
import { shapeOf, type States } from './init.js';
import type { TrainOptions } from './options.js';
import type { Identity } from './progress.js';

/** What two runs have found of a column: the values of the first, in its order, then those that are new. Scalings stay. */
const merged = (name: string, old: Learnt, found: Learnt): E.Either<string, Learnt> => {
  if ('vocabulary' in old && 'vocabulary' in found) {
    const known = new Set(old.vocabulary);
    const vocabulary = [...old.vocabulary, ...found.vocabulary.filter((value) => !known.has(value))];
    return E.right(
      old.kind === 'categories' && found.kind === 'categories'
        ? { kind: 'categories', vocabulary, most: Math.max(old.most, found.most) }
        : { kind: 'category', vocabulary },
    );
  }
  return old.kind === 'vector' && found.kind === 'vector' && old.width !== found.width
    ? E.left(
        `The vectors '${name}' are of ${found.width} numbers, and the checkpoint learned those of ${old.width}: give vectors of the same make, or train anew.`,
      )
    : E.right(old);
};

type Words = Readonly<Record<string, Learnt>>;
const mergedAll = (old: Words = {}, found: Words = {}): E.Either<string, Words> =>
  pipe(
    Object.entries(found),
    E.traverseArray(([name, of]) =>
      pipe(
        old[name] === undefined ? E.right(of) : merged(name, old[name], of),
        E.map((both) => [name, both] as const),
      ),
    ),
    E.map((all) => Object.fromEntries(all)),
  );

/**
 * What a model knows of features that has learned one thing and goes on to others: codes and scalings mean what they meant, and what is
 * new comes after. Left: a column that is not there, or vectors of another width.
 */
export const grownLexicon = (
  manifest: Manifest,
  old: Lexicon | undefined,
  split: Split,
): E.Either<string, Lexicon | undefined> =>
  pipe(
    learnt(manifest, split),
    E.chain((found) =>
      old === undefined || found === undefined
        ? E.right(found)
        : pipe(
            E.Do,
            E.bind('items', () => mergedAll(old.items, found.items)),
            E.bind('events', () => mergedAll(old.events, found.events)),
            E.bind('users', () => mergedAll(old.users, found.users)),
            E.map(({ users, ...rest }) => (found.users === undefined ? rest : { ...rest, users })),
          ),
    ),
  );

/** What training changes, and a new run therefore takes over. */
const learned: ReadonlySet<string> = new Set(['parameter', 'slot'] satisfies readonly StateInfo['role'][]);

/** A tensor of some shape. */
interface Shaped {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Writes `from` into `into`, which is as large or larger along each axis; place `i` of axis `a` goes to `places[a][i]`, or stays. */
const poured = (from: Shaped, into: Shaped, places: readonly (Int32Array | undefined)[]): void => {
  const last = from.shape.findLastIndex((size, a) => places[a] !== undefined || size !== into.shape[a]);
  const inner = from.shape.slice(last + 1).reduce((product, size) => product * size, 1);
  const pour = (axis: number, row: number, to: number): void => {
    if (axis > last) return void into.data.set(from.data.subarray(row * inner, (row + 1) * inner), to * inner);
    for (let i = 0; i < from.shape[axis]!; i++)
      pour(axis + 1, row * from.shape[axis]! + i, to * into.shape[axis]! + (places[axis]?.[i] ?? i));
  };
  pour(0, 0, 0);
};

/** A catalogue, and what is known of features: the sizes of states. */
export type Known = Pick<Checkpoint, 'items' | 'features'>;
const boundBy = ({ items, features }: Known) => ({ items: items.length, ...sizesOf(features) });

/** The states of a model that grows, one by one. */
interface Growth {
  readonly old: Known & Pick<Checkpoint, 'states'>;
  readonly now: Known;
  /** Where each old item is now. */
  readonly places: Int32Array;
  /** The old items of which the new data know nothing. */
  readonly lost: ReadonlySet<string>;
}

/**
 * One state as it was, but longer: learned rows of what is known stay, new ones are as in `begun`. Features are as the new data give
 * them, but for items of which those know nothing; and an item that training ever met stays met. Left: two axes of items.
 */
const grownState = (
  info: StateInfo,
  { old, now, places, lost }: Growth,
  begun: Float32Array,
): E.Either<string, Float32Array> => {
  const { name, shape, init } = info;
  const feature = init.kind === 'given' ? init.feature : undefined;
  const along = shape.indexOf('items');
  const before = old.states[name];
  if (before === undefined || !(feature !== undefined || learned.has(info.role))) return E.right(begun);
  if (along >= 0 && shape.lastIndexOf('items') !== along)
    return E.left(`\`${name}\` has a value for each pair of items, and such tables cannot grow: train anew.`);
  return pipe(
    E.Do,
    E.bind('from', () => shapeOf(info, boundBy(old))),
    E.bind('to', () => shapeOf(info, boundBy(now))),
    E.map(({ from, to }) => {
      const into = { shape: to, data: begun.slice() };
      const moves = shape.map((size) => (size === 'items' ? places : undefined));
      if (feature === undefined) poured({ shape: from, data: before }, into, moves);
      else if (feature.kind === 'met')
        places.forEach((at, i) => (into.data[at] = Math.max(into.data[at]!, before[i]!)));
      else {
        const row = before.length / old.items.length;
        old.items.forEach((id, i) => {
          if (lost.has(id))
            poured({ shape: [1, ...from.slice(1)], data: before.subarray(i * row, (i + 1) * row) }, into, [
              places.subarray(i, i + 1),
            ]);
        });
      }
      return into.data;
    }),
  );
};

/**
 * The states of a checkpoint for a catalogue that holds its items and more, matched by raw id, and for a lexicon that begins with its
 * own. Learned rows of what it knows, and what the optimizer keeps of them, stay to the bit; all else is as in `begun`, the states of a
 * new run. `told` are the items of which the new data say something.
 */
export const grown = (
  manifest: Manifest,
  old: Growth['old'],
  now: Known,
  begun: States,
  told: readonly string[] = now.items,
): E.Either<string, States> => {
  const codes = new Map(now.items.map((id, code) => [id, code]));
  const places = Int32Array.from(old.items, (id) => codes.get(id) ?? -1);
  const gone = places.indexOf(-1);
  if (gone >= 0)
    return E.left(`The catalogue lacks the item ${JSON.stringify(old.items[gone])}, which the model knows.`);
  const known = new Set(told);
  const growth = { old, now, places, lost: new Set(old.items.filter((id) => !known.has(id))) };
  return pipe(
    manifest.states,
    E.traverseArray((info) =>
      pipe(
        grownState(info, growth, begun[info.name]!),
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
