/** What is said of words that no command and no option takes. */
import type { Command } from 'commander';
import type { CompiledModel } from './contract/compiled.js';
import { near } from './contract/words.js';
import { compiledIn } from './checked.js';

/** Options of the compiler, and what they choose. */
const hyperparameters = { name: 'set', chooses: 'hyperparameters' };
const presets = { name: 'preset', chooses: 'hyperparameters' };
const kernels = { name: 'target', chooses: 'what the kernels are written for' };
const compilers: ReadonlyMap<string, typeof kernels> = new Map([
  ['--set', hyperparameters],
  ['-s', hyperparameters],
  ['--preset', presets],
  ['-p', presets],
  ['--target', kernels],
  ['-t', kernels],
]);

/** What is said of an option that commander does not know, where we know more: it is one of the compiler's. */
export const betterThan = (text: string, manifest: CompiledModel['manifest'], argv: readonly string[]): string => {
  const [, option] = /unknown option '(-[^']*)'/.exec(text) ?? [];
  if (option === undefined) return text;
  const [flagged = option, given] = option.split('=', 2);
  const at = argv.indexOf(option);
  const next = argv[at + 1];
  const value = given ?? (at >= 0 && next !== undefined && !next.startsWith('-') ? next : undefined);
  const compilersOwn = compilers.get(flagged);
  if (compilersOwn !== undefined)
    return `error: ${flagged} chooses ${compilersOwn.chooses}, and these are compiled in: compile again with \`pcrec-compile ${manifest.source} --${compilersOwn.name} ${value ?? 'VALUE'}\`.\n`;
  const name = flagged.replace(/^--/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const told = compiledIn(manifest, name, value);
  return told === undefined ? text : `error: ${told}\n`;
};

/** A word that no option takes: a command that was mistyped, or the data without their option. */
export const refuseStray = (stray: string | undefined, at: Command): void => {
  if (stray === undefined) return;
  const commands = (at.parent ?? at).commands.map((c) => c.name()).filter((name) => name !== 'help');
  const [meant] = near(stray, commands);
  const hint =
    meant === undefined
      ? `data are named by --data; commands: ${commands.join(', ')}`
      : meant === stray
        ? 'one command at a time'
        : `did you mean '${meant}'?`;
  at.error(`error: nothing takes '${stray}': ${hint}`);
};
