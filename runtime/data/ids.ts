/**
 * Raw ids, which are text, and codes, which are 0, 1, 2 … in order of first appearance while a file is read, and in the
 * order of `compareIds` in a data set.
 */

/** Bijection between the ids met so far and 0 … size-1. Mutable: it lives only while a file is read. */
export interface Codes {
  readonly ids: readonly string[];
  /** The code of the id `bytes[start, end)`; a new one if the id is new. */
  at(bytes: Buffer, start: number, end: number): number;
  of(id: string): number;
}

/** Ids that are decimal numbers below this take a table look-up instead of a string and a hash: 16 MiB at most. */
const direct = 1 << 22;
const zero = 0x30;

/** The number that `bytes[start, end)` spells in its shortest decimal form, or -1. */
const smallNumber = (bytes: Buffer, start: number, end: number): number => {
  if (end - start > 7 || end === start || (bytes[start] === zero && end - start > 1)) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value < direct ? value : -1;
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 if it is that; otherwise Latin-1, which is what the older MovieLens files are. */
export const decode = (bytes: Uint8Array): string => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
};

export const codes = (): Codes => {
  const ids: string[] = [];
  let table = new Int32Array(1 << 12); // code + 1, by number
  const others = new Map<string, number>(); // by the id's bytes, as Latin-1 text

  const add = (id: string): number => ids.push(id) - 1;
  const grow = (until: number): void => {
    const wider = new Int32Array(Math.min(direct, 2 ** Math.ceil(Math.log2(until + 1))));
    wider.set(table);
    table = wider;
  };
  const at = (bytes: Buffer, start: number, end: number): number => {
    const value = smallNumber(bytes, start, end);
    if (value >= 0) {
      if (value >= table.length) grow(value);
      const known = table[value]!;
      return known > 0 ? known - 1 : (table[value] = add(`${value}`) + 1) - 1;
    }
    const key = bytes.toString('latin1', start, end);
    const known = others.get(key);
    if (known !== undefined) return known;
    const code = add(decode(bytes.subarray(start, end)));
    others.set(key, code);
    return code;
  };
  return { ids, at, of: (id) => at(Buffer.from(id), 0, Buffer.byteLength(id)) };
};

const canonicalNumber = /^(?:0|[1-9]\d{0,14})$/;
const numberOf = (id: string): number => (canonicalNumber.test(id) ? Number(id) : Infinity);

/**
 * A total order of ids that no file's row order can change: decimal numbers by value, then all other ids by UTF-16 unit. So the
 * same interactions have the same codes whichever format they came in.
 */
export const compareIds = (a: string, b: string): number => {
  const x = numberOf(a);
  const y = numberOf(b);
  return x !== y ? (x < y ? -1 : 1) : a < b ? -1 : a > b ? 1 : 0;
};

/** Sorted ids, and for each code its place among them. */
export const ranked = (ids: readonly string[]): { readonly ids: readonly string[]; readonly rank: Int32Array } => {
  // compareIds with the numbers read once: a comparison sort would read each some twenty times.
  const numbers = Float64Array.from(ids, numberOf);
  const order = Array.from(ids, (_, code) => code).sort((a, b) => {
    const x = numbers[a]!;
    const y = numbers[b]!;
    return x !== y ? (x < y ? -1 : 1) : ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0;
  });
  const rank = new Int32Array(ids.length);
  order.forEach((code, place) => (rank[code] = place));
  return { ids: order.map((code) => ids[code]!), rank };
};
