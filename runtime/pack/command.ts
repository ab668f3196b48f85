/** `trainer.js pack`: its options, and what it says. */
import { type Command, Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import type { CompiledModel } from '../contract/compiled.js';
import { newSettings, protocols } from '../contract/settings.js';
import { counted, flags } from '../flags.js';
import type { Carry, Shared } from '../world.js';
import { pack, packedText, type PackOptions } from './pack.js';

/** Gives a command its options and what it does. */
export const packing = (command: Command, compiled: CompiledModel, carryOut: Carry): Command =>
  command
    .description('Write data and their split as shards for a program that trains elsewhere (--target jax).')
    .addOption(new Option('--out <folder>', 'the folder of the shards').makeOptionMandatory())
    .addOption(
      new Option('--protocol <name>', 'what is held out; the training is of the same (default: standard)').choices(
        protocols,
      ),
    )
    .addOption(flags.split)
    .addOption(
      new Option('--train-on <what>', '`all` holds nothing out').choices(['all']).conflicts(['split', 'protocol']),
    )
    .addOption(counted('shardEvents', 'events of a shard at most (default: 16777216)'))
    .addOption(flags.json)
    .action(async (options: PackOptions & Shared, invoked: Command) => {
      const fit = newSettings(compiled.manifest, options);
      if (E.isLeft(fit)) invoked.error(`error: ${fit.left}`);
      await carryOut(
        options,
        () => pack(compiled)(options),
        (found) => ({ code: 0, text: packedText(found), json: found }),
      );
    });
