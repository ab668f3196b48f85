/** One object for equal expressions, so that what two places share is computed once. */
import type { Expr, LoopAxis, ReduceAxis } from './ir.js';
import { rewrite } from './rewrite.js';
import { children } from './shape.js';

const axisKey = ({ name, size, ragged, missing, made }: LoopAxis): string =>
  `${name}:${size}${made === undefined ? '' : `!${made}`}${missing === undefined ? '' : `-${missing}`}${ragged === undefined ? '' : `~${ragged.rows}~${ragged.lengths}`}`;

export type Intern = (e: Expr) => Expr;

export const interning = (): Intern => {
  const byKey = new Map<string, Expr>();
  const ids = new Map<Expr, number>();
  const known = new Map<Expr, Expr>();
  const id = (e: Expr | undefined): string => (e === undefined ? '' : `${ids.get(intern(e))!}`);
  const loop = ({ axis, from, to, row }: ReduceAxis): string => `${axisKey(axis)}(${id(from)},${id(to)},${id(row)})`;
  const key = (e: Expr): string => {
    switch (e.kind) {
      case 'literal':
        return `${Object.is(e.value, -0) ? '-0' : e.value}:${e.dtype}`;
      case 'index':
        return `$${e.axis}`;
      case 'extent':
        return `#${axisKey(e.axis)}(${id(e.row)})`;
      case 'read':
        return `${e.buffer}[${e.at.map(id).join()}]`;
      case 'apply':
        return `${e.fn}:${e.dtype}(${e.args.map(id).join()})`;
      case 'guard':
        return `?(${id(e.condition)},${id(e.then)},${id(e.otherwise)})`;
      case 'reduce':
        return `${e.monoid}{${e.over.map(loop).join()}}${id(e.body)}`;
      case 'collect':
        return `collect{${e.over.map(loop).join()}|${e.index}=${id(e.target)}}${id(e.body)}`;
      case 'uniform':
        return `uniform ${e.key}(${id(e.counter)})`;
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
    // Most are made of parts that are interned already.
    const settled = children(e).every((part) => known.get(part) === part);
    const fresh = one(settled ? e : rewrite((x) => (x === e ? null : intern(x)))(e));
    known.set(e, fresh);
    known.set(fresh, fresh);
    return fresh;
  };
  return intern;
};
