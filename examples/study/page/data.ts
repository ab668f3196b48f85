/** Table 1, of every data set at hand, beside the paper's; and what results were made on. */
import type { Markup } from '../../../runtime/report/html.js';
import { code, facts, paragraph, section, table } from '../../../runtime/report/page.js';
import type { Described } from '../datasets.js';
import type { Found } from '../found.js';
import { table1 } from '../published.js';

const grouped = (n: number): string => n.toLocaleString('en-US');

export const dataSection = (all: readonly Described[]): Markup | undefined =>
  all.length === 0
    ? undefined
    : section(
        'Data (Table 1 of the paper)',
        table({
          caption: 'Data sets at hand, as they are read; in brackets what the paper prints, where it is another number',
          head: ['', 'users', 'items', 'interactions', 'events a user', 'median', 'density', 'times'],
          rows: all.map(({ name, users, items, interactions, meanLength, medianLength, times }) => {
            const [pUsers, pItems, pInteractions, pLength] = table1[name] ?? [];
            const counted = (n: number, printed: number | undefined): string =>
              printed === undefined || printed === n ? grouped(n) : `${grouped(n)} (${grouped(printed)})`;
            return [
              name,
              counted(users, pUsers),
              counted(items, pItems),
              counted(interactions, pInteractions),
              pLength !== undefined && Math.abs(pLength - meanLength) >= 0.05
                ? `${meanLength.toFixed(2)} (${pLength})`
                : meanLength.toFixed(2),
              medianLength,
              `${((100 * interactions) / users / items).toFixed(3)} %`,
              times ? 'yes' : 'order alone',
            ];
          }),
          words: [7],
        }),
      );

export const originSection = (all: readonly Found[]): Markup =>
  section(
    'What it was made on',
    paragraph('Generated from the files in examples/study/results; the planned runs are in examples/study/grid.ts.'),
    ...all.flatMap(({ name, study, results }) => {
      const [first] = results;
      if (first === undefined) return [];
      const settings = [
        ...study.set,
        ...Object.entries(study.options).map(([key, value]) => `${key} ${String(value)}`),
      ];
      return [
        facts([
          ['study', name],
          ['settings of all', settings.join(', ')],
          ['hash of the data', first.hashes.data],
          ['backend', [...new Set(results.map(({ measured }) => measured.backend))].join(', ')],
          ...Object.entries(first.machine),
        ]),
        code(first.command),
      ];
    }),
  );
