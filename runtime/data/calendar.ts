/** Dates and times of the calendar as files write them, read from bytes: ISO 8601, and dates written as numbers. */

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
export const compactSeconds = (value: number): number => {
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
export const isCompact = (value: number): boolean => {
  const seconds = compactSeconds(value);
  return seconds >= firstCompact && seconds < lastCompact;
};
const [firstCompact, lastCompact] = [Date.UTC(1900, 0) / 1000, Date.UTC(2101, 0) / 1000];

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

/**
 * ISO 8601, a date or a date and a time, in Unix seconds; `zone` says whether it names one, and is undefined for a date alone. Undefined
 * where it is none.
 */
export const isoTime = (
  bytes: Buffer,
  start: number,
  end: number,
): { readonly seconds: number; readonly zone: boolean | undefined } | undefined => {
  const [year, month, day] = [
    digits(bytes, start, 4, end),
    digits(bytes, start + 5, 2, end),
    digits(bytes, start + 8, 2, end),
  ];
  if (bytes[start + 7] !== dash || !isDate(year, month, day)) return undefined;
  const midnight = Date.UTC(year, month - 1, day) / 1000;
  if (end === start + 10) return { seconds: midnight, zone: undefined };
  const between = bytes[start + 10]!;
  const time = between === space || (between & ~0x20) === letterT ? clockTime(bytes, start + 11, end) : undefined;
  return time === undefined ? undefined : { seconds: midnight + time.seconds, zone: time.zone };
};
