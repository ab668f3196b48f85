/**
 * What a cell of a table holds, read from its bytes: numbers without a string in between, and cells as messages show them.
 */
import { decode } from './ids.js';

const zero = 0x30;
const dot = 0x2e;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const tens = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);

/** Whether a text is a number as files write them: no `0x10`, no `1,234`, no `NaN`. */
export const isNumber = (text: string): boolean => decimal.test(text.trim());

/**
 * A number with a decimal comma, as Excel writes it between semicolons, with a point. Three digits after the comma may be thousands,
 * and stay as they are.
 */
export const withPoint = (text: string): string =>
  /^\s*[+-]?\d+,(?:\d{1,2}|\d{4,})\s*$/.test(text) ? text.replace(',', '.') : text;

/** The number `bytes[start, end)` of a table whose decimal sign may be a comma, or NaN. */
export const commaNumberAt = (bytes: Buffer, start: number, end: number): number => {
  const text = withPoint(bytes.toString('latin1', start, end));
  return isNumber(text) ? Number(text) : NaN;
};

const slowNumber = (bytes: Buffer, start: number, end: number): number => {
  const text = bytes.toString('latin1', start, end).trim();
  return decimal.test(text) ? Number(text) : NaN;
};

/** The number `bytes[start, end)`, or NaN. Digits with or without a point, which are nearly all there is, take no string. */
export const numberAt = (bytes: Buffer, start: number, end: number): number => {
  let value = 0;
  let point = end;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - zero;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (bytes[i] === dot && point === end && i > start && i < end - 1) point = i;
    else return slowNumber(bytes, start, end);
  }
  // Below sixteen digits both operands are exact, so the quotient is the nearest double, as `Number` would have it.
  return end === start || end - start > 15
    ? slowNumber(bytes, start, end)
    : point === end
      ? value
      : value / tens[end - 1 - point]!;
};

const longest = 40;

/** A text with what nobody would see (and what would steer a terminal) spelled out. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{DI}\u00A0\u2028\u2029]/gu, (mark) =>
    mark === '\t' ? '<TAB>' : `<U+${mark.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`,
  );

/** A text between quotes for a message, its beginning if it is long. */
export const quoted = (text: string): string =>
  `'${visible(text.length > longest ? `${text.slice(0, longest)}…` : text)}'`;

/** `bytes[start, end)` for a message. */
export const shown = (bytes: Buffer, start: number, end: number): string =>
  quoted(decode(bytes.subarray(start, Math.min(end, start + 8 * longest))));
