/** Groups that differ only in buffers have one function, and it is the function that each would have of its own. */
import { describe, expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import type { Func } from '../../compiler/code/tree.js';
import { alike, type Placed } from '../../compiler/cpu/alike.js';
import { kernelsOf } from '../../compiler/cpu/kernels.js';
import { nameIn } from '../../compiler/cpu/names.js';
import { toOrder } from '../../compiler/cpu/passes.js';
import type { Scheduled } from '../../compiler/cpu/phases.js';
import { writeGroup } from '../../compiler/cpu/write/group.js';
import { callShared, writeShared } from '../../compiler/cpu/write/shared.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { once } from '../../runtime/contract/once.js';
import hstu from '../../models/hstu.js';
import { cases, loopsOf } from '../support/cpu-models.js';

const scheduled = ({ entries }: LoopProgram): readonly Scheduled[] =>
  entries.map((e) => toOrder.run(kernelsOf(e, new Map(), nameIn(e)), () => {}));
const groupsOf = (all: readonly Scheduled[]) =>
  all.flatMap(({ phases, world }) => phases.flatMap((p) => [...p.rows, ...p.grids]).map((group) => ({ group, world })));

/** All that a function does, whatever its locals are called; buffers as `called` has them. */
const structure = ({ parameters, body }: Func, called: ReadonlyMap<unknown, string>): string => {
  const known = new Map<unknown, number>();
  return JSON.stringify([parameters.filter((p) => !called.has(p)), body], (key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('kind' in value && value.kind === 'local' && 'local' in value && called.has(value.local))
      return { kind: 'global', global: { kind: 'base', buffer: called.get(value.local) }, type: 'at' };
    if (!('wanted' in value)) return value;
    if (!known.has(value)) known.set(value, known.size);
    return `${known.get(value)} ${'type' in value ? String(value.type) : ''}`;
  });
};

describe('what groups share', () => {
  it.each(cases)('is what each of them would be: %s', (_, model, over) => {
    const all = scheduled(loopsOf(model, over));
    const found = alike(all);
    const sharedBy = once((first: Placed) => writeShared(first, native));
    for (const { group, world } of groupsOf(all)) {
      const like = found.get(group);
      if (like === undefined) continue;
      const shared = sharedBy(like.first);
      const own = callShared(shared, group, like, world);
      const [run] = own.body;
      if (run?.kind !== 'run') throw new Error('nothing is run');
      const called = new Map(
        shared.func.parameters.slice(0, shared.buffers.length).map((p, k) => {
          const arg = run.args[k]!;
          if (arg.kind !== 'global' || arg.global.kind !== 'base') throw new Error('a buffer is asked for');
          return [p, arg.global.buffer] as const;
        }),
      );
      const alone = writeGroup(group, world, native);
      expect(own.name).toBe(alone.name);
      expect(structure(shared.func, called)).toBe(structure(alone, new Map()));
    }
  });
});

describe('groups that are alike', () => {
  it('are found across layers and entries', () => {
    const all = scheduled(loopsOf(hstu, { blocks: 3 }));
    const first = [...alike(all)].map(([group, { first: of }]) => `${group[0].name} as ${of.group[0].name}`);
    expect(first).toContain('d_block_2_u_weight as d_block_0_u_weight');
    const [, rank, score] = all;
    const found = alike([rank!, score!]);
    expect([...found.values()].some(({ first: of }) => of.world === rank!.world)).toBe(true);
    expect(groupsOf([score!]).some(({ group }) => found.has(group))).toBe(true);
  });

  it('leave few functions of their own to a model that has many layers', () => {
    const written = (blocks: number): number => {
      const all = scheduled(loopsOf(hstu, { blocks }));
      const found = alike(all);
      return groupsOf(all).filter(({ group }) => (found.get(group)?.first.group ?? group) === group).length;
    };
    expect(written(6) - written(3)).toBeLessThanOrEqual(3);
  });
});
