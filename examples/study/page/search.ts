/** What the searches found: the budget, and the best of each. */
import type { Grid } from '../../../runtime/compare/report.js';
import type { Markup } from '../../../runtime/report/html.js';
import { paragraph, section, table } from '../../../runtime/report/page.js';
import type { Search } from '../result.js';
import { brief } from '../tables.js';

const namesOf = ({ trials: [first] }: Search): readonly string[] =>
  (first?.set ?? []).map((one) => one.split('=', 1)[0]!);

export const searchSays = ([first]: readonly Search[]): string =>
  `The same budget for each: ${first!.asked.search.trials} points of ${first!.asked.search.space.replaceAll(',', ', ')}; ${first!.rungs.map(({ trials, epochs }) => `${trials} for ${epochs} epochs`).join(', then the best ')}; chosen by NDCG@10 on validation.`;

export const searchGrid = (searches: readonly Search[]): Grid => ({
  head: ['the best of', ...namesOf(searches[0]!), 'epoch', 'NDCG@10 on validation'],
  rows: searches.map(({ asked, trials: [best] }) => [
    asked.cell,
    ...best!.set.map((one) => one.slice(one.indexOf('=') + 1)),
    String(best!.best),
    best!.value === null ? 'failed' : brief(best!.value.toFixed(4)),
  ]),
});

export const searchSection = (name: string, searches: readonly Search[]): Markup | undefined =>
  searches.length === 0
    ? undefined
    : section(
        `${name}: searches of equal size`,
        paragraph(searchSays(searches)),
        table({ caption: 'What each search found', ...searchGrid(searches) }),
      );
