/** Where a training step's time goes: each kernel by the model's own names, and how near it comes to what the machine can do. */
import { firstStates } from './begin.js';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from './contract/compiled.js';
import { split } from './data/index.js';
import { ceilingsOf, scalars, timed } from './entries.js';
import { feedOf } from './feed.js';
import type { Feed, Inputs } from './job.js';
import { newSettings, type Settings } from './contract/settings.js';
import type { ProfileOptions } from './options.js';
import { place, withSession } from './session.js';
import { dataOf } from './source.js';
import { least } from './timing.js';
import type { Ceilings, KernelTime, Session } from './contract/session.js';
import { plural } from './contract/words.js';

/** What a kernel does a second, in the unit in which it comes nearer to a ceiling. */
export interface Rate {
  readonly unit: 'GFLOP/s' | 'GB/s';
  readonly rate: number;
  /** Its share of the ceiling, from 0 to 1. */
  readonly share: number;
}

export interface Profile {
  readonly backend: string;
  /** Users of a batch. */
  readonly batch: number;
  /** Milliseconds of a step on one thread: the sum over its kernels. */
  readonly ms: number;
  /** Measured beside the kernels. */
  readonly ceilings: Ceilings;
  /** Longest first; of several steps the least each kernel took. */
  readonly kernels: readonly (KernelTime & Rate)[];
}

/** Steps measured; the first warm the code up. */
const STEPS = 8;

/** A kernel is bound by whichever would take it longer at full speed: arithmetic, or its arrays, in the caches if they fit there. */
export const rateOf = (
  { ms, calls, operations, bytes }: KernelTime,
  { operations: arithmetic, near, far, nearBytes }: Ceilings,
): Rate => {
  const copying = bytes / Math.max(1, calls) > nearBytes ? far : near;
  const per = (n: number): number => (ms === 0 ? 0 : (1000 * n) / ms);
  return operations / arithmetic > bytes / copying
    ? { unit: 'GFLOP/s', rate: per(operations) / 1e9, share: per(operations) / arithmetic }
    : { unit: 'GB/s', rate: per(bytes) / 1e9, share: per(bytes) / copying };
};

/** The batches that are profiled, and what making one takes: no kernel, but part of a step. */
const batched = (feed: Feed): { readonly inputs: Inputs | undefined; readonly making: readonly KernelTime[] } => {
  const made: { readonly inputs: Inputs; readonly ms: number }[] = [];
  const batches = feed.training(0, 0)[Symbol.iterator]();
  while (made.length < STEPS) {
    const began = performance.now();
    const { value, done } = batches.next();
    if (done === true) break;
    made.push({ inputs: value, ms: performance.now() - began });
  }
  const bytes = ({ inputs }: (typeof made)[number]): number =>
    Object.values(inputs).reduce((n, data) => n + data.byteLength, 0);
  return {
    inputs: made[0]?.inputs,
    making: made.map((m) => ({
      name: 'batch',
      source: undefined,
      comment: "the next users' histories",
      ms: m.ms,
      calls: 1,
      operations: 0,
      bytes: 2 * bytes(m),
    })),
  };
};

/** Profiles training steps on the first batch of the data. Left: as for `train`, and devices that do not time kernels. */
export const profile =
  (compiled: CompiledModel) =>
  (options: ProfileOptions): TaskEither<string, Profile> => {
    const { manifest } = compiled;
    const measure = (session: Session, settings: Settings, feed: Feed): TaskEither<string, Profile> => {
      const { inputs: first, making } = batched(feed);
      return pipe(
        TE.Do,
        TE.bind('inputs', () => TE.fromEither(E.fromNullable('The data give no batch to train on.')(first))),
        TE.bind('steps', ({ inputs }) =>
          pipe(
            Array.from({ length: STEPS }, (_, i) => i + 1),
            TE.traverseSeqArray((step) =>
              timed(
                { manifest, session },
                'train',
                { ...inputs, ...scalars({ settings, feed }, step) },
                { seed: settings.seed, step },
              ),
            ),
          ),
        ),
        TE.bind('ceilings', () => ceilingsOf(session)),
        TE.map(({ steps, ceilings }) => {
          const kernels = least([making, ...steps]).map((k) => ({ ...k, ...rateOf(k, ceilings) }));
          return {
            backend: session.backend,
            batch: settings.batch,
            ms: kernels.reduce((sum, k) => sum + k.ms, 0),
            ceilings,
            kernels,
          };
        }),
      );
    };
    return pipe(
      TE.Do,
      TE.bind('settings', () => TE.fromEither(newSettings(manifest, options))),
      TE.bind('loaded', () => dataOf(manifest, options, undefined)),
      TE.bind('feed', ({ loaded, settings }) => TE.fromEither(feedOf(manifest, split(loaded.data), settings))),
      TE.chain(({ settings, loaded: { data }, feed }) =>
        withSession(
          compiled,
          options,
          { batch: settings.batch, items: data.items.length, seen: feed.seen, ...feed.features.sizes },
          (session) =>
            pipe(
              TE.fromEither(firstStates(manifest, settings, feed, data)),
              TE.chain((states) => place(session, states)),
              TE.chain(() => measure(session, settings, feed)),
            ),
        ),
      ),
    );
  };

/** Kernels below this share of a step are summed up in one line. */
const SHOWN = 0.005;

export const profileText = ({ backend, batch, ms, ceilings, kernels }: Profile): string => {
  const row = (k: Pick<KernelTime, 'ms' | 'name' | 'source'>, rate: string): string =>
    `${k.ms.toFixed(2).padStart(8)} ${((100 * k.ms) / ms).toFixed(1).padStart(6)}% ${rate.padStart(20)}  ${k.name}${k.source === undefined ? '' : `  ${k.source}`}`;
  const rated = ({ rate, unit, share }: Rate): string =>
    `${rate.toFixed(1)} ${unit.padEnd(7)} ${(100 * share).toFixed(0).padStart(4)}%`;
  const shown = kernels.filter((k) => k.ms >= SHOWN * ms);
  const rest = kernels.slice(shown.length);
  const { operations, near, far, nearBytes } = ceilings;
  return [
    `A training step of ${plural(batch, 'user')} on ${backend}, kernel by kernel on one thread: ${ms.toFixed(1)} ms.`,
    `One thread of this machine, measured now: ${(operations / 1e9).toFixed(1)} GFLOP/s of multiplications and additions in registers; copies of`,
    `${(near / 1e9).toFixed(1)} GB/s within ${nearBytes / 1024} KiB and ${(far / 1e9).toFixed(1)} GB/s beyond the caches. Each kernel is held against the one that binds it.`,
    '      ms   share              ceiling  kernel',
    ...shown.map((k) => row(k, rated(k))),
    ...(rest.length === 0
      ? []
      : [
          row(
            { ms: rest.reduce((sum, k) => sum + k.ms, 0), name: `${plural(rest.length, 'other')}`, source: undefined },
            '',
          ),
        ]),
  ].join('\n');
};
