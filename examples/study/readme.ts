/** The tables of models/README.md that the study makes: what stands between two marks is of the results and of nothing else. */
import { inMarkdown } from '../../runtime/compare/report.js';
import type { Found } from './found.js';
import { costGrid, costSays } from './page/cost.js';
import { searchGrid, searchSays } from './page/search.js';
import { againOf, curvesGrid, curvesOf, differencesGrid, figuresGrid, tablesOf } from './tables.js';

export const marks = {
  start: '<!-- made by npm run study: do not edit -->',
  end: '<!-- end of what the study made -->',
} as const;

const ofStudy = ({ name, study, results, costs, searches }: Found): readonly string[] => {
  const [first] = results;
  if (first === undefined) return [];
  const curves = curvesOf(study, results);
  const settings = [...study.set, ...Object.entries(study.options).map(([key, value]) => `${key} ${String(value)}`)];
  const backends = [...new Set(results.map(({ measured }) => measured.backend))].join(', ');
  return [
    `**${name}** (${study.data}; ${settings.map((word) => `\`${word}\``).join(', ')}; on ${backends}):`,
    ...tablesOf(study, results).flatMap((made) => [
      `**${made.title}** ${made.says}`,
      inMarkdown(figuresGrid(made)),
      ...made.compared.map((of) => inMarkdown(differencesGrid(of))),
    ]),
    ...(searches.length === 0 ? [] : [searchSays(searches), inMarkdown(searchGrid(searches))]),
    ...(curves.length === 0
      ? []
      : ['The same parameters with other numbers of inference steps:', inMarkdown(curvesGrid(curves))]),
    ...Object.entries(againOf(study, results)).flatMap(([hyper, lines]) => [
      `The same parameters with other values of \`${hyper}\`:`,
      inMarkdown(curvesGrid(lines, hyper)),
    ]),
    ...(costs === undefined ? [] : [`**Cost** ${costSays(costs)}`, inMarkdown(costGrid(costs))]),
  ];
};

/** What stands between the marks. */
export const readmeText = (all: readonly Found[]): string => all.flatMap(ofStudy).join('\n\n') || 'No results yet.';

/** A document with what the study made of it put in its place. Undefined: it has no such place. */
export const replaced = (document: string, text: string): string | undefined => {
  const [from, to] = [document.indexOf(marks.start), document.indexOf(marks.end)];
  return from < 0 || to < from
    ? undefined
    : `${document.slice(0, from + marks.start.length)}\n\n${text}\n\n${document.slice(to)}`;
};
