/** What to show next, from a checkpoint: to a user of the data, or after any history of items the model knows. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as T from 'fp-ts/lib/Task.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Checkpoint, restore } from './checkpoint.js';
import type { CompiledModel } from './contract/compiled.js';
import { withAbout } from './about.js';
import { type Asked, type Moment, momentOf, timeless } from './asked.js';
import { withRequest } from './asking.js';
import { allowedBy, type Remembered, rememberedOf } from './candidates.js';
import { longestSpan, timesFrom, timesOf } from './data/index.js';
import { call, output, readsTimes, withColumns } from './entries.js';
import { type Lexicon, sizesOf, withEvents, withUsers } from './features.js';
import { steady } from './contract/words.js';
import type { Inputs } from './job.js';
import { type Catalogue, type Index, index } from './lookup.js';
import { checked } from './checked.js';
import type { RecommenderOptions, RecommendOptions, RecommendRequest } from './options.js';

import { outOf } from './defaults.js';
import { closeSession, openSession, place } from './session.js';
import { dataOf } from './source.js';
import type { Data, Manifest, Session } from './contract/session.js';
import { topOf } from './measures/top.js';
import { type People, pastOf, people } from './people.js';
import { type Found, found, type Past, written } from './past.js';
import { row } from './row.js';
import { titled } from './titled.js';
import { fileOf } from './train.js';

/** An item as a person knows it. */
export interface Named {
  readonly id: string;
  /** Null where the data have no titles. */
  readonly title: string | null;
}

/** An item in words. */
export const label = ({ id, title }: Named): string => steady(title === null || title === id ? id : `${title} (${id})`);

/** An item, its place and its score. Scores are the model's own, and compare within one answer alone. */
export interface Recommendation extends Named {
  /** From 1, the best. */
  readonly rank: number;
  readonly score: number;
}

/** The answer to a request. */
export interface Recommendations {
  readonly user: string | null;
  /** The history that was read, oldest first. */
  readonly history: readonly Named[];
  readonly items: readonly Recommendation[];
  /** When the request was taken to come; null where the model reads no times. */
  readonly at: Asked | null;
  /** What was assumed, in sentences. */
  readonly notes: readonly string[];
  readonly backend: string;
}

/** How many items an answer has, unless it is told. */
export const defaultTop = 10;

export const named = ({ items, titles }: Catalogue, at: number): Named => ({
  id: items[at] ?? String(at),
  title: titles?.[at] ?? null,
});

/** Whose past: a user of the data, or a history, whose items may be found already. */
export interface Whose extends Omit<RecommendRequest, 'history'> {
  readonly history?: RecommendRequest['history'] | Found;
}

/** The past that a request tells of, or that of its user. Left: neither or both, items or a user that are not known, or nothing that is. */
export const pastFrom =
  (manifest: Manifest, catalogue: Index, lexicon: Lexicon | undefined, everybody: TaskEither<string, People>) =>
  ({ user, history, about }: Whose): TaskEither<string, Past> => {
    const past =
      user !== undefined && history === undefined
        ? pipe(
            everybody,
            TE.chainFirstEitherK(({ data }) => withEvents(manifest, data)),
            TE.chainFirstEitherK(({ data }) => withUsers(manifest, data)),
            TE.chainEitherK(pastOf(user)),
          )
        : history !== undefined && user === undefined
          ? TE.fromEither(
              pipe(
                typeof history === 'object' && 'items' in history ? E.right(history) : found(catalogue)(history),
                E.chain(written(manifest, catalogue, lexicon)),
              ),
            )
          : TE.left('Give one of --user and --history: whom, or after what, to recommend.');
    return pipe(
      past,
      TE.filterOrElse(
        ({ items }) => items.length > 0,
        () => 'The history is empty: it needs at least one item that the model knows.',
      ),
      TE.chainEitherK(withAbout(manifest, lexicon, about)),
    );
  };

/** The moment of a request, and its row of inputs. Left: times that contradict each other, or that are not there. */
export const momentFor = (
  manifest: Manifest,
  everybody: TaskEither<string, People>,
  { user, at }: Whose,
  past: Past,
): TaskEither<string, Moment & { readonly inputs: Inputs }> => {
  const rowAt = (moment: Moment): E.Either<string, Moment & { readonly inputs: Inputs }> => {
    const { seconds } = moment.asked;
    const first = past.times?.slice(-manifest.length)[0];
    return seconds !== null && first !== undefined && seconds - first > longestSpan
      ? E.left(
          'The request comes more than 68 years after the first event of the history that is read: give an earlier --at.',
        )
      : E.right({ ...moment, inputs: row(past, manifest.length, seconds, manifest.rows) });
  };
  const unread = at === undefined ? [] : ['The model reads no times, so --at (or `at`) changes nothing.'];
  if (!readsTimes(manifest))
    return TE.right({
      asked: { seconds: null, from: 'nothing' },
      notes: unread,
      inputs: row(past, manifest.length, null, manifest.rows),
    });
  if (user === undefined && past.times !== undefined)
    return pipe(
      momentOf({
        at,
        last: past.times.at(-1)!,
        times: timesFrom(past.times),
        gap: () => Infinity,
        now: Date.now() / 1000,
      }),
      E.chain(rowAt),
      TE.fromEither,
    );
  if (user === undefined)
    return at === undefined
      ? TE.fromEither(rowAt(timeless))
      : TE.left(
          '--at has no meaning beside a --history whose items have no times: give them times, or ask for a --user of data with times.',
        );
  return pipe(
    everybody,
    TE.chainFirstEitherK(({ data }) => withColumns(manifest, data)),
    TE.chainEitherK(({ data, gap }) =>
      pipe(
        timesOf(data),
        E.fromNullable(`The data ${data.name} have no times.`),
        E.chain((times) => momentOf({ at, last: past.times?.at(-1) ?? times.to, times, gap, now: Date.now() / 1000 })),
        E.chain(rowAt),
      ),
    ),
  );
};

/** A model on its device, ready to answer one request after another. */
export interface Recommender {
  /** What really runs. */
  readonly backend: string;
  /** Left: an unknown user, or items that cannot be told, with the nearest ones; the next request may be answered all the same. */
  answer(request: RecommendRequest): TaskEither<string, Recommendations>;
  /** Gives the device back. Closing again does nothing. */
  close(): TaskEither<string, void>;
}

/** Runs a task at the first asking and keeps what it gave; a failure is not kept. */
export const once = <A>(task: TaskEither<string, A>): TaskEither<string, A> => {
  let kept: Promise<E.Either<string, A>> | undefined;
  return async () => {
    const asked = (kept ??= task());
    const result = await asked;
    if (E.isLeft(result) && kept === asked) kept = undefined;
    return result;
  };
};

/** Items, the best first, with their scores. */
export interface Best {
  readonly items: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
}

/** The items that a request is answered with; `may`, where given, says which may be shown. */
export const bestOf = (
  scores: ArrayLike<number>,
  past: Iterable<number>,
  top: number,
  may?: (item: number) => boolean,
): Best => {
  const items = topOf(scores, past, top, may);
  return { items, scores: items.map((at) => scores[at] as number) };
};

/** The best as a person knows them, in their order. */
export const ranked = (catalogue: Catalogue, { items, scores }: Best): readonly Recommendation[] =>
  Array.from(items, (at, i) => ({ rank: i + 1, ...named(catalogue, at), score: scores[i] as number }));

/** What is said to a request. */
export const told = (
  manifest: Manifest,
  catalogue: Catalogue,
  { user }: Pick<RecommendRequest, 'user'>,
  past: Past,
  { asked, notes }: Moment,
  best: Best,
  backend: string,
): Recommendations => ({
  user: user ?? null,
  history: past.items.map((at) => named(catalogue, at)),
  items: ranked(catalogue, best),
  at: readsTimes(manifest) ? asked : null,
  notes: [...notes, ...(past.notes ?? [])],
  backend,
});

/** A request that was understood, and the scores of all items for it. */
export interface Scored {
  readonly past: Past;
  readonly moment: Moment & { readonly inputs: Inputs };
  readonly scores: Data;
  /** Which items may be shown; undefined where all may. */
  readonly may: ((item: number) => boolean) | undefined;
}

/** Scores requests by a session, of one row, that has the checkpoint's states. */
export const scoring = (
  { manifest }: CompiledModel,
  options: RecommenderOptions,
  remembered: Remembered,
  session: Session,
): ((request: RecommendRequest) => TaskEither<string, Scored>) => {
  const { data, settings, features } = remembered;
  const catalogue = index(remembered);
  const everybody = once(
    pipe(
      dataOf(manifest, options, data),
      TE.map((loaded) => people(manifest, catalogue, features)(loaded.data)),
    ),
  );
  return (request) =>
    pipe(
      TE.fromEither(checked(request)),
      TE.chain(pastFrom(manifest, catalogue, features, everybody)),
      TE.chainEitherK(withRequest(manifest, features, request.vector)),
      TE.bindTo('past'),
      TE.bind('may', () => allowedBy(remembered, catalogue, everybody, request)),
      TE.bind('moment', ({ past }) => momentFor(manifest, everybody, request, past)),
      TE.bind('scores', ({ moment }) =>
        pipe(
          call({ manifest, session }, 'score', moment.inputs, { seed: settings.seed, step: 0 }),
          TE.chainEitherK((outputs) => output(outputs, 'score', 'scores')),
        ),
      ),
    );
};

const answering = (
  compiled: CompiledModel,
  options: RecommenderOptions,
  remembered: Remembered,
  session: Session,
): Recommender => {
  const scored = scoring(compiled, options, remembered, session);
  let closed = false;
  return {
    get backend() {
      return session.backend;
    },
    answer: (request) =>
      pipe(
        TE.fromIOEither(() => (closed ? E.left('The recommender is closed: open another one.') : E.right(request))),
        TE.chain(scored),
        TE.map(({ past, may, moment, scores }) =>
          told(
            compiled.manifest,
            remembered,
            request,
            past,
            moment,
            bestOf(scores, past.items, request.top ?? defaultTop, may),
            session.backend,
          ),
        ),
      ),
    close: () => async () => {
      if (closed) return E.right(undefined);
      closed = true;
      return closeSession(session)();
    },
  };
};

/** A checkpoint and a session of one row that has its states; whoever opens it also closes it. Left: an unusable checkpoint, or a device that does not open. */
export const atWork = (
  compiled: CompiledModel,
  options: RecommenderOptions,
): TaskEither<string, { readonly kept: Checkpoint; readonly session: Session }> =>
  pipe(
    TE.Do,
    TE.chainFirstEitherK(() => checked(options)),
    TE.bind('kept', () =>
      pipe(
        restore(options.checkpoint ?? fileOf(outOf(compiled, options.out), 'best'), compiled.manifest),
        TE.chain(titled(options)),
      ),
    ),
    // One request is too little to be shared: threads would spend longer on meeting than they save.
    TE.bind('session', ({ kept }) =>
      openSession(
        compiled,
        { ...options, threads: options.threads ?? 1, settled: true },
        { batch: 1, items: kept.items.length, seen: 1, ...sizesOf(kept.features) },
      ),
    ),
    TE.chain(({ kept, session }) =>
      pipe(
        place(session, kept.states),
        TE.map(() => ({ kept, session })),
        TE.orElse((why) =>
          pipe(
            closeSession(session),
            T.map(() => E.left(why)),
          ),
        ),
      ),
    ),
  );

/**
 * Opens a recommender: everything that no request has a part in is done here, once. The data are loaded when a user of theirs is
 * first asked for. Left: an unusable checkpoint, or a device that does not open.
 */
export const recommender =
  (compiled: CompiledModel) =>
  (options: RecommenderOptions): TaskEither<string, Recommender> =>
    pipe(
      atWork(compiled, options),
      TE.map(({ kept, session }) => answering(compiled, options, rememberedOf(compiled.manifest, kept), session)),
    );

/** Recommends once. Left: as for opening a recommender, and for its answers. */
export const recommend =
  (compiled: CompiledModel) =>
  (options: RecommendOptions): TaskEither<string, Recommendations> =>
    TE.bracket(
      recommender(compiled)(options),
      (opened) => opened.answer(options),
      (opened) => opened.close(),
    );
