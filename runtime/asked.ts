/**
 * When a request comes, for models that read times: what comes next depends on how long one waited. Nothing is assumed without
 * a word.
 */
import * as E from 'fp-ts/lib/Either.js';
import { calendarText, longestSpan, timeOf, type Times } from './data/index.js';
import { duration } from './view.js';

/** When a request was taken to come. */
export interface Asked {
  /** Unix seconds, or what stands for them in data whose times are no dates; null where the history has no times. */
  readonly seconds: number | null;
  /** Who says so: the request, or what is assumed where it says nothing. */
  readonly from: 'request' | 'now' | 'last event' | 'nothing';
}

export interface Moment {
  readonly asked: Asked;
  /** Sentences for whoever asked. */
  readonly notes: readonly string[];
}

/** What there is to decide by. */
export interface Occasion {
  /** The request's own word. */
  readonly at: string | number | undefined;
  /** Of the user's last event. */
  readonly last: number;
  /** What the data's times are. */
  readonly times: Times;
  /** The longest time between two events of one user. */
  readonly gap: () => number;
  /** Unix seconds. */
  readonly now: number;
}

const long = (seconds: number): string =>
  seconds < 2 * 86400
    ? duration(seconds)
    : seconds < 3 * 365 * 86400
      ? `${Math.round(seconds / 86400)} days`
      : `${Math.round(seconds / (365.25 * 86400))} years`;

/** The moment of a request for a user. Left: one before the user's last event, or too long after it. */
export const momentOf = ({ at, last, times, gap, now }: Occasion): E.Either<string, Moment> => {
  const text = (seconds: number): string => (times.calendar ? calendarText(seconds) : String(seconds));
  const hint = '--at (or `at`) sets another time';
  if (at !== undefined) {
    const seconds = timeOf(String(at));
    if (seconds < last)
      return E.left(
        `--at ${at} is ${text(seconds)}, which lies before the last event of the history, ${text(last)}: give that time or a later one.`,
      );
    if (seconds - last > longestSpan)
      return E.left(
        `--at ${at} lies more than 68 years after the last event of the history, ${text(last)}: is it of another unit? Give a time as the data have them.`,
      );
    return E.right({
      asked: { seconds, from: 'request' },
      notes: [`Asked at ${text(seconds)}, ${long(seconds - last)} after the last event.`],
    });
  }
  if (!times.calendar || now < last || now - last > longestSpan)
    return E.right({
      asked: { seconds: last, from: 'last event' },
      notes: [`Asked at ${text(last)}, the time of the last event, as if no time had passed; ${hint}.`],
    });
  const unmet =
    now - last > gap()
      ? ` That is longer than any time between two events of the data (${long(gap())}), so the model has never met its like.`
      : '';
  return E.right({
    asked: { seconds: now, from: 'now' },
    notes: [`Asked at ${text(now)}, which is now, ${long(now - last)} after the last event; ${hint}.${unmet}`],
  });
};

/** The moment after a history that is written down: its items have no times. */
export const timeless: Moment = {
  asked: { seconds: null, from: 'nothing' },
  notes: [
    'The model reads the times of events, and a history that is written down has none: its items and the request are taken to be of one moment.',
  ],
};
