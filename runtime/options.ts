/** What a person may ask for, checked before anything runs. The command line and the importable functions share these names. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { DeviceName } from './compiled.js';
import { timeOf, timeShape } from './data/index.js';
import type { Listener } from './events.js';
import { type Protocol, protocols, type Settings } from './progress.js';
import type { Manifest } from './session.js';
import { deviceNames } from './compiled.js';
import { suggest } from './words.js';

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined };

export type DataOptions = Maybe<{
  /** A file of interactions, or `sample` for the generated one. */
  data: string;
  /** Its format, where the first line does not tell. */
  format: string;
  /** A file of titles. */
  titles: string;
}>;

export type DeviceOptions = Maybe<{
  device: DeviceName | 'auto';
  /** Threads of the device `wasm`; a core each, unless given. */
  threads: number;
}>;

/** Stops a run from outside, and listens to it. */
export type RunOptions = Maybe<{ signal: AbortSignal; listen: Listener }>;

export type TrainOptions = DataOptions & DeviceOptions & RunOptions & Maybe<{
  epochs: number;
  batch: number;
  seed: number;
  /** Epochs without a better validation NDCG@10 before stopping. */
  patience: number;
  protocol: Protocol;
  /** The folder of checkpoints and metrics; `runs/<model>` unless given. */
  out: string;
  /** Go on from the last checkpoint in `out`, bit for bit. */
  resume: boolean;
  /** A checkpoint after so many steps or seconds, whichever comes first, besides the one at each epoch's end. */
  checkpointSteps: number;
  checkpointSeconds: number;
}>;

export type EvaluateOptions = DataOptions & DeviceOptions & RunOptions & Maybe<{
  out: string;
  /** `<out>/best.safetensors` unless given. */
  checkpoint: string;
  part: 'validation' | 'test';
  batch: number;
}>;

export type ProfileOptions = DataOptions & DeviceOptions & Maybe<{ batch: number; seed: number }>;

/** What a recommender needs before anything is asked of it. */
export type RecommenderOptions = DataOptions & DeviceOptions & Maybe<{
  out: string;
  /** `<out>/best.safetensors` unless given. */
  checkpoint: string;
}>;

/** For whom, or after what, to recommend: one of `user` and `history`. */
export type RecommendRequest = Maybe<{
  /** A user of the data. */
  user: string;
  /** Item ids or titles, oldest first; in one text they are separated by commas. */
  history: string | readonly string[];
  /** How many items to recommend; 10 unless given. */
  top: number;
  /**
   * When the request comes, for models that read times: ISO 8601, or a number as the data's times are written. Unless given: now,
   * where the data's times are dates and none of the user's is later; else the time of the user's last event.
   */
  at: string | number;
}>;

export type RecommendOptions = RecommenderOptions & RecommendRequest;

interface Range {
  readonly low: number;
  readonly high: number;
  readonly whole: boolean;
}

/** Every number that can be set. */
export const ranges = {
  epochs: { low: 1, high: 1_000_000, whole: true },
  batch: { low: 1, high: 65_536, whole: true },
  seed: { low: 0, high: 2 ** 32 - 1, whole: true },
  patience: { low: 1, high: 1_000_000, whole: true },
  top: { low: 1, high: 1_000_000, whole: true },
  threads: { low: 1, high: 64, whole: true },
  checkpointSteps: { low: 1, high: 1e12, whole: true },
  checkpointSeconds: { low: 0.001, high: 1e9, whole: false },
} as const satisfies Readonly<Record<string, Range>>;
export type NumberName = keyof typeof ranges;

/** How an option is written on the command line. */
export const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Left: one sentence naming the option, what it takes, and what it got. */
export const numberIn = (name: NumberName) => (value: number, written = String(value)): E.Either<string, number> => {
  const { low, high, whole } = ranges[name];
  return value >= low && value <= high && (!whole || Number.isInteger(value))
    ? E.right(value)
    : E.left(`${flag(name)} takes a ${whole ? 'whole ' : ''}number from ${low} to ${high}, not ${JSON.stringify(written)}.`);
};

/** A number as written by a person; `1e3` counts, an empty text or `0x10` does not. */
export const readNumber = (name: NumberName) => (text: string): E.Either<string, number> =>
  numberIn(name)(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN, text);

const choices = { protocol: protocols, device: ['auto', ...deviceNames], part: ['validation', 'test'] } as const;

type Kind = 'text' | 'texts' | 'flag' | 'number' | 'choice' | 'time' | 'signal' | 'listener';
/** Every option of a function, and what it takes. Numbers and choices are looked at by `checked`. */
type Kinds<O> = { readonly [K in keyof O]-?: Kind };

const ofData: Kinds<DataOptions> = { data: 'text', format: 'text', titles: 'text' };
const ofDevice: Kinds<DeviceOptions> = { device: 'choice', threads: 'number' };
const ofRun: Kinds<RunOptions> = { signal: 'signal', listen: 'listener' };
const ofRequest: Kinds<RecommendRequest> = { user: 'text', history: 'texts', top: 'number', at: 'time' };
const ofRecommender: Kinds<RecommenderOptions> = { ...ofData, ...ofDevice, out: 'text', checkpoint: 'text' };
/** The options of the importable functions. */
const taken = {
  train: {
    ...ofData, ...ofDevice, ...ofRun, epochs: 'number', batch: 'number', seed: 'number', patience: 'number', protocol: 'choice', out: 'text', resume: 'flag',
    checkpointSteps: 'number', checkpointSeconds: 'number',
  } satisfies Kinds<TrainOptions>,
  evaluate: { ...ofData, ...ofDevice, ...ofRun, out: 'text', checkpoint: 'text', part: 'choice', batch: 'number' } satisfies Kinds<EvaluateOptions>,
  recommend: { ...ofRecommender, ...ofRequest } satisfies Kinds<RecommendOptions>,
  recommender: ofRecommender,
  'recommender.recommend': ofRequest,
} as const;

const isText = (value: unknown): boolean => typeof value === 'string';
const anything = (): boolean => true;
const forms: { readonly [K in Kind]: { readonly fits: (value: unknown) => boolean; readonly wanted: string } } = {
  text: { fits: isText, wanted: 'a string' },
  texts: { fits: (v) => isText(v) || (Array.isArray(v) && v.every(isText)), wanted: 'a string or a list of strings' },
  time: { fits: (v) => isText(v) || typeof v === 'number', wanted: 'a time, as a string or a number' },
  flag: { fits: (v) => typeof v === 'boolean', wanted: 'true or false' },
  signal: { fits: (v) => typeof v === 'object' && v !== null && 'aborted' in v, wanted: 'the signal of an AbortController' },
  listener: { fits: (v) => typeof v === 'function', wanted: 'a function of events' },
  number: { fits: anything, wanted: '' }, choice: { fits: anything, wanted: '' },
};

/** An option that the model was compiled with, in words: a trainer cannot change it. Not for those that a trainer takes. */
export const compiledIn = ({ hyper: values, source }: Pick<Manifest, 'hyper' | 'source'>, name: string, value = 'VALUE'): string | undefined =>
  Object.hasOwn(values, name) && !(name in ranges) ? `${name} is a hyperparameter, compiled in as ${name}=${values[name]}: compile again with \`pcrec-compile ${source} --set ${name}=${value}\`.` : undefined;

/** Options from JavaScript, which no type has seen. Left: the first that the function does not take, with the nearest that it does. */
export const known = (manifest: Pick<Manifest, 'hyper' | 'source'>, of: keyof typeof taken) => <O extends object>(options: O): E.Either<string, O> => {
  const kinds: Readonly<Record<string, Kind>> = taken[of];
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return E.left(`${of} takes an object of options, not ${JSON.stringify(options)}.`);
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) return E.left(compiledIn(manifest, name, String(value)) ?? `${of} has no option '${name}': ${suggest(name, Object.keys(kinds), 'there are')}`);
    if (value !== undefined && !forms[kind].fits(value)) return E.left(`The option '${name}' of ${of} is ${forms[kind].wanted}, not ${JSON.stringify(value) ?? String(value)}.`);
  }
  return E.right(options);
};

/** Checks what the type system cannot when options come from JavaScript. */
export const checked = <O extends object>(options: O): E.Either<string, O> =>
  pipe(
    Object.entries(options).filter(([, value]) => value !== undefined),
    E.traverseArray(([name, value]): E.Either<string, unknown> => {
      if (name === 'at') return Number.isNaN(timeOf(String(value))) ? E.left(`--at takes a time, ${timeShape}, not ${JSON.stringify(value)}.`) : E.right(value);
      if (name in ranges) return numberIn(name as NumberName)(typeof value === 'number' ? value : Number.NaN, String(value));
      const allowed: readonly string[] | undefined = choices[name as keyof typeof choices];
      return allowed === undefined || allowed.includes(String(value)) ? E.right(value) : E.left(`${flag(name)} takes one of ${allowed.join(', ')}, not ${JSON.stringify(value)}.`);
    }),
    E.map(() => options),
  );

/** What a model's own hyperparameters do not say. */
const defaults = { epochs: 100, batch: 128, seed: 42, patience: 10 } as const;

/** Left: a hyperparameter of this name whose value the option would not take. */
const hyper = ({ hyper: values }: Manifest, name: keyof typeof defaults): E.Either<string, number> => {
  const value = values[name];
  return typeof value !== 'number' ? E.right(defaults[name])
    : pipe(numberIn(name)(value, String(value)), E.mapLeft((said) => `The model's hyperparameter ${name} is what ${flag(name)} is unless it is given, and ${said}`));
};

type Chosen = Pick<TrainOptions, 'epochs' | 'batch' | 'seed' | 'patience' | 'protocol'>;

/** The settings of a new run. Left: options that exclude each other, or a hyperparameter that is no setting. */
export const newSettings = (manifest: Manifest, options: Chosen): E.Either<string, Settings> => {
  const protocol = options.protocol ?? 'standard';
  if (protocol === 'hstu' && options.patience !== undefined)
    return E.left('--patience needs validation, and --protocol hstu has none: leave one of them out. Under hstu a run trains for all its --epochs.');
  const of = (name: keyof typeof defaults): E.Either<string, number> => (options[name] === undefined ? hyper(manifest, name) : E.right(options[name]));
  return pipe(
    E.Do,
    E.bind('seed', () => of('seed')), E.bind('batch', () => of('batch')), E.bind('epochs', () => of('epochs')),
    E.bind('patience', () => (protocol === 'hstu' ? E.right(null) : of('patience'))),
    E.map((settings) => ({ ...settings, protocol })),
  );
};

/** The settings of a resumed run: those it began with; only its end may move. Left: one that would make it another run. */
export const resumedSettings = (kept: Settings, options: Chosen): E.Either<string, Settings> => {
  const fixed = (['seed', 'batch', 'protocol'] as const).find((name) => options[name] !== undefined && options[name] !== kept[name]);
  if (fixed !== undefined)
    return E.left(`${flag(fixed)} ${options[fixed]} contradicts the run to resume, which has ${flag(fixed)} ${kept[fixed]}: leave it out, or begin a new run without --resume.`);
  if (kept.protocol === 'hstu' && options.patience !== undefined) return E.left('--patience needs validation, and the run to resume (--protocol hstu) has none: leave it out.');
  return E.right({ ...kept, epochs: options.epochs ?? kept.epochs, patience: options.patience ?? kept.patience });
};
