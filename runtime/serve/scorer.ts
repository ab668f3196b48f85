/** Scores of several requests at once: sessions of a few sizes, of which the smallest that has room is taken. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { BoundSizes } from '../contract/batch.js';
import type { CompiledModel } from '../contract/compiled.js';
import type { Data, Manifest, Session, Sizes } from '../contract/session.js';
import { call, output } from '../entries.js';
import type { States } from '../init.js';
import type { Inputs } from '../job.js';
import type { DeviceOptions } from '../options.js';
import { type Best, bestOf } from '../recommend.js';
import { row } from '../row.js';
import { closeSession, openSession, place } from '../session.js';
import { arrays, stacked } from './stacked.js';

/** What is wanted of a row: the best items by its scores, the scores of some, or vectors. */
export type Wanted =
  | {
      readonly kind: 'top';
      readonly top: number;
      /** Items that are not shown again. */
      readonly past: Int32Array;
      /** By item, 1 where it may be shown; absent where all may. */
      readonly may?: Uint8Array | undefined;
    }
  | { readonly kind: 'scores'; readonly of: Int32Array }
  /** In the place of scores: the numbers of the user's vector, where that is wanted, then those of some items', whose products are scores. */
  | { readonly kind: 'vectors'; readonly user: boolean; readonly of: Int32Array };

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
  /** Whether batches are as large as that, all but the last: sizes between are then not worth their memory. */
  readonly whole?: boolean;
  /** `items`, and sizes of features. */
  readonly sizes: Sizes & Pick<BoundSizes, 'items'>;
  /** What scores are made of: parameters, and what data say of items. */
  readonly states: States;
  readonly seed: number;
}

type Outputs = Readonly<Record<string, Data>>;
/** One of the rows of an output. */
const rowOf = (data: Data | undefined, at: number, rows: number): Float32Array => {
  const each = (data?.length ?? 0) / rows;
  return ((data ?? new Float32Array(0)) as Float32Array).subarray(at * each, (at + 1) * each);
};

/** What a question wants of an entry's outputs, where its row is `at` of `batch`. */
interface Way<W> {
  readonly entry: string;
  /** The output without which there is no answer. */
  readonly output: string;
  readonly pick: (outputs: Outputs, wanted: W, at: number, batch: number, items: number) => Best;
}
const ways: { readonly [K in Wanted['kind']]: Way<Extract<Wanted, { kind: K }>> } = {
  top: {
    entry: 'score',
    output: 'scores',
    pick: ({ scores }, { past, top, may }, at, batch) =>
      bestOf(rowOf(scores, at, batch), past, top, may === undefined ? undefined : (item) => may[item] === 1),
  },
  scores: {
    entry: 'score',
    output: 'scores',
    pick: ({ scores }, { of }, at, batch) => {
      const own = rowOf(scores, at, batch);
      return { items: of, scores: Array.from(of, (item) => own[item] as number) };
    },
  },
  vectors: {
    entry: 'vectors',
    output: 'item',
    pick: ({ user, item, bias }, { user: wanted, of }, at, batch, items) => {
      // A bias is one number more of each item, which a user takes once.
      const parts = Array.from(of, (one) => [rowOf(item, one, items), rowOf(bias, one, items)]);
      const own = wanted ? [rowOf(user, at, batch), bias === undefined ? [] : [1]] : [];
      return { items: of, scores: Float32Array.from([own, ...parts].flatMap((pair) => pair.flatMap((x) => [...x]))) };
    },
  },
};
const wayOf = <K extends Wanted['kind']>(wanted: Extract<Wanted, { kind: K }>): Way<Wanted> =>
  ways[wanted.kind as K] as unknown as Way<Wanted>;

/** Above so many bytes of states only two sizes are open, since each holds them. */
const heavy = 2 ** 25;

/** Sizes of batches to be open: a request alone must not be computed as many. */
export const rungsOf = (batch: number, states: States, whole = false): readonly number[] => {
  const bytes = Object.values(states).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const doubled = Array.from({ length: Math.ceil(Math.log2(batch)) }, (_, i) => 2 ** i);
  return [...new Set([...(whole || bytes > heavy ? [1] : doubled), batch])];
};

type Rung = { readonly batch: number; readonly session: Session };

/** Questions of one entry. */
const asked = (
  manifest: Manifest,
  { batch, session }: Rung,
  { seed, sizes: { items } }: ScorerSpec,
  entry: string,
  questions: readonly Question[],
): TaskEither<string, readonly Best[]> =>
  pipe(
    call(
      { manifest, session },
      entry,
      stacked(
        manifest,
        entry,
        questions.map((q) => q.inputs),
        batch,
      ),
      { seed, step: 0 },
    ),
    TE.chainFirstEitherK((outputs) => output(outputs, entry, wayOf(questions[0]!.wanted).output)),
    TE.map((outputs) => questions.map(({ wanted }, at) => wayOf(wanted).pick(outputs, wanted, at, batch, items))),
  );

/** Answers in the order of the questions, entry by entry. */
const scored = (
  manifest: Manifest,
  rung: Rung,
  spec: ScorerSpec,
  questions: readonly Question[],
): TaskEither<string, readonly Best[]> => {
  const entries = questions.map(({ wanted }) => wayOf(wanted).entry);
  return pipe(
    [...new Set(entries)],
    TE.traverseSeqArray((entry) => {
      const places = questions.flatMap((_, i) => (entries[i] === entry ? [i] : []));
      return pipe(
        asked(
          manifest,
          rung,
          spec,
          entry,
          places.map((i) => questions[i]!),
        ),
        TE.map((answers) => places.map((place, i) => [place, answers[i]!] as const)),
      );
    }),
    TE.map((groups) => new Map(groups.flat())),
    TE.map((answers) => questions.map((_, i) => answers.get(i)!)),
  );
};

const openRungs = (
  compiled: CompiledModel,
  { batch, device, threads = 1, sizes, states, whole }: ScorerSpec,
  opened: Rung[],
): TaskEither<string, readonly Rung[]> =>
  pipe(
    rungsOf(batch, states, whole),
    TE.traverseSeqArray((rows) =>
      pipe(
        openSession(compiled, { device, threads, settled: true }, { ...sizes, batch: rows, seen: 1 }),
        TE.tapIO((session) => () => void opened.push({ batch: rows, session })),
        TE.chainFirst((session) => place(session, states)),
        TE.map((session) => ({ batch: rows, session })),
      ),
    ),
  );

/** What a row of inputs does not tell, as zeros of the sizes that the model reads: what nobody asked, and a user of whom nothing is known. */
const told = ({ entries }: Manifest, sizes: Sizes, inputs: Inputs): Inputs => ({
  ...inputs,
  ...Object.fromEntries(
    (entries['score']?.inputs ?? []).flatMap(({ name, dtype, shape }) => {
      const cells = shape.reduce<number>((n, size) => n * (typeof size === 'number' ? size : (sizes[size] ?? 0)), 1);
      return inputs[name]?.length === cells ? [] : [[name, new arrays[dtype](cells)] as const];
    }),
  ),
});

/** A question whose answer shows every score. */
const probe = ({ manifest }: CompiledModel, { sizes }: ScorerSpec, from: number): Question => ({
  inputs: told(
    manifest,
    { ...sizes, batch: 1 },
    row(
      { items: [0, 1, 2].map((i) => (from + i) % sizes.items), times: undefined },
      manifest.length,
      null,
      manifest.rows,
    ),
  ),
  wanted: { kind: 'scores', of: Int32Array.from({ length: sizes.items }, (_, item) => item) },
});

/**
 * Whether a row is scored alike wherever it stands in any of the batches. A model that draws random numbers of each row where it
 * scores is not: the place of a row decides what is drawn.
 */
const steady = (compiled: CompiledModel, rungs: readonly Rung[], spec: ScorerSpec): TaskEither<string, boolean> => {
  const two = [probe(compiled, spec, 0), probe(compiled, spec, 3)];
  const ask = (rung: Rung, questions: readonly Question[]) => scored(compiled.manifest, rung, spec, questions);
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
          spec,
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
