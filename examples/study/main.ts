/**
 * `npm run study`: does what of the grid is not done, keeps it as small files, and makes the page and the tables of models/README.md of them.
 *
 *     npm run study -- [--only tiny,beauty] [--cells hstu,pcrec] [--seeds 1] [--files FOLDER] [--threads N] [--list] [--report]
 *
 * It may be ended at any point; the same command goes on.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { view } from '../../runtime/compare/view.js';
import { packageFolder } from '../../runtime/contract/package.js';
import { messageOf } from '../../runtime/errors.js';
import { pictures } from '../../runtime/report/pictures.js';
import { terminal } from '../../runtime/world.js';
import { type Cell, type Study, studies } from './grid.js';
import { studyPage } from './page.js';
import { perform } from './perform.js';
import { readmeText, replaced } from './readme.js';
import { askedOf, keep, kept, resultsOf, strays } from './result.js';

interface Words {
  readonly only?: readonly string[];
  readonly cells?: readonly string[];
  readonly seeds?: readonly string[];
  readonly files: string;
  readonly results: string;
  readonly work: string;
  readonly threads?: number;
  readonly list?: boolean;
  readonly report?: boolean;
}
interface Wanted {
  readonly name: string;
  readonly study: Study;
  readonly cell: Cell;
  readonly seed: number;
}

const listed = (text: string): readonly string[] => text.split(',').map((word) => word.trim());
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The runs that are asked for: seed by seed, so that what is unfinished compares like with like. */
const wanted = (names: readonly string[], { cells, seeds }: Words): readonly Wanted[] =>
  names.flatMap((name) => {
    const study = studies[name]!;
    const all = [...new Set(study.cells.flatMap((cell) => cell.seeds ?? study.seeds))].sort((a, b) => a - b);
    return all.flatMap((seed) =>
      study.cells
        .filter((cell) => (cell.seeds ?? study.seeds).includes(seed))
        .filter((cell) => cells === undefined || cells.includes(cell.name))
        .filter(() => seeds === undefined || seeds.includes(String(seed)))
        .map((cell) => ({ name, study, cell, seed })),
    );
  });

const unknown = (given: readonly string[], there: readonly string[]): string | undefined => {
  const bad = given.find((one) => !there.includes(one));
  return bad === undefined ? undefined : `The grid has no ${bad}: there are ${there.join(', ')}.`;
};

/** The page, and the tables of the README where the results are the repository's. */
const report = async (names: readonly string[], { results, work }: Words): Promise<void> => {
  const all = names.map((name) => [name, studies[name]!, resultsOf(results, name, studies[name]!)] as const);
  mkdirSync(work, { recursive: true });
  const page = join(work, 'study.html');
  writeFileSync(page, studyPage(all, await pictures()));
  say(`The page: ${page}`);
  for (const [name, study] of all)
    strays(results, name, study).forEach((path) =>
      say(`${path} answers nothing that the grid asks: delete it, or run it again.`),
    );
  const readme = join(packageFolder(), 'models', 'README.md');
  if (resolve(results) !== join(packageFolder(), 'examples', 'study', 'results') || !existsSync(readme)) return;
  const rest = Object.entries(studies)
    .filter(([name]) => name !== 'tiny')
    .map(([name, study]) => [name, study, resultsOf(results, name, study)] as const);
  const text = replaced(readFileSync(readme, 'utf8'), readmeText(rest));
  if (text !== undefined) writeFileSync(readme, text);
};

const main = async (words: Words): Promise<number> => {
  const names = words.only ?? Object.keys(studies);
  const why =
    unknown(names, Object.keys(studies)) ??
    unknown(
      words.cells ?? [],
      names.flatMap((name) => studies[name]!.cells.map((cell) => cell.name)),
    );
  if (why !== undefined) {
    say(why);
    return 2;
  }
  const runs = wanted(names, words).map((run) => {
    const asked = askedOf(run.name, run.study, run.cell, run.seed);
    return { ...run, asked, done: kept(words.results, asked, run.cell.steps ?? []) !== undefined };
  });
  const missing = runs.filter(({ done }) => !done);
  say(`${runs.length} runs, ${runs.length - missing.length} of them done.`);
  if (words.list === true) {
    runs.forEach(({ name, cell, seed, done }) =>
      say(`${done ? 'done   ' : 'to do  '} ${name}: ${cell.name}, seed ${seed}`),
    );
    return 0;
  }
  const ending = new AbortController();
  const silence = terminal.onSignal((code) => (ending.signal.aborted ? process.exit(code) : ending.abort()));
  let failed = 0;
  for (const [i, { study, cell, name, seed, asked }] of (words.report === true ? [] : missing).entries()) {
    if (ending.signal.aborted) break;
    say(`${i + 1} of ${missing.length}: ${name}: ${cell.name}, seed ${seed}`);
    try {
      const result = await perform({
        asked,
        steps: cell.steps ?? [],
        source: study.data === 'sample' ? 'sample' : join(words.files, study.data),
        work: words.work,
        threads: words.threads,
        command: `npm run study -- --only ${name}`,
        signal: ending.signal,
        listen: view(terminal, terminal.now),
      });
      if (result !== undefined) keep(words.results, result);
    } catch (error) {
      failed++;
      say(`${name}: ${cell.name}, seed ${seed} failed: ${messageOf(error)}`);
    }
  }
  silence();
  await report(names, words);
  return ending.signal.aborted ? 130 : failed > 0 ? 1 : 0;
};

const command = new Command('study')
  .addOption(new Option('--only <list>', 'these studies').argParser(listed))
  .addOption(new Option('--cells <list>', 'these rows').argParser(listed))
  .addOption(new Option('--seeds <list>', 'these seeds').argParser(listed))
  .addOption(new Option('--files <folder>', 'where the data files are').default('data'))
  .addOption(new Option('--results <folder>', 'where results are kept').default(join('examples', 'study', 'results')))
  .addOption(new Option('--work <folder>', 'models, checkpoints and the page').default(join('build', 'study', 'work')))
  .addOption(new Option('--threads <n>', 'threads of native and wasm').argParser(Number))
  .addOption(new Option('--list', 'say what is done, and do nothing'))
  .addOption(new Option('--report', 'make the page of what is there, and train nothing'));
command.parse();
process.exitCode = await main(command.opts<Words>());
setTimeout(() => process.exit(), 1000).unref();
