/** One function for groups that are alike: it is given the buffers, and each group has a function that gives it its own. */
import { base, get, local } from '../../code/build.js';
import { globalsOf } from '../../code/link.js';
import type { Machine } from '../../code/machine.js';
import type { Block, Code, Func, Local } from '../../code/tree.js';
import { mapBlocks, mapCode, mapValues } from '../../code/walk.js';
import type { Alike, Placed } from '../alike.js';
import type { Group } from '../job.js';
import type { World } from '../world.js';
import { said, parameters, writeGroup } from './group.js';

/** The function that all of a shape share, and the buffers of the first that are its parameters. */
export interface Shared {
  readonly func: Func;
  readonly buffers: readonly string[];
}

const onCode = (change: (code: Code) => Code) => {
  const each = mapCode(change);
  const block = (b: Block): Block => b.map((s) => mapBlocks(mapValues(s, each), block));
  return block;
};

/** The first group's function, with its buffers as parameters. */
export const writeShared = ({ group, world }: Placed, machine: Machine): Shared => {
  const f = writeGroup(group, world, machine);
  const buffers = [...globalsOf(f)].flatMap((g) => (g.kind === 'base' ? [g.buffer] : []));
  const given = new Map(buffers.map((b): readonly [string, Local] => [b, local(b, 'at')]));
  const body = onCode((c) => (c.kind === 'global' && c.global.kind === 'base' ? get(given.get(c.global.buffer)!) : c))(
    f.body,
  );
  return {
    func: {
      ...f,
      name: `${f.name}.of`,
      exported: false,
      parameters: [...given.values(), ...f.parameters],
      body,
    },
    buffers,
  };
};

/** A group's own function. */
export const callShared = ({ func, buffers }: Shared, group: Group, { buffers: own }: Alike, world: World): Func => {
  const { from, to, chunk } = parameters();
  return {
    name: world.name(group[0].name),
    exported: true,
    comments: group.map(said),
    parameters: [from, to, chunk],
    body: [
      { kind: 'run', fn: func.name, args: [...buffers.map((b) => base(own.get(b)!)), ...[from, to, chunk].map(get)] },
    ],
    result: null,
  };
};
