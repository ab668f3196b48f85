/**
 * What is asked with a request, as a model reads it: vectors by the names of the columns of events that training took them from. Nothing
 * asked is zeros.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Manifest } from './contract/session.js';
import { plural, suggest } from './contract/words.js';
import { type Dataset, readVector } from './data/index.js';
import type { Requests } from './data/fill.js';
import type { Past } from './past.js';

/** What is asked: numbers; by the names of columns where a model reads several. */
export type RequestVector = readonly number[] | Readonly<Record<string, readonly number[]>>;

/** The vector in a `.npy` file, as a command line tells it. Left: a file that holds none. */
export const vectorAt = (path: string | undefined): TaskEither<string, readonly number[] | undefined> =>
  path === undefined
    ? TE.right(undefined)
    : pipe(
        () => readVector(path),
        TE.mapLeft((why) => `The vector of the request cannot be used: ${why}.`),
      );

/** The columns of which a model reads what is asked. */
export const requestColumns = ({ rows = [] }: Pick<Manifest, 'rows'>): readonly string[] =>
  rows.flatMap(({ fill }) => (fill.from === 'request' ? [fill.name] : []));

type Events = Pick<Dataset, 'name' | 'events' | 'sequence'>;
type Widths = Readonly<Record<string, { readonly kind: 'vector'; readonly width: number }>>;

const columnOf = (manifest: Manifest, data: Events, name: string): E.Either<string, Requests> => {
  const column = data.events?.get(name);
  return column?.kind === 'lookup'
    ? E.right(column)
    : E.left(
        `The model ${manifest.model} reads what was asked before an event, as a vector of the column '${name}' of events, and ${data.name} ${
          column === undefined ? 'has no such column' : 'has no vectors of its values'
        }: give events with that column (--columns ${name}=COLUMN:category) and a vector of each of its values (--vectors ${name}.npy).`,
      );
};

/** How wide the vectors are. Left: a column that the data have not. */
export const learntRequests = (manifest: Manifest, data: Events): E.Either<string, Widths> =>
  pipe(
    requestColumns(manifest),
    E.traverseArray((name) =>
      pipe(
        columnOf(manifest, data, name),
        E.map(({ width }) => [name, { kind: 'vector', width }] as const),
      ),
    ),
    E.map((all) => Object.fromEntries(all)),
  );

const nothing = (width: number, events: number): Requests => ({
  width,
  vectors: new Float32Array(0),
  values: new Int32Array(events),
});

/** What training found, as far as requests go: the rest of it is told in `features.ts`, which knows of requests. */
interface Learnt {
  readonly events: Readonly<Record<string, { readonly kind: string; readonly width?: number }>>;
}
/** How wide a model that learnt this reads a request. */
const widthOf = (lexicon: Learnt | undefined, name: string): number => lexicon?.events[name]?.width ?? 0;

/** What was asked before each event of the data, by columns; nothing, where they are `silent`. Left: a column that they have not, or of another width. */
export const requestsOf = (
  manifest: Manifest,
  lexicon: Learnt | undefined,
  data: Events,
  silent = false,
): E.Either<string, ReadonlyMap<string, Requests>> =>
  pipe(
    requestColumns(manifest),
    E.traverseArray((name) => {
      const width = widthOf(lexicon, name);
      return pipe(
        silent ? E.right(nothing(width, data.sequence.length)) : columnOf(manifest, data, name),
        E.filterOrElse(
          (found) => found.width === width,
          (found) =>
            `The vectors of '${name}' in ${data.name} are ${plural(found.width, 'number')} long, and the model ${manifest.model} was trained with ${width}: make them with the same language model.`,
        ),
        E.map((found) => [name, found] as const),
      );
    }),
    E.map((all) => new Map(all)),
  );

/** The vectors of a request by columns. Left: one for none, or for which of several nobody can tell. */
const byColumn = (
  manifest: Manifest,
  columns: readonly string[],
  vector: RequestVector,
): E.Either<string, Readonly<Record<string, unknown>>> => {
  if (columns.length === 0)
    return E.left(`The model ${manifest.model} reads no vector of a request: leave --vector (or \`vector\`) out.`);
  if (Array.isArray(vector))
    return columns.length === 1
      ? E.right({ [columns[0]!]: vector })
      : E.left(
          `The model ${manifest.model} reads several vectors of a request (${columns.join(', ')}): give each by its name, {"${columns[0]}": [...]}.`,
        );
  const stray = Object.keys(vector).find((name) => !columns.includes(name));
  return stray === undefined
    ? E.right(vector as Readonly<Record<string, unknown>>)
    : E.left(`The model ${manifest.model} reads no '${stray}' of a request: ${suggest(stray, columns, 'it reads')}`);
};

/** Left: what is no vector of that width. */
const numbersIn = (name: string, width: number, value: unknown): E.Either<string, Float32Array> => {
  if (!Array.isArray(value))
    return E.left(`The vector '${name}' of a request is a list of numbers, not ${JSON.stringify(value)}.`);
  // In the model's own precision: what is beyond that would be infinite there.
  const bad = value.findIndex((x) => typeof x !== 'number' || !Number.isFinite(Math.fround(x)));
  if (bad >= 0)
    return E.left(
      `The vector '${name}' of a request is a list of finite numbers, and its number ${bad + 1} is ${String(value[bad])}.`,
    );
  return value.length === width
    ? E.right(Float32Array.from(value))
    : E.left(
        `The vector '${name}' of a request has ${plural(value.length, 'number')}, and the model reads ${width}: make it with the language model that made those of the training.`,
      );
};

/** What was asked before each of these events of the data; nothing where they do not tell it as the model reads it. */
export const pastRequests = (
  manifest: Manifest,
  lexicon: Learnt | undefined,
  { events }: Pick<Dataset, 'events'>,
  chosen: readonly number[],
): ReadonlyMap<string, Requests> =>
  new Map(
    requestColumns(manifest).map((name): readonly [string, Requests] => {
      const [column, width] = [events?.get(name), widthOf(lexicon, name)];
      if (column?.kind !== 'lookup' || column.width !== width) return [name, nothing(width, chosen.length)];
      const rows = chosen.map((event) => column.values[event]!).filter((row) => row > 0);
      const vectors = new Float32Array(rows.length * width);
      rows.forEach((row, i) => vectors.set(column.vectors.subarray((row - 1) * width, row * width), i * width));
      let next = 0;
      return [name, { width, vectors, values: Int32Array.from(chosen, (e) => (column.values[e]! > 0 ? ++next : 0)) }];
    }),
  );

/** With one event more, before which that was asked; nothing, where the vector is empty. */
const followed = ({ width, vectors, values }: Requests, vector: Float32Array): Requests => {
  const all = { vectors: new Float32Array(vectors.length + vector.length), values: new Int32Array(values.length + 1) };
  all.vectors.set(vectors);
  all.vectors.set(vector, vectors.length);
  all.values.set(values);
  if (vector.length > 0) all.values[values.length] = vectors.length / width + 1;
  return { width, ...all };
};

/**
 * What is asked before the events of a past, `before` where that is known, and what is asked now; and sentences about what was assumed.
 * Left: a vector that does not fit.
 */
export const requestFor = (
  manifest: Manifest,
  lexicon: Learnt | undefined,
  { items, requests: before }: { readonly items: readonly number[]; readonly requests?: ReadonlyMap<string, Requests> },
  vector: RequestVector | undefined,
): E.Either<string, { readonly requests: ReadonlyMap<string, Requests>; readonly notes: readonly string[] }> => {
  const columns = requestColumns(manifest);
  return pipe(
    vector === undefined ? E.right<string, Readonly<Record<string, unknown>>>({}) : byColumn(manifest, columns, vector),
    E.chain((given) =>
      pipe(
        columns,
        E.traverseArray((name) =>
          pipe(
            given[name] === undefined
              ? E.right(new Float32Array(0))
              : numbersIn(name, widthOf(lexicon, name), given[name]),
            E.map((now) => {
              const past = before?.get(name) ?? nothing(widthOf(lexicon, name), items.length);
              return { name, asks: followed(past, now), says: now.length > 0 };
            }),
          ),
        ),
      ),
    ),
    E.map((all) => ({
      requests: new Map(all.map(({ name, asks }) => [name, asks])),
      notes: all.flatMap(({ name, says }) =>
        says
          ? []
          : [`The model reads the ${name} of a request, and this one has no vector: it is taken to ask for nothing.`],
      ),
    })),
  );
};

/** A past with what is asked now. Left: a vector that does not fit. */
export const withRequest =
  (manifest: Manifest, lexicon: Learnt | undefined, vector: RequestVector | undefined) =>
  (past: Past): E.Either<string, Past> =>
    pipe(
      requestFor(manifest, lexicon, past, vector),
      E.map(({ requests, notes }) => ({ ...past, requests, notes: [...(past.notes ?? []), ...notes] })),
    );
