/** Why an item is recommended: scores on the model's own device, what is behind one of them by the program `explain`. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { rememberedOf } from '../candidates.js';
import type { Checkpoint } from '../checkpoint.js';
import type { CompiledModel } from '../contract/compiled.js';
import { type DescentSteps, type Explanation, explanationOf } from '../contract/explanation.js';
import type { EntryInfo, Session } from '../contract/session.js';
import { call } from '../entries.js';
import { messageOf } from '../errors.js';
import { sizesOf } from '../features.js';
import { index, item as itemNamed } from '../lookup.js';
import type { ExplainOptions } from '../options.js';
import {
  atWork,
  bestOf,
  defaultTop,
  named,
  type Named,
  ranked,
  type Recommendation,
  type Recommendations,
  type Scored,
  scoring,
  told,
} from '../recommend.js';
import { closeSession, place } from '../session.js';

/** An item that was read, its place among those that the model reads (0: the oldest), and what it did to the score. */
export interface Influential extends Named {
  readonly position: number;
  /** The derivative of the score by the position's embedding, times the embedding. */
  readonly value: number;
}

/** Why an item has its score. */
export interface Explained extends Omit<Recommendations, 'backend'> {
  /** The item, and its place among those that might be recommended; null where it is not among them: it was met, say. */
  readonly item: Named & { readonly rank: number | null; readonly score: number };
  /** Oldest first; of the history's newest items, as many as the model reads. */
  readonly influence: readonly Influential[];
  /** Energies of the model's descents and what they are made of, step by step; of a model without them, none. */
  readonly descents: readonly DescentSteps[];
  /** What would be if the model did not look at this user first: null where it does not. */
  readonly without: readonly Recommendation[] | null;
  /** What computed the scores, and what explained them. */
  readonly backend: string;
  readonly explainedOn: string;
}

interface Opened {
  readonly entry: EntryInfo;
  readonly session: Session;
}

/** Opens what explains, with the checkpoint's states. Left: a model that has nothing to make it of, or a machine that cannot run it. */
const explaining = (
  { explain, manifest }: CompiledModel,
  { items, features, states }: Checkpoint,
): TaskEither<string, Opened> => {
  if (explain === undefined)
    return TE.left(`The model ${manifest.model} was compiled without its explanation: compile it again.`);
  const opened = pipe(
    TE.tryCatch(explain, messageOf),
    TE.chain(TE.fromEither),
    TE.chain(({ entry, open }) =>
      pipe(
        TE.tryCatch(
          () => open({ batch: 1, items: items.length, seen: 1, ...sizesOf(features) }, { threads: 1 }),
          (error) => `What explains could not be opened: ${messageOf(error)}`,
        ),
        TE.chain(TE.fromEither),
        TE.map((session): Opened => ({ entry, session })),
      ),
    ),
  );
  const filled = (session: Session): TaskEither<string, void> =>
    pipe(
      TE.tryCatch(() => session.read(), messageOf),
      // It knows the states that it reads, and no slots.
      TE.chain((known) =>
        place(session, Object.fromEntries(Object.keys(known).map((name) => [name, states[name]!] as const))),
      ),
    );
  return pipe(
    opened,
    TE.chainFirst(({ session }) =>
      pipe(
        filled(session),
        TE.orElseFirst(() => closeSession(session)),
      ),
    ),
  );
};

/** The item that is asked about: the best, unless it is told. Left: one that the model does not know. */
const wantedOf = (
  { items, titles }: Checkpoint,
  { item }: ExplainOptions,
  { scores, past, may }: Scored,
): E.Either<string, number> => {
  if (item !== undefined) return itemNamed(index({ items, titles }))(item);
  const [best] = Array.from(bestOf(scores, past.items, 1, may).items);
  return best === undefined
    ? E.left('Nothing is left to recommend, and so to explain: name the --item.')
    : E.right(best);
};

const answer = (
  { manifest }: CompiledModel,
  { kept, session, second }: { readonly kept: Checkpoint; readonly session: Session; readonly second: Session },
  options: ExplainOptions,
  scored: Scored,
  { item, influence, descents, without }: Explanation,
): Explained => {
  const { past, moment, scores, may } = scored;
  const best = (of: ArrayLike<number>) => bestOf(of, past.items, options.top ?? defaultTop, may);
  const { backend, ...asked } = told(manifest, kept, options, past, moment, best(scores), session.backend);
  const score = scores[item] as number;
  const shown = !past.items.includes(item) && may?.(item) !== false;
  const before = bestOf(scores, past.items, scores.length, may).items;
  return {
    ...asked,
    item: { ...named(kept, item), rank: shown ? Array.from(before).indexOf(item) + 1 : null, score },
    influence: influence.map(({ position, item: at, value }) => ({ position, ...named(kept, at), value })),
    descents,
    without: without === undefined ? null : ranked(kept, best(without)),
    backend,
    explainedOn: second.backend,
  };
};

/** Explains the score of an item: of `options.item`, or of the first that is recommended. Left: as for recommending, or an unknown item. */
export const explain =
  (compiled: CompiledModel) =>
  (options: ExplainOptions): TaskEither<string, Explained> =>
    TE.bracket(
      atWork(compiled, options),
      ({ kept, session }) =>
        TE.bracket(
          explaining(compiled, kept),
          ({ entry, session: second }) =>
            pipe(
              scoring(compiled, options, rememberedOf(compiled.manifest, kept), session)(options),
              TE.bindTo('scored'),
              TE.bind('wanted', ({ scored }) => TE.fromEither(wantedOf(kept, options, scored))),
              TE.bind('outputs', ({ scored, wanted }) =>
                call(
                  { manifest: { ...compiled.manifest, entries: { explain: entry } }, session: second },
                  'explain',
                  { ...scored.moment.inputs, wanted: Int32Array.of(wanted) },
                  { seed: kept.settings.seed, step: 0 },
                ),
              ),
              TE.map(({ scored, wanted, outputs }) => {
                const { length } = compiled.manifest;
                const history = scored.past.items.slice(-length);
                const found = explanationOf(outputs, { row: 0, history, wanted, length });
                return answer(compiled, { kept, session, second }, options, scored, found);
              }),
            ),
          ({ session: second }) => closeSession(second),
        ),
      ({ session }) => closeSession(session),
    );
