/** What a study can be asked to do, one task at a time; each goes on where it was ended. */
import { join } from 'node:path';
import { view } from '../../runtime/compare/view.js';
import { plural } from '../../runtime/contract/words.js';
import { messageOf } from '../../runtime/errors.js';
import { view as searchView } from '../../runtime/search/view.js';
import { duration } from '../../runtime/view.js';
import { terminal } from '../../runtime/world.js';
import { cost, keepCosts } from './cost.js';
import { type Cell, seedsOf, type Study } from './declared.js';
import { describeAll, keepDatasets } from './datasets.js';
import { shelf, studies } from './grid.js';
import { insideOf, look } from './inside.js';
import { perform } from './perform.js';
import type { Place } from './readied.js';
import { timeLeft } from './remaining.js';
import {
  askedOf,
  cellsOf,
  isWhole,
  keep,
  kept,
  type Kept,
  resultsOf,
  searchAsked,
  searchOf,
  sideFile,
  writeParts,
} from './result.js';
import { performSearch } from './search.js';

/** The command line. */
export interface Words {
  readonly only?: readonly string[];
  readonly cells?: readonly string[];
  readonly seeds?: readonly string[];
  readonly files: string;
  readonly results: string;
  readonly work: string;
  readonly threads?: number;
  readonly rounds: number;
  readonly users: number;
}
/** Who asks, and what of. */
export interface Asking {
  readonly words: Words;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

export const say = (text: string): void => void process.stderr.write(`${text}\n`);

const sourceOf = ({ files }: Words, { data }: Study): string => (data === 'sample' ? data : join(files, data));
const placeOf = ({ words, signal }: Asking, name: string, flag = ''): Place => ({
  source: sourceOf(words, studies[name]!),
  work: words.work,
  threads: words.threads,
  command: `npm run study -- --only ${name}${flag}`,
  signal,
  listen: view(terminal, terminal.now),
});
const chosen = ({ cells }: Words, name: string): boolean => cells === undefined || cells.includes(name);

/** Does one after the other until the signal comes; what fails is said, and the others go on. Gives how many failed. */
const inTurn = async <A>(
  { signal }: Asking,
  all: readonly A[],
  named: (one: A) => string,
  work: (one: A) => Promise<unknown>,
): Promise<number> => {
  let failed = 0;
  for (const [i, one] of all.entries()) {
    if (signal.aborted) break;
    say(`${i + 1} of ${all.length}: ${named(one)}`);
    try {
      await work(one);
    } catch (error) {
      if (signal.aborted) break;
      failed++;
      say(`${named(one)} failed: ${messageOf(error)}`);
    }
  }
  return failed;
};

interface Wanted {
  readonly name: string;
  readonly study: Study;
  readonly cell: Cell;
  readonly seed: number;
}
const runName = ({ name, cell, seed }: Wanted): string => `${name}: ${cell.name}, seed ${seed}`;

/** The runs that are asked for: seed by seed, so that what is unfinished compares like with like. */
const wanted = ({ names, words }: Asking): readonly Wanted[] =>
  names.flatMap((name) => {
    const study = studies[name]!;
    const cells = cellsOf(words.results, name, study).filter((cell) => chosen(words, cell.name));
    const all = [...new Set(cells.flatMap((cell) => seedsOf(study, cell)))].sort((a, b) => a - b);
    return all
      .filter((seed) => words.seeds === undefined || words.seeds.includes(String(seed)))
      .flatMap((seed) =>
        cells.filter((cell) => seedsOf(study, cell).includes(seed)).map((cell) => ({ name, study, cell, seed })),
      );
  });

const found = ({ words: { results } }: Asking, { name, study, cell, seed }: Wanted): Kept | undefined =>
  kept(results, askedOf(name, study, cell, seed));
const isDone = (asking: Asking, run: Wanted): boolean => {
  const result = found(asking, run);
  return result !== undefined && isWhole(result, run.cell);
};

/** Cells that wait for a search. */
const waiting = ({ names, words }: Asking): readonly string[] =>
  names.flatMap((name) => {
    const there = cellsOf(words.results, name, studies[name]!).map((cell) => cell.name);
    return studies[name]!.cells.filter((cell) => !there.includes(cell.name) && chosen(words, cell.name)).map(
      (cell) => `${name}: ${cell.name} waits for the search of ${cell.tuned} (--search)`,
    );
  });

/** Says what is done and what is left, and about how long that takes. */
export const list = (asking: Asking): void => {
  const { names, words } = asking;
  const runs = wanted(asking).map((run) => ({ ...run, done: isDone(asking, run) }));
  runs.forEach((run) => say(`${run.done ? 'done   ' : 'to do  '} ${runName(run)}`));
  waiting(asking).forEach((text) => say(`waits   ${text}`));
  const done = names.flatMap((name) => resultsOf(words.results, name, studies[name]!));
  for (const name of names) {
    const left = runs.filter((run) => run.name === name && !run.done).map(({ cell }) => ({ cell, study: name }));
    const { seconds, known } = timeLeft(left, done);
    const time =
      known === 0 ? '' : `, ${known} of them in about ${duration(seconds)} by the median of runs that are done`;
    say(`${name}: ${plural(left.length, 'run')} left${time}.`);
  }
};

/** What of the grid is not done. */
export const runs = async (asking: Asking): Promise<number> => {
  const all = wanted(asking);
  const missing = all.filter((run) => !isDone(asking, run));
  say(`${all.length} runs, ${all.length - missing.length} of them done.`);
  waiting(asking).forEach(say);
  return inTurn(asking, missing, runName, async ({ name, study, cell, seed }) => {
    const asked = askedOf(name, study, cell, seed);
    const result = await perform({ ...placeOf(asking, name), asked, study, cell });
    if (result !== undefined) keep(asking.words.results, result);
  });
};

export const searches = (asking: Asking): Promise<number> => {
  const { names, words } = asking;
  const missing = names.flatMap((name) =>
    (studies[name]!.search?.cells ?? [])
      .filter((cell) => chosen(words, cell) && searchOf(words.results, name, studies[name]!, cell) === undefined)
      .map((cell) => ({ name, cell })),
  );
  return inTurn(
    asking,
    missing,
    ({ name, cell }) => `${name}: the search of ${cell}`,
    async ({ name, cell }) => {
      const asked = searchAsked(name, studies[name]!, cell)!;
      const place = { ...placeOf(asking, name, ' --search'), tell: searchView(terminal, terminal.now) };
      const result = await performSearch(asked, place);
      if (result !== undefined) writeParts(sideFile(words.results, name, cell, 'search'), result);
    },
  );
};

export const insights = (asking: Asking): Promise<number> => {
  const { names, words } = asking;
  const missing = names.flatMap((name) => {
    const study = studies[name]!;
    return cellsOf(words.results, name, study)
      .filter((cell) => study.inside?.includes(cell.name) === true && chosen(words, cell.name))
      .map((cell) => ({ name, cell, asked: askedOf(name, study, cell, seedsOf(study, cell)[0]!) }))
      .filter(({ asked }) => insideOf(words.results, asked) === undefined);
  });
  return inTurn(
    asking,
    missing,
    ({ name, cell }) => `${name}: inside ${cell.name}`,
    ({ name, asked }) => {
      const { about } = studies[name]!;
      const place = placeOf(asking, name, ' --inside');
      const { users, results } = words;
      return look({
        ...place,
        asked,
        users,
        results,
        about: about && { items: join(words.files, about.file), itemColumns: about.columns },
      });
    },
  );
};

export const costs = (asking: Asking): Promise<number> => {
  const { names, words } = asking;
  const measured = names.filter((name) => studies[name]!.cost !== undefined);
  return inTurn(
    asking,
    measured,
    (name) => `${name}: what cells cost`,
    async (name) => {
      const study = studies[name]!;
      const cells = study.cells.filter((cell) => study.cost!.includes(cell.name) && chosen(words, cell.name));
      const { rounds } = words;
      const found = await cost({ name, study, cells, rounds, steps: 24, say }, placeOf(asking, name, ' --cost'));
      if (found !== undefined) keepCosts(words.results, found);
    },
  );
};

export const datasets = (asking: Asking): Promise<number> => {
  const { files, results } = asking.words;
  return inTurn(
    asking,
    [shelf],
    () => 'data sets',
    async () => {
      const all = await describeAll(shelf, files);
      keepDatasets(results, all);
      say(`${all.length} data sets of ${shelf.length} are in ${files}.`);
    },
  );
};
