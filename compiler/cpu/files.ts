/** A plan as JavaScript, for the emitted module that a trainer imports. */
import type { CpuPlan, PlanEntry } from '../../runtime/contract/cpu-plan.js';

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

/** `more`: fields of a target's own, as lines. */
export const planText = ({ format, model, streams, entries }: CpuPlan, more: string): string => `{
  format: ${format},
  model: ${JSON.stringify(model)},
  streams: ${JSON.stringify(streams)},
${more}
  entries: [
${entries.map(entryText).join('\n')}
  ],
}`;
