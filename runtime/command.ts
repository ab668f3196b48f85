/** The emitted trainer's command line: options in, an exit code out. 0 ok, 1 the run failed, 2 usage, 130 and 143 interrupted. */
import { Command, CommanderError, Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { apartText } from './apart.js';
import { vectorAt } from './asking.js';
import type { CompiledModel } from './contract/compiled.js';
import { withData } from './dataflags.js';
import { messageOf } from './errors.js';
import { evaluateCheckpoint } from './evaluate.js';
import { explains } from './explain/command.js';
import { exports } from './export/command.js';
import { counted, flags, limits, threads, whose } from './flags.js';
import { inspectData, inspectedText } from './inspect.js';
import { profile, profileText } from './profile.js';
import { repeated, singly } from './contract/singly.js';
import { newSettings, protocols } from './contract/settings.js';
import type { EvaluateOptions, InspectOptions, ProfileOptions, RecommendOptions, TrainOptions } from './options.js';
import { packing } from './pack/command.js';
import { paging } from './page/command.js';
import { endQuietly, isMain } from './process.js';
import { label, recommend, type Recommendations } from './recommend.js';
import { answerRequests, tallyText } from './requests.js';
import { outOf } from './defaults.js';
import { train } from './run.js';
import { searching } from './search/command.js';
import { serving } from './serve/command.js';
import { betterThan, refuseStray } from './strays.js';
import { type Carry, conduct, type Shared, terminal, type World } from './world.js';
import { plural, steady } from './contract/words.js';

const recommendations = (found: Recommendations): string =>
  [
    `After ${plural(found.history.length, 'item')}${found.user === null ? '' : ` of user ${found.user}`}, lately ${found.history.slice(-3).map(label).join(', ')}:`,
    ...found.notes.map(steady),
    ...found.items.map(
      (item) => `${String(item.rank).padStart(4)}  ${item.score.toFixed(4).padStart(9)}  ${label(item)}`,
    ),
  ].join('\n');

/** What `recommend` is told on a command line: the vector by a file. */
type Recommending = Omit<RecommendOptions, 'vector'> &
  Shared & { readonly requests?: string; readonly vector?: string | undefined };

/** The parser; each action leaves its exit code in `finish`. */
const program = (
  compiled: CompiledModel,
  argv: readonly string[],
  world: World,
  finish: (code: number) => void,
): Command => {
  const { manifest } = compiled;
  const out = new Option('--out <folder>', 'folder of checkpoints and metrics').default(outOf(compiled, undefined));
  const standard = E.getOrElseW(() => undefined)(newSettings(manifest, {}));
  const fallback = (value: number | null | undefined): string =>
    value === undefined || value === null ? '' : ` (default: ${value})`;

  const root = new Command('trainer.js')
    .description(`Trains and uses the model ${manifest.model}, compiled from ${manifest.source}.`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.out.write(text),
      writeErr: (text) => void world.err.write(text),
      outputError: (text, write) => write(betterThan(text, manifest, argv)),
    })
    .allowExcessArguments()
    .showHelpAfterError('(--help tells the options)');

  const carryOut: Carry = async (options, task, outcome, ending) =>
    finish(await conduct(world, manifest.model, options, task, outcome, ending));

  const training = withData(root.command('train', { isDefault: true }))
    .description('Train, choosing the epoch on validation, and test once. What `trainer.js` does without a command.')
    .addOption(counted('epochs', `passes over the data at most${fallback(standard?.epochs)}`))
    .addOption(counted('batch', `users of a batch${fallback(standard?.batch)}`))
    .addOption(counted('seed', `decides every random number${fallback(standard?.seed)}`))
    .addOption(
      counted(
        'patience',
        `epochs without a better validation ${manifest.label === undefined ? 'NDCG@10' : 'AUC'} before stopping${fallback(standard?.patience)}`,
      ),
    )
    .addOption(
      new Option(
        '--protocol <name>',
        '`hstu` trains on validation items too and reports the best TEST epoch: optimistic, only to compare with figures published so (default: standard)',
      ).choices(protocols),
    )
    .addOption(flags.split)
    .addOption(
      new Option(
        '--train-on <what>',
        '`all` holds nothing out, for the model that goes to work: give the --epochs that were best before',
      )
        .choices(['all'])
        .conflicts(['split', 'patience', 'protocol']),
    )
    .addOption(
      new Option(
        '--from <checkpoint>',
        'go on from a checkpoint of this model on new data: items that it knows keep what was learned, new ones join',
      ).conflicts(['resume', 'transfer']),
    )
    .addOption(
      new Option(
        '--transfer <checkpoint>',
        'begin with what this model learned on other data, all but what it learned of their items: for models that know items by texts, say',
      ).conflicts('resume'),
    )
    .addOption(flags.device)
    .addOption(threads)
    .addOption(out)
    .addOption(new Option('--resume', 'go on from the last checkpoint in the folder, bit for bit'))
    .addOption(counted('checkpointSteps', 'a checkpoint after so many steps'))
    .addOption(counted('checkpointSeconds', 'a checkpoint after so many seconds (default: 60)'))
    .addOption(new Option('--no-test', 'leave the test alone, and the report: for what is chosen among others'))
    .addOption(new Option('--tensorboard', 'write event files for TensorBoard into the folder too'))
    .addOption(new Option('--csv <file>', 'write a table of all epochs and of the test too'))
    .addOption(flags.json)
    .action(async (options: TrainOptions & Shared, invoked: Command) => {
      const fit = options.resume === true ? E.right(undefined) : newSettings(manifest, options);
      if (E.isLeft(fit)) invoked.error(`error: ${fit.left}`);
      await carryOut(
        options,
        (run) => train(compiled)({ ...options, ...run }),
        ({ interrupted }, signalled) => ({ code: interrupted ? (signalled ?? 1) : 0, text: '' }),
        'Saving',
      );
    });

  withData(root.command('evaluate'))
    .description('Rank the held-out items with a checkpoint.')
    .addOption(flags.checkpoint)
    .addOption(out)
    .addOption(new Option('--part <name>', 'which items').choices(['validation', 'test']).default('test'))
    .addOption(counted('batch', 'users of a batch (default: as in training)'))
    .addOption(new Option('--cold', 'apart as well: targets that training met, and those that it never saw'))
    .addOption(
      new Option(
        '--without-requests',
        'as if nothing had been asked before the held-out events, for models that read it',
      ),
    )
    .addOption(new Option('--split <file>', "where the training's split file is now, if it has moved"))
    .addOption(flags.cutoffs)
    .addOption(new Option('--buckets', 'the same by length of history and by popularity of the wanted item'))
    .addOption(
      new Option(
        '--lists',
        'coverage, novelty, popularity, repeats and diversity of the lists: a second pass over all scores',
      ),
    )
    .addOption(new Option('--csv <file>', 'write all figures to a file'))
    .addOption(
      repeated(
        new Option(
          '--set <name=value>',
          'another hyperparameter than in training, which may change no parameter (steps=4); again for another. Needs the compiler',
        ),
      ),
    )
    .addOption(new Option('--model <file>', "the model's file, where --set does not find it"))
    .addOption(flags.device)
    .addOption(threads)
    .addOption(flags.json)
    .action(async (options: EvaluateOptions & Shared) => {
      await carryOut(
        options,
        (run) => evaluateCheckpoint(compiled)({ ...options, ...run }),
        (found) => ({
          code: 0,
          text: `${found.apart === undefined ? '' : `${apartText(found.apart)}\n`}Checkpoint ${found.checkpoint} on ${found.backend}${found.set === undefined ? '' : `, with ${found.set.join(', ')}`}.`,
        }),
      );
    });

  const recommending = withData(root.command('recommend'));
  [...whose(), ...limits()].forEach((option) => recommending.addOption(option));
  recommending
    .description('What comes next for a user of the data, or after a history of items.')
    .addOption(
      new Option(
        '--requests <file>',
        'many requests, one a line (`-`: the standard input), answered as they come: a history as --history takes it, @ID (or @ID at TIME) for a user of the data, or a request in JSON',
      ).conflicts(['user', 'history']),
    )
    .addOption(counted('top', 'how many items (default: 10)'))
    .addOption(flags.checkpoint)
    .addOption(out)
    .addOption(flags.device)
    .addOption(threads)
    .addOption(flags.json)
    .action(async (options: Recommending, command: Command) => {
      const { requests, user, history } = options;
      const asked = pipe(
        vectorAt(options.vector),
        TE.map((vector) => ({ ...options, vector })),
      );
      if ((requests ?? user ?? history) === undefined)
        command.error(
          'error: give one of --user and --history: whom, or after what, to recommend; or --requests, a file of such.',
        );
      await (requests === undefined
        ? carryOut(
            options,
            () => pipe(asked, TE.chain(recommend(compiled))),
            (found) => ({ code: 0, text: recommendations(found), json: found }),
          )
        : carryOut(
            options,
            ({ signal, listen }) =>
              pipe(
                asked,
                TE.chain((all) =>
                  answerRequests(compiled)(
                    { ...all, requests },
                    {
                      stdin: world.in,
                      signal,
                      now: world.now,
                      answered: (line, found, ms) =>
                        void world.out.write(
                          `${options.json === true ? JSON.stringify({ line, ...found, ms: Number(ms.toFixed(3)) }) : recommendations(found)}\n`,
                        ),
                      refused: (line, message) => listen({ kind: 'failed', line, message }),
                    },
                  ),
                ),
              ),
            (tally, signalled) => ({
              code: signalled ?? (tally.failed > 0 ? 1 : 0),
              text: '',
              note: tallyText(tally),
            }),
          ));
    });

  explains(withData(root.command('explain')), compiled, out, carryOut);
  exports(withData(root.command('export')), compiled, carryOut);
  packing(withData(root.command('pack')), compiled, carryOut);
  serving(withData(root.command('serve')), compiled, world, out, carryOut);
  paging(root.command('page'), compiled, world, carryOut);
  searching(withData(root.command('search')), compiled, world, finish);

  withData(root.command('inspect'))
    .description('Look at data before anything learns from them: sizes, how they spread, and what usually goes wrong.')
    .addOption(flags.split)
    .addOption(flags.json)
    .action(async (options: InspectOptions & Shared) => {
      await carryOut(
        options,
        () => inspectData(compiled)(options),
        (found) => ({ code: 0, text: inspectedText(found), json: found }),
      );
    });

  withData(root.command('profile'))
    .description(
      "Time the kernels of a training step, by the model's own names, beside what the machine can do (devices native and wasm); --profile does the same.",
    )
    .addOption(counted('batch', `users of a batch${fallback(standard?.batch)}`))
    .addOption(counted('seed', `decides every random number${fallback(standard?.seed)}`))
    .addOption(flags.device)
    .addOption(flags.json)
    .action(async (options: ProfileOptions & Shared) => {
      await carryOut(
        options,
        () => profile(compiled)(options),
        (found) => ({ code: 0, text: profileText(found), json: found }),
      );
    });

  const { build } = compiled;
  if (build !== undefined)
    root
      .command('build')
      .description(
        'Build the kernels in C for this processor and keep them in this folder, for machines like it without a compiler.',
      )
      .addOption(flags.json)
      .action(async (options: Shared) => {
        await carryOut(
          options,
          () => build,
          (path) => ({ code: 0, text: `Built ${path}.`, json: { built: path } }),
        );
      });

  root.hook('preAction', (_, called) => refuseStray(called.args[0], called));
  root.commands.forEach((c) => c.allowExcessArguments());
  // `trainer.js --help` is asked by people who want to train.
  return singly(root).addHelpText('after', () => `\nWithout a command:\n\n${training.helpInformation()}`);
};

/** `--profile`, where one would train, is the command `profile`. */
const spelled = (argv: readonly string[]): readonly string[] => {
  const [first, ...rest] = argv;
  return argv.includes('--profile')
    ? ['profile', ...(first === 'train' || first === 'profile' ? rest : argv).filter((word) => word !== '--profile')]
    : argv;
};

/** Runs a command line (`argv` without node and script) and gives its exit code. It rejects for bugs only. */
export const command = async (
  compiled: CompiledModel,
  argv: readonly string[],
  world: World = terminal,
): Promise<number> => {
  let code = 0;
  try {
    const words = spelled(argv);
    const parser = program(compiled, words, world, (found) => {
      code = found;
    });
    const [first = '-'] = words;
    // Before its options, of which those of the command that was meant would be unknown to any other.
    if (!first.startsWith('-') && first !== 'help' && !parser.commands.some((c) => c.name() === first))
      refuseStray(first, parser);
    await parser.parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has already written what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
};

/**
 * What an emitted trainer ends with: `main(compiled, import.meta.url)` runs the command where the file is the program, and nothing
 * where it is imported. It is not awaited: a module that awaits cannot be required, and CommonJS may use a trainer too.
 */
export const main = (compiled: CompiledModel, url: string): void => {
  if (!isMain(url)) return;
  endQuietly();
  // Until the end is known: a run that stops for want of anything to wait for has not done what it was asked.
  process.exitCode = 1;
  void command(compiled, process.argv.slice(2))
    .catch((error: unknown) => {
      process.stderr.write(
        `Error: this is a bug in pcrec: ${messageOf(error)}. Please report it with the command line and the file ${compiled.manifest.source}.\n`,
      );
      return 1;
    })
    .then((code) => {
      process.exitCode = code;
      // A device may keep the process alive (threads, GPU handles); nothing is left to wait for.
      setTimeout(() => process.exit(), 1000).unref();
    });
};
