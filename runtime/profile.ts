/** Where a training step's time goes: each kernel by the model's own names. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from './compiled.js';
import { scalars, timed } from './entries.js';
import { feed } from './feed.js';
import { initialStates } from './init.js';
import type { Feed } from './job.js';
import { newSettings, type ProfileOptions } from './options.js';
import type { Settings } from './progress.js';
import { dataOf, place, withSession } from './run.js';
import type { KernelTime, Session } from './session.js';

export interface Profile {
  readonly backend: string;
  /** Users of a batch. */
  readonly batch: number;
  /** Milliseconds of a step on one thread: the sum over its kernels. */
  readonly ms: number;
  /** Longest first; of several steps the least each kernel took. */
  readonly kernels: readonly KernelTime[];
}

/** Steps measured; the first warm the code up. */
const STEPS = 8;

const least = (steps: readonly (readonly KernelTime[])[]): readonly KernelTime[] => {
  const found = new Map<string, KernelTime>();
  for (const kernel of steps.flat()) {
    const known = found.get(kernel.name);
    if (known === undefined || kernel.ms < known.ms) found.set(kernel.name, kernel);
  }
  return [...found.values()].sort((a, b) => b.ms - a.ms);
};

/** Profiles training steps on the first batch of the data. Left: as for `train`, and devices that do not time kernels. */
export const profile = (compiled: CompiledModel) => (options: ProfileOptions): TaskEither<string, Profile> => {
  const { manifest } = compiled;
  const measure = (session: Session, settings: Settings, food: Feed): TaskEither<string, Profile> =>
    pipe(
      E.fromNullable('The data give no batch to train on.')([...food.training(0, 0)][0]),
      TE.fromEither,
      TE.chain((inputs) => pipe(
        Array.from({ length: STEPS }, (_, i) => i + 1),
        TE.traverseSeqArray((step) => timed({ manifest, session }, 'train', { ...inputs, ...scalars({ settings, feed: food }, step) }, { seed: settings.seed, step })),
      )),
      TE.map((steps) => {
        const kernels = least(steps);
        return { backend: session.backend, batch: settings.batch, ms: kernels.reduce((sum, k) => sum + k.ms, 0), kernels };
      }),
    );
  return pipe(
    TE.Do,
    TE.bind('settings', () => TE.fromEither(newSettings(manifest, options))),
    TE.bind('loaded', () => dataOf(options, undefined)),
    TE.bind('food', ({ loaded, settings }) => TE.fromEither(feed(manifest, loaded.data, settings))),
    TE.chain(({ settings, loaded: { data }, food }) =>
      withSession(compiled, options, { batch: settings.batch, items: data.items.length, seen: food.seen }, (session) =>
        pipe(
          TE.fromEither(initialStates(settings.seed, { items: data.items.length }, manifest.states)),
          TE.chain((states) => place(session, states)),
          TE.chain(() => measure(session, settings, food)),
        ))),
  );
};

/** Kernels below this share of a step are summed up in one line. */
const SHOWN = 0.005;

export const profileText = ({ backend, batch, ms, kernels }: Profile): string => {
  const row = (k: Pick<KernelTime, 'ms' | 'name' | 'source'>): string =>
    `${k.ms.toFixed(2).padStart(8)} ${((100 * k.ms) / ms).toFixed(1).padStart(6)}%  ${k.name}${k.source === undefined ? '' : `  ${k.source}`}`;
  const shown = kernels.filter((k) => k.ms >= SHOWN * ms);
  const rest = kernels.slice(shown.length);
  return [
    `A training step of ${batch} users on ${backend}, kernel by kernel on one thread: ${ms.toFixed(1)} ms.`,
    '      ms   share  kernel', ...shown.map(row),
    ...(rest.length === 0 ? [] : [row({ ms: rest.reduce((sum, k) => sum + k.ms, 0), name: `${rest.length} others`, source: undefined })]),
  ].join('\n');
};
