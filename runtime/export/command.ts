/** `trainer.js export`. */
import { type Command, Option } from 'commander';
import type { CompiledModel } from '../contract/compiled.js';
import { counted, flags, limits, threads } from '../flags.js';
import type { ExportOptions } from '../options.js';
import { plural } from '../contract/words.js';
import type { Carry, Shared } from '../world.js';
import { exportTo } from './export.js';

/** Gives a command its options and what it does. */
export const exports = (command: Command, compiled: CompiledModel, carryOut: Carry): Command => {
  [
    new Option(
      '--out <file>',
      'the file: .csv, .jsonl or .parquet of lists; .npy (ids in a file beside), .safetensors or .parquet of vectors',
    ).makeOptionMandatory(),
    counted('top', 'how many items each user is recommended (default: 10)'),
    new Option('--vectors-of <what>', "vectors in the place of lists: a score is the product of a user's and an item's")
      .choices(['user', 'item'])
      .conflicts('top'),
    new Option('--at <time>', 'when all requests come, for models that read times'),
    ...limits(),
    counted('batch', 'users that are scored together (default: 64)'),
    flags.checkpoint,
    flags.device,
    threads,
    flags.json,
  ].forEach((option) => command.addOption(option));
  return command
    .description('Write what comes next for all users of the data, or the vectors of users or items.')
    .action(async ({ out, ...options }: Omit<ExportOptions, 'file'> & Shared & { readonly out: string }) => {
      await carryOut(
        options,
        () => exportTo(compiled)({ ...options, file: out }),
        (found) => ({
          code: 0,
          text: `Wrote ${plural(found.rows, options.vectorsOf === 'item' ? 'item' : 'user')} to ${found.file}${found.ids === null ? '' : `, their ids to ${found.ids}`}: ${Math.round(found.rows / found.seconds)} a second on ${found.backend}.`,
          json: found,
        }),
      );
    });
};
