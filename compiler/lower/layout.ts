/** Memory order of a buffer's axes: rows, then sequences (a copy after its original), then the catalogue, then features. */
import type { Axis } from '../../dsl/axis.js';

const rank = (a: Axis): number => {
  if (a.extent.kind === 'ragged') return a.extent.lengths === `${a.name}.lengths` ? 1 : 2;
  if (typeof a.extent.size === 'string') return a.extent.size === a.name ? 0 : 3;
  return 4;
};

export const memoryOrder = (axes: readonly Axis[]): readonly Axis[] =>
  [...axes].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
