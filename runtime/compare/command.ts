/** `pcrec-compare`: options in, an exit code out. 0 ok, 1 something failed, 2 usage, 130 and 143 interrupted. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import { counted, flags } from '../flags.js';
import { underSignals, type World } from '../world.js';
import { withData } from '../dataflags.js';
import { frequent, throttled } from '../events.js';
import { repeated, singly } from '../contract/singly.js';
import { protocols, readNumber } from '../contract/settings.js';
import { packageModels } from '../contract/package.js';
import { plural } from '../contract/words.js';
import { type Audience, type CompareResult, prepared } from './compare.js';
import type { CompareListener } from './events.js';
import { type CompareOptions, defaults } from './plan.js';
import { comparisonReport } from './report.js';
import { view } from './view.js';

/** The command line as commander reads it. */
interface Words extends Omit<CompareOptions, 'signal' | 'listen'> {
  readonly length?: string;
  readonly width?: string;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

const seeds = (text: string): readonly number[] =>
  list(text).map((word) => {
    const seed = readNumber('seed')(word);
    if (E.isLeft(seed))
      throw new InvalidArgumentError(
        `It takes whole numbers from 0 to ${2 ** 32 - 1} with commas between them, and ${JSON.stringify(word)} is none.`,
      );
    return seed.right;
  });

/** The parser. */
export const describe = (): Command =>
  withData(new Command('pcrec-compare'))
    .description(
      'Trains several models on the same data with the same seeds, and compares them: a table of means and deviations, and paired significance per user. What is finished is kept, so the same command goes on after an interruption.',
    )
    .addOption(
      new Option(
        '--models <list>',
        `names (${[...packageModels().keys()].join(', ')}) or paths of model files, with commas; NAME@PRESET for a preset`,
      ).argParser(list),
    )
    .addOption(
      new Option('--seeds <list>', `one run of each model for each seed (default: ${defaults.seeds.join()})`).argParser(
        seeds,
      ),
    )
    .addOption(
      new Option(
        '--baselines <list>',
        'models to compare against (default: all but those that begin with pcrec)',
      ).argParser(list),
    )
    .addOption(new Option('--out <folder>', 'folder of results and checkpoints').default(defaults.out))
    .addOption(counted('epochs', `passes over the data at most (default: ${defaults.epochs})`))
    .addOption(counted('batch', `users of a batch (default: ${defaults.batch})`))
    .addOption(
      counted('patience', `epochs without a better validation NDCG@10 before stopping (default: ${defaults.patience})`),
    )
    .addOption(
      new Option(
        '--protocol <name>',
        '`hstu` has no validation and takes the best TEST epoch: optimistic, only to compare with figures published so',
      )
        .choices(protocols)
        .default(defaults.protocol),
    )
    .addOption(flags.split)
    .addOption(new Option('--length <n>', 'positions of the history that are read: --set length=N'))
    .addOption(new Option('--width <n>', 'channels of an item: --set width=N'))
    .addOption(
      repeated(
        new Option(
          '--set <name=value>',
          'a hyperparameter of all models, or of one: MODEL:name=value; may be repeated',
        ),
      ),
    )
    .addOption(flags.device)
    .addOption(
      counted('threads', 'threads of the devices native and wasm, without effect on results (default: a core each)'),
    )
    .addOption(flags.cutoffs)
    .addOption(new Option('--report', 'train nothing; report what there is'))
    .addOption(new Option('--markdown', 'print the report as Markdown').conflicts('json'))
    .addOption(flags.json)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  pcrec-compare --data ml-1m/ratings.dat --models hstu,sasrec,pcrec --seeds 1,2,3',
        '  pcrec-compare --models hstu,hstu@large,./mine.ts --set mine:heads=2 --epochs 20 --out results/heads',
        '  pcrec-compare --report --markdown --out results/heads',
        '',
        'Exit codes: 0 done, 1 something failed, 2 usage, 130 and 143 interrupted.',
      ].join('\n'),
    )
    .showHelpAfterError('(--help tells the options)')
    .allowExcessArguments(false);

/** Options from words: `--length` and `--width` are settings, which `--set` goes over. */
export const optionsOf = ({ length, width, set = [], ...options }: Words): CompareOptions => ({
  ...options,
  set: [
    ...(length === undefined ? [] : [`length=${length}`]),
    ...(width === undefined ? [] : [`width=${width}`]),
    ...set,
  ],
});

/** Events as JSON lines, the frequent ones once a second at most. */
const jsonLines = ({ out, now }: World): CompareListener =>
  throttled(
    1000,
    now,
    (event) => event.kind === 'run' && frequent.has(event.event.kind),
    (event) => void out.write(`${JSON.stringify(event)}\n`),
  );

/** Prints what came of it, and gives the exit code. */
const conclude = (
  world: World,
  { json, markdown }: Words,
  listen: CompareListener,
  { comparison, results, failures }: CompareResult,
): number => {
  if (comparison !== null) {
    listen({ kind: 'comparison', ...comparison });
    if (json !== true) world.out.write(`${comparisonReport(comparison, results, markdown)}\n`);
  }
  if (failures.length === 0) return 0;
  listen({
    kind: 'failed',
    message: `${failures.length} of ${plural(failures.length + results.length, 'run')} failed, so the table lacks ${failures.length === 1 ? 'it' : 'them'}; the same command tries again.`,
  });
  return 1;
};

/** Runs under the world's signals, told as it was asked for. */
const conduct = (
  world: World,
  words: Words,
  run: (audience: Audience) => () => Promise<E.Either<string, CompareResult>>,
): Promise<number> => {
  const shown = view(world, world.now);
  const lines = jsonLines(world);
  // Under --json people still read on the standard error what is wrong.
  const listen: CompareListener =
    words.json !== true
      ? shown
      : (event) => {
          lines(event);
          if (event.kind === 'failed') shown(event);
        };
  return underSignals(
    world,
    'Saving',
    (signal) => run({ signal, listen }),
    (message) => listen({ kind: 'failed', message }),
    (result, signalled) => (result.interrupted ? (signalled ?? 1) : conclude(world, words, listen, result)),
  );
};

/** Runs a command line (`argv` without node and script) and gives its exit code. It rejects for bugs only. */
export const command = async (argv: readonly string[], world: World): Promise<number> => {
  const parser = singly(describe())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.out.write(text),
      writeErr: (text) => void world.err.write(text),
    });
  try {
    parser.parse([...argv], { from: 'user' });
    const words = parser.opts<Words>();
    const task = prepared(optionsOf(words));
    if (E.isLeft(task)) return parser.error(`error: ${task.left}`);
    return await conduct(world, words, task.right);
  } catch (error) {
    // Commander has already written what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
};
