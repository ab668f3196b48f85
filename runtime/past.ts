/** What a request says of the past: items, and of each event its time and what else the model reads of it. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Manifest } from './contract/session.js';
import { suggest } from './contract/words.js';
import type { Numbers, OfUsers, Requests } from './data/fill.js';
import { timeOf, timeShape } from './data/index.js';
import { eventColumns, type Lexicon } from './features.js';
import { type Catalogue, type Index, item, list } from './lookup.js';
import { said, silence } from './saying.js';

/** An event of a history that is written down: an item by its id or title, and columns of events by their names. */
export interface HistoryEvent {
  readonly item: string;
  /** ISO 8601, or a number as in the data. */
  readonly time?: string | number;
  readonly [column: string]: string | number | undefined;
}
/** Items, oldest first; in one text they are separated by commas, or it is a list of events in JSON. */
export type History = string | readonly (string | HistoryEvent)[];

/** Item indices, oldest first, and Unix seconds where they are known. */
export interface Past {
  readonly items: readonly number[];
  readonly times: readonly number[] | undefined;
  /** What the model reads of events, by the names of columns. */
  readonly features?: ReadonlyMap<string, Numbers>;
  /** What the model reads of who asks. */
  readonly about?: OfUsers;
  /** What was asked before each, by the names of columns; nothing where that is not known. */
  readonly requests?: ReadonlyMap<string, Requests>;
  /** What was assumed, in sentences. */
  readonly notes?: readonly string[];
}

/** Left: a list of events that is cut short, say; no title begins with `[{`. */
const parsed = (text: string): E.Either<string, History> => {
  const [begun] = /^\s*\[\s*[{"]/.exec(text) ?? [];
  if (begun === undefined) return E.right(text);
  try {
    return E.right(JSON.parse(text) as History);
  } catch (error) {
    return begun.endsWith('{')
      ? E.left(`The history begins as a list in JSON, and is none: ${(error as Error).message}.`)
      : E.right(text);
  }
};

const isEvent = (value: unknown): value is HistoryEvent =>
  typeof value === 'object' && value !== null && typeof (value as Partial<HistoryEvent>).item === 'string';

/** Left: times of some events and not of others, that are none, or that run backwards. */
const timesIn = (events: readonly HistoryEvent[]): E.Either<string, readonly number[] | undefined> => {
  const without = events.find(({ time }) => time === undefined);
  if (events.every(({ time }) => time === undefined)) return E.right(undefined);
  if (without !== undefined)
    return E.left(`The history has times, but not of the item "${without.item}": give each event its time, or none.`);
  const times = events.map(({ time }) => timeOf(String(time)));
  const wrong = times.findIndex((time) => Number.isNaN(time));
  if (wrong >= 0)
    return E.left(
      `The time of the item "${events[wrong]!.item}" in the history is ${timeShape}, not ${JSON.stringify(events[wrong]!.time)}.`,
    );
  const back = times.findIndex((time, i) => i > 0 && time < times[i - 1]!);
  return back < 0
    ? E.right(times)
    : E.left(`The history runs backwards at the item "${events[back]!.item}": give the oldest first.`);
};

/** Left: something of an event that the model does not read. */
const readable = (manifest: Manifest, events: readonly HistoryEvent[]): E.Either<string, void> => {
  const columns = ['item', 'time', ...eventColumns(manifest).map(({ name }) => name)];
  const strayOf = (event: HistoryEvent): string | undefined =>
    Object.keys(event).find((name) => !columns.includes(name));
  const odd = events.find((event) => strayOf(event) !== undefined);
  const stray = odd && strayOf(odd);
  return stray === undefined
    ? E.right(undefined)
    : E.left(
        `An event of the history has '${stray}', which the model ${manifest.model} does not read: ${suggest(stray, columns, 'columns')}`,
      );
};

/** What the model reads of events. Left: a value that its column cannot have. */
const featuresIn = (
  manifest: Manifest,
  lexicon: Lexicon | undefined,
  events: readonly HistoryEvent[],
): E.Either<string, Pick<Past, 'features' | 'notes'>> => {
  const columns = eventColumns(manifest);
  if (columns.length === 0) return E.right({});
  const silent = columns.filter(({ name }) => events.every((event) => event[name] === undefined));
  const read = ({ name }: { readonly name: string }) =>
    pipe(
      events,
      E.traverseArray((event) => {
        const found = lexicon!.events[name]!;
        const value = event[name];
        return pipe(
          value === undefined ? E.right({ values: silence(found), strange: [] }) : said(found, value),
          E.mapLeft((why) => `The ${name} of the item "${event.item}" in the history ${why}.`),
        );
      }),
      E.map((all) => ({ name, all })),
    );
  return pipe(
    columns,
    E.traverseArray(read),
    E.map((told) => ({
      features: new Map(told.map(({ name, all }) => [name, Float32Array.from(all, ({ values }) => values[0]!)])),
      notes: [
        ...silent.map(
          ({ name }) => `The model reads the ${name} of events, and the history tells none: it is taken as missing.`,
        ),
        ...told.flatMap(({ name, all }) =>
          [...new Set(all.flatMap(({ strange }) => strange))].map(
            (word) => `Training met no event whose ${name} is ${JSON.stringify(word)}: it is taken as missing.`,
          ),
        ),
      ],
    })),
  );
};

/** A history whose items are found: their indices, and what is told of each, where more is told than that. */
export interface Found {
  readonly items: readonly number[];
  readonly events?: readonly HistoryEvent[];
}

/** The items of a history as it is written. Left: items that cannot be told, or an event that is none. */
export const found =
  (catalogue: Index) =>
  (history: History): E.Either<string, Found> =>
    pipe(
      typeof history === 'string' ? parsed(history) : E.right(history),
      E.chain((told): E.Either<string, Found> => {
        if (typeof told === 'string')
          return pipe(
            list(catalogue)(told),
            E.map((items) => ({ items })),
          );
        const odd = told.find((one) => typeof one !== 'string' && !isEvent(one));
        if (odd !== undefined)
          return E.left(`An event of the history is an object with an item, not ${JSON.stringify(odd)}.`);
        const events = told.map((one) => (typeof one === 'string' ? { item: one } : one));
        return pipe(
          events,
          E.traverseArray((event) => item(catalogue)(event.item)),
          E.map((items) => (told.every((one) => typeof one === 'string') ? { items } : { items, events })),
        );
      }),
    );

/** What the model reads of a history. Left: something that it does not read, times that run backwards, values that cannot be. */
export const written =
  (manifest: Manifest, catalogue: Catalogue, lexicon: Lexicon | undefined) =>
  ({ items, events: told }: Found): E.Either<string, Past> => {
    if (told === undefined && eventColumns(manifest).length === 0) return E.right({ items, times: undefined });
    const events = told ?? items.map((at) => ({ item: catalogue.items[at]! }));
    return pipe(
      readable(manifest, events),
      E.chain(() => timesIn(events)),
      E.bindTo('times'),
      E.bind('told', () => featuresIn(manifest, lexicon, events)),
      E.map(({ times, told: of }) => ({ items, times, ...of })),
    );
  };
