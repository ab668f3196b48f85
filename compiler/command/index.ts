/**
 * `pcrec-compile`: from arguments to an exit code. Everything outside (the disk aside) comes in as an argument, so the
 * tests run the very command that users run.
 */
import { CommanderError } from 'commander';
import { packageModels } from '../../runtime/contract/package.js';
import { singly } from '../../runtime/contract/singly.js';
import { suggest } from '../../runtime/contract/words.js';
import type { PassInfo, Toolchain } from '../compiled.js';
import { error } from '../diagnostics.js';
import { builds } from '../emit/index.js';
import { explainError } from './explain-error.js';
import { makeExplanation } from './explanation.js';
import { compileFile } from './file.js';
import { describe, type Options } from './line.js';
import { type ExitCode, exitCodes, type Io, usage } from './said.js';

export { exitCodes, type Io } from './said.js';

/** `argv` without node and script. */
export const main = (argv: readonly string[], toolchain: Toolchain, io: Io): ExitCode => {
  const command = singly(describe(toolchain, io));
  try {
    command.parse([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    throw thrown;
  }
  const options = command.opts<Options>();
  const target = toolchain.targets[options.target]!;
  const passes: readonly PassInfo[] = [...toolchain.passes, ...(target.passes?.list ?? [])];
  const names = passes.map(({ name }) => name);
  if (options.listPasses === true) {
    const width = Math.max(0, ...names.map((name) => name.length));
    io.out(passes.map(({ name, description }) => `${name.padEnd(width)}  ${description}`).join('\n'));
    return exitCodes.ok;
  }
  if (options.explainError !== undefined) return explainError(options.explainError, io);
  if (options.explanation !== undefined) return makeExplanation(options.explanation, io);
  const [file] = command.args;
  if (options.build === true && !builds(target))
    return usage(
      io,
      error(
        'PC0001',
        `the target ${options.target} has nothing to build`,
        undefined,
        `--build is for ${Object.keys(toolchain.targets)
          .filter((name) => builds(toolchain.targets[name]!))
          .join(' and ')}`,
      ),
    );
  if (options.json === true && options.hypers !== true)
    return usage(io, error('PC0001', '--json says how --hypers prints', undefined, 'give both, or neither'));
  if (file === undefined)
    return usage(
      io,
      error(
        'PC0001',
        'which model file?',
        undefined,
        `pcrec-compile models/mine.ts, or the name of a model of the package: ${[...packageModels().keys()].join(', ')}; --help tells more`,
      ),
    );
  if (options.dumpAfter !== undefined && !names.includes(options.dumpAfter))
    return usage(
      io,
      error(
        'PC0005',
        `there is no pass '${options.dumpAfter}'`,
        undefined,
        suggest(options.dumpAfter, names, 'passes'),
      ),
    );
  return compileFile(file, { options, target, toolchain, io });
};
