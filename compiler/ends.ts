/** Where positions end that an axis might have: what passes say of it that make rectangles of ragged rows. */
import type { Axis } from '../dsl/axis.js';
import * as build from '../dsl/build.js';
import type { Node } from '../dsl/node.js';

/** Why positions of `axis` may not exist: each row has its length, or the last positions are missing. */
export interface End {
  readonly axis: Axis;
  readonly rows?: Axis;
}

/** The ends that cells over these axes have. */
export const endsOf = (axes: readonly Axis[]): readonly End[] =>
  axes.flatMap((axis): readonly End[] => {
    const { extent } = axis;
    if (extent.kind === 'fixed') return extent.missing === undefined ? [] : [{ axis }];
    const rows = axes.find((a) => a.name === extent.rows);
    return rows === undefined ? [] : [{ axis, rows }];
  });

/** Those that matter where positions along these axes meet, or are looked for. */
export const met = (ends: readonly End[], along: readonly string[]): readonly End[] =>
  ends.filter(({ axis, rows }) => along.includes(axis.name) || (rows !== undefined && along.includes(rows.name)));

/** Those of whole rows that vary along an axis: another row may be shorter. */
export const shorter = (ends: readonly End[], rows: string): readonly End[] =>
  ends.filter((e) => e.rows?.name === rows);

/** The same axis, as long as its bound. */
export const flat = (axis: Axis): Axis => {
  const { name, extent: e } = axis;
  return e.kind === 'fixed' && e.missing === undefined
    ? axis
    : { name, extent: { kind: 'fixed', size: e.kind === 'fixed' ? e.size : e.max } };
};

/** How many positions exist: an input, or what it leaves of the bound. */
export const lengthOf = ({ name, extent: e }: Axis, rows: Axis | undefined): Node =>
  e.kind === 'ragged'
    ? build.input(e.lengths, [flat(rows!)], 'i32')
    : build.map('sub', build.extent(flat({ name, extent: e }), []), build.input(e.missing!, [], 'i32'));

const exists = ({ axis, rows }: End): Node => build.map('lt', build.index(flat(axis)), lengthOf(axis, rows));

/** `x` where all of these positions exist, else `unit`. */
export const kept = (x: Node, ends: readonly End[], unit = 0): Node =>
  ends.length === 0
    ? x
    : build.map(
        'select',
        ends.map(exists).reduce((a, b) => build.map('and', a, b)),
        x,
        build.constant(unit, x.dtype),
      );
