/** The result of one run: what was run, what came of it, and reading it back from JSON. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Statistics } from '../data/index.js';
import { messageOf } from '../errors.js';
import { measureNames, type Metrics } from '../metrics.js';
import type { Settings } from '../contract/settings.js';
import type { Epoch } from '../progress.js';
import type { Manifest } from '../contract/session.js';

/** All that decides a run's numbers: two runs of one identity give the same result. */
export interface RunIdentity {
  /** As rows of the table have it: `hstu@large`. */
  readonly model: string;
  /** The hash of its manifest: graph, compiler and hyperparameters. */
  readonly manifest: string;
  /** sha-256 of the data's content. */
  readonly data: string;
  /** The `splitHash` of what was held out, where a split was asked for. */
  readonly split?: string;
  readonly settings: Settings;
}

/** What a run gives; nothing in it depends on the clock or on interruptions. */
export interface RunOutcome {
  readonly data: Statistics;
  readonly hyper: Manifest['hyper'];
  readonly parameters: number;
  /** Epochs trained, and the one that was tested (from 1). */
  readonly epochs: number;
  readonly best: number;
  /** What that epoch was chosen by: on validation, or on test under `hstu`. */
  readonly chosen: Epoch['metrics'];
  readonly test: Metrics;
  readonly popularity: Metrics;
  /** The test rank of each user, 1 = best, in the order of user codes; of each wanted item, where a split wants several. */
  readonly ranks: readonly number[];
  /** Where the ranks of each user begin, and an end, where a split wants several items of one. */
  readonly starts?: readonly number[];
  /** What was held out, in a sentence, where a split was asked for. */
  readonly split?: string;
}

/** What depends on the machine. */
export interface RunMeasured {
  readonly backend: string;
  /** Seconds of each epoch, its evaluation included. */
  readonly seconds: readonly number[];
}

/** `<model>.<seed>.json` */
export interface RunResult {
  readonly format: string;
  readonly identity: RunIdentity;
  readonly outcome: RunOutcome;
  readonly measured: RunMeasured;
}

export const format = 'pcrec-comparison-1';

/** In what two identities differ, in words; empty if they do not. */
export const differences = (kept: RunIdentity, wanted: RunIdentity): readonly string[] => [
  ...(kept.data === wanted.data ? [] : ['other data']),
  ...(kept.split === wanted.split ? [] : ['another split']),
  ...(kept.manifest === wanted.manifest ? [] : ['another model file, compiler or hyperparameter']),
  ...(['batch', 'epochs', 'patience', 'protocol'] as const)
    .filter((name) => kept.settings[name] !== wanted.settings[name])
    .map((name) => `${name} ${kept.settings[name]}, not ${wanted.settings[name]}`),
];

const isTable = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const isNumber = (x: unknown): boolean => typeof x === 'number' && Number.isFinite(x);
const isText = (x: unknown): boolean => typeof x === 'string';
const isRank = (x: unknown): boolean => Number.isInteger(x) && Number(x) >= 1;
/** From 0 up to the number of ranks, each user with one at least. */
const areStarts = (x: unknown, ranks: unknown): boolean =>
  x === undefined ||
  (Array.isArray(x) &&
    x.length > 1 &&
    x[0] === 0 &&
    x.at(-1) === (Array.isArray(ranks) ? ranks.length : -1) &&
    x.every((start, i) => Number.isInteger(start) && (i === 0 || Number(start) > Number(x[i - 1]))));
const isMetrics = (x: unknown): boolean => isTable(x) && measureNames.every((name) => isNumber(x[name]));

/** What must stand at each path of a result. */
const form: Readonly<Record<string, (x: unknown, all: unknown) => boolean>> = {
  'identity.model': isText,
  'identity.manifest': isText,
  'identity.data': isText,
  'identity.settings': isTable,
  'identity.settings.seed': isNumber,
  'outcome.data': isTable,
  'outcome.hyper': isTable,
  'outcome.parameters': isNumber,
  'outcome.epochs': isNumber,
  'outcome.best': isNumber,
  'outcome.test': isMetrics,
  'outcome.popularity': isMetrics,
  'outcome.ranks': (x) => Array.isArray(x) && x.length > 0 && x.every(isRank),
  'outcome.starts': (x, all) => areStarts(x, at(all, 'outcome.ranks')),
  'identity.split': (x) => x === undefined || isText(x),
  'outcome.split': (x) => x === undefined || isText(x),
  'measured.backend': isText,
  'measured.seconds': (x) => Array.isArray(x) && x.every(isNumber),
};

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce((x, name) => (isTable(x) ? x[name] : undefined), value);

/** A result from a file's text. Left: the end of the sentence "FILE cannot be used: ...". */
export const parse = (content: string): E.Either<string, RunResult> =>
  pipe(
    E.tryCatch(
      () => JSON.parse(content) as unknown,
      (error) => `it is not JSON (${messageOf(error)})`,
    ),
    E.filterOrElse(
      (value) => at(value, 'format') === format,
      (value) => `its format is ${JSON.stringify(at(value, 'format') ?? 'unknown')} and not ${format}`,
    ),
    E.chain((value) => {
      const bad = Object.entries(form).find(([path, holds]) => !holds(at(value, path), value));
      return bad === undefined
        ? E.right(value as RunResult)
        : E.left(`\`${bad[0]}\` is ${at(value, bad[0]) === undefined ? 'missing' : 'not what it should be'}`);
    }),
  );
