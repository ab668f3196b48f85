/** Names of C: what the tree calls things, spelt as C allows. */

/** Words that C or our own header has taken. */
const taken: ReadonlySet<string> = new Set(
  [
    'auto break case char const continue default do double else enum extern float for goto if inline int long',
    'register restrict return short signed sizeof static struct switch typedef union unsigned void volatile',
    'while asm typeof main linux unix memory kernel m ramp clear f32s i32s u32s f64s i64s u64s i386',
  ]
    .join(' ')
    .split(' '),
);

/** How the header's functions end, which are called by operation and type. */
const endings = ['_f32', '_i32', '_at', '_f32s', '_i32s', '_f64s', '_i64s'] as const;

const isWord = (c: string): boolean =>
  (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c === '_';

const spelt = (name: string): string => {
  const word = Array.from(name, (c) => (isWord(c) ? c : '_')).join('');
  const first = word[0] ?? '';
  const begun = first === '' || (first >= '0' && first <= '9') ? `n${word}` : word;
  // Macros of headers are in capitals.
  const shouted = begun.length > 1 && begun === begun.toUpperCase();
  const isTaken = taken.has(begun) || shouted || begun.startsWith('lanes_') || endings.some((e) => begun.endsWith(e));
  return isTaken ? `${begun}_` : begun;
};

/** The same few names are asked for again and again. */
const known = new Map<string, string>();
/** Letters, digits and underscores; what C has taken gets an underscore behind it. */
export const plain = (name: string): string => {
  const found = known.get(name) ?? spelt(name);
  known.set(name, found);
  return found;
};

/** Different names for different things, numbered where two would be one, in the order in which they are asked for. */
export const naming = <K>(wanted: (of: K) => string): ((of: K) => string) => {
  const known = new Map<K, string>();
  const used = new Map<string, number>();
  const fresh = (name: string): string => {
    const n = (used.get(name) ?? 0) + 1;
    used.set(name, n);
    if (n === 1) return name;
    const numbered = `${name}_${n}`;
    return used.has(numbered) ? fresh(name) : (used.set(numbered, 1), numbered);
  };
  return (of) => {
    const found = known.get(of);
    if (found !== undefined) return found;
    const name = fresh(plain(wanted(of)));
    known.set(of, name);
    return name;
  };
};
