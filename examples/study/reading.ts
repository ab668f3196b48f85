/** What the results of a study say, in sentences that are made of them: where PCRec is better, by how much, where not, and what that costs. */
import { chance, signed } from '../../runtime/compare/report.js';
import type { Found } from './found.js';
import { paper, possible, published } from './published.js';
import { brief, curvesOf, type Difference, figureText, linesOf, made, measure, rowsOf } from './tables.js';

/** Differences count as such below this p, after Holm's correction; a claim over all models below that one. */
const [TOLD, CLAIMED] = [0.05, 0.01];
/** Seeds that a verdict takes. */
const SEEDS = 3;

type Sentence = string | undefined;
const number = (x: number): string => brief(x.toFixed(4));
const by = ({ difference, interval, adjusted }: Difference): string =>
  brief(`${signed(difference)} (95 % ${signed(interval[0])} … ${signed(interval[1])}, p ${chance(adjusted)})`);
const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
const times = (x: number): string => `${x.toPrecision(2)} times`;

/** Each of some cells against another. */
const against = ({ results }: Found, cells: readonly string[], one: string): readonly Difference[] =>
  made({ title: '', says: '', cells: cells.filter((cell) => cell !== one), against: one }, results)?.differences ?? [];

const standing = ({ name, study, results }: Found): Sentence => {
  const runs = study.cells.reduce((n, cell) => n + (cell.seeds ?? study.seeds).length, 0);
  return `${name}: ${results.length} of ${runs} runs are done. Figures are ${measure} at the test${study.options.protocol === 'hstu' ? ' of its best epoch, which is optimistic' : ', of epochs chosen on validation'}; differences are paired over users, p after Holm’s correction. They say nothing of how another seed would come out where there is one.`;
};

const claim = (found: Found): Sentence => {
  const [difference] = against(found, ['pcrec'], 'hstu');
  if (difference === undefined) return undefined;
  const seeds = `${difference.seeds.length} seed${difference.seeds.length === 1 ? '' : 's'}`;
  const verdict =
    difference.adjusted >= TOLD
      ? 'cannot be told from HSTU'
      : difference.difference > 0
        ? 'is better than HSTU'
        : 'is worse than HSTU';
  return `PCRec ${verdict}: ${by(difference)}, ${seeds}.`;
};

/** How PCRec stands against each of others. */
const stands = (differences: readonly Difference[]): string => {
  const named = (holds: (of: Difference) => boolean): readonly string[] =>
    differences.filter(holds).map(({ cell }) => cell);
  const told = ({ adjusted }: Difference): boolean => adjusted < TOLD;
  return (
    [
      ['better than', named((of) => told(of) && of.difference < 0)],
      ['worse than', named((of) => told(of) && of.difference > 0)],
      ['not told apart from', named((of) => !told(of))],
    ] as const
  )
    .filter(([, names]) => names.length > 0)
    .map(([words, names]) => `${words} ${list(names)}`)
    .join('; ');
};

/** Rows of the table of this title. */
const cellsOf = ({ study: { tables } }: Found, title: string): readonly string[] =>
  tables.find((table) => table.title === title)?.cells ?? [];

const controls = (found: Found): Sentence => {
  const cells = cellsOf(found, 'Is it the inference?').filter((cell) => cell !== 'hstu');
  const differences = against(found, cells, 'pcrec');
  return differences.length === 0 ? undefined : `Against its controls PCRec is ${stands(differences)}.`;
};

const zoo = (found: Found): Sentence => {
  const cells = cellsOf(found, 'Models');
  const rows = rowsOf(found.results).filter(({ cell }) => cells.includes(cell));
  const differences = against(found, cells, 'pcrec');
  if (differences.length === 0) return undefined;
  const best = rows.reduce((a, b) => (b.figures[measure].mean > a.figures[measure].mean ? b : a));
  const above = differences.every(({ difference, adjusted }) => difference < 0 && adjusted < CLAIMED);
  const all =
    rows.length === cells.length
      ? `Of ${cells.length} models`
      : `Of the ${rows.length} of ${cells.length} models that were run`;
  return `${all} with the same budget ${best.cell} has the best mean, ${figureText(best.figures[measure])}. PCRec is ${above ? `above every other, each at p < ${CLAIMED}` : stands(differences)}.`;
};

/** The best of ours beside the best that others printed, not the paper's. */
const beside = ({ study, results }: Found): Sentence => {
  const theirs = (published[study.published ?? ''] ?? []).filter(
    ({ source, figures }) => !source.startsWith(paper) && possible(figures),
  );
  const rows = rowsOf(results);
  if (theirs.length === 0 || rows.length === 0) return undefined;
  const ndcg = ({ figures }: (typeof theirs)[number]): number => figures[1] ?? 0;
  const [best, ours] = [
    theirs.reduce((a, b) => (ndcg(b) > ndcg(a) ? b : a)),
    rows.reduce((a, b) => (b.figures[measure].mean > a.figures[measure].mean ? b : a)),
  ];
  return `The best that others than the paper printed is ${number(ndcg(best))} (${best.model}; ${best.source}); the best row here, ${ours.cell}, has ${figureText(ours.figures[measure])}.`;
};

const tuned = (found: Found): Sentence => {
  const [difference] = against(found, ['pcrec tuned'], 'hstu tuned');
  return difference && `Tuned alike, PCRec’s difference to HSTU is ${by(difference)}.`;
};

const steps = ({ study, results }: Found): Sentence => {
  const curve = curvesOf(study, results).find(({ cell }) => cell === 'pcrec');
  const zero = curve?.points.find(({ x }) => x === 0);
  if (curve === undefined || zero === undefined) return undefined;
  const best = curve.points.reduce((a, b) => (b.figure.mean > a.figure.mean ? b : a));
  return `PCRec trained with 1 step has ${number(zero.figure.mean)} where the inference is switched off at the test, and is best at ${best.x} (${number(best.figure.mean)}): ${Number(best.x) > 1 ? 'more steps than in training help' : 'more steps than in training do not help'}.`;
};

/** The difference of the two lines of a plot, place by place. */
const along = (found: Found, title: string): Sentence => {
  const table = found.study.tables.find((one) => one.title === title);
  if (table?.plot === undefined) return undefined;
  const [hstu, pcrec] = linesOf(table, found.results);
  const both = (pcrec?.points ?? []).flatMap(({ x, figure }) => {
    const other = hstu?.points.find((point) => point.x === x);
    return other === undefined ? [] : [`${brief(signed(figure.mean - other.figure.mean))} at ${x}`];
  });
  return both.length < 2 ? undefined : `By ${table.plot.x}, PCRec’s difference to HSTU is ${list(both)}.`;
};

const cost = ({ costs }: Found): Sentence => {
  const of = (cell: string) => costs?.cells.find((one) => one.cell === cell);
  const [hstu, pcrec] = [of('hstu'), of('pcrec')];
  return hstu && pcrec
    ? `PCRec takes ${times(pcrec.epoch / hstu.epoch)} HSTU’s time for an epoch, ${times(pcrec.user / hstu.user)} for ranking a user, ${times(pcrec.operations / hstu.operations)} the operations and ${times(pcrec.arena / hstu.arena)} the arena.`
    : undefined;
};

const inside = ({ insides }: Found): Sentence => {
  const found = insides.find(({ asked }) => asked.cell === 'pcrec');
  const [by_, groups] = Object.entries(found?.tastes ?? {})[0] ?? [];
  const [narrow, wide] = [groups?.[0], groups?.at(-1)];
  return narrow && wide && narrow !== wide
    ? `Inside: by ${by_}, inference takes ${(100 * narrow.fall).toFixed(0)} % of the energy of the narrowest fifth of tastes and changes ${narrow.changed.toFixed(1)} of their ten best, ${(100 * wide.fall).toFixed(0)} % and ${wide.changed.toFixed(1)} of the widest.`
    : undefined;
};

const pick = (found: Found): Sentence => {
  const [difference] = against(found, ['pcrec'], 'hstu');
  if (difference === undefined) return undefined;
  const settled = difference.seeds.length < SEEDS ? ', which are too few to settle it,' : '';
  return difference.difference > 0 && difference.adjusted < TOLD
    ? `By these runs${settled} a user should pick PCRec where its cost is affordable.`
    : `By these runs${settled} a user should pick HSTU, which is the cheaper of the two.`;
};

/** The sentences of a study, of what it has results of. */
export const reading = (found: Found): readonly string[] =>
  [
    standing(found),
    claim(found),
    controls(found),
    zoo(found),
    beside(found),
    tuned(found),
    steps(found),
    along(found, 'Width and depth'),
    along(found, 'Share of the training data'),
    cost(found),
    inside(found),
    pick(found),
  ].flatMap((sentence) => sentence ?? []);
