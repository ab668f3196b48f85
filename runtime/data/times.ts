/**
 * Times as files write them: numbers, whose unit their size tells, or ISO 8601. Inside a data set they are Unix seconds.
 */
import { compactSeconds, isCompact, isoTime } from './calendar.js';
import { isNumber, numberAt } from './cells.js';

/** How a time may be written. Numbers are told apart by size: as seconds 1e11 is the year 5138, as milliseconds 1973. */
const units = [
  { name: 'seconds', below: 1e11, per: 1 },
  { name: 'milliseconds', below: 1e14, per: 1e3 },
  { name: 'microseconds', below: 1e17, per: 1e6 },
  { name: 'nanoseconds', below: 1e20, per: 1e9 },
  { name: 'dates, each taken for midnight UTC' },
  { name: 'ISO 8601 without a zone, taken for UTC' },
  { name: 'ISO 8601 with a zone' },
] as const;
const [date, local, zoned] = [4, 5, 6];

/** What a time must look like, for messages. */
export const timeShape =
  'a number (seconds, milliseconds, microseconds or nanoseconds since 1970) or ISO 8601 (2019-05-01, 2019-05-01T12:30:00Z)';

/** What a person may say that times are, and what each must look like then. */
export const timeUnits = {
  s: 'a number of seconds',
  ms: 'a number of milliseconds',
  us: 'a number of microseconds',
  ns: 'a number of nanoseconds',
  date: 'a date (20190501, 201905011230, 20190501123000 or 2019-05-01)',
  iso: 'ISO 8601 (2019-05-01, 2019-05-01T12:30:00Z)',
} as const;
/** A name in `timeUnits`. */
export type TimeUnit = keyof typeof timeUnits;
/** Places of the numbers among `units`. */
const numeric: Readonly<Partial<Record<TimeUnit, number>>> = { s: 0, ms: 1, us: 2, ns: 3 };

/** Seconds that a model's times can hold, from a row's first event on: 68 years. */
export const longestSpan = 2 ** 31 - 1;

/** Unix seconds as a person reads them: `2019-05-01T12:30:00Z`. */
export const calendarText = (seconds: number): string =>
  Math.abs(seconds) < 8.64e12 ? new Date(1000 * seconds).toISOString().replace(/\.000Z$/, 'Z') : `${seconds} s`;

/** Numbers between these, as seconds, are dates of our time (1973 to 2103) and no counts. */
const [earliest, latest] = [1e8, 4.2e9];

/** What the times of a data set are: enough to say it, and to know whether `now` is one of them. */
export interface Times {
  /** How they were written. */
  readonly units: readonly string[];
  /** Whether they are dates of our calendar; otherwise only their differences mean something. */
  readonly calendar: boolean;
  readonly from: number;
  readonly to: number;
}

/** Whether seconds from one to another are dates of our time. */
export const isCalendar = (from: number, to: number): boolean => from >= earliest && to < latest;

/** Reads the times of one file and remembers what they were. Mutable: it lives only while a file is read. */
export interface Clock {
  /** What a time must look like, for messages. */
  readonly shape: string;
  /** Unix seconds of the time `bytes[start, end)`, or NaN. */
  read(bytes: Buffer, start: number, end: number): number;
  /** Takes the last time read to the account of a user's code, below `known` if the user was met before. What is wrong, where another time of that user has another unit. */
  take(user: number, known: number): string | undefined;
  /** What is wrong with all times together. */
  fault(): string | undefined;
  /** What they were; undefined before the first. */
  times(): Times | undefined;
  /** Pairs of a unit and the first user of it, where users have different ones. */
  mixture(): readonly { readonly unit: string; readonly user: number }[];
}

/** A clock that tells the unit of a time by its size, or knows it. */
export const clock = (told?: TimeUnit): Clock => {
  let unit = 0;
  let first = -1;
  let [from, to] = [Infinity, -Infinity];
  let compact = true;
  const given = told === undefined ? undefined : numeric[told];
  /** Unit and first user of each; the units of all users only once there are two. */
  const met = new Map<number, number>();
  let ofUser: Map<number, number> | undefined;
  let oldUsers = 0;

  const iso = (bytes: Buffer, start: number, end: number): number => {
    const found = isoTime(bytes, start, end);
    if (found === undefined) return NaN;
    unit = found.zone === undefined ? date : found.zone ? zoned : local;
    return found.seconds;
  };
  const number = (value: number, at: number): number => {
    unit = at;
    const found = units[at];
    return found !== undefined && 'per' in found ? value / found.per : NaN;
  };
  const secondsAt = (bytes: Buffer, start: number, end: number): number => {
    if (end - start >= 10 && bytes[start + 4] === dash) return given === undefined ? iso(bytes, start, end) : NaN;
    const value = numberAt(bytes, start, end);
    if (told === 'iso') return NaN;
    if (told === 'date') {
      unit = value >= 1e11 ? local : date;
      return compactSeconds(value);
    }
    if (given !== undefined) return number(value, given);
    if (compact && !isCompact(value)) compact = false;
    unit = 0;
    if (value < 1e11 && value > -1e11) return value;
    const size = Math.abs(value);
    return number(
      value,
      units.findIndex((of) => 'below' in of && size < of.below),
    );
  };
  const read: Clock['read'] = (bytes, start, end) => {
    while (start < end && bytes[start] === space) start++;
    while (start < end && bytes[end - 1] === space) end--;
    const seconds = secondsAt(bytes, start, end);
    if (seconds < from) from = seconds;
    if (seconds > to) to = seconds;
    return seconds;
  };
  const take: Clock['take'] = (user, known) => {
    if (unit === first && ofUser === undefined) return undefined;
    if (first < 0) {
      first = unit;
      met.set(unit, user);
      return undefined;
    }
    if (ofUser === undefined) {
      ofUser = new Map();
      oldUsers = known;
    }
    const before = ofUser.get(user) ?? (user < oldUsers ? first : unit);
    if (before !== unit)
      return `this time is in ${units[unit]!.name}, and an earlier one of the same user in ${units[before]!.name}; write all times of the file in one way, or, where their size misleads, say with --time-unit what they are`;
    if (user >= oldUsers) ofUser.set(user, unit);
    if (!met.has(unit)) met.set(unit, user);
    return undefined;
  };
  return {
    shape: told === undefined ? timeShape : timeUnits[told],
    read,
    take,
    fault: () =>
      told === undefined && compact && first >= 0 && first < date
        ? 'all times look like dates written as numbers (20190501); say so with --time-unit date, write them as 2019-05-01, or, if they are seconds after all, --time-unit s'
        : undefined,
    times: () =>
      first < 0
        ? undefined
        : {
            units: [...met.keys()].map((at) => units[at]!.name),
            calendar: first >= date ? to < latest : isCalendar(from, to),
            from,
            to,
          },
    mixture: () => (met.size < 2 ? [] : [...met].map(([of, user]) => ({ unit: units[of]!.name, user }))),
  };
};

const [space, dash] = [0x20, 0x2d];

/** What times are of which only some are left: written in the same way, perhaps no longer so far apart. */
export const timesLeft = ({ units: of, calendar }: Times, left: Float64Array): Times => {
  let [from, to] = [Infinity, -Infinity];
  for (const time of left) {
    if (time < from) from = time;
    if (time > to) to = time;
  }
  return { units: of, calendar: calendar || isCalendar(from, to), from, to };
};

/** A time as a person writes it, in Unix seconds; NaN where it is none. */
export const timeOf = (text: string): number => {
  const bytes = Buffer.from(text.trim());
  return clock().read(bytes, 0, bytes.length);
};

/** Whether a text is a time in one of the ways that files write them. */
export const isTime = (text: string): boolean => isNumber(text) || !Number.isNaN(timeOf(text));

/** One sentence on what the times of a file were taken for. */
export const timesText = ({ units: of, calendar, from, to }: Times): string => {
  const written = of
    .map((unit) => (/^[a-z]+seconds$|^seconds$/.test(unit) ? `${unit}${calendar ? ' since 1970' : ''}` : unit))
    .join(' and ');
  return calendar
    ? `Times: ${written}, ${calendarText(from)} to ${calendarText(to)}.`
    : `Times: ${written}, ${from} to ${to} in seconds, which are no dates of our time: only their differences count.`;
};
