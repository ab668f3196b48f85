/** The kernels of a loop as functions of one position each, and the function that calls them in turn. */
import { isUnit } from './intern.js';
import { type Group, writeGroup } from './kernel.js';
import { sizeExpr } from './layout.js';
import { indent, one, scope, type World } from './scope.js';
import { writer } from './tile.js';

/** Its exported function computes all positions of one row. */
export const loopName = (group: Group): string => `${group[0].name}.loop`;

export const writeLoop = (group: Group, world: World): { readonly text: string; readonly globals: ReadonlySet<string> } => {
  const { intern, layouts } = world;
  const [first] = group;
  const { axis: along, reverse } = first.loop!;
  const { buffer, rows } = layouts.get(first.output)!;
  const axis = buffer.axes.find((a) => a.name === along)!;
  const parts = group.map((job) => writeGroup([job], world));
  const row = rows === undefined || axis.ragged === undefined ? undefined : buffer.axes[rows.at]!.name;
  const length = intern(isUnit(axis) ? { kind: 'literal', value: 1, dtype: 'i32' } : sizeExpr(axis, row === undefined ? undefined : { kind: 'index', axis: row }));
  const w = writer(world, [length]);
  const s = scope('root', null, row === undefined ? [] : [[row, one('(local.get $from)')], [`${row}@`, one('(local.get $from)')]]);
  const end = w.single(length, s);
  const calls = group.map((job) => `(call $${world.name(job.name)} (local.get $from) (local.get $to) (local.get $chunk) (local.get $at))`);
  const turn = reverse
    ? ['(local.set $at (i32.sub (local.get $at) (i32.const 1)))', ...calls]
    : [...calls, '(local.set $at (i32.add (local.get $at) (i32.const 1)))'];
  const goesOn = reverse ? '(i32.gt_s (local.get $at) (i32.const 0))' : '(i32.lt_s (local.get $at) (local.get $end))';
  const text = [
    `;; ${group.map((j) => j.name).join(', ')}: at each position of ${along}${reverse ? ', from the last to the first' : ''}, one after the other`,
    `(func $${world.name(loopName(group))} (export "${world.name(loopName(group))}") (param $from i32) (param $to i32) (param $chunk i32) (local $at i32) (local $end i32)`,
    ...indent([...w.locals(), ...s.lines, `(local.set $end ${end})`, ...(reverse ? ['(local.set $at (local.get $end))'] : []),
      '(block $done (loop $turn', ...indent([`(br_if $done (i32.eqz ${goesOn}))`, ...turn, '(br $turn)']), '))']),
    ')',
  ].join('\n');
  return { text: [...parts.map((p) => p.text), text].join('\n\n'), globals: new Set([...w.globals, ...parts.flatMap((p) => [...p.globals])]) };
};
