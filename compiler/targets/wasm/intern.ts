/** One object for equal expressions, so that what two places share is computed once; and axes of one position vanish. */
import { apply, integer } from '../../loops/build.js';
import type { Expr, LoopAxis, ReduceAxis } from '../../loops/ir.js';
import { rewrite } from '../gpu/rewrite.js';
import { children } from '../gpu/shape.js';

const axisKey = ({ name, size, ragged, missing }: LoopAxis): string => `${name}:${size}${missing === undefined ? '' : `-${missing}`}${ragged === undefined ? '' : `~${ragged.rows}~${ragged.lengths}`}`;

export type Intern = (e: Expr) => Expr;

export const interning = (): Intern => {
  const byKey = new Map<string, Expr>();
  const ids = new Map<Expr, number>();
  const known = new Map<Expr, Expr>();
  const id = (e: Expr | undefined): string => (e === undefined ? '' : `${ids.get(intern(e))!}`);
  const loop = ({ axis, from, to, row }: ReduceAxis): string => `${axisKey(axis)}(${id(from)},${id(to)},${id(row)})`;
  const key = (e: Expr): string => {
    switch (e.kind) {
      case 'literal': return `${Object.is(e.value, -0) ? '-0' : e.value}:${e.dtype}`;
      case 'index': return `$${e.axis}`;
      case 'extent': return `#${axisKey(e.axis)}(${id(e.row)})`;
      case 'read': return `${e.buffer}[${e.at.map(id).join()}]`;
      case 'apply': return `${e.fn}:${e.dtype}(${e.args.map(id).join()})`;
      case 'guard': return `?(${id(e.condition)},${id(e.then)},${id(e.otherwise)})`;
      case 'reduce': return `${e.monoid}{${e.over.map(loop).join()}}${id(e.body)}`;
      case 'collect': return `collect{${e.over.map(loop).join()}|${e.index}=${id(e.target)}}${id(e.body)}`;
      case 'uniform': return `uniform ${e.key}(${id(e.counter)})`;
    }
  };
  const one = (e: Expr): Expr => {
    const k = key(e);
    const found = byKey.get(k);
    if (found !== undefined) return found;
    byKey.set(k, e);
    ids.set(e, ids.size);
    return e;
  };
  const intern = (e: Expr): Expr => {
    const found = known.get(e);
    if (found !== undefined) return found;
    const fresh = one(rewrite((x) => (x === e ? null : intern(x)))(e));
    known.set(e, fresh);
    known.set(fresh, fresh);
    return fresh;
  };
  return intern;
};

/** An axis whose one position exists in every row and every run. */
export const isUnit = ({ size, ragged, missing }: LoopAxis): boolean => size === 1 && ragged === undefined && missing === undefined;

/** Replaces loop variables by expressions. Names bound inside are unique, so nothing can be captured. */
export const substitute = (values: ReadonlyMap<string, Expr>): ((e: Expr) => Expr) =>
  rewrite((e) => (e.kind === 'index' ? values.get(e.axis) ?? null : null));

/** Loops of one turn, and the variables of axes of one position, are gone. */
export const withoutUnits = (units: ReadonlySet<string>): ((e: Expr) => Expr) => {
  const zero = integer(0);
  const go: (e: Expr) => Expr = rewrite((e) => {
    if (e.kind === 'index') return units.has(e.axis) ? zero : null;
    if (e.kind === 'apply' && e.dtype === 'i32') {
      const args = e.args.map(go);
      return args.length === 2 ? apply(e.fn, ...args) : { ...e, args };
    }
    if (e.kind !== 'reduce') return null;
    const gone = e.over.filter((o) => isUnit(o.axis) && o.from === undefined && o.to === undefined).map((o) => o.axis.name);
    if (gone.length === 0) return null;
    const body = withoutUnits(new Set([...units, ...gone]))(e.body);
    const over = e.over.filter((o) => !gone.includes(o.axis.name)).map((o): ReduceAxis => ({
      axis: o.axis, ...(o.from === undefined ? {} : { from: go(o.from) }), ...(o.to === undefined ? {} : { to: go(o.to) }), ...(o.row === undefined ? {} : { row: go(o.row) }),
    }));
    return over.length === 0 ? body : { ...e, over, body };
  });
  return go;
};

export const mentions = (e: Expr, axis: string): boolean => {
  const seen = new Set<Expr>();
  const visit = (x: Expr): boolean => {
    if (seen.has(x)) return false;
    seen.add(x);
    return (x.kind === 'index' && x.axis === axis) || children(x).some(visit);
  };
  return visit(e);
};
