/** Kernels as text, for `--dump-after`: what each is divided by, tiled over, and computes. */
import { exprText } from '../loops/text.js';
import type { Job, TiledJob } from './job.js';
import type { Kernels } from './kernels.js';
import type { Scheduled } from './phases.js';

type Known = Job & Partial<TiledJob>;

const jobText = (j: Known, buffers: Kernels['buffers'], pad = ''): string => {
  const axes =
    buffers
      .get(j.output)
      ?.axes.map((a) => a.name)
      .join(', ') ?? '';
  const facts = [
    ...(j.task === null ? [] : [`for each ${j.task.name}`]),
    ...(j.tiling?.lanes == null ? [] : [`lanes ${j.tiling.lanes}`]),
    ...(j.tiling?.rows == null ? [] : [`rows ${j.tiling.rows}`]),
    ...(j.flat === undefined ? [] : [`${j.flat.line ? 'cells' : 'positions'} of all ${j.task?.name} as of one`]),
    ...(j.adds ? ['adds'] : []),
    ...(j.overwrites === true ? ['in place'] : []),
    ...(j.loop === undefined ? [] : [`in loop ${j.loop.id} along ${j.loop.axis}`]),
    ...(j.scatter === undefined
      ? []
      : [
          `at ${j.scatter.axis} = ${exprText(j.scatter.to)}, over ${j.scatter.over.map((o) => o.axis.name).join(', ')}`,
        ]),
  ];
  return [
    `${pad}${j.output}[${axes}]${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`,
    ...(j.where === undefined ? [] : [`${pad}  where ${exprText(j.where)}`]),
    `${pad}  = ${exprText(j.body)}`,
  ].join('\n');
};

const isScheduled = (k: Kernels): k is Scheduled => 'phases' in k;

export const kernelsText = (k: Kernels): string => {
  if (!isScheduled(k)) return [`entry ${k.entry.name}`, ...k.jobs.map((j) => jobText(j, k.buffers))].join('\n');
  return [
    `entry ${k.entry.name}`,
    ...k.phases.flatMap((p, i) => [
      `phase ${i + 1}`,
      ...p.inverses.map((v) => `  lists of ${v.index}`),
      ...(
        [
          [
            p.gather === undefined
              ? 'row by row'
              : `rows together up to ${p.gather.most}${p.gather.lengths === undefined ? '' : ` of ${p.gather.lengths}`}`,
            p.rows,
          ],
          ['divided among threads', p.grids],
        ] as const
      ).flatMap(([how, groups]) =>
        groups.flatMap((g) => [
          `  ${how}${g.length === 1 ? '' : ', as one function'}`,
          ...g.map((j) => jobText(j, k.buffers, '    ')),
        ]),
      ),
    ]),
  ].join('\n');
};
