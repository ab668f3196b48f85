/** Scores of several requests at once: sessions of a few sizes, of which the smallest that has room is taken. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { BoundSizes } from '../contract/batch.js';
import type { CompiledModel } from '../contract/compiled.js';
import type { Manifest, Session, Sizes } from '../contract/session.js';
import { call, output } from '../entries.js';
import type { States } from '../init.js';
import type { Inputs } from '../job.js';
import type { DeviceOptions } from '../options.js';
import { type Best, bestOf } from '../recommend.js';
import { row } from '../row.js';
import { closeSession, openSession, place } from '../run.js';
import { stacked } from './stacked.js';

/** What is wanted of a row's scores: the best items, or those of some. */
export type Wanted =
  | {
      readonly kind: 'top';
      readonly top: number;
      /** Items that are not shown again. */
      readonly past: Int32Array;
      /** By item, 1 where it may be shown; absent where all may. */
      readonly may?: Uint8Array | undefined;
    }
  | { readonly kind: 'scores'; readonly of: Int32Array };

/** One request to a scorer: its row of inputs, and what is wanted. All of it travels between threads. */
export interface Question {
  readonly inputs: Inputs;
  readonly wanted: Wanted;
}

/** Answers questions, up to so many at once, each as if it were alone. */
export interface Scorer {
  /** What really runs. */
  readonly backend: string;
  /** How many questions it takes at once. */
  readonly rows: number;
  ask(questions: readonly Question[]): Promise<E.Either<string, readonly Best[]>>;
  /** Resolves when it can be asked again; false where that will not be. */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

/** What a scorer is made of; all of it travels between threads. */
export interface ScorerSpec extends Pick<DeviceOptions, 'device' | 'threads'> {
  /** Most rows of a batch. */
  readonly batch: number;
  /** `items`, and sizes of features. */
  readonly sizes: Sizes & Pick<BoundSizes, 'items'>;
  /** What scores are made of: parameters, and what data say of items. */
  readonly states: States;
  readonly seed: number;
}

const picks: { readonly [K in Wanted['kind']]: (scores: Float32Array, wanted: Extract<Wanted, { kind: K }>) => Best } =
  {
    top: (scores, { past, top, may }) =>
      bestOf(scores, past, top, may === undefined ? undefined : (item) => may[item] === 1),
    scores: (scores, { of }) => ({ items: of, scores: Array.from(of, (item) => scores[item] as number) }),
  };
const picked = <K extends Wanted['kind']>(scores: Float32Array, wanted: Extract<Wanted, { kind: K }>): Best =>
  picks[wanted.kind as K](scores, wanted);

/** Above so many bytes of states only two sizes are open, since each holds them. */
const heavy = 2 ** 25;

/** Sizes of batches to be open: a request alone must not be computed as many. */
export const rungsOf = (batch: number, states: States): readonly number[] => {
  const bytes = Object.values(states).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const doubled = Array.from({ length: Math.ceil(Math.log2(batch)) }, (_, i) => 2 ** i);
  return [...new Set([...(bytes > heavy ? [1] : doubled), batch])];
};

type Rung = { readonly batch: number; readonly session: Session };

const scored = (manifest: Manifest, { batch, session }: Rung, seed: number, questions: readonly Question[]) =>
  pipe(
    call(
      { manifest, session },
      'score',
      stacked(
        manifest,
        'score',
        questions.map((q) => q.inputs),
        batch,
      ),
      { seed, step: 0 },
    ),
    TE.chainEitherK((outputs) => output(outputs, 'score', 'scores')),
    TE.map((scores) => {
      const each = scores.length / batch;
      return questions.map(({ wanted }, at) =>
        picked((scores as Float32Array).subarray(at * each, (at + 1) * each), wanted),
      );
    }),
  );

const openRungs = (
  compiled: CompiledModel,
  { batch, device, threads = 1, sizes, states }: ScorerSpec,
  opened: Rung[],
): TaskEither<string, readonly Rung[]> =>
  pipe(
    rungsOf(batch, states),
    TE.traverseSeqArray((rows) =>
      pipe(
        openSession(compiled, { device, threads }, { ...sizes, batch: rows, seen: 1 }),
        TE.tapIO((session) => () => void opened.push({ batch: rows, session })),
        TE.chainFirst((session) => place(session, states)),
        TE.map((session) => ({ batch: rows, session })),
      ),
    ),
  );

/** A question whose answer shows every score. */
const probe = ({ manifest }: CompiledModel, items: number, from: number): Question => ({
  inputs: row(
    { items: [0, 1, 2].map((i) => (from + i) % items), times: undefined },
    manifest.length,
    null,
    manifest.rows,
  ),
  wanted: { kind: 'scores', of: Int32Array.from({ length: items }, (_, item) => item) },
});

/**
 * Whether a row is scored alike wherever it stands in any of the batches. A model that draws random numbers of each row where it
 * scores is not: the place of a row decides what is drawn.
 */
const steady = (
  compiled: CompiledModel,
  rungs: readonly Rung[],
  { sizes: { items }, seed }: ScorerSpec,
): TaskEither<string, boolean> => {
  const two = [probe(compiled, items, 0), probe(compiled, items, 3)];
  const ask = (rung: Rung, questions: readonly Question[]) => scored(compiled.manifest, rung, seed, questions);
  const same = (a: Best, b: Best): boolean => Array.from(a.scores).every((score, i) => Object.is(score, b.scores[i]));
  return pipe(
    two,
    TE.traverseSeqArray((question) => ask(rungs[0]!, [question])),
    TE.chain((alone) =>
      pipe(
        rungs,
        TE.traverseSeqArray((rung) =>
          pipe(
            ask(
              rung,
              Array.from({ length: rung.batch }, (_, at) => two[at % 2]!),
            ),
            TE.map((all) => all.every((best, at) => same(best, alone[at % 2]![0]!))),
          ),
        ),
      ),
    ),
    TE.map((each) => each.every((held) => held)),
  );
};

/** A scorer on the thread that asks. Left: a device that does not open, or that states cannot be written to. */
export const scorer = (compiled: CompiledModel, spec: ScorerSpec): TaskEither<string, Scorer> => {
  const opened: Rung[] = [];
  const closed = async (): Promise<void> => {
    for (const { session } of opened.splice(0)) await closeSession(session)();
  };
  return pipe(
    openRungs(compiled, spec, opened),
    TE.chain((rungs) =>
      pipe(
        steady(compiled, rungs, spec),
        TE.map((held) => (held ? rungs : rungs.slice(0, 1))),
      ),
    ),
    TE.map((rungs): Scorer => ({
      backend: rungs[0]!.session.backend,
      rows: rungs.at(-1)!.batch,
      ask: (questions) =>
        scored(
          compiled.manifest,
          rungs.find(({ batch }) => batch >= questions.length)!,
          spec.seed,
          questions,
        )(),
      ready: () => Promise.resolve(true),
      close: closed,
    })),
    TE.orElse((why) => async () => {
      await closed();
      return E.left(why);
    }),
  );
};
