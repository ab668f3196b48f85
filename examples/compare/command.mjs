// @ts-check
/** The command line of a comparison: from words to a plan. */
import { Command, Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { deviceNames, flag, formats, readNumber, samplePath, trainingProtocols } from 'pcrec/runtime';
import { modelNames, wantedModels } from './models.mjs';

/**
 * @import { Either } from 'fp-ts/lib/Either.js'
 * @import { DeviceName, NumberName, Protocol } from 'pcrec/runtime'
 * @import { Plan, ReportPlan } from './types.ts'
 */

/**
 * As commander reads them: numbers and lists are still text.
 *
 * @typedef {{
 *   readonly data: string, readonly format?: string, readonly titles?: string, readonly models?: string, readonly seeds?: string, readonly baselines?: string,
 *   readonly out: string, readonly epochs: string, readonly batch: string, readonly patience?: string, readonly protocol: Protocol,
 *   readonly length?: string, readonly width?: string, readonly set?: readonly string[], readonly device: DeviceName | 'auto', readonly threads?: string,
 *   readonly report?: boolean, readonly markdown?: boolean,
 * }} Words
 */

/** @type {() => Command} */
export const describe = () =>
  new Command('compare.mjs')
    .description('Trains several models on the same data with the same seeds, and compares them: a table of means and deviations, and paired significance per user. What is finished is kept, so the same command goes on after an interruption.')
    .addOption(new Option('--models <list>', `names (${modelNames().join(', ')}) or paths of model files, with commas; NAME@PRESET for a preset`))
    .addOption(new Option('--seeds <list>', 'one run of each model for each seed (default: 1,2,3)'))
    .addOption(new Option('--baselines <list>', 'models to compare against (default: all but those that begin with pcrec)'))
    .addOption(new Option('--data <file>', `interactions, or \`${samplePath}\` for generated ones`).default(samplePath))
    .addOption(new Option('--format <name>', 'format of the data, where their first line does not tell').choices(formats.map(({ name }) => name)))
    .addOption(new Option('--titles <file>', 'titles of items'))
    .addOption(new Option('--out <folder>', 'folder of results and checkpoints').default('results'))
    .addOption(new Option('--epochs <n>', 'passes over the data at most').default('100'))
    .addOption(new Option('--batch <n>', 'users of a batch').default('128'))
    .addOption(new Option('--patience <n>', 'epochs without a better validation NDCG@10 before stopping (default: 10)'))
    .addOption(new Option('--protocol <name>', '`hstu` has no validation and takes the best TEST epoch: optimistic, only to compare with figures published so').choices(trainingProtocols).default('standard'))
    .addOption(new Option('--length <n>', 'positions of the history that are read: --set length=N'))
    .addOption(new Option('--width <n>', 'channels of an item: --set width=N'))
    .addOption(new Option('--set <name=value>', 'a hyperparameter of all models, or of one: MODEL:name=value; may be repeated').argParser((text, all) => [...(Array.isArray(all) ? all : []), text]))
    .addOption(new Option('--device <name>', 'where to compute').choices(['auto', ...deviceNames]).default('auto'))
    .addOption(new Option('--threads <n>', 'threads of the device wasm, without effect on results (default: a core each)'))
    .addOption(new Option('--report', 'train nothing; report what there is'))
    .addOption(new Option('--markdown', 'print the report as Markdown'))
    .addHelpText('after', '\nExit codes: 0 done, 1 a run failed, 2 usage, 130 and 143 interrupted.')
    .showHelpAfterError('(--help tells the options)')
    .allowExcessArguments(false);

/** @type {(text: string | undefined) => readonly string[] | null} */
const list = (text) => (text === undefined ? null : text.split(',').map((word) => word.trim()).filter((word) => word !== ''));

/** @type {(name: NumberName, text: string | undefined) => Either<string, number | undefined>} */
const number = (name, text) => (text === undefined ? E.right(undefined) : readNumber(name)(text));

/** @type {(text: string | undefined) => Either<string, readonly number[] | null>} */
const seedsOf = (text) => {
  const words = list(text);
  return words === null ? E.right(null) : pipe(
    words,
    E.traverseArray((word) => pipe(readNumber('seed')(word), E.mapLeft(() => `--seeds takes whole numbers from 0 to ${2 ** 32 - 1} with commas between them, not ${JSON.stringify(word)}.`))),
    E.filterOrElse((seeds) => seeds.length > 0 && new Set(seeds).size === seeds.length, () => `--seeds takes seeds that differ from one another, not ${JSON.stringify(text)}.`),
  );
};

/** What to report. Left: one sentence. @type {(words: Words) => Either<string, ReportPlan>} */
export const reportPlan = ({ models, seeds, baselines, out, markdown = false }) =>
  pipe(
    models === undefined ? E.right(null) : pipe(wantedModels(list(models) ?? [], []), E.map((wanted) => wanted.map(({ label }) => label))),
    E.bindTo('models'),
    E.bind('seeds', () => seedsOf(seeds)),
    E.map((plan) => ({ ...plan, baselines: list(baselines), out, markdown })),
  );

/** What to run. Left: one sentence naming the option, what it takes and what it got. @type {(words: Words) => Either<string, Plan>} */
export const planOf = (words) => {
  const { data, format, titles, out, protocol, device, markdown = false } = words;
  const sizes = /** @type {const} */ (['length', 'width']).flatMap((name) => (words[name] === undefined ? [] : [`${name}=${words[name]}`]));
  return pipe(
    E.Do,
    E.bind('models', () => wantedModels(list(words.models) ?? [], [...sizes, ...(words.set ?? [])])),
    E.filterOrElse(({ models }) => models.length > 0, () => `--models says which models to compare: ${modelNames().join(', ')}, or paths of model files, with commas between them.`),
    E.filterOrElse(() => protocol === 'standard' || words.patience === undefined, () => '--patience needs validation, and --protocol hstu has none: leave one of them out.'),
    E.bind('seeds', () => seedsOf(words.seeds)),
    E.bind('epochs', () => readNumber('epochs')(words.epochs)),
    E.bind('batch', () => readNumber('batch')(words.batch)),
    E.bind('patience', () => number('patience', words.patience)),
    E.bind('threads', () => number('threads', words.threads)),
    E.bind('baselines', ({ models }) => {
      const baselines = list(words.baselines);
      const stranger = baselines?.find((name) => !models.some(({ label }) => label === name));
      return stranger === undefined ? E.right(baselines) : E.left(`${flag('baselines')} names ${stranger}, and --models are ${models.map(({ label }) => label).join(', ')}.`);
    }),
    E.map(({ models, seeds, epochs, batch, patience, threads, baselines }) => ({
      models, seeds: seeds ?? [1, 2, 3], baselines, source: { data, format, titles }, training: { epochs, batch, patience: patience ?? (protocol === 'standard' ? 10 : undefined), protocol },
      device: { device, threads }, out, markdown,
    })),
  );
};
