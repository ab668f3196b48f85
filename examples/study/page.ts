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

/** What every figure of the page is. */
const guide = [
  'Each user’s last event is the test, the one before it validation, and all before that training. Every item is ranked; those that the user has met are left out, and ties count against the one that is wanted. The epoch is chosen by NDCG@10 on validation and tested once, except under the protocol hstu, which takes the best test epoch as published figures do.',
  'A row is a model with its settings; its figures are means over seeds, ± their standard deviation. Seeds of one number have the same order of users in all rows. Differences are paired: of each user’s NDCG@10, averaged over the seeds that both rows have. p is Student’s t for pairs over users; Holm’s correction is over the rows of that comparison, and changes while rows are added; intervals are not corrected. p covers variation between users only: with one seed it does not tell whether a model that is trained again would agree.',
  'PCRec adds to each block of HSTU a square matrix theta over positions, by which a state predicts the states below it, and a rate gamma, by which a step of inference moves states along the error of that prediction.',
] as const;

/** The page of all studies that have results. */
export const studyPage = (
  all: readonly Found[],
  datasets: readonly Described[],
  pictures: Pictures | undefined,
): string => {
  const told = all.filter(({ results }) => results.length > 0);
  return page(
    'PCRec beside HSTU, other models and controls',
    pictures === undefined ? remark(withoutPictures) : undefined,
    told.length < 2 ? undefined : contents(told),
    told.length === 0 ? section('Findings', paragraph('No results yet.')) : undefined,
    ...told.map((found) =>
      section(`Findings: ${found.name}`, ...reading(found).map((sentence) => paragraph(sentence))),
    ),
    section('How to read it', ...guide.map((sentence) => paragraph(sentence))),
    dataSection(datasets),
    ...told.map((found) => ofStudy(found, pictures)),
    ...elsewhereSections(),
    originSection(told),
  );
};
