/** Where figures come from: what ran, on what, and the commands that give them again. */
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { packageVersion } from '../contract/package.js';
import type { Manifest } from '../contract/session.js';
import { flag, type Settings } from '../contract/settings.js';
import type { Identity } from '../progress.js';

/** What machine this is, and which versions run on it. */
export const machine = (): readonly (readonly [string, string])[] => {
  const [first] = cpus();
  return [
    ['processor', `${first?.model.trim() ?? arch()}, ${cpus().length} threads`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['system', `${platform()} ${release()} ${arch()}`],
    ['versions', `pcrec ${packageVersion()}, Node ${process.versions.node}`],
  ];
};

/** A word as a POSIX shell takes it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
export const commandLine = (words: readonly string[]): string => words.map(quoted).join(' ');

/** An option with its value; a list several times over, nothing where there is no value. */
const option = (name: string, value: unknown): readonly string[] => {
  if (value === undefined || value === null || value === false) return [];
  if (value === true) return [flag(name)];
  if (Array.isArray(value))
    return name === 'actions' ? [flag(name), value.join()] : value.flatMap((one) => option(name, one));
  return [flag(name), String(value)];
};

export const optionWords = (values: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => option(name, value));

/** Compiles a model as it was compiled. */
export const compiling = ({ source, hyper }: Pick<Manifest, 'source' | 'hyper'>, out?: string): string =>
  commandLine([
    'pcrec-compile',
    source,
    ...Object.entries(hyper).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ...option('out', out),
  ]);

/** What a run began with, besides its own data. */
export interface Beginning {
  readonly from?: string | undefined;
  readonly transfer?: string | undefined;
  readonly device: string;
}

/** Trains as it was trained. */
export const training = (
  { model }: Pick<Manifest, 'model'>,
  settings: Settings,
  { source, format, titles, reading, split }: Identity,
  { from, transfer, device }: Beginning,
): string => {
  const { before: _, protocol, ...own } = settings;
  const words = {
    data: source,
    format,
    titles,
    ...reading,
    split: split?.given,
    ...own,
    ...(protocol === 'standard' ? {} : { protocol }),
    from,
    transfer,
    device,
  };
  return commandLine(['node', `build/${model}/trainer.js`, 'train', ...optionWords(words)]);
};
