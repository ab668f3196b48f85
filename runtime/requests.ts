/** Many requests, one a line, answered one after another by a recommender that is opened once. */
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { RequestVector } from './asking.js';
import type { Limits } from './candidates.js';
import type { CompiledModel } from './contract/compiled.js';
import { timeOf } from './data/index.js';
import { reason } from './files.js';
import { known } from './checked.js';
import type { RecommenderOptions, RecommendRequest } from './options.js';
import { type Recommendations, type Recommender, recommender } from './recommend.js';
import { plural } from './contract/words.js';

/** `@ID at TIME`, where what follows the last ` at ` is a time. */
const userAt = (text: string): RecommendRequest => {
  const [, user, at] = /^(.*\S)\s+at\s+(.+)$/.exec(text) ?? [];
  return user !== undefined && at !== undefined && !Number.isNaN(timeOf(at)) ? { user, at } : { user: text };
};

/** `{"user": "7", "where": "genre=war"}`; undefined where the text is no such object. */
const inJson = (text: string): RecommendRequest | undefined => {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as RecommendRequest;
  } catch {
    return undefined;
  }
};

/**
 * What a line asks for: `@7` recommends to the user 7 of the data, `@7 at 2020-09-13T12:26:40Z` at that time, any other line after
 * the history that it is, or the request that it is in JSON; undefined where it is empty. A history whose first item begins with an @ takes a comma before it.
 */
export const requestOf = (line: string): RecommendRequest | undefined => {
  const text = line.trim();
  if (text === '') return undefined;
  return text.startsWith('@') ? userAt(text.slice(1).trim()) : (inJson(text) ?? { history: text });
};

export interface RequestsOptions extends RecommenderOptions, Limits {
  /** The file of requests; `-` is the standard input. */
  readonly requests: string;
  readonly top?: number | undefined;
  /** What the requests ask for whose lines do not tell. */
  readonly vector?: RequestVector | undefined;
  /** When the requests for users come whose lines do not tell. */
  readonly at?: string | number | undefined;
}

/** Where requests come from, and who hears of each as soon as it is dealt with. Lines count from 1. */
export interface Desk {
  readonly stdin: NodeJS.ReadableStream;
  /** Aborting it ends the answering after the request in hand. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly answered: (line: number, found: Recommendations, ms: number) => void;
  readonly refused: (line: number, message: string) => void;
}

export interface Tally {
  /** Milliseconds from each request to its answer. */
  readonly times: readonly number[];
  /** Requests that could not be answered. */
  readonly failed: number;
}

const unread =
  (path: string) =>
  (error: unknown): string =>
    `The requests ${path === '-' ? 'on the standard input' : path} could not be read: ${reason(error)}.`;

interface Source {
  readonly input: NodeJS.ReadableStream;
  readonly close: () => void;
}

const sourceAt = (path: string, stdin: NodeJS.ReadableStream): TaskEither<string, Source> =>
  path === '-'
    ? TE.right({ input: stdin, close: () => undefined })
    : TE.tryCatch(async () => {
        const input = (await open(path)).createReadStream();
        return { input, close: () => void input.destroy() };
      }, unread(path));

/** Answers the lines of a stream. Left: a stream that breaks; what else is thrown is a bug, and stays thrown. */
const answerAll =
  (
    opened: Recommender,
    known: (request: RecommendRequest) => E.Either<string, RecommendRequest>,
    input: NodeJS.ReadableStream,
    { requests, top, at, only, except, where, vector }: RequestsOptions,
    { signal, now, answered, refused }: Desk,
  ): TaskEither<string, Tally> =>
  async () => {
    const times: number[] = [];
    const shared = { only, except, where, vector };
    let [line, failed] = [0, 0];
    let fault: unknown;
    // A reader that is closed before anybody listens to it would never end.
    if (signal.aborted) return E.right({ times, failed });
    input.once('error', (error) => {
      fault = error;
    });
    const lines = createInterface({ input, signal });
    try {
      for await (const text of lines) {
        if (signal.aborted) break;
        line++;
        const request = requestOf(text);
        if (request === undefined) continue;
        const began = now();
        const found = await pipe(
          TE.fromEither(known(request)),
          TE.chain((fit) => opened.answer({ ...shared, ...(fit.user === undefined ? {} : { at }), top, ...fit })),
        )();
        const ms = now() - began;
        if (E.isRight(found)) {
          times.push(ms);
          answered(line, found.right, ms);
        } else {
          failed++;
          refused(line, found.left);
        }
        // Where lines wait already and the device answers at once, no signal would otherwise be heard.
        await setImmediate();
      }
      return E.right({ times, failed });
    } catch (error) {
      if (error !== fault) throw error;
      return E.left(unread(requests)(error));
    } finally {
      lines.close();
    }
  };

/**
 * Answers every line of a file or of the standard input, each before the next is looked at. A line that cannot be answered is
 * reported, and the rest go on. Left: requests that cannot be read, or a recommender that does not open.
 */
export const answerRequests =
  (compiled: CompiledModel) =>
  (options: RequestsOptions, desk: Desk): TaskEither<string, Tally> =>
    TE.bracket(
      sourceAt(options.requests, desk.stdin),
      ({ input }) =>
        TE.bracket(
          recommender(compiled)(options),
          (opened) => answerAll(opened, known(compiled.manifest, 'recommender.recommend'), input, options, desk),
          (opened) => opened.close(),
        ),
      ({ close }) => TE.fromIO(close),
    );

const milliseconds = (ms: number): string => `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;

/** The least time that a share of all times does not exceed. */
const within = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

/** `1,000 requests: median 0.90 ms, 99th percentile 1.4 ms, once loaded.` */
export const tallyText = ({ times, failed }: Tally): string => {
  const sorted = Float64Array.from(times).sort();
  const more = failed === 0 ? '' : `; ${plural(failed, 'request')} could not be answered`;
  return times.length === 0
    ? `No request was answered${more}.`
    : `${plural(times.length, 'request')}: median ${milliseconds(within(sorted, 0.5))}, 99th percentile ${milliseconds(within(sorted, 0.99))}, once loaded${more}.`;
};
