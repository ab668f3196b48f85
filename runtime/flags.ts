/** Options that several commands take; those about data are in `dataflags.ts`. */
import { InvalidArgumentError, Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import type { About } from './about.js';
import { type Names, namesIn } from './candidates.js';
import { deviceNames } from './contract/compiled.js';
import { flag, type NumberName, readNumber } from './contract/settings.js';
import { gathered } from './contract/singly.js';

const number =
  (name: NumberName) =>
  (text: string): number => {
    const value = readNumber(name)(text);
    if (E.isLeft(value)) throw new InvalidArgumentError(value.left);
    return value.right;
  };

export const nameList = (text: string): Names => {
  const names = namesIn(text);
  if (E.isLeft(names)) throw new InvalidArgumentError(names.left);
  return names.right;
};

/** `age=25`, again for another column. */
const about = (text: string, before: About = {}): About => {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError(`It takes COLUMN=VALUE, not ${JSON.stringify(text)}.`);
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
};

/** By what they say; `--device` and `--json` are every command's. */
export const flags = {
  device: new Option('--device <name>', 'where to compute; a named device that does not answer is an error')
    .choices(['auto', ...deviceNames])
    .default('auto'),
  checkpoint: new Option('--checkpoint <file>', 'the checkpoint to use (default: <out>/best.safetensors)'),
  cutoffs: new Option('--cutoffs <list>', 'measures of lists of these lengths too, as 5,10,20').argParser(
    (text: string): readonly number[] => text.split(',').map(number('cutoffs')),
  ),
  about: gathered(
    new Option(
      '--about <column=value>',
      'what the model reads of who asks, as the table of users has it; again for another column',
    ),
    about,
  ).conflicts('requests'),
  split: new Option(
    '--split <rule>',
    'what to hold out: leave-one-out, last:K, time:SHARE (0.9) or time:DATE, user:SHARE (0.1), or the split.json of another run (default: leave-one-out)',
  ),
  json: new Option('--json', 'print JSON lines and nothing else on the standard output'),
} as const;

/** An option that takes a number. */
export const counted = (name: NumberName, help: string): Option =>
  new Option(`${flag(name)} <n>`, help).argParser(number(name));
export const threads = counted(
  'threads',
  'threads of the devices native and wasm, without effect on results (default: a core each; for recommend, one)',
);

/** Whom, or after what, a command is asked. */
export const whose = (): readonly Option[] => [
  new Option('--user <id>', 'a user of the data').conflicts('history'),
  new Option(
    '--history <list>',
    'ids or titles (or parts of titles), oldest first, separated by commas; a title in quotes may hold them; or a JSON list of events: item, time, and columns that the model reads',
  ),
  flags.about,
  new Option(
    '--vector <file>',
    "what is asked for, for models that read it: a vector in a .npy file, of the training's language model",
  ),
  new Option(
    '--at <time>',
    "when the request comes, for models that read times: ISO 8601, or a number as in the data (default: now where the data's times are dates, else the user's last event)",
  ),
];

/** Which items may be recommended. */
export const limits = (): readonly Option[] => [
  new Option(
    '--only <list>',
    'recommend these items alone: a list as --history takes it, or a file with one a line',
  ).argParser(nameList),
  new Option('--except <list>', 'never recommend these, told in the same way').argParser(nameList),
  new Option(
    '--where <column=value>',
    'recommend items of a category alone; again for another value of the column, or for another column that must hold too',
  ).argParser((value: string, sofar: readonly string[] = []) => [...sofar, value]),
];
