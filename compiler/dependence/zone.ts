/**
 * Zones: sets of positions given by bounds on differences, x - y <= c (difference bound matrices; Miné 2001). Positions are
 * whole numbers from 0. What a tensor reads is such a set over the positions of its own cell and those of what it reads, so
 * that one closure does it all: a contraction adds intervals, a transpose negates them, a mask narrows them.
 *
 * A zone is kept closed: each bound is the tightest that the others imply. Names that it does not bound it does not have.
 */

/** The position 0: bounds against it are bounds on a position itself. */
export const ORIGIN = '';

export interface Bounded {
  /** ORIGIN first. */
  readonly names: readonly string[];
  /** bound[i * n + j] is the most that names[i] - names[j] can be. */
  readonly bound: readonly number[];
}
/** null holds no position. */
export type Zone = Bounded | null;

export const EVERYWHERE: Bounded = { names: [ORIGIN], bound: [0] };
export const NOWHERE: Zone = null;

/** x - y <= most. */
export type Constraint = readonly [x: string, y: string, most: number];

/** The zone over these names, its bounds not yet closed. */
const spread = (zone: Bounded, names: readonly string[]): number[] => {
  const n = names.length;
  const from = names.map((name) => zone.names.indexOf(name));
  const bound = new Array<number>(n * n).fill(Infinity);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i === j) bound[i * n + j] = 0;
      else if (from[i]! >= 0 && from[j]! >= 0) bound[i * n + j] = zone.bound[from[i]! * zone.names.length + from[j]!]!;
      // What a zone does not name is at least 0, and so is everything less what is not named.
      else if (from[i]! >= 0) bound[i * n + j] = zone.bound[from[i]! * zone.names.length]!;
    }
  }
  return bound;
};

const closed = (names: readonly string[], bound: number[]): Zone => {
  const n = names.length;
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const ik = bound[i * n + k]!;
      if (ik === Infinity) continue;
      for (let j = 0; j < n; j++) {
        const through = ik + bound[k * n + j]!;
        if (through < bound[i * n + j]!) bound[i * n + j] = through;
      }
    }
  }
  for (let i = 0; i < n; i++) if (bound[i * n + i]! < 0) return NOWHERE;
  return { names, bound };
};

const together = (a: Bounded, b: Bounded): readonly string[] => {
  const more = b.names.filter((name) => !a.names.includes(name));
  return more.length === 0 ? a.names : [...a.names, ...more];
};

/** Where all of these hold. */
export const zone = (...constraints: readonly Constraint[]): Zone => {
  const names = [...new Set([ORIGIN, ...constraints.flatMap(([x, y]) => [x, y])])];
  const bound = spread(EVERYWHERE, names);
  for (const [x, y, most] of constraints) {
    const at = names.indexOf(x) * names.length + names.indexOf(y);
    bound[at] = Math.min(bound[at]!, most);
  }
  return closed(names, bound);
};

/** x = y + offset. */
export const equal = (x: string, y: string, offset = 0): readonly Constraint[] => [
  [x, y, offset],
  [y, x, -offset],
];

export const meet = (a: Zone, b: Zone): Zone => {
  if (a === null || b === null) return NOWHERE;
  if (a.names.length === 1) return b;
  if (b.names.length === 1 || a === b) return a;
  const names = together(a, b);
  const left = spread(a, names);
  const right = spread(b, names);
  return closed(
    names,
    left.map((x, i) => Math.min(x, right[i]!)),
  );
};

/** The smallest zone that holds both. */
export const join = (a: Zone, b: Zone): Zone => {
  if (a === null) return b;
  if (b === null || a === b) return a;
  if (a.names.length === 1) return a;
  if (b.names.length === 1) return b;
  const names = together(a, b);
  const right = spread(b, names);
  return trimmed({ names, bound: spread(a, names).map((x, i) => Math.max(x, right[i]!)) });
};

/** Without the names that are bounded by nothing but their being positions. */
const trimmed = (z: Bounded): Bounded => {
  const n = z.names.length;
  const bounded = (i: number): boolean =>
    z.names.some((_, j) => i !== j && (z.bound[i * n + j]! < Infinity || z.bound[j * n + i]! < z.bound[j * n]!));
  const kept = z.names.filter((_, i) => i === 0 || bounded(i));
  return kept.length === n ? z : { names: kept, bound: spread(z, kept) };
};

/** What is left to say of the names that `keep` holds of, the others being anywhere. */
export const project = (z: Zone, keep: (name: string) => boolean): Zone => {
  if (z === null) return z;
  const names = z.names.filter((name) => name === ORIGIN || keep(name));
  return names.length === z.names.length ? z : trimmed({ names, bound: spread(z, names) });
};

/** The same zone of other names; `to` must not make two names one. */
export const renamed = (z: Zone, to: (name: string) => string): Zone =>
  z === null ? z : { ...z, names: z.names.map((name) => (name === ORIGIN ? name : to(name))) };

/** Whether `a` holds all of `b`. */
export const contains = (a: Zone, b: Zone): boolean => {
  if (b === null) return true;
  if (a === null) return false;
  const right = spread(b, together(a, b));
  const n = together(a, b).length;
  const at = a.names.length;
  return a.bound.every((most, i) => right[Math.floor(i / at) * n + (i % at)]! <= most);
};

/** The most that x - y can be; Infinity where nothing bounds it. */
export const most = (z: Bounded, x: string, y: string): number => spread(z, [ORIGIN, x, y])[1 * 3 + 2]!;

/** An interval of offsets, ends included. */
export interface Interval {
  readonly least: number;
  readonly most: number;
}
/** The offsets x - y. */
export const offsets = (z: Bounded, x: string, y: string): Interval => ({
  least: 0 - most(z, y, x),
  most: most(z, x, y),
});

export const hull = (a: Interval, b: Interval): Interval => ({
  least: Math.min(a.least, b.least),
  most: Math.max(a.most, b.most),
});

/** More alternatives than this are joined: real programs need a few. */
const LIMIT = 8;

/** A union of zones, those inside others left out. */
export const union = (zones: readonly Zone[]): readonly Bounded[] => {
  const kept: Bounded[] = [];
  for (const z of zones) {
    if (z === null || kept.some((k) => k === z || contains(k, z))) continue;
    kept.splice(0, kept.length, ...kept.filter((k) => !contains(z, k)), z);
  }
  if (kept.length <= LIMIT) return kept;
  const whole = kept.reduce<Zone>(join, NOWHERE);
  return whole === null ? [] : [whole];
};
