/** `trainer.js export`. */
import { type Command, Option } from 'commander';
import type { CompiledModel } from '../contract/compiled.js';
import { counted, flags, limits, threads } from '../flags.js';
import type { ExportOptions } from '../options.js';
import { plural } from '../contract/words.js';
import type { Carry, Shared } from '../world.js';
import { exportTo } from './export.js';
import { exportOnnx, type OnnxOptions } from './onnx.js';

type Lists = Omit<ExportOptions, 'file'> & Shared & { readonly out: string };

/** Gives a command its options and what it does. */
export const exports = (command: Command, compiled: CompiledModel, carryOut: Carry): Command => {
  const onnx = new Option(
    '--onnx <file>',
    'in its place the model itself, as one ONNX file for other engines; with --vectors-of user, what makes the vectors of users',
  );
  [
    new Option(
      '--out <file>',
      'the file: .csv, .jsonl or .parquet of lists; .npy (ids in a file beside), .safetensors or .parquet of vectors',
    ),
    onnx,
    counted('top', 'how many items each user is recommended (default: 10)'),
    new Option('--vectors-of <what>', "vectors in the place of lists: a score is the product of a user's and an item's")
      .choices(['user', 'item'])
      .conflicts(['top', 'only', 'except', 'where']),
    new Option('--at <time>', 'when all requests come, for models that read times'),
    ...limits(),
    counted('batch', 'users that are scored together (default: 64)'),
    flags.checkpoint,
    flags.device,
    threads,
    flags.json,
  ].forEach((option) => command.addOption(option));
  // A graph is made of a checkpoint and of nothing else.
  onnx.conflicts(
    command.options
      .map((option) => option.attributeName())
      .filter((name) => !['onnx', 'vectorsOf', 'checkpoint', 'json'].includes(name)),
  );
  const lists = ({ out: file, ...options }: Lists): Promise<void> =>
    carryOut(
      options,
      ({ signal }) => exportTo(compiled)({ ...options, file, signal }),
      (found) => ({
        code: 0,
        text: `Wrote ${plural(found.rows, options.vectorsOf === 'item' ? 'item' : 'user')} to ${found.file}${found.ids === null ? '' : `, their ids to ${found.ids}`}: ${Math.round(found.rows / found.seconds)} a second on ${found.backend}.${found.unknown === 0 ? '' : ` ${plural(found.unknown, 'user')} left out: the model knows no item of theirs.`}${found.notes.map((note) => `\n${note}`).join('')}`,
        json: found,
      }),
    );
  const model = (options: OnnxOptions & Shared): Promise<void> =>
    carryOut(
      options,
      () => exportOnnx(compiled)(options),
      (found) => ({
        code: 0,
        text: `Wrote ${found.file} from ${found.checkpoint}, and the ids of items to ${found.ids}. Inputs: ${found.inputs.join(', ')}. Outputs: ${found.outputs.join(', ')}.`,
        json: found,
      }),
    );
  return command
    .description('Write what comes next for all users of the data, the vectors of users or items, or the model itself.')
    .action(
      async ({ out, onnx, ...options }: Omit<Lists, 'out'> & { readonly out?: string; readonly onnx?: string }) => {
        if (onnx !== undefined) await model({ ...options, onnx });
        else if (out !== undefined) await lists({ ...options, out });
        else command.error("error: give the file to write: '--out <file>', or '--onnx <file>' for the model itself");
      },
    );
};
