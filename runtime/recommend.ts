/** What to show next, from a checkpoint: to a user of the data, or after any history of items the model knows. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Checkpoint, restore } from './checkpoint.js';
import type { CompiledModel } from './compiled.js';
import type { Dataset } from './data/index.js';
import { call, output } from './entries.js';
import type { Inputs } from './job.js';
import { type Catalogue, index, item, list, nearest } from './lookup.js';
import { checked, type RecommendOptions } from './options.js';
import { dataOf, outOf, place, withSession } from './run.js';
import type { Data } from './session.js';
import { fileOf } from './train.js';

export interface Named {
  readonly id: string;
  /** Null where the data have no titles. */
  readonly title: string | null;
}

export interface Recommendation extends Named {
  /** From 1, the best. */
  readonly rank: number;
  readonly score: number;
}

export interface Recommendations {
  readonly user: string | null;
  /** The history that was read, oldest first. */
  readonly history: readonly Named[];
  readonly items: readonly Recommendation[];
  readonly backend: string;
}

/** Item indices, oldest first, and Unix seconds where they are known. */
interface Past {
  readonly items: readonly number[];
  readonly times: readonly number[] | undefined;
}

const named = ({ items, titles }: Catalogue, at: number): Named => ({ id: items[at] ?? String(at), title: titles?.[at] ?? null });

const latest = 2 ** 31 - 1;

/** One row of inputs. The request is taken to come at the time of the last event: when it really comes nobody has said. */
export const row = (past: Past, length: number): Inputs => {
  const items = past.items.slice(-length);
  const times = past.times?.slice(-length) ?? items.map(() => 0);
  const seconds = (list: readonly number[]) => list.map((time) => Math.min(time - (times[0] ?? 0), latest));
  const padded = (values: readonly number[]): Int32Array => Int32Array.from({ length }, (_, i) => values[i] ?? 0);
  return {
    items: padded(items),
    times: padded(seconds(times)),
    'times.next': padded(seconds([...times.slice(1), times.at(-1) ?? 0])),
    'seq.lengths': Int32Array.of(items.length),
  };
};

/** A user's whole past, in the checkpoint's item indices; items that came after training are left out. */
const pastOf = (catalogue: Catalogue, data: Dataset, user: string): E.Either<string, Past> => {
  const at = data.users.indexOf(user);
  if (at < 0) {
    const near = nearest({ items: data.users, titles: null }, user).map((u) => data.users[u]).join(', ');
    return E.left(`The data ${data.name} have no user "${user}"; the nearest are ${near}. For somebody who is not in the data, give --history.`);
  }
  const known = new Map(catalogue.items.map((id, i) => [id, i]));
  const [from, to] = [data.offsets[at] ?? 0, data.offsets[at + 1] ?? 0];
  const events = Array.from(data.sequence.subarray(from, to), (code, i) => ({ item: known.get(data.items[code] ?? ''), time: data.times?.[from + i] }));
  const met = events.filter((event): event is { item: number; time: number | undefined } => event.item !== undefined);
  return E.right({ items: met.map((event) => event.item), times: data.times === undefined ? undefined : met.map((event) => event.time ?? 0) });
};

const written = (catalogue: Catalogue, history: string | readonly string[]): E.Either<string, Past> =>
  pipe(
    typeof history === 'string' ? list(index(catalogue))(history) : E.traverseArray(item(index(catalogue)))(history),
    E.map((items) => ({ items, times: undefined })),
  );

const pastFrom = (kept: Checkpoint, options: RecommendOptions): TaskEither<string, Past> => {
  const { user, history } = options;
  const past =
    user !== undefined && history === undefined
      ? pipe(dataOf(options, kept.data), TE.chainEitherK(({ data }) => pastOf(kept, data, user)))
      : history !== undefined && user === undefined
        ? TE.fromEither(written(kept, history))
        : TE.left('Give one of --user and --history: whom, or after what, to recommend.');
  return pipe(past, TE.filterOrElse(({ items }) => items.length > 0, () => 'The history is empty: it needs at least one item that the model knows.'));
};

/** The `top` best items that are not in the past. Equal scores keep the order of the catalogue. */
export const topOf = (scores: Data, past: readonly number[], top: number): readonly number[] => {
  const met = new Set(past);
  return Array.from(scores.keys())
    .filter((at) => !met.has(at))
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .slice(0, top);
};

/** Recommends. Left: an unusable checkpoint, an unknown user, or items that cannot be told, with the nearest ones. */
export const recommend = (compiled: CompiledModel) => (options: RecommendOptions): TaskEither<string, Recommendations> => {
  const { manifest } = compiled;
  const path = options.checkpoint ?? fileOf(outOf(compiled, options.out), 'best');
  return pipe(
    TE.Do,
    TE.chainFirstEitherK(() => checked(options)),
    TE.bind('kept', () => restore(path, manifest)),
    TE.bind('past', ({ kept }) => pastFrom(kept, options)),
    TE.chain(({ kept, past }) =>
      withSession(compiled, options, { batch: 1, items: kept.items.length, seen: 1 }, (session) =>
        pipe(
          place(session, kept.states),
          TE.chain(() => call({ manifest, session }, 'score', row(past, manifest.length), { seed: kept.settings.seed, step: 0 })),
          TE.chainEitherK((outputs) => output(outputs, 'score', 'scores')),
          TE.map((scores) => ({
            user: options.user ?? null,
            history: past.items.map((at) => named(kept, at)),
            items: topOf(scores, past.items, options.top ?? 10).map((at, i) => ({ rank: i + 1, ...named(kept, at), score: scores[at] as number })),
            backend: session.backend,
          })),
        ))),
  );
};
