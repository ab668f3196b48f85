/** Training, from options to results: everything that can go wrong for a user is a Left. */
import { rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as T from 'fp-ts/lib/Task.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { alone } from './alone.js';
import { begunWith } from './begin.js';
import { type Checkpoint, restore } from './checkpoint.js';
import type { CompiledModel } from './contract/compiled.js';
import { withKnown, readingSays, statistics } from './data/index.js';
import { never, now, outOf, silent } from './defaults.js';
import { all, type Evaluation, type Listener } from './events.js';
import { keepers } from './report/keepers.js';
import { eventFiles } from './report/tensorboard.js';
import { reportFile, reportTraining } from './report/write.js';
import { feedOf } from './feed.js';
import { folderAt, makeFolder, reason, sparing } from './files.js';
import { baseOf, grownLexicon, newSettingsFrom, warnOfBase } from './grow.js';
import type { States } from './init.js';
import type { Feed, Job } from './job.js';
import { judge, type Judged, type Wish } from './judging.js';
import { log, logFile, startLog } from './log.js';
import { labelText } from './contract/features.js';
import { resumedSettings, type Settings } from './contract/settings.js';
import { checked } from './checked.js';
import type { TrainOptions } from './options.js';
import { keepSplit, type Parts, partsOf, sameSplit, splitFile } from './parts.js';
import { beginning, best, type Epoch, type Progress } from './progress.js';
import type { Session } from './contract/session.js';
import { place, withSession } from './session.js';
import { dataOf, sameData, sourcesOf, titlesOf, warnOf } from './source.js';
import { fileOf, fit } from './train.js';
import { type Begun, type Lesson, lessonOf } from './transfer.js';

/** What `train` gives. */
export interface TrainResult {
  /** Interrupted runs have no final evaluation: resume them. Nor have those that train on everything. */
  readonly interrupted: boolean;
  readonly settings: Settings;
  readonly history: readonly Epoch[];
  readonly test: Evaluation | null;
  /** The test rank of each evaluated user (of each wanted item, where a split wants several), in the order of their codes, of which `test` holds the means; null where that is, none of a model that predicts a label. */
  readonly ranks: Float32Array | null;
  /** What really ran. */
  readonly backend: string;
  readonly out: string;
  /** The files of the last and the best parameters. */
  readonly last: string;
  readonly best: string;
}

/** A new run does not destroy an earlier one: its files move to `previous`, where the next new run replaces them. */
const setAside = (out: string, listen: Listener): TaskEither<string, void> =>
  TE.tryCatch(
    async () => {
      const files = ['last', 'best']
        .map((name) => fileOf(out, name as 'last' | 'best'))
        .concat(logFile(out), splitFile(out), reportFile(out), eventFiles(out))
        .filter((path) => existsSync(path));
      if (files.length > 0) {
        await makeFolder(join(out, 'previous'));
        // Of these there may be more than are coming, and those that stay would be taken for the other run's.
        for (const path of eventFiles(join(out, 'previous'))) await rm(path);
      }
      for (const path of files) await rename(path, join(out, 'previous', path.slice(out.length + 1)));
      if (files.length > 0)
        listen({
          kind: 'warning',
          message: `An earlier run was in ${out}; its files are now in ${join(out, 'previous')}. (--resume would have continued it.)`,
        });
    },
    (error) => `The earlier run in ${out} could not be moved to ${join(out, 'previous')}: ${reason(error)}.`,
  );

/** The checkpoint to go on from, if that was asked for and there is one. */
const priorOf = (
  compiled: CompiledModel,
  options: TrainOptions,
  out: string,
  listen: Listener,
): TaskEither<string, Checkpoint | undefined> => {
  const path = fileOf(out, 'last');
  if (options.resume === true && options.from !== undefined)
    return TE.left('--resume goes on with a run, and --from begins another: leave one of them out.');
  if (options.resume === true && existsSync(path)) return restore(path, compiled.manifest);
  if (options.resume === true)
    listen({ kind: 'warning', message: `There is no checkpoint in ${out} to resume, so a new run begins.` });
  return TE.right(undefined);
};

const parametersOf = (compiled: CompiledModel, states: States): number =>
  compiled.manifest.states
    .filter(({ role }) => role === 'parameter')
    .reduce((sum, { name }) => sum + (states[name]?.length ?? 0), 0);

/** What everybody is told of the test. */
const asked = (found: Evaluation): Evaluation => {
  const { figures: _, ...told } = found;
  return told;
};

/** Figures of the test that the report has beyond those that are printed: none of a model whose items are not ranked. */
const wished = ({ manifest }: Job): Wish | undefined =>
  manifest.label === undefined ? { cutoffs: [10], buckets: true, lists: false, measures: {} } : undefined;

/** What comes after the last epoch: the best parameters, tested once. */
const conclude = (job: Job, progress: Progress, began: number): TaskEither<string, Judged> =>
  pipe(
    restore(fileOf(job.out, 'best'), job.manifest),
    TE.filterOrElse(
      (checkpoint) => checkpoint.progress.step === best(progress)?.step && checkpoint.data.hash === job.data.hash,
      () =>
        `${fileOf(job.out, 'best')} is not of this run's best epoch (${best(progress)?.epoch}): some other run wrote there. Train anew in another --out.`,
    ),
    TE.chainFirst(({ states }) => place(job.session, states)),
    TE.chain(({ progress: at }) => judge(job, 'test', at, wished(job))),
    TE.chainFirstIOK(
      ({ found }) =>
        () =>
          job.listen({ kind: 'result', ...asked(found), seconds: (now() - began) / 1000 }),
    ),
  );

/** What comes after the last epoch where nothing is tested. */
const concludeUntested = (job: Job, { epoch }: Progress, began: number): TaskEither<string, null> => {
  job.listen({
    kind: 'trained',
    epoch,
    checkpoint: fileOf(job.out, 'best'),
    seconds: (now() - began) / 1000,
    ...(job.settings.trainOn === undefined ? { heldOut: true } : {}),
  });
  return TE.right(null);
};

/** Trains, and tests the best epoch once. Left: one paragraph saying what failed, where, and what to do. */
export const train =
  (compiled: CompiledModel) =>
  (options: TrainOptions): TaskEither<string, TrainResult> => {
    const { manifest } = compiled;
    const began = now();
    const out = outOf(compiled, options.out);
    const told = options.listen ?? silent;

    const run =
      (
        prior: Checkpoint | undefined,
        base: Checkpoint | undefined,
        lesson: Lesson | undefined,
        settings: Settings,
        given: readonly string[],
        parts: Parts,
        feed: Feed,
      ) =>
      (session: Session): TaskEither<string, TrainResult> => {
        const listen = all(told, log(out), ...keepers(options, out, manifest.model, told));
        const saveEvery = {
          steps: options.checkpointSteps ?? Number.POSITIVE_INFINITY,
          seconds: options.checkpointSeconds ?? 60,
        };
        const { identity } = parts;
        const data = parts.split.dataset;
        const job: Job = {
          manifest,
          session,
          feed,
          settings,
          data: identity,
          items: data.items,
          titles: titlesOf(data),
          out,
          saveEvery,
          listen,
          now,
          signal: options.signal ?? never,
        };
        const tests = settings.trainOn === undefined && options.test !== false;
        const progress = prior?.progress ?? { ...beginning, step: settings.before ?? 0 };
        const begun: E.Either<string, Begun> =
          prior !== undefined
            ? E.right({ states: prior.states, says: [], warns: [] })
            : begunWith(manifest, settings, feed, data, base, lesson, given);
        const trained = ({ states, says }: Begun): TaskEither<string, TrainResult> =>
          pipe(
            // Only now, when nothing can be refused any more, does an earlier run give way.
            prior === undefined ? setAside(out, told) : TE.right(undefined),
            TE.chainFirst(() => startLog(out, progress.epoch)),
            TE.chainFirst(() => keepSplit(out, parts)),
            TE.chain(() => {
              listen({
                kind: 'start',
                model: manifest.model,
                manifest: manifest.hash,
                backend: session.backend,
                device: options.device ?? 'auto',
                parameters: parametersOf(compiled, states),
                settings,
                data: identity,
                statistics: statistics(data),
                reading: [...readingSays(data), ...parts.says, ...says],
                ...(manifest.label === undefined ? {} : { label: labelText(manifest.label) }),
                batches: feed.batches,
                out,
                step: progress.step,
              });
              return () => fit(job, progress);
            }),
            TE.chain((done) =>
              pipe(
                done.interrupted
                  ? TE.right<string, Judged | null>(null)
                  : tests
                    ? conclude(job, done.progress, began)
                    : concludeUntested(job, done.progress, began),
                // Nothing is lost by a signal during the last test: all epochs are on disk, and --resume only tests again.
                TE.orElse((why) => (job.signal.aborted ? TE.right<string, Judged | null>(null) : TE.left(why))),
                TE.chainFirstTaskK((test) => async () => {
                  const finished = test !== null || (!done.interrupted && settings.trainOn !== undefined);
                  const { from, transfer, device = 'auto' } = options;
                  if (finished) await reportTraining(job, { from, transfer, device }, test);
                }),
                TE.map((test) => ({
                  interrupted: done.interrupted || (test === null && tests),
                  settings,
                  history: done.progress.history,
                  test: test === null ? null : asked(test.found),
                  ranks: test?.ranks ?? null,
                  backend: session.backend,
                  out,
                  last: fileOf(out, 'last'),
                  best: fileOf(out, 'best'),
                })),
              ),
            ),
          );
        return pipe(
          TE.fromEither(begun),
          TE.tapIO(
            ({ warns }) =>
              () =>
                warns.forEach((message) => told({ kind: 'warning', message })),
          ),
          TE.chainFirst(({ states }) => place(session, states)),
          TE.chainFirst(() => folderAt(out)),
          TE.chain((ready) => () => alone(out, 'training', trained(ready))),
        );
      };

    return pipe(
      TE.Do,
      TE.chainFirstEitherK(() => checked(options)),
      TE.bind('lesson', () => lessonOf(manifest, options)),
      TE.bind('prior', () => priorOf(compiled, options, out, told)),
      TE.bind('base', () => baseOf(compiled, options)),
      TE.bind('settings', ({ prior, base }) =>
        TE.fromEither(
          prior === undefined ? newSettingsFrom(manifest, options, base) : resumedSettings(prior.settings, options),
        ),
      ),
      TE.bind('loaded', ({ prior, base }) => dataOf(manifest, options, (prior ?? base)?.data)),
      TE.tapIO(
        ({ loaded }) =>
          () =>
            warnOf(told)(loaded),
      ),
      TE.chainFirstEitherK(({ prior, loaded }) =>
        prior === undefined ? E.right(undefined) : sameData(fileOf(out, 'last'), prior.data)(loaded),
      ),
      TE.chainFirstEitherK(({ loaded: { identity } }) => {
        const { csv, from, transfer, split } = options;
        const read = [...sourcesOf(identity), fileOf(out, 'last'), fileOf(out, 'best'), from, transfer, split];
        return csv === undefined ? E.right(undefined) : sparing(...read)(csv);
      }),
      // That it cannot be made is said with the table, which is worth less than the run.
      TE.chainFirstTaskK((): T.Task<unknown> =>
        options.csv === undefined ? T.of(undefined) : folderAt(dirname(options.csv)),
      ),
      TE.bind('parts', ({ prior, base, settings, loaded: { data, identity } }) => {
        const known = prior ?? base;
        const all = known === undefined ? data : withKnown(data, known);
        return partsOf(all, identity, settings, options.split, known?.data.split);
      }),
      TE.chainFirstEitherK(({ prior, parts }) =>
        prior === undefined
          ? E.right(undefined)
          : sameSplit(fileOf(out, 'last'), prior.data.split, parts.identity.split),
      ),
      TE.tapIO(({ base, lesson, settings, parts }) => () => {
        // Other data hold out other events.
        const same = lesson?.kept.data.hash === parts.identity.hash ? lesson.kept : undefined;
        const before = base ?? same;
        if (before !== undefined) warnOfBase(told, before, settings, parts.identity);
      }),
      TE.bind('features', ({ prior, base, parts }) =>
        TE.fromEither(
          base === undefined ? E.right(prior?.features) : grownLexicon(manifest, base.features, parts.split),
        ),
      ),
      TE.bind('feed', ({ features, parts, settings }) =>
        TE.fromEither(feedOf(manifest, parts.split, settings, features)),
      ),
      TE.chain(({ prior, base, lesson, settings, loaded, parts, feed }) =>
        withSession(
          compiled,
          { ...options, settled: true },
          { batch: settings.batch, items: parts.split.dataset.items.length, seen: feed.seen, ...feed.features.sizes },
          run(prior, base, lesson, settings, loaded.data.items, parts, feed),
        ),
      ),
    );
  };
