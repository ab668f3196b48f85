/** What may be said on the command line of `pcrec-compile`. */
import { Command, Option } from 'commander';
import { repeated } from '../../runtime/contract/singly.js';
import type { Toolchain } from '../compiled.js';
import { packageFile } from '../package.js';
import type { Io } from './said.js';

export interface Options {
  readonly out?: string;
  readonly target: string;
  readonly set?: readonly string[];
  readonly preset?: string;
  readonly dumpAfter?: string;
  readonly explain?: string;
  readonly explainError?: string;
  readonly build?: boolean;
  readonly explanation?: string;
  readonly listPasses?: boolean;
  readonly hypers?: boolean;
  readonly json?: boolean;
}

const helpWidth = 100;

export const describe = ({ passes, targets }: Toolchain, io: Io): Command =>
  new Command('pcrec-compile')
    .description(
      'Compiles a model file into a trainer: type-checks it, differentiates, optimises, and writes build/<model>/.',
    )
    .argument('[file]', 'the model file (models/pcrec.ts), or the name of a model of the package (pcrec)')
    .option('-o, --out <dir>', 'the folder to write (default: build/<model>)')
    .addOption(
      new Option('-t, --target <name>', 'what the kernels are written for')
        .choices(Object.keys(targets))
        .default(Object.keys(targets)[0]),
    )
    .addOption(repeated(new Option('-s, --set <name=value>', 'sets a hyperparameter; may be repeated')))
    .option('-p, --preset <name>', "one of the model's named sets of hyperparameters; --set goes over it")
    .option(
      '--build',
      'builds the kernels in C for the processor at hand and keeps them in the folder, for machines like it without a compiler',
    )
    .option(
      '--explanation <dir>',
      'makes what explains scores, which a trainer in this folder otherwise does when it is first asked to explain, and compiles nothing',
    )
    .option('--hypers', "lists the model's hyperparameters and presets, and writes nothing")
    .option('--json', 'with --hypers: as JSON, for programs')
    .option('--dump-after <pass>', 'prints the program as it is after a pass, and writes nothing')
    .option('--explain <name>', 'prints what is known of a tensor of the model, and writes nothing')
    .option('--explain-error <code>', 'prints what an error means, with an example that fails and one that works')
    .option('--list-passes', 'prints the passes in their order, those of the target last')
    .version(packageFile.version)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  pcrec-compile models/pcrec.ts',
        '  pcrec-compile hstu --hypers',
        '  pcrec-compile models/pcrec.ts --set width=32 --set length=50 --out build/small',
        `  pcrec-compile models/pcrec.ts --dump-after ${passes.at(-1)?.name ?? 'PASS'}`,
        '',
        'Exit codes: 0 compiled, 1 the model is wrong, 2 the command is.',
      ].join('\n'),
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error: /, 'error PC0001: ')),
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    });
