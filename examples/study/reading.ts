/** What the results of a study say, in sentences that are made of them: where PCRec is better, by how much, where not, and what that costs. */
import { chance, signed } from '../../runtime/compare/report.js';
import type { Found } from './found.js';
import { isIndependent, possible, published } from './published.js';
import { brief, curvesOf, type Difference, differencesOf, figureText, linesOf, measure, rowsOf } from './tables.js';

/** Differences count as such below this p, after Holm's correction; a claim over all models below that one. */
const [TOLD, CLAIMED] = [0.05, 0.01];
/** Seeds that a verdict takes. */
const SEEDS = 3;

/** The title of the table that the claim is read from. */
const claimed = 'Is it the inference?';

type Sentence = string | undefined;
const number = (x: number): string => brief(x.toFixed(4));
const by = ({ difference, interval, adjusted }: Difference): string =>
  brief(`${signed(difference)} (95 % ${signed(interval[0])} … ${signed(interval[1])}, p ${chance(adjusted)})`);
const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
const times = (x: number): string => `${x.toPrecision(2)} times`;

/** Each of some cells against another. */
const against = ({ results }: Found, cells: readonly string[], one: string): readonly Difference[] =>
  differencesOf(cells, one, results);
/** PCRec against HSTU, one comparison of those that the study's table of the claim makes. */
const ofClaim = (found: Found): Difference | undefined =>
  against(found, [...new Set(['pcrec', ...cellsOf(found, claimed)])], 'hstu').find(({ cell }) => cell === 'pcrec');

const standing = ({ name, study, results }: Found): Sentence => {
  const runs = study.cells.reduce((n, cell) => n + (cell.seeds ?? study.seeds).length, 0);
  return `${name}: ${results.length} of ${runs} runs are done. Figures are ${measure} at the test${study.options.protocol === 'hstu' ? ' of its best epoch, which is optimistic' : ', of epochs chosen on validation'}; differences are paired over users, p after Holm’s correction.`;
};

const claim = (found: Found): Sentence => {
  const difference = ofClaim(found);
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
      ['not significantly different from', named((of) => !told(of))],
    ] as const
  )
    .filter(([, names]) => names.length > 0)
    .map(([words, names]) => `${words} ${list(names)}`)
    .join('; ');
};

/** Rows of the table of this title. */
const cellsOf = ({ study: { tables } }: Found, title: string): readonly string[] =>
  tables.find((table) => table.title === title)?.cells ?? [];

/** Whether the error of prediction does anything that its parameters do not do without it. */
const inference = (found: Found): Sentence => {
  const difference = against(found, cellsOf(found, claimed), 'pcrec').find(({ cell }) => cell === 'mixing');
  if (difference === undefined) return undefined;
  const verdict =
    difference.difference < 0 && difference.adjusted < TOLD
      ? 'It is the error: without it the same parameters do worse'
      : 'It is not shown that the error of prediction helps: the same parameters without it (mixing) do at least as well';
  return `${verdict}, ${by(difference)} against PCRec, ${difference.seeds.length} seed${difference.seeds.length === 1 ? '' : 's'}.`;
};

const controls = (found: Found): Sentence => {
  const cells = cellsOf(found, claimed).filter((cell) => cell !== 'hstu');
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

/** The best of ours beside the best that others printed, not the paper's, and not of models that read more. */
const beside = ({ study, results }: Found): Sentence => {
  const times = study.set.includes('times=true');
  const theirs = (published[study.published ?? ''] ?? []).filter(
    (one) => isIndependent(one) && possible(one.figures) && (times || !one.times),
  );
  const rows = rowsOf(results);
  if (theirs.length === 0 || rows.length === 0) return undefined;
  const ndcg = ({ figures }: (typeof theirs)[number]): number => figures[1] ?? 0;
  const [best, ours] = [
    theirs.reduce((a, b) => (ndcg(b) > ndcg(a) ? b : a)),
    rows.reduce((a, b) => (b.figures[measure].mean > a.figures[measure].mean ? b : a)),
  ];
  return `The best published result outside the paper${times ? '' : ', of models that read no times,'} is ${number(ndcg(best))} (${best.model}; ${best.source.says}); the best row here, ${ours.cell}, has ${figureText(ours.figures[measure])}.`;
};

const tuned = (found: Found): Sentence => {
  const [difference] = against(found, ['pcrec tuned'], 'hstu tuned');
  return difference && `Tuned alike, PCRec’s difference from HSTU is ${by(difference)}.`;
};

const steps = ({ study, results }: Found): Sentence => {
  const curve = curvesOf(study, results).find(({ cell }) => cell === 'pcrec');
  const zero = curve?.points.find(({ x }) => x === 0);
  if (curve === undefined || zero === undefined) return undefined;
  const best = curve.points.reduce((a, b) => (b.figure.mean > a.figure.mean ? b : a));
  return `Trained with 1 step, PCRec is best when tested with ${best.x} (${number(best.figure.mean)}), so more steps ${Number(best.x) > 1 ? 'help' : 'do not help'}; with 0, and so without a part that it was trained with, it has ${number(zero.figure.mean)}.`;
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
  return both.length < 2 ? undefined : `By ${table.plot.x}, PCRec’s difference from HSTU is ${list(both)}.`;
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
  const difference = ofClaim(found);
  if (difference === undefined) return undefined;
  const few = ({ seeds }: Difference): string => (seeds.length < SEEDS ? ', which are too few to settle it,' : '');
  const others = [...cellsOf(found, claimed), ...cellsOf(found, 'Models')];
  const better = against(found, [...new Set(others)], 'pcrec').filter((of) => of.difference > 0 && of.adjusted < TOLD);
  if (better.length > 0) {
    const best = better.reduce((a, b) => (b.difference > a.difference ? b : a));
    return `By these runs${few(best)} a user should pick ${best.cell}, which is better than PCRec: ${by(best)}.`;
  }
  return difference.difference > 0 && difference.adjusted < TOLD
    ? `By these runs${few(difference)} a user should pick PCRec where its cost is affordable.`
    : `By these runs${few(difference)} a user should pick HSTU, which is the cheaper of the two.`;
};

/** The sentences of a study, of what it has results of. */
export const reading = (found: Found): readonly string[] =>
  [
    standing(found),
    claim(found),
    inference(found),
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
