/** All functions of an entry. */
import type { Machine } from '../../code/machine.js';
import type { Func } from '../../code/tree.js';
import { once } from '../../../runtime/contract/once.js';
import type { Alike, Placed } from '../alike.js';
import type { Group } from '../job.js';
import type { Scheduled } from '../phases.js';
import { togetherOf } from '../names.js';
import { writeGroup } from './group.js';
import { eachRow, writeLoop } from './loop.js';
import { callShared, writeShared } from './shared.js';

/** An entry as functions, and what they were written from. */
export interface Written {
  readonly scheduled: Scheduled;
  readonly functions: readonly Func[];
}

/** Writes an entry, of which some groups are `alike` to others, of this or of another. */
export const writeFunctions = (machine: Machine, alike: ReadonlyMap<Group, Alike>): ((s: Scheduled) => Written) => {
  const shared = once((first: Placed) => writeShared(first, machine));
  return (s) => {
    const { world } = s;
    const functionsOf = (group: Group): readonly Func[] => {
      if (group[0].loop !== undefined) return writeLoop(group, world, machine);
      const like = alike.get(group);
      if (like === undefined) return [writeGroup(group, world, machine)];
      const all = shared(like.first);
      return [...(like.first.group === group ? [all.func] : []), callShared(all, group, like, world)];
    };
    return {
      scheduled: s,
      functions: [
        ...s.phases.flatMap((p) => [...p.rows, ...p.grids]).flatMap(functionsOf),
        ...s.phases.flatMap((p, at) =>
          p.rows.length === 0 ? [] : eachRow(togetherOf(at, s.entry), p, world, machine),
        ),
      ],
    };
  };
};
