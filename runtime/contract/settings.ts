/** The settings of a run: numbers that may be asked for, and what a model's hyperparameters make of those that are not. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Manifest } from './session.js';

/** `standard`: choose on validation, test once. `hstu`: no validation, best test epoch, as published figures do (optimistic). */
export const protocols = ['standard', 'hstu'] as const;
/** Which interactions validate and which epoch is reported: see `protocols`. */
export type Protocol = (typeof protocols)[number];

/** Everything chosen by the user that decides the numbers. */
export interface Settings {
  readonly seed: number;
  /** Rows of a batch. */
  readonly batch: number;
  readonly epochs: number;
  /** Epochs without a better NDCG@10 before stopping; null trains for all epochs. */
  readonly patience: number | null;
  readonly protocol: Protocol;
  /** Present where nothing is held out: the run trains on every event and for all its epochs. */
  readonly trainOn?: 'all';
  /** Optimizer steps of the run that this one went on from (`--from`); absent for none. */
  readonly before?: number;
}

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
  cutoffs: { low: 1, high: 1_000_000, whole: true },
  trials: { low: 2, high: 10_000, whole: true },
  top: { low: 1, high: 1_000_000, whole: true },
  threads: { low: 1, high: 64, whole: true },
  shardEvents: { low: 1, high: 2 ** 31 - 1, whole: true },
  checkpointSteps: { low: 1, high: 1e12, whole: true },
  checkpointSeconds: { low: 0.001, high: 1e9, whole: false },
  port: { low: 0, high: 65_535, whole: true },
  workers: { low: 0, high: 64, whole: true },
  delay: { low: 0, high: 1000, whole: false },
  queue: { low: 1, high: 1_000_000, whole: true },
  timeout: { low: 0.01, high: 3600, whole: false },
  drain: { low: 0.01, high: 3600, whole: false },
  bodyLimit: { low: 100, high: 2 ** 30, whole: true },
  listLimit: { low: 1, high: 1_000_000, whole: true },
} as const satisfies Readonly<Record<string, Range>>;
/** An option that is a number; its range is in `ranges`. */
export type NumberName = keyof typeof ranges;

/** How an option is written on the command line. */
export const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Left: one sentence naming the option, what it takes, and what it got. */
export const numberIn =
  (name: NumberName) =>
  (value: number, written = String(value)): E.Either<string, number> => {
    const { low, high, whole } = ranges[name];
    return value >= low && value <= high && (!whole || Number.isInteger(value))
      ? E.right(value)
      : E.left(
          `${flag(name)} takes a ${whole ? 'whole ' : ''}number from ${low} to ${high}, not ${JSON.stringify(written)}.`,
        );
  };

/** A number as written by a person; `1e3` counts, an empty text or `0x10` does not. */
export const readNumber =
  (name: NumberName) =>
  (text: string): E.Either<string, number> =>
    numberIn(name)(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN, text);

/** What a model's own hyperparameters do not say. */
const defaults = { epochs: 100, batch: 128, seed: 42, patience: 10 } as const;

/** Left: a hyperparameter of this name whose value the option would not take. */
const hyper = ({ hyper: values }: Manifest, name: keyof typeof defaults): E.Either<string, number> => {
  const value = values[name];
  return typeof value !== 'number'
    ? E.right(defaults[name])
    : pipe(
        numberIn(name)(value, String(value)),
        E.mapLeft(
          (said) => `The model's hyperparameter ${name} is what ${flag(name)} is unless it is given, and ${said}`,
        ),
      );
};

/** What a person asks for. */
type Chosen = { readonly [K in keyof Omit<Settings, 'before'>]?: NonNullable<Settings[K]> | undefined } & {
  readonly split?: string | undefined;
};

/** Options that exclude each other, and why. */
export const clash = ({
  protocol,
  patience,
  split,
  trainOn,
}: Pick<Chosen, 'protocol' | 'patience' | 'split' | 'trainOn'>): string | undefined => {
  if (protocol === 'hstu' && patience !== undefined)
    return '--patience needs validation, and --protocol hstu has none: leave one of them out. Under hstu a run trains for all its --epochs.';
  if (trainOn !== undefined && patience !== undefined)
    return '--patience needs validation, and --train-on all holds nothing out: leave one of them out, and give the --epochs that were best before.';
  const held = trainOn !== undefined ? '--train-on all' : split !== undefined ? '--split' : undefined;
  if (protocol === 'hstu' && held !== undefined)
    return `--protocol hstu says itself what is held out, as ${held} does: leave one of them out.`;
  return trainOn !== undefined && split !== undefined
    ? '--train-on all holds nothing out, and --split says what to hold out: leave one of them out.'
    : undefined;
};

/** The settings of a new run. Left: options that exclude each other, or a hyperparameter that is no setting. */
export const newSettings = (manifest: Manifest, options: Chosen): E.Either<string, Settings> => {
  const protocol = options.protocol ?? 'standard';
  const why = clash(options);
  if (why !== undefined) return E.left(why);
  const of = (name: keyof typeof defaults): E.Either<string, number> =>
    options[name] === undefined ? hyper(manifest, name) : E.right(options[name]);
  return pipe(
    E.Do,
    E.bind('seed', () => of('seed')),
    E.bind('batch', () => of('batch')),
    E.bind('epochs', () => of('epochs')),
    E.bind('patience', () => (protocol === 'hstu' || options.trainOn !== undefined ? E.right(null) : of('patience'))),
    E.map((settings) => ({
      ...settings,
      protocol,
      ...(options.trainOn === undefined ? {} : { trainOn: options.trainOn }),
    })),
  );
};

const names: Readonly<Record<keyof Settings, true>> = {
  seed: true,
  batch: true,
  epochs: true,
  patience: true,
  protocol: true,
  trainOn: true,
  before: true,
};

/** The settings of a resumed run: those it began with; only its end may move. Left: one that would make it another run, or that is not known here. */
export const resumedSettings = (kept: Settings, options: Chosen): E.Either<string, Settings> => {
  // As a program of the target jax has them that trains in an order of its own.
  const unknown = Object.entries(kept).find(([name]) => !(name in names));
  if (unknown !== undefined)
    return E.left(
      `The run to resume was made with ${flag(unknown[0])} ${unknown[1]}, which this trainer does not have: it would go on as another run. Go on with the program that made it, or begin a new run from its parameters (--from).`,
    );
  const fixed = (['seed', 'batch', 'protocol', 'trainOn'] as const).find(
    (name) => options[name] !== undefined && options[name] !== kept[name],
  );
  if (fixed !== undefined)
    return E.left(
      `${flag(fixed)} ${options[fixed]} contradicts the run to resume, which has ${kept[fixed] === undefined ? 'none' : `${flag(fixed)} ${kept[fixed]}`}: leave it out, or begin a new run without --resume.`,
    );
  if (kept.trainOn !== undefined && options.split !== undefined)
    return E.left(
      '--split says what to hold out, and the run to resume (--train-on all) holds nothing out: leave it out.',
    );
  if (kept.patience === null && options.patience !== undefined)
    return E.left(
      `--patience needs validation, and the run to resume (${kept.trainOn === undefined ? '--protocol hstu' : '--train-on all'}) has none: leave it out.`,
    );
  return E.right({ ...kept, epochs: options.epochs ?? kept.epochs, patience: options.patience ?? kept.patience });
};
