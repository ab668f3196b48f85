/** What exits know of any array: the axes along which it varies, in an order of its own, and none of those along which it is the same. */
import type { Axis } from '../../dsl/axis.js';

export interface Varying {
  readonly axes: readonly Axis[];
}

export const namesOf = (v: Varying): readonly string[] => v.axes.map((a) => a.name);
export const axisAt = (v: Varying, name: string): number => v.axes.findIndex((a) => a.name === name);
