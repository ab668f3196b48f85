/**
 * Raw ids, which are text, and codes, which are 0, 1, 2 … in order of first appearance while a file is read, and in the
 * order of `compareIds` in a data set.
 */

/** Bijection between the ids met so far and 0 … size-1. Mutable: it lives only while a file is read. */
export interface Codes {
  readonly ids: readonly string[];
  /** The code of the id that `bytes[start, end)` spell (`spelled`), a new one if the id is new; -1 where they spell none (`faultIn`). */
  at(bytes: Buffer, start: number, end: number): number;
  /** The code of an id that a program gives: it is taken as it is. */
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

/** What Windows put in the places of Latin-1's unused control characters, U+0080 to U+009F; a space where it put nothing. */
const windows = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/** UTF-8 if it is that; otherwise Latin-1, which is what the older MovieLens files are, with the signs that Windows added to it. */
export const decode = (bytes: Uint8Array): string => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return Buffer.from(bytes)
      .toString('latin1')
      .replace(/[\u0080-\u009F]/g, (control) => {
        const sign = windows[control.charCodeAt(0) - 0x80]!;
        return sign === ' ' ? control : sign;
      });
  }
};

/** Joiners and selectors: seen in the scripts and emoji that have them, and nothing beside a sign of ASCII. */
const joining = String.raw`[\u200C\u200D\uFE00-\uFE0F\u{E0000}-\u{E0FFF}]`;
/** What nobody sees at the end of a cell: white space, a byte-order mark, zero-width characters, marks of direction. */
const unseen = String.raw`(?:(?![\uFE00-\uFE0F\u{E0000}-\u{E0FFF}])[\s\p{DI}])`;
const edges = new RegExp(`^${unseen}+|${unseen}+$`, 'gu');
/** Inside an id the same would make two ids that look alike. A plain space is seen. */
const hidden = new RegExp(
  String.raw`\p{Cc}|[\u00A0\u2000-\u200A\u2028\u2029\u202F\u205F\uFFF9-\uFFFB]|(?!${joining})\p{DI}|(?<=[!-~])${joining}|${joining}(?=[!-~])`,
  'u',
);
/** Most text needs none of this. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;

/** The id that a cell's text spells: without what is unseen at its ends, accents composed. So texts that look alike are one id. */
export const spelled = (text: string): string => (plain.test(text) ? text : text.normalize('NFC').replace(edges, ''));

/** Why a spelled text is no id, as the end of a sentence; undefined where it is one. */
export const faultIn = (id: string): string | undefined => {
  if (id === '') return 'is empty';
  const found = hidden.exec(id)?.[0];
  return found === undefined
    ? undefined
    : `holds the invisible character U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
};

const utf8 = (text: string): Buffer => Buffer.from(text);

export const codes = (): Codes => {
  const ids: string[] = [];
  let table = new Int32Array(1 << 12); // code + 1, by number
  const others = new Map<string, number>(); // by the id's bytes, as Latin-1 text; by other spellings' bytes too

  const add = (id: string): number => ids.push(id) - 1;
  const grow = (until: number): void => {
    const wider = new Int32Array(Math.min(direct, 2 ** Math.ceil(Math.log2(until + 1))));
    wider.set(table);
    table = wider;
  };
  /** Keeps the code of a key that is met for the first time. */
  const keep = (key: string, code: number): number => {
    if (code >= 0) others.set(key, code);
    return code;
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
    if (plain.test(key)) return keep(key, add(key));
    const id = spelled(decode(bytes.subarray(start, end)));
    if (faultIn(id) !== undefined) return -1;
    const own = utf8(id);
    return keep(key, own.toString('latin1') === key ? add(id) : at(own, 0, own.length));
  };
  const of = (id: string): number => {
    const own = utf8(id);
    if (smallNumber(own, 0, own.length) >= 0) return at(own, 0, own.length);
    const key = own.toString('latin1');
    return others.get(key) ?? keep(key, add(id));
  };
  return { ids, at, of };
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
