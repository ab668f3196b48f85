/** The study as one page: what it says, its tables with intervals and plots, others' figures beside ours, and what it was made on. */
import { type Markup, markup } from '../../runtime/report/html.js';
import { page, paragraph, remark, section } from '../../runtime/report/page.js';
import { type Pictures, withoutPictures } from '../../runtime/report/pictures.js';
import type { Described } from './datasets.js';
import type { Found } from './found.js';
import { bucketsSection, tableSections } from './page/claims.js';
import { costSection } from './page/cost.js';
import { againSections, stepsSection } from './page/curves.js';
import { dataSection, originSection } from './page/data.js';
import { insideSections } from './page/inside.js';
import { elsewhereSections, publishedSection } from './page/published.js';
import { searchSection } from './page/search.js';
import { reading } from './reading.js';

const ofStudy = (found: Found, pictures: Pictures | undefined): Markup =>
  markup`<div id="${found.name}">${[
    ...tableSections(found, pictures),
    searchSection(found.name, found.searches),
    stepsSection(found, pictures),
    ...againSections(found, pictures),
    bucketsSection(found, pictures),
    ...insideSections(found, pictures),
    costSection(found.name, found.costs, pictures),
    publishedSection(found),
  ]}</div>`;

const contents = (all: readonly Found[]): Markup =>
  markup`<nav><p>Studies: ${all.map(({ name }, i) => markup`${i === 0 ? '' : ', '}<a href="#${name}">${name}</a>`)}</p></nav>`;

/** The page of all studies that have results. */
export const studyPage = (
  all: readonly Found[],
  datasets: readonly Described[],
  pictures: Pictures | undefined,
): string => {
  const told = all.filter(({ results }) => results.length > 0);
  return page(
    'The study',
    pictures === undefined ? remark(withoutPictures) : undefined,
    told.length < 2 ? undefined : contents(told),
    section(
      'What it says',
      told.length === 0 ? paragraph('No results yet.') : undefined,
      ...told.flatMap((found) => reading(found).map((sentence) => paragraph(sentence))),
    ),
    dataSection(datasets),
    ...told.map((found) => ofStudy(found, pictures)),
    ...elsewhereSections(),
    originSection(told),
  );
};
