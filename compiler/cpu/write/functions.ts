/** All functions of an entry. */
import type { Machine } from '../../code/machine.js';
import type { Func } from '../../code/tree.js';
import type { Scheduled } from '../phases.js';
import { runOf, togetherOf } from '../names.js';
import { writeGroup } from './group.js';
import { eachRow, writeLoop } from './loop.js';

/** An entry as functions, and what they were written from. */
export interface Written {
  readonly scheduled: Scheduled;
  readonly functions: readonly Func[];
}

export const writeFunctions =
  (machine: Machine) =>
  (s: Scheduled): Written => ({
    scheduled: s,
    functions: [
      ...s.phases
        .flatMap((p) => [...p.rows, ...p.grids])
        .flatMap((g) => (g[0].loop === undefined ? [writeGroup(g, s.world, machine)] : writeLoop(g, s.world, machine))),
      ...s.phases.flatMap((p, at) =>
        p.rows.length === 0
          ? []
          : [
              eachRow(
                togetherOf(at, s.entry),
                p.rows.map((g) => runOf(g, s.world)),
              ),
            ],
      ),
    ],
  });
