/** Axes of one position vanish: their loops turn once, and their variables are 0. */
import { apply, integer } from './build.js';
import type { Expr, LoopAxis, ReduceAxis } from './ir.js';
import { rewrite } from './rewrite.js';

/** An axis whose one position exists in every row and every run. */
export const isUnit = ({ size, ragged, missing }: LoopAxis): boolean =>
  size === 1 && ragged === undefined && missing === undefined;

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
    const gone = e.over
      .filter((o) => isUnit(o.axis) && o.from === undefined && o.to === undefined)
      .map((o) => o.axis.name);
    if (gone.length === 0) return null;
    // An axis is in scope for the bounds of the axes after it too.
    const inside = withoutUnits(new Set([...units, ...gone]));
    const body = inside(e.body);
    const over = e.over
      .filter((o) => !gone.includes(o.axis.name))
      .map((o): ReduceAxis => ({
        axis: o.axis,
        ...(o.from === undefined ? {} : { from: inside(o.from) }),
        ...(o.to === undefined ? {} : { to: inside(o.to) }),
        ...(o.row === undefined ? {} : { row: inside(o.row) }),
      }));
    return over.length === 0 ? body : { ...e, over, body };
  });
  return go;
};
