/** `trainer.js explain`. */
import { type Command, Option } from 'commander';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { vectorAt } from '../asking.js';
import type { CompiledModel } from '../contract/compiled.js';
import { counted, flags, limits, threads, whose } from '../flags.js';
import type { ExplainOptions } from '../options.js';
import type { Carry, Shared } from '../world.js';
import { explain } from './explain.js';
import { explanationText } from './text.js';

type Explaining = Omit<ExplainOptions, 'vector'> & Shared & { readonly vector?: string | undefined };

/** Gives a command its options and what it does. */
export const explains = (command: Command, compiled: CompiledModel, out: Option, carryOut: Carry): Command => {
  [
    ...whose(),
    new Option('--item <id>', 'the item that is asked about, by id or title (default: the first that is recommended)'),
    counted('top', 'how many items the lists have (default: 10)'),
    ...limits(),
    flags.checkpoint,
    out,
    flags.device,
    threads,
    flags.json,
  ].forEach((option) => command.addOption(option));
  return command
    .description('Why an item is recommended: which past items moved its score, and what the model did for this user.')
    .action(async (options: Explaining) => {
      if ((options.user ?? options.history) === undefined)
        command.error('error: give one of --user and --history: for whom, or after what, to explain.');
      await carryOut(
        options,
        () =>
          pipe(
            vectorAt(options.vector),
            TE.chain((vector) => explain(compiled)({ ...options, vector })),
          ),
        (found) => ({
          code: 0,
          text: explanationText(found, compiled.manifest.hyper['adaptationRate'] !== undefined),
          json: found,
        }),
      );
    });
};
