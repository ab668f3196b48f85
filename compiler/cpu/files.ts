/** What the emitted files of both targets for processors have in common. */
import { arrange } from '../../runtime/contract/arena.js';
import type { CpuPlan, PlanEntry } from '../../runtime/contract/cpu-plan.js';
import type { Sizes } from '../../runtime/contract/session.js';
import type { Peak } from '../compiled.js';

/** What a session of these sizes takes, by the function that lays its memory out. */
export const peakOf = (plan: CpuPlan, sizes: Sizes): Peak => {
  const { peak, slab } = arrange(plan, sizes, 0);
  return { bytes: peak, thread: slab };
};

const list = (items: readonly unknown[], pad: string): string =>
  `[\n${items.map((x) => `${pad}  ${JSON.stringify(x)},\n`).join('')}${pad}]`;

const entryText = ({ buffers, phases, ...rest }: PlanEntry): string =>
  [
    '    {',
    `      ...${JSON.stringify(rest)},`,
    `      buffers: ${list(buffers, '      ')},`,
    '      phases: [',
    ...phases.flatMap((p) => [
      '        {',
      ...Object.entries(p).map(
        ([key, value]) =>
          `          ${key}: ${Array.isArray(value) ? list(value, '          ') : JSON.stringify(value)},`,
      ),
      '        },',
    ]),
    '      ],',
    '    },',
  ].join('\n');

/** A plan as JavaScript, for the emitted module that a trainer imports; `more`: fields of a target's own, as lines. */
export const planText = ({ format, model, streams, entries }: CpuPlan, more: string): string => `{
  format: ${format},
  model: ${JSON.stringify(model)},
  streams: ${JSON.stringify(streams)},
${more}
  entries: [
${entries.map(entryText).join('\n')}
  ],
}`;
