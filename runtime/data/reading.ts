/** One reading of a file of events: what is asked of it, where its rows go, and what is learnt on the way. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { numberAt, quoted } from './cells.js';
import { aliases, columnOf, type Columns } from './headers.js';
import { type Interactions, interactions } from './interactions.js';
import type { Bound, Layout } from './rows.js';
import type { Choice, Role } from './tables/choice.js';
import { type EventKind, eventColumn, eventKinds } from './tables/events.js';
import type { Sieve } from './tables/sieve.js';
import type { Clock } from './times.js';

/** Mutable: it lives only while a file is read. */
export interface Reading {
  readonly clock: Clock;
  readonly choice: Choice;
  readonly sieve: Sieve | undefined;
  /** Whether somebody named the format; then nothing is doubted that it allows. */
  readonly named: boolean;
  /** Where rows go; absent before anything is known of them. */
  into: Interactions | undefined;
  /** Which columns were taken for what, for a person. */
  columns: string;
  /** What is wrong with the whole, when all rows are read. */
  end: () => string | undefined;
}

/** The same with a place for its rows: that of the files before it, where there are any. */
export const bound = (
  reading: Reading,
  timed: boolean,
  columns: Interactions['columns'] = [],
): Bound & { readonly into: Interactions } => {
  const into = reading.into ?? interactions(timed, columns);
  reading.into = into;
  return { into, clock: reading.clock, sieve: reading.sieve };
};

/** What is wrong with a file that has not what the files before it have. */
export const unlike = ({ into }: Reading, timed: boolean): string | undefined =>
  into === undefined || into.timed === timed
    ? undefined
    : `this file ${timed ? 'has times, and the files before it have' : 'has no times, and the files before it have'} ${timed ? 'none' : 'some'}; give files of one kind`;

/** What a filter needs, where the file has none. */
const needs = {
  rating: '--min-rating needs a rating',
  action: '--actions needs an action',
  time: '--since and --until need a time',
} as const;

/** Kinds of the columns that every shop has. */
const usual: Readonly<Record<string, EventKind>> = { rating: 'number', action: 'category' };

const isEventKind = (kind: string): kind is EventKind => (eventKinds as readonly string[]).includes(kind);

/** Filters and columns that a file without columns cannot have. */
export const unmet = ({ choice, sieve }: Reading, format: string): string | undefined => {
  const [need] = sieve?.needs ?? [];
  return choice.length > 0
    ? `--columns goes with tables, and the format ${format} has no columns; leave it out, or name another format with --format`
    : need === undefined
      ? undefined
      : `${needs[need]} of each event, and the format ${format} has none; leave it out, or give a table that has`;
};

/**
 * What becomes of the columns of a table whose names are `cells`, and a place for its rows. Left: a filter or a kind that does not
 * go with them.
 */
export const laid = (
  reading: Reading,
  cells: readonly string[],
  { of, further, text }: Columns,
  called: Layout['called'],
  number: Layout['number'] = numberAt,
): Either<string, { readonly layout: Omit<Layout, 'shape'>; readonly bound: Bound }> => {
  const { choice, sieve } = reading;
  const other = unlike(reading, of.time >= 0);
  if (other !== undefined) return left(other);
  const asked = (role: Role): boolean => choice.some(({ name }) => name === role);
  for (const need of sieve?.needs ?? [])
    if (of[need] < 0)
      return left(
        `${needs[need]} of each event, and no column says that it is one; name it with --columns ${need}=COLUMN; the columns are ${cells.map((cell) => quoted(cell)).join(', ')}`,
      );
  const wanted = [
    ...(['rating', 'action'] as const).filter(asked).map((role) => ({ name: role, place: of[role] })),
    ...further,
  ];
  const kept: Layout['kept'][number][] = [];
  for (const { name, place } of wanted) {
    const kind = choice.find((one) => one.name === name)?.kind ?? usual[name];
    if (kind !== undefined && !isEventKind(kind))
      return left(
        `--columns: what is known of an event is of the kind ${eventKinds.join(', ')}, and ${quoted(name)} is asked for as ${kind}; give one of these, or leave the kind out`,
      );
    kept.push({ place, column: reading.into?.columns[kept.length] ?? eventColumn(name, kind, number) });
  }
  const wants = (role: 'rating' | 'action'): boolean => asked(role) || sieve?.needs.includes(role) === true;
  reading.columns = text;
  return right({
    layout: {
      user: of.user,
      item: of.item,
      // A column that is called a rating is checked even where nobody asks for it: it shows that cells are where they should be.
      rating: wants('rating') || columnOf(cells, aliases.rating) === of.rating ? of.rating : -1,
      action: wants('action') ? of.action : -1,
      time: of.time,
      kept,
      called,
      number,
    },
    bound: bound(
      reading,
      of.time >= 0,
      kept.map(({ column }) => column),
    ),
  });
};
