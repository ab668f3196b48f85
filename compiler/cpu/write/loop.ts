/** Functions that call others: the kernels of a loop in turn, and all that a row needs. */
import { add, base, get, int, least, load, local, mul, op, set, sub } from '../../code/build.js';
import type { Machine } from '../../code/machine.js';
import type { Block, Code, Func, Statement } from '../../code/tree.js';
import { integer } from '../../loops/build.js';
import type { Expr } from '../../loops/ir.js';
import { isUnit } from '../../loops/units.js';
import { type Group, shareAxis } from '../job.js';
import { offsetsId, sizeExpr } from '../layout.js';
import { runOf } from '../names.js';
import type { Gather, Phase } from '../phases.js';
import type { World } from '../world.js';
import { parameters, writeGroup } from './group.js';
import { bindOne, one, scope } from './scope.js';
import { keep, part } from './tile.js';
import { writer } from './writer.js';

/** The kernels of a loop as functions of one position each, and the function that calls them in turn. */
export const writeLoop = (group: Group, world: World, machine: Machine): readonly Func[] => {
  const { intern, layouts, name } = world;
  const [first] = group;
  const { axis: along, reverse } = first.loop!;
  const { buffer, rows } = layouts.get(first.output)!;
  const axis = buffer.axes.find((a) => a.name === along)!;
  const { from, to, chunk, at } = parameters();
  const row = rows === undefined || axis.ragged === undefined ? undefined : buffer.axes[rows.at]!.name;
  const length = intern(
    isUnit(axis)
      ? { kind: 'literal', value: 1, dtype: 'i32' }
      : sizeExpr(axis, row === undefined ? undefined : { kind: 'index', axis: row }),
  );
  const s = scope('root', null, row === undefined ? [] : bindOne(row, get(from)));
  const end = local('end', 'i32');
  s.code.push(set(end, writer(world, machine, [length]).single(length, s)));
  const calls = group.map((job): Statement => ({
    kind: 'run',
    fn: name(job.name),
    args: [from, to, chunk, at].map(get),
  }));
  const turn: Statement = reverse
    ? { kind: 'while', condition: op('gt', get(at), int(0)), body: [set(at, sub(get(at), int(1))), ...calls] }
    : { kind: 'while', condition: op('lt', get(at), get(end)), body: [...calls, set(at, add(get(at), int(1)))] };
  return [
    ...group.map((job) => writeGroup([job], world, machine)),
    {
      name: runOf(group, world),
      exported: true,
      parameters: [from, to, chunk],
      result: null,
      comments: [
        `${group.map((j) => j.name).join(', ')}: at each position of ${along}${reverse ? ', from the last to the first' : ''}, one after the other`,
      ],
      body: [...s.code, ...(reverse ? [set(at, get(end))] : []), turn],
    },
  ];
};

/** Zeros in what a share adds to: JavaScript, byte by byte, would take as long for them as a tenth of a step. */
const clearShares = (name: string, rows: readonly Group[], world: World, machine: Machine): Func => {
  const { from, to, chunk } = parameters();
  const w = writer(world, machine, []);
  const s = scope('root', null);
  const clears = rows.flat().flatMap((job): Block => {
    if (!job.adds) return [];
    const { axes } = world.layouts.get(job.output)!.buffer;
    const corner = axes.map((a): Expr => (a.made === 'share' ? { kind: 'index', axis: a.name } : integer(0)));
    const share = (at: Code): Code => {
      const own = scope('branch', s, [[shareAxis.name, one(at)]]);
      const place = keep(own.code, 'share', part(w.memory.reach(w.memory.place(job.output, corner), own).tile, 0, 0));
      s.code.push(...own.code);
      return place;
    };
    return [{ kind: 'clear', from: share(get(chunk)), to: share(add(get(chunk), int(1))) }];
  });
  return {
    name,
    exported: false,
    comments: ['zeros in all that a share adds to'],
    parameters: [from, to, chunk],
    result: null,
    body: [...s.code, ...clears],
  };
};

/** All that rows need, one row after the other, or short ones together: a call from outside costs as much as a short row. */
export const eachRow = (name: string, { rows, gather }: Phase, world: World, machine: Machine): readonly Func[] => {
  const { from, to, chunk } = parameters();
  const [next, most] = [local('next', 'i32'), local('most', 'i32')];
  const alone = set(next, add(get(from), int(1)));
  const before = (lengths: string, row: Code): Code =>
    load(add(base(world.name(offsetsId([lengths]))), mul(row, int(4))), 0, 'i32');
  const turn = (g: Gather): readonly Statement[] =>
    g.lengths === undefined
      ? [set(next, least(add(get(from), int(g.most)), get(to)))]
      : [
          alone,
          set(most, add(before(g.lengths, get(from)), int(g.most))),
          {
            kind: 'while',
            condition: op(
              'and',
              op('lt', get(next), get(to)),
              op('le', before(g.lengths, add(get(next), int(1))), get(most)),
            ),
            body: [set(next, add(get(next), int(1)))],
          },
        ];
  const together = gather === undefined ? [alone] : turn(gather);
  const cleared = rows.flat().some((j) => j.adds) ? [clearShares(`${name}.clear`, rows, world, machine)] : [];
  const calls = rows.map((g): Statement => ({ kind: 'run', fn: runOf(g, world), args: [from, next, chunk].map(get) }));
  const func: Func = {
    name,
    exported: true,
    comments:
      gather === undefined
        ? []
        : gather.lengths === undefined
          ? [`${gather.most} rows at a time`]
          : [`rows one after the other, short ones together: as many as have no more than ${gather.most} positions`],
    parameters: [from, to, chunk],
    result: null,
    body: [
      ...cleared.map((f): Statement => ({ kind: 'run', fn: f.name, args: [from, to, chunk].map(get) })),
      {
        kind: 'while',
        condition: op('lt', get(from), get(to)),
        body: [...together, ...calls, set(from, get(next))],
      },
    ],
  };
  return [...cleared, func];
};
