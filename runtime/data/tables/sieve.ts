/**
 * What of a table is left out, and how much it was: events by rating, action and time, one by one; then repeats, users and items
 * with too few events, again and again until nothing more goes (`core.ts`).
 */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { flag } from '../../contract/settings.js';
import { plural } from '../../contract/words.js';
import { quoted } from '../cells.js';
import { calendarText, timeOf, timeShape } from '../times.js';

/** What a person wants left out. */
export interface FilterOptions {
  /** Events whose rating is below this are left out, and those without one. */
  readonly minRating?: number | undefined;
  /** The only actions that count; in one text they are separated by commas. */
  readonly actions?: string | readonly string[] | undefined;
  /** Users, and items, of fewer events are left out, until all that are left have as many. */
  readonly minUser?: number | undefined;
  readonly minItem?: number | undefined;
  /** The first time that counts, and the first that no longer does: ISO 8601, or a number of seconds since 1970. */
  readonly since?: string | number | undefined;
  readonly until?: string | number | undefined;
  /** Leaves out an event whose item is that of the user's event before it. */
  readonly dropRepeats?: boolean | undefined;
}

/** The same, checked. */
export interface Filters {
  readonly minRating: number | undefined;
  readonly actions: ReadonlySet<string> | undefined;
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly minUser: number;
  readonly minItem: number;
  readonly dropRepeats: boolean;
}

/** Left: a filter that no event could pass, or that is none. */
export const filtersOf = (options: FilterOptions): Either<string, Filters> => {
  const { minRating, actions, minUser = 1, minItem = 1, dropRepeats = false } = options;
  if (minRating !== undefined && !Number.isFinite(minRating))
    return left(`--min-rating takes a number, not ${minRating}.`);
  for (const name of ['minUser', 'minItem'] as const) {
    const least = options[name] ?? 1;
    if (!Number.isInteger(least) || least < 1)
      return left(`${flag(name)} takes a whole number from 1 on, not ${least}.`);
  }
  const ends: Partial<Record<'since' | 'until', number>> = {};
  for (const name of ['since', 'until'] as const) {
    const text = options[name];
    if (text === undefined) continue;
    const seconds = timeOf(String(text));
    if (Number.isNaN(seconds)) return left(`${flag(name)} takes a time, ${timeShape}, not ${quoted(String(text))}.`);
    ends[name] = seconds;
  }
  const { since, until } = ends;
  if (since !== undefined && until !== undefined && since >= until)
    return left(`--since ${options.since} is not before --until ${options.until}: no event lies between; change one.`);
  const list = typeof actions === 'string' ? actions.split(',').map((action) => action.trim()) : actions;
  if (list?.some((action) => action === '') === true || list?.length === 0)
    return left(`--actions takes names between commas, and one of these is empty: ${quoted(list.join(','))}.`);
  return right({
    minRating,
    actions: list === undefined ? undefined : new Set(list),
    since,
    until,
    minUser,
    minItem,
    dropRepeats,
  });
};

/** Leaves out events one by one, and counts them. Mutable: it lives only while a file is read. */
export interface Sieve {
  /** What each row must have for it to be asked: `rating`, `action` or `time`. */
  readonly needs: readonly ('rating' | 'action' | 'time')[];
  /** Whether an event goes. What it does not need is not looked at. */
  readonly drops: (rating: number, action: string, seconds: number) => boolean;
  /** A sentence for each filter. */
  readonly says: () => readonly string[];
}

/** Undefined where nothing is asked for. */
export const sieveOf = ({ minRating, actions, since, until }: Filters): Sieve | undefined => {
  const rows = [
    ...(minRating === undefined
      ? []
      : [
          {
            need: 'rating' as const,
            what: `rated below ${minRating}`,
            drops: (rating: number) => !(rating >= minRating),
          },
        ]),
    ...(actions === undefined
      ? []
      : [
          {
            need: 'action' as const,
            what: `of other actions than ${[...actions].join(', ')}`,
            drops: (_: number, action: string) => !actions.has(action),
          },
        ]),
    ...(since === undefined
      ? []
      : [
          {
            need: 'time' as const,
            what: `before ${calendarText(since)}`,
            drops: (_: number, __: string, seconds: number) => seconds < since,
          },
        ]),
    ...(until === undefined
      ? []
      : [
          {
            need: 'time' as const,
            what: `from ${calendarText(until)} on`,
            drops: (_: number, __: string, seconds: number) => seconds >= until,
          },
        ]),
  ];
  const left = rows.map(() => 0);
  return rows.length === 0
    ? undefined
    : {
        needs: [...new Set(rows.map(({ need }) => need))],
        drops: (rating, action, seconds) => {
          const at = rows.findIndex(({ drops }) => drops(rating, action, seconds));
          if (at >= 0) left[at]!++;
          return at >= 0;
        },
        says: () => rows.map(({ what }, i) => `Left out: ${plural(left[i]!, 'event')} ${what}.`),
      };
};
