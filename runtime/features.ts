/**
 * Features of items, events and users as a model reads them: what training found of them (`lexicon.ts`), which is part of the
 * checkpoint, and the numbers that data then give. A value is known by its name, so data whose vocabulary is in another order say the
 * same; one that training never saw is missing. Missing is 0: of a number that is the mean.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { type EventFeature, inputOf, type InputRow, type UserFeature } from './contract/batch.js';
import type { ItemFeature } from './contract/features.js';
import type { Manifest } from './contract/session.js';
import type { Dataset, FeatureColumn, FeatureColumns, Split } from './data/index.js';
import type { OfUsers } from './data/fill.js';
import { counts } from './data/split.js';
import { recoded } from './data/recode.js';
import type { States } from './init.js';
import { learning, type Learnt, type Lexicon, widthOf } from './lexicon.js';
import { learntRequests } from './asking.js';

export { isLexicon, type Learnt, type Lexicon, sizesOf } from './lexicon.js';

type Column<F extends ItemFeature> = Extract<F, { readonly name: string }>;

/** The row of an input that an entry lists: the table's, or the model's own. */
export const rowIn = ({ rows = [] }: Pick<Manifest, 'rows'>, name: string): InputRow | undefined =>
  inputOf(name) ?? rows.find((row) => row.name === name);

const itemFeatures = ({ states }: Manifest): readonly ItemFeature[] =>
  states.flatMap(({ init }) => (init.kind === 'given' ? [init.feature] : []));
const itemColumns = (manifest: Manifest): readonly Column<ItemFeature>[] =>
  itemFeatures(manifest).filter((f): f is Column<ItemFeature> => f.kind !== 'met');
/** The features of events that a model reads, each once. */
export const eventColumns = ({ rows = [] }: Pick<Manifest, 'rows'>): readonly EventFeature[] => [
  ...new Map(
    rows.flatMap(({ fill }) => (fill.from === 'feature' ? [[fill.feature.name, fill.feature] as const] : [])),
  ).values(),
];
/** The features of users that a model reads. */
export const userColumns = ({ rows = [] }: Pick<Manifest, 'rows'>): readonly UserFeature[] =>
  rows.flatMap(({ fill }) => (fill.from === 'user' ? [fill.feature] : []));
/** Whether a model knows items by more than their numbers, so that one that nobody met can be scored. */
export const readsItems = (manifest: Manifest): boolean => itemColumns(manifest).length > 0;

/** The catalogue as a model has it: with the items that nobody met, for one that reads what is known of them. */
export const catalogued = (manifest: Manifest, data: Dataset): Dataset =>
  data.unmet === undefined || !readsItems(manifest)
    ? data
    : { ...data, items: [...data.items, ...data.unmet], unmet: [] };

const kinds: { readonly [K in FeatureColumn['kind']]: string } = {
  category: 'category',
  categories: 'list of categories',
  number: 'number',
  vector: 'vector',
  lookup: 'name of a vector',
  text: 'text',
};
const listed = (columns: FeatureColumns | undefined): string =>
  columns === undefined || columns.size === 0
    ? 'has none'
    : `has ${[...columns].map(([name, { kind }]) => `${name} (${kinds[kind]})`).join(', ')}`;

const tables = {
  items: {
    whose: 'items',
    give: 'give a table of items with that column',
    say: (name: string, kind: string) => `say what it is (--item-columns ${name}:${kind})`,
  },
  events: {
    whose: 'events',
    give: 'give events with that column',
    say: (_: string, kind: string) => `give events whose column is a ${kind}`,
  },
  users: {
    whose: 'users',
    give: 'give a table of users with that column (--users)',
    say: (name: string, kind: string) => `say what it is (--user-columns ${name}:${kind})`,
  },
} as const;

/** Left: a column that a model reads and data have not, or have of another kind. */
export const columnFor = <K extends Learnt['kind']>(
  manifest: Manifest,
  { name: data }: Pick<Dataset, 'name'>,
  of: keyof typeof tables,
  columns: FeatureColumns | undefined,
  { name, kind }: { readonly name: string; readonly kind: K },
): E.Either<string, Extract<FeatureColumn, { readonly kind: K }>> => {
  const found = columns?.get(name);
  const { whose, give, say } = tables[of];
  return found?.kind === kind
    ? E.right(found as Extract<FeatureColumn, { readonly kind: K }>)
    : E.left(
        `The model ${manifest.model} reads the column '${name}' of ${whose} as a ${kinds[kind]}, and ${
          found === undefined
            ? `the table of ${whose} of ${data} ${listed(columns)}`
            : `in ${data} it is a ${kinds[found.kind]}`
        }: ${found === undefined ? give : say(name, kind)}, or compile the model for other columns.`,
      );
};

/** Left: a column of users that the model reads and the data lack. */
export const withUsers = (manifest: Manifest, data: Pick<Dataset, 'name' | 'userFeatures'>): E.Either<string, void> =>
  pipe(
    userColumns(manifest),
    E.traverseArray((feature) => columnFor(manifest, data, 'users', data.userFeatures, feature)),
    E.map(() => undefined),
  );

/** Left: a column of events that the model reads and the data lack. */
export const withEvents = (manifest: Manifest, data: Pick<Dataset, 'name' | 'events'>): E.Either<string, void> =>
  pipe(
    eventColumns(manifest),
    E.traverseArray((feature) => columnFor(manifest, data, 'events', data.events, feature)),
    E.map(() => undefined),
  );

/** [items], 1 for each that some training event is of. */
export const met = (split: Split): Uint8Array => Uint8Array.from(counts(split), (n) => Number(n > 0));
/** [interactions], 1 for each training event. */
const trained = ({ dataset, trainingEnds }: Split): Uint8Array => {
  const found = new Uint8Array(dataset.sequence.length);
  dataset.users.forEach((_, user) => void found.fill(1, dataset.offsets[user], trainingEnds[user]));
  return found;
};

/** [users], 1 for each who has a training event. */
const trainedUsers = ({ dataset: { users, offsets }, trainingEnds }: Split): Uint8Array =>
  Uint8Array.from(users, (_, user) => Number(trainingEnds[user]! > offsets[user]!));

/** What training finds in a split; undefined where the model reads no features. Left: a column that is not there. */
export const learnt = (manifest: Manifest, split: Split): E.Either<string, Lexicon | undefined> => {
  const { dataset } = split;
  const [items, events, users] = [itemColumns(manifest), eventColumns(manifest), userColumns(manifest)];
  const asked = learntRequests(manifest, dataset);
  if (E.isLeft(asked)) return asked;
  if ([items, events, users, itemFeatures(manifest), Object.keys(asked.right)].every((of) => of.length === 0))
    return E.right(undefined);
  const [known, seen] = [met(split), trained(split)];
  const found = <F extends { readonly name: string; readonly kind: Learnt['kind'] }>(
    of: keyof typeof tables,
    columns: FeatureColumns | undefined,
    features: readonly F[],
    chosen: Uint8Array,
  ): E.Either<string, Readonly<Record<string, Learnt>>> =>
    pipe(
      features,
      E.traverseArray((feature) =>
        pipe(
          columnFor(manifest, dataset, of, columns, feature),
          E.map((c) => [feature.name, learning[feature.kind](c as never, (row) => chosen[row] === 1)] as const),
        ),
      ),
      E.map((all) => Object.fromEntries(all)),
    );
  return pipe(
    E.Do,
    E.bind('items', () => found('items', dataset.features, items, known)),
    E.bind('events', () => found('events', dataset.events, events, seen)),
    E.bind('users', () => found('users', dataset.userFeatures, users, trainedUsers(split))),
    E.map(({ users: whose, ...rest }) => ({
      ...rest,
      events: { ...rest.events, ...asked.right },
      ...(users.length === 0 ? {} : { users: whose }),
    })),
  );
};

/** The numbers of a column, as a model that learnt this of it reads them: `width` of them for each of its rows. */
const numbersOf = (column: FeatureColumn, found: Learnt): Float32Array => {
  if (column.kind === 'category' && found.kind === 'category')
    return Float32Array.from(recoded(column, found.vocabulary).values);
  if (column.kind === 'number' && found.kind === 'number')
    return Float32Array.from(column.values, (x) => (Number.isFinite(x) ? (x - found.mean) / found.deviation : 0));
  if (column.kind === 'vector' && found.kind === 'vector')
    return column.values.map((x) => (Number.isFinite(x) ? x : 0));
  if (column.kind === 'categories' && found.kind === 'categories') {
    const { offsets, values } = recoded(column, found.vocabulary);
    const out = new Float32Array((offsets.length - 1) * found.most);
    for (let row = 0; row + 1 < offsets.length; row++)
      out.set(values.subarray(offsets[row], Math.min(offsets[row + 1]!, offsets[row]! + found.most)), row * found.most);
    return out;
  }
  throw new Error(`a column that is a ${column.kind} was learnt as a ${found.kind}`);
};

/** The states that data give, by name: what a session is told once. The data have all that the lexicon knows. */
export const givenStates = (manifest: Manifest, lexicon: Lexicon | undefined, split: Split): States =>
  Object.fromEntries(
    manifest.states.flatMap(({ name, init }) =>
      init.kind !== 'given'
        ? []
        : [
            [
              name,
              init.feature.kind === 'met'
                ? Float32Array.from(met(split))
                : numbersOf(split.dataset.features!.get(init.feature.name)!, lexicon!.items[init.feature.name]!),
            ] as const,
          ],
    ),
  );

/** What was learnt of columns as the numbers that a model reads, row by row, by the names of columns. */
const valuesBy = <A>(
  learnt: Lexicon['events'] = {},
  columns: FeatureColumns | undefined,
  as: (values: Float32Array, found: Learnt) => A,
): ReadonlyMap<string, A> =>
  new Map(
    Object.entries(learnt).flatMap(([name, found]) => {
      const column = columns?.get(name);
      return column === undefined || column.kind === 'lookup'
        ? []
        : [[name, as(numbersOf(column, found), found)] as const];
    }),
  );
/** What a model reads of events, in their order. */
export const eventValues = (lexicon: Lexicon | undefined, events: FeatureColumns | undefined) =>
  valuesBy(lexicon?.events, events, (values) => values);
/** What a model reads of users, by their codes. */
export const userValues = (lexicon: Lexicon | undefined, users: FeatureColumns | undefined): OfUsers =>
  valuesBy(lexicon?.users, users, (values, found) => ({ width: widthOf(found), values }));
