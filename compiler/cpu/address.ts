/** Addresses as sums of terms: which part a loop changes, and whether neighbours along an axis are neighbours in memory. */
import { apply, integer } from '../loops/build.js';
import type { Expr } from '../loops/ir.js';
import { mentions } from '../loops/shape.js';
import { type Layout, placeOf } from './layout.js';

/** `scale * atom * factor` bytes. */
export interface Term {
  readonly atom: Expr;
  readonly scale: number;
  readonly factor: Expr | null;
}

export interface Address {
  readonly terms: readonly Term[];
  /** Bytes that nothing changes. */
  readonly constant: number;
}

interface Part {
  readonly atom: Expr | null;
  readonly coefficient: number;
}

/** An i32 expression as a sum of multiples of what is no sum. */
const parts = (e: Expr, sign = 1): readonly Part[] => {
  if (e.kind === 'literal') return [{ atom: null, coefficient: sign * e.value }];
  if (e.kind === 'apply' && e.dtype === 'i32') {
    const [a, b] = e.args;
    if (a !== undefined && b !== undefined) {
      if (e.fn === 'add') return [...parts(a, sign), ...parts(b, sign)];
      if (e.fn === 'sub') return [...parts(a, sign), ...parts(b, -sign)];
      if (e.fn === 'mul' && b.kind === 'literal') return parts(a, sign * b.value);
      if (e.fn === 'mul' && a.kind === 'literal') return parts(b, sign * a.value);
    }
  }
  return [{ atom: e, coefficient: sign }];
};

/** A product as its literal and the rest. */
const split = (e: Expr): { readonly scale: number; readonly rest: Expr | null } => {
  if (e.kind === 'literal') return { scale: e.value, rest: null };
  if (e.kind === 'apply' && e.fn === 'mul') {
    const [a, b] = e.args.map(split);
    const rest = a!.rest === null ? b!.rest : b!.rest === null ? a!.rest : apply('mul', a!.rest, b!.rest);
    return { scale: a!.scale * b!.scale, rest };
  }
  return { scale: 1, rest: e };
};

export const addressOf = (layout: Layout, at: readonly Expr[], intern: (e: Expr) => Expr): Address => {
  const found = new Map<string, Term>();
  const ids = new Map<Expr, number>();
  const id = (e: Expr | null): string => {
    if (e === null) return '';
    if (!ids.has(e)) ids.set(e, ids.size);
    return `${ids.get(e)}`;
  };
  let constant = 0;
  for (const { index, stride } of placeOf(layout, at)) {
    const { scale, rest } = split(stride);
    for (const { atom, coefficient } of parts(index)) {
      const bytes = 4 * scale * coefficient;
      if (atom === null && rest === null) {
        constant += bytes;
        continue;
      }
      const term: Term = {
        atom: intern(atom ?? integer(1)),
        scale: bytes,
        factor: rest === null ? null : intern(rest),
      };
      const key = `${id(term.atom)},${id(term.factor)}`;
      found.set(key, { ...term, scale: term.scale + (found.get(key)?.scale ?? 0) });
    }
  }
  return { terms: [...found.values()].filter((t) => t.scale !== 0), constant };
};

/** From lane to lane: the same place, its neighbour, one as far ahead each time, or any. */
export type Run = 'still' | 'near' | 'even' | 'far';

/** The bytes that a step along `axis` moves, where that is one number; null where it is not. */
export const stepAlong = ({ terms }: Address, axis: string): number | null => {
  let step = 0;
  for (const { atom, scale, factor } of terms) {
    if (factor !== null && mentions(factor, axis)) return null;
    if (atom.kind === 'index' && atom.axis === axis) {
      if (factor !== null) return null;
      step += scale;
    } else if (mentions(atom, axis)) return null;
  }
  return step;
};

export const runAlong = (address: Address, axis: string): Run => {
  const moved = address.terms.some(
    ({ atom, factor }) => mentions(atom, axis) || (factor !== null && mentions(factor, axis)),
  );
  if (!moved) return 'still';
  const step = stepAlong(address, axis);
  return step === null || step < 0 ? 'far' : step === 4 ? 'near' : 'even';
};

export const termExpr = ({ atom, scale, factor }: Term): Expr => {
  const scaled = apply('mul', atom, integer(scale));
  return factor === null ? scaled : apply('mul', scaled, factor);
};
