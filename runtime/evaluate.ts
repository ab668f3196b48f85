/** Evaluating a checkpoint, from options to figures. */
import { dirname, join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Apart, apartOf } from './apart.js';
import { restore } from './checkpoint.js';
import type { CompiledModel } from './contract/compiled.js';
import type { Settings } from './contract/settings.js';
import { withKnown } from './data/index.js';
import type { Evaluation } from './events.js';
import { feedOf } from './feed.js';
import { sparing, writeAtomically } from './files.js';
import { judge } from './judging.js';
import { figuresCsv } from './measures/figures.js';
import { requestColumns } from './asking.js';
import { checked } from './checked.js';
import { type EvaluateOptions, wishOf } from './options.js';
import { partsOf, sameSplit } from './parts.js';
import { never, now, outOf, silent } from './defaults.js';
import { place, withSession } from './session.js';
import { dataOf, sameData, sourcesOf, warnOf } from './source.js';
import type { States } from './init.js';
import type { Session } from './contract/session.js';
import { messageOf } from './errors.js';
import { variantOf } from './variant.js';
import { fileOf } from './train.js';

/** What `evaluate` gives: the measures, of which checkpoint, on what. */
export interface EvaluateResult extends Evaluation {
  readonly checkpoint: string;
  readonly backend: string;
  /**
   * The rank of each evaluated user (of each wanted item, where a split wants several), in the order of their codes; none of a model that
   * predicts a label, unless figures of ranks are asked for.
   */
  readonly ranks: Float32Array;
  /** By whether training met the target; where `cold` asks for it. */
  readonly apart?: Apart;
  /** The hyperparameters that were set otherwise than in training. */
  readonly set?: readonly string[];
}

/** The states that a session has a place for: fewer steps of inference may read fewer. */
const known = (session: Session, states: States): TaskEither<string, States> =>
  pipe(
    TE.tryCatch(() => session.read(), messageOf),
    TE.map((all) =>
      Object.fromEntries(Object.keys(all).flatMap((name) => (states[name] ? [[name, states[name]]] : []))),
    ),
  );

/** Evaluates a checkpoint on the data it was trained on. Left: as for `train`. */
export const evaluateCheckpoint =
  (compiled: CompiledModel) =>
  (options: EvaluateOptions): TaskEither<string, EvaluateResult> => {
    const began = now();
    const path = options.checkpoint ?? fileOf(outOf(compiled, options.out), 'best');
    const listen = options.listen ?? silent;
    return pipe(
      TE.Do,
      TE.chainFirstEitherK(() => checked(options)),
      TE.chainFirstEitherK(() =>
        options.withoutRequests === true && requestColumns(compiled.manifest).length === 0
          ? E.left(
              `The model ${compiled.manifest.model} reads nothing that is asked for: leave --without-requests out.`,
            )
          : E.right(undefined),
      ),
      TE.bind('kept', () => restore(path, compiled.manifest)),
      TE.chainFirstEitherK(({ kept }) =>
        kept.settings.trainOn === undefined
          ? E.right(undefined)
          : E.left(
              `The checkpoint ${path} was trained on everything (--train-on all): there is nothing held out to evaluate it on. Evaluate the run that its epochs were chosen by.`,
            ),
      ),
      TE.bind('used', ({ kept }) => {
        const { set, device, model, signal } = options;
        const folder = join(dirname(path), 'variants');
        return set === undefined || set.length === 0
          ? TE.right(compiled)
          : variantOf(compiled, kept, { set, device, model, signal, folder });
      }),
      TE.bind('data', ({ kept, used: { manifest } }) => dataOf(manifest, options, kept.data)),
      TE.tapIO(
        ({ data }) =>
          () =>
            warnOf(listen)(data),
      ),
      TE.chainFirstEitherK(({ kept, data }) => sameData(path, kept.data)(data)),
      TE.chainFirstEitherK(({ data: { identity } }) =>
        options.csv === undefined ? E.right(undefined) : sparing(path, ...sourcesOf(identity))(options.csv),
      ),
      TE.bind('parts', ({ kept, data: { data, identity } }) =>
        partsOf(withKnown(data, kept), identity, kept.settings, options.split, kept.data.split),
      ),
      TE.chainFirstEitherK(({ kept, parts }) => sameSplit(path, kept.data.split, parts.identity.split)),
      TE.let('settings', ({ kept }): Settings => ({ ...kept.settings, batch: options.batch ?? kept.settings.batch })),
      TE.bind('feed', ({ kept, parts, settings, used: { manifest } }) =>
        TE.fromEither(feedOf(manifest, parts.split, settings, kept.features, options.withoutRequests)),
      ),
      TE.chain(({ kept, settings, feed, used }) =>
        withSession(
          used,
          { ...options, settled: true },
          { batch: settings.batch, items: kept.items.length, seen: feed.seen, ...feed.features.sizes },
          (session) =>
            pipe(
              used === compiled ? TE.right(kept.states) : known(session, kept.states),
              TE.chain((states) => place(session, states)),
              TE.chain(() =>
                judge(
                  { manifest: used.manifest, session, feed, settings, signal: options.signal ?? never, listen },
                  options.part ?? 'test',
                  kept.progress,
                  wishOf(options),
                  options.cold === true || undefined,
                ),
              ),
              TE.chainFirst(({ found }) =>
                options.csv === undefined || found.figures === undefined
                  ? TE.right(undefined)
                  : writeAtomically(options.csv, [Buffer.from(figuresCsv(found.figures))]),
              ),
              TE.map(({ found, ranks }) => {
                // A checkpoint holds the parameters of its own moment, which need not be the best one's.
                const at = {
                  ...found,
                  epoch: kept.progress.epoch,
                  step: kept.progress.step,
                  ...(options.cold === true ? { apart: apartOf(feed, found.part, ranks) } : {}),
                };
                listen({ kind: 'result', ...at, seconds: (now() - began) / 1000 });
                return {
                  ...at,
                  ...(used === compiled ? {} : { set: options.set ?? [] }),
                  checkpoint: path,
                  backend: session.backend,
                  ranks,
                };
              }),
            ),
        ),
      ),
    );
  };
