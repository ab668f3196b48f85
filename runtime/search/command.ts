/** `trainer.js search`: its options, and a search's life under signals. */
import { type Command, Option } from 'commander';
import type { CompiledModel } from '../contract/compiled.js';
import { frequent, throttled } from '../events.js';
import { counted, flags, threads } from '../flags.js';
import type { SearchOptions } from '../options.js';
import { type Shared, underSignals, type World } from '../world.js';
import type { SearchListener } from './events.js';
import { defaultTrials, folderOf } from './plan.js';
import { search } from './search.js';
import { searchText } from './tables.js';
import { view } from './view.js';

/** The options of the command that only it has. */
export const searchOptions = (compiled: CompiledModel): readonly Option[] => [
  new Option(
    '--space <list>',
    'where to look, by hyperparameter: rate=log:1e-4..1e-2,dropout=0..0.5,heads=1|2|4',
  ).makeOptionMandatory(),
  counted('trials', `points to try (default: ${defaultTrials})`),
  counted('epochs', 'passes over the data of the trials that get to the end; the others stop earlier'),
  counted('batch', 'users of a batch'),
  counted('seed', 'decides which points are tried, and every random number of a training'),
  counted('patience', 'epochs without a better validation figure before a trial stops'),
  new Option('--model <file>', "the model's file, where it is not found"),
  new Option('--out <folder>', 'folder of all trials; the same command goes on from what is there').default(
    folderOf(compiled),
  ),
];

/** Events as JSON lines, the frequent ones once a second at most. */
const jsonLines = ({ out, now }: World): SearchListener =>
  throttled(
    1000,
    now,
    (event) => event.kind === 'run' && frequent.has(event.event.kind),
    (event) => void out.write(`${JSON.stringify(event)}\n`),
  );

/** Gives a command its options and what it does. */
export const searching = (
  command: Command,
  compiled: CompiledModel,
  world: World,
  finish: (code: number) => void,
): Command => {
  searchOptions(compiled).forEach((option) => command.addOption(option));
  [flags.split, flags.device, threads, flags.json].forEach((option) => command.addOption(option));
  return command
    .description(
      'Look for hyperparameters: compiles and trains many, goes on with the best third again and again (successive halving), by validation alone, and tests the best once. Needs the compiler.',
    )
    .action(async (options: SearchOptions & Shared) => {
      const { json, ...asked } = options;
      const shown = view(world, world.now);
      const lines = jsonLines(world);
      const listen: SearchListener = (event) => {
        if (json === true) lines(event);
        if (json !== true || event.kind === 'failed' || event.kind === 'warning') shown(event);
      };
      const task = (signal: AbortSignal) => search(compiled)({ ...asked, signal, listen });
      finish(
        await underSignals(
          world,
          'Saving',
          task,
          (message) => listen({ kind: 'failed', message }),
          ({ found }, signalled) => {
            if (found === null) return signalled ?? 1;
            if (json !== true) world.out.write(`${searchText(found)}\n`);
            return 0;
          },
        ),
      );
    });
};
