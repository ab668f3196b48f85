/**
 * `npm run study`: does what of the grid is not done, keeps it as small files, and makes the page and the tables of models/README.md of them.
 *
 *     npm run study -- [--only tiny,beauty] [--cells hstu,pcrec] [--seeds 1] [--files FOLDER] [--threads N] [--list] [--report]
 *     npm run study -- --search | --inside | --cost | --datasets    what is found beside the runs; each goes into files of its own
 *
 * It may be ended at any point; the same command goes on.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { packageFolder } from '../../runtime/contract/package.js';
import { pictures } from '../../runtime/report/pictures.js';
import { terminal } from '../../runtime/world.js';
import { studies } from './grid.js';
import { foundOf } from './found.js';
import { studyPage } from './page.js';
import { readmeText, replaced } from './readme.js';
import { strays } from './result.js';
import { type Asking, costs, datasets, insights, list, runs, say, searches, type Words } from './tasks.js';
import { datasetsOf } from './datasets.js';

/** What may be asked for beside the runs, in the order in which it is done. */
const tasks = { search: searches, runs, inside: insights, cost: costs, datasets } as const;
type Task = keyof typeof tasks;
interface Asked extends Words, Partial<Readonly<Record<Exclude<Task, 'runs'>, boolean>>> {
  readonly list?: boolean;
  readonly report?: boolean;
}

const listed = (text: string): readonly string[] => text.split(',').map((word) => word.trim());

const unknown = (given: readonly string[], there: readonly string[]): string | undefined => {
  const bad = given.find((one) => !there.includes(one));
  return bad === undefined ? undefined : `The grid has no ${bad}: there are ${there.join(', ')}.`;
};

/** The page, and the tables of the README where the results are the repository's. */
const report = async ({ names, words: { results, work } }: Asking): Promise<void> => {
  mkdirSync(work, { recursive: true });
  const page = join(work, 'study.html');
  const all = names.map((name) => foundOf(results, name, studies[name]!, work));
  writeFileSync(page, studyPage(all, datasetsOf(results), await pictures()));
  say(`The page: ${page}`);
  for (const { name, study } of all)
    strays(results, name, study).forEach((path) =>
      say(`${path} answers nothing that the grid asks: delete it, or run it again.`),
    );
  const readme = join(packageFolder(), 'models', 'README.md');
  if (resolve(results) !== join(packageFolder(), 'examples', 'study', 'results') || !existsSync(readme)) return;
  const rest = Object.entries(studies)
    .filter(([name]) => name !== 'tiny')
    .map(([name, study]) => foundOf(results, name, study));
  const text = replaced(readFileSync(readme, 'utf8'), readmeText(rest));
  if (text !== undefined) writeFileSync(readme, text);
};

/** The tasks that flags name; the runs alone where they name none. */
const tasksOf = (words: Asked): readonly Task[] => {
  const all = Object.keys(tasks) as readonly Task[];
  const named = all.filter((task) => task !== 'runs' && words[task] === true);
  return named.length > 0 ? named : words.report === true ? [] : ['runs'];
};

const main = async (words: Asked): Promise<number> => {
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
  const ending = new AbortController();
  const asking = { words, names, signal: ending.signal };
  if (words.list === true) {
    list(asking);
    return 0;
  }
  const silence = terminal.onSignal((code) => (ending.signal.aborted ? process.exit(code) : ending.abort()));
  let failed = 0;
  for (const task of tasksOf(words)) if (!ending.signal.aborted) failed += await tasks[task](asking);
  silence();
  await report(asking);
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
  .addOption(new Option('--list', 'say what is done and what is left, and do nothing'))
  .addOption(new Option('--report', 'make the page of what is there, and train nothing'))
  .addOption(new Option('--search', 'do the searches, which cells that are tuned wait for, and no runs'))
  .addOption(new Option('--inside', 'look into what the inference does for single users, of kept checkpoints'))
  .addOption(new Option('--users <n>', 'how many users that looks at').argParser(Number).default(400))
  .addOption(new Option('--cost', 'measure time and memory of cells, on a quiet machine'))
  .addOption(new Option('--rounds <n>', 'how often that measures each cell').argParser(Number).default(3))
  .addOption(new Option('--datasets', 'count users, items and events of the data sets at hand'));
command.parse();
process.exitCode = await main(command.opts<Asked>());
setTimeout(() => process.exit(), 1000).unref();
