/**
 * Times as files write them: numbers, whose unit their size tells, or ISO 8601. Inside a data set they are Unix seconds.
 */
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

const zero = 0x30;
const [space, dash, plus, colon, dot, letterT] = [0x20, 0x2d, 0x2b, 0x3a, 0x2e, 0x54];

/** `count` digits, or NaN. */
const digits = (bytes: Buffer, from: number, count: number, end: number): number => {
  if (from + count > end) return NaN;
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = bytes[i]! - zero;
    if (digit < 0 || digit > 9) return NaN;
    value = 10 * value + digit;
  }
  return value;
};

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const isDate = (year: number, month: number, day: number): boolean => {
  if (!(year >= 1000 && month >= 1 && month <= 12 && day >= 1)) return false;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= monthLengths[month - 1]! + (leap ? 1 : 0);
};

/** `value` without its last `digits`, and those. */
const cut = (value: number, digits: number): readonly [number, number] => [
  Math.floor(value / 10 ** digits),
  value % 10 ** digits,
];

/** Unix seconds of 20190501, 201905011230 or 20190501123000; NaN for what is none. */
const compactSeconds = (value: number): number => {
  const [day, clock] = value >= 1e13 ? cut(value, 6) : value >= 1e11 ? cut(100 * value, 6) : ([value, 0] as const);
  const [year, monthDay] = cut(day, 4);
  const [month, dayOfMonth] = cut(monthDay, 2);
  const [hour, minuteSecond] = cut(clock, 4);
  const [minute, second] = cut(minuteSecond, 2);
  return Number.isInteger(value) && isDate(year, month, dayOfMonth) && hour < 24 && minute < 60 && second < 60
    ? Date.UTC(year, month - 1, dayOfMonth, hour, minute, second) / 1000
    : NaN;
};

/** 20190501 and 20190501123000 are dates, though they could be seconds of August 1970 and milliseconds of the year 2609. */
const isCompact = (value: number): boolean => {
  const seconds = compactSeconds(value);
  return seconds >= firstCompact && seconds < lastCompact;
};
const [firstCompact, lastCompact] = [Date.UTC(1900, 0) / 1000, Date.UTC(2101, 0) / 1000];

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
  /** Takes the last time read to the account. What is wrong, where those before it have another unit. */
  take(): string | undefined;
  /** What is wrong with all times together. */
  fault(): string | undefined;
  /** What they were; undefined before the first. */
  times(): Times | undefined;
}

/** The part after the date: seconds since midnight UTC, and whether there was a zone; undefined where it is no time. */
const clockTime = (
  bytes: Buffer,
  from: number,
  end: number,
): { readonly seconds: number; readonly zone: boolean } | undefined => {
  const [hour, minute] = [digits(bytes, from, 2, end), digits(bytes, from + 3, 2, end)];
  if (!(hour < 24 && minute < 60 && bytes[from + 2] === colon)) return undefined;
  let at = from + 5;
  let seconds = 3600 * hour + 60 * minute;
  if (at < end && bytes[at] === colon) {
    const second = digits(bytes, at + 1, 2, end);
    if (!(second < 60)) return undefined;
    seconds += second;
    at += 3;
    if (at < end && bytes[at] === dot) {
      const first = ++at;
      while (at < end && bytes[at]! >= zero && bytes[at]! <= zero + 9) at++;
      const places = Math.min(at - first, 15);
      if (places === 0) return undefined;
      seconds += digits(bytes, first, places, end) / 10 ** places;
    }
  }
  if (at === end) return { seconds, zone: false };
  const sign = bytes[at] === plus ? 1 : bytes[at] === dash ? -1 : 0;
  if (sign === 0) return /^(?:Z| ?UTC)$/i.test(bytes.toString('latin1', at, end)) ? { seconds, zone: true } : undefined;
  const rest = at + 3 < end ? (bytes[at + 3] === colon ? at + 4 : at + 3) : end;
  const [hours, minutes] = [
    digits(bytes, at + 1, 2, end),
    rest === end ? (end === at + 3 ? 0 : NaN) : digits(bytes, rest, 2, end),
  ];
  if (!(hours < 24 && minutes < 60) || (rest < end && rest + 2 !== end)) return undefined;
  return { seconds: seconds - sign * (3600 * hours + 60 * minutes), zone: true };
};

/** A clock that tells the unit of a time by its size, or knows it. */
export const clock = (told?: TimeUnit): Clock => {
  let unit = 0;
  let first = -1;
  let [from, to] = [Infinity, -Infinity];
  let compact = true;
  const given = told === undefined ? undefined : numeric[told];

  const iso = (bytes: Buffer, start: number, end: number): number => {
    const [year, month, day] = [
      digits(bytes, start, 4, end),
      digits(bytes, start + 5, 2, end),
      digits(bytes, start + 8, 2, end),
    ];
    if (bytes[start + 7] !== dash || !isDate(year, month, day)) return NaN;
    const midnight = Date.UTC(year, month - 1, day) / 1000;
    unit = date;
    if (end === start + 10) return midnight;
    const between = bytes[start + 10]!;
    const time = between === space || (between & ~0x20) === letterT ? clockTime(bytes, start + 11, end) : undefined;
    if (time === undefined) return NaN;
    unit = time.zone ? zoned : local;
    return midnight + time.seconds;
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
  const take: Clock['take'] = () => {
    if (unit === first) return undefined;
    if (first < 0) {
      first = unit;
      return undefined;
    }
    return `this time is in ${units[unit]!.name}, and those before it in ${units[first]!.name}; write all times of the file in one way, or, where their size misleads, say with --time-unit what they are`;
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
            units: [units[first]!.name],
            calendar: first >= date ? to < latest : isCalendar(from, to),
            from,
            to,
          },
  };
};

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
