/** Table 4: what cells cost, measured apart. */
import type { Grid } from '../../../runtime/compare/report.js';
import type { Markup } from '../../../runtime/report/html.js';
import { plural } from '../../../runtime/contract/words.js';
import { beside, paragraph, section, table } from '../../../runtime/report/page.js';
import type { Pictures } from '../../../runtime/report/pictures.js';
import type { Costs } from '../cost.js';

const short = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

export const costGrid = ({ cells }: Costs): Grid => ({
  head: ['', 'parameters', 'G operations a step', 's an epoch', 'ms a user', 'MB of arena', 'MB of process'],
  rows: cells.map(({ cell, parameters, operations, epoch, user, arena, resident }) => [
    cell,
    parameters.toLocaleString('en-US'),
    short(operations / 1e9),
    short(epoch),
    short(user),
    short(arena / 1e6),
    short(resident / 1e6),
  ]),
});

export const costSays = ({ rounds, steps, machine, cells }: Costs): string =>
  `Each cell in a process of its own, cells in turn, medians over ${plural(rounds, 'round')} of ${steps} steps and ${steps} ranked batches, on ${[...new Set(cells.map(({ backend }) => backend))].join(', ')}; ${machine['processor']}, ${machine['versions']}. ` +
  'An epoch is its training steps, without evaluation; a user is ranked among all items, in batches. Operations are of a step with full histories, by the compiler’s account; the arena is what its kernels work on; the process, at most, has Node, data and two sessions besides.';

export const costSection = (
  name: string,
  costs: Costs | undefined,
  pictures: Pictures | undefined,
): Markup | undefined => {
  if (costs === undefined || costs.cells.length === 0) return undefined;
  const bars = (x: string, value: (cell: Costs['cells'][number]) => number): Markup | undefined =>
    pictures?.bars(
      { says: `${x} of ${costs.cells.map((cell) => `${cell.cell} ${short(value(cell))}`).join(', ')}`, x, y: '' },
      costs.cells.map((cell) => ({ name: cell.cell, value: value(cell) })),
    );
  return section(
    `${name}: what it costs (Table 4)`,
    paragraph(costSays(costs)),
    table({ caption: 'Cost of cells', ...costGrid(costs) }),
    beside([bars('seconds an epoch', ({ epoch }) => epoch), bars('milliseconds a user', ({ user }) => user)]),
  );
};
