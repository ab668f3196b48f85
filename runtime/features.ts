/**
 * Features of items and events as a model reads them: what training found (vocabularies, scalings, widths), which is part of the
 * checkpoint, and the numbers that data then give. A value is known by its name, so data whose vocabulary is in another order say the
 * same; one that training never saw is missing. Missing is 0: of a number that is the mean.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { type EventFeature, inputOf, type InputRow } from './contract/batch.js';
import { type ItemFeature, sizeOfFeature } from './contract/features.js';
import type { Manifest, Sizes } from './contract/session.js';
import type { Dataset, FeatureColumn, FeatureColumns, Split } from './data/index.js';
import { counts } from './data/split.js';
import { recoded, valuesOf } from './data/recode.js';
import type { States } from './init.js';
import { learntRequests } from './asking.js';

/** What training found of a column. */
export type Learnt =
  | { readonly kind: 'category'; readonly vocabulary: readonly string[] }
  | { readonly kind: 'categories'; readonly vocabulary: readonly string[]; readonly most: number }
  | { readonly kind: 'number'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'vector'; readonly width: number };
/** By the names of columns. */
export interface Lexicon {
  readonly items: Readonly<Record<string, Learnt>>;
  readonly events: Readonly<Record<string, Learnt>>;
}
const isLearnt = (x: unknown): boolean => {
  const { kind, vocabulary, most, mean, deviation, width } = (x ?? {}) as Readonly<Record<string, unknown>>;
  const words = Array.isArray(vocabulary) && vocabulary.every((word) => typeof word === 'string');
  const forms: Readonly<Record<string, boolean>> = {
    category: words,
    categories: words && Number.isInteger(most),
    number: Number.isFinite(mean) && Number.isFinite(deviation),
    vector: Number.isInteger(width),
  };
  return forms[String(kind)] === true;
};
/** Whether what a file holds is a lexicon. */
export const isLexicon = (x: unknown): x is Lexicon => {
  const { items, events } = (x ?? {}) as Partial<Lexicon>;
  return [items, events].every(
    (of) => typeof of === 'object' && of !== null && !Array.isArray(of) && Object.values(of).every(isLearnt),
  );
};

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
} as const;

/** Left: a column that a model reads and data have not, or have of another kind. */
const column = <K extends Learnt['kind']>(
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

/** Left: a column of events that the model reads and the data lack. */
export const withEvents = (manifest: Manifest, data: Pick<Dataset, 'name' | 'events'>): E.Either<string, void> =>
  pipe(
    eventColumns(manifest),
    E.traverseArray((feature) => column(manifest, data, 'events', data.events, feature)),
    E.map(() => undefined),
  );

const moments = (
  values: Float64Array,
  chosen: (row: number) => boolean,
): Extract<Learnt, { readonly kind: 'number' }> => {
  const known = values.filter((x, row) => Number.isFinite(x) && chosen(row));
  const mean = known.length === 0 ? 0 : known.reduce((sum, x) => sum + x, 0) / known.length;
  const square = known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, known.length);
  return { kind: 'number', mean, deviation: square > 0 ? Math.sqrt(square) : 1 };
};

const longest = (offsets: Int32Array): number =>
  offsets.reduce((most, end, r) => Math.max(most, r === 0 ? 0 : end - offsets[r - 1]!), 1);

/** What training finds of a column, by the rows that it met. */
const learning: {
  readonly [K in Learnt['kind']]: (
    column: Extract<FeatureColumn, { readonly kind: K }>,
    chosen: (row: number) => boolean,
  ) => Learnt;
} = {
  category: (c, chosen) => ({ kind: 'category', vocabulary: valuesOf(c, chosen) }),
  categories: (c, chosen) => ({ kind: 'categories', vocabulary: valuesOf(c, chosen), most: longest(c.offsets) }),
  number: (c, chosen) => moments(c.values, chosen),
  vector: (c) => ({ kind: 'vector', width: c.width }),
};

/** [items], 1 for each that some training event is of. */
export const met = (split: Split): Uint8Array => Uint8Array.from(counts(split), (n) => Number(n > 0));
/** [interactions], 1 for each training event. */
const trained = ({ dataset, trainingEnds }: Split): Uint8Array => {
  const found = new Uint8Array(dataset.sequence.length);
  dataset.users.forEach((_, user) => void found.fill(1, dataset.offsets[user], trainingEnds[user]));
  return found;
};

/** What training finds in a split; undefined where the model reads no features. Left: a column that is not there. */
export const learnt = (manifest: Manifest, split: Split): E.Either<string, Lexicon | undefined> => {
  const { dataset } = split;
  const [items, events] = [itemColumns(manifest), eventColumns(manifest)];
  const asked = learntRequests(manifest, dataset);
  if (E.isLeft(asked)) return asked;
  if (itemFeatures(manifest).length === 0 && events.length === 0 && Object.keys(asked.right).length === 0)
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
          column(manifest, dataset, of, columns, feature),
          E.map((c) => [feature.name, learning[feature.kind](c as never, (row) => chosen[row] === 1)] as const),
        ),
      ),
      E.map((all) => Object.fromEntries(all)),
    );
  return pipe(
    E.Do,
    E.bind('items', () => found('items', dataset.features, items, known)),
    E.bind('events', () => found('events', dataset.events, events, seen)),
    E.map((lexicon) => ({ ...lexicon, events: { ...lexicon.events, ...asked.right } })),
  );
};

/** The sizes that a lexicon binds. */
export const sizesOf = (lexicon: Lexicon | undefined): Sizes => {
  const one = (of: 'item' | 'event', name: string, found: Learnt): readonly (readonly [string, number])[] => {
    const size = (part: 'values' | 'width' | 'most', n: number) => [sizeOfFeature(of, name, part), n] as const;
    return found.kind === 'vector'
      ? [size('width', found.width)]
      : found.kind === 'number'
        ? []
        : [
            size('values', 1 + found.vocabulary.length),
            ...(found.kind === 'categories' ? [size('most', found.most)] : []),
          ];
  };
  return Object.fromEntries([
    ...Object.entries(lexicon?.items ?? {}).flatMap(([name, found]) => one('item', name, found)),
    ...Object.entries(lexicon?.events ?? {}).flatMap(([name, found]) => one('event', name, found)),
  ]);
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

/** What a model that learnt this of a column of events reads where it says `value`: 0 where that is missing. */
export const eventNumber = (found: Learnt, value: string | number | undefined): number => {
  if (value === undefined) return 0;
  if (found.kind === 'category') return 1 + found.vocabulary.indexOf(String(value));
  const number = Number(value);
  return found.kind === 'number' && Number.isFinite(number) ? (number - found.mean) / found.deviation : 0;
};

/** What a model reads of events, in their order, by the names of columns. */
export const eventValues = (
  lexicon: Lexicon | undefined,
  events: FeatureColumns | undefined,
): ReadonlyMap<string, Float32Array> =>
  new Map(
    Object.entries(lexicon?.events ?? {}).flatMap(([name, found]) => {
      const column = events?.get(name);
      return column === undefined || column.kind === 'lookup' ? [] : [[name, numbersOf(column, found)] as const];
    }),
  );
