/** A checkpoint at work: what its requests are understood by, its scorers, and how it is taken out of service. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { rememberedOf } from '../candidates.js';
import { type Checkpoint, restore } from '../checkpoint.js';
import type { CompiledModel } from '../contract/compiled.js';
import { lazy } from '../contract/once.js';
import type { Dataset } from '../data/index.js';
import { sizesOf } from '../features.js';
import { index } from '../lookup.js';
import { type ServeOptions } from '../options.js';
import { people } from '../people.js';
import { type Best, once } from '../recommend.js';
import { outOf } from '../defaults.js';
import { dataOf } from '../source.js';
import { titled } from '../titled.js';
import { fileOf } from '../train.js';
import { crew } from './crew.js';
import { type Gatherer, gatherer, type Seen } from './gather.js';
import type { Settled } from './options.js';
import type { Question, ScorerSpec } from './scorer.js';
import type { Knowledge } from './understand.js';

/** A checkpoint that answers. */
export interface Loaded extends Knowledge {
  readonly path: string;
  readonly backend: string;
  readonly data: TaskEither<string, Dataset>;
  readonly asks: Gatherer<Question, Best>;
  /** Uses it: it is not closed before that is done. */
  use<A>(work: () => Promise<A>): Promise<A>;
  /** Closes it when nobody uses it any more. Resolves then. */
  retire(): Promise<void>;
}

/** Where the checkpoint lies that is served. */
export const pathOf = (compiled: CompiledModel, { checkpoint, out }: ServeOptions): string =>
  checkpoint ?? fileOf(outOf(compiled, out), 'best');

/** Scores are made of parameters and of what data say of items; slots are the optimizer's, and stay where they are. */
const specOf = (
  { manifest }: CompiledModel,
  { device, threads }: ServeOptions,
  { batch }: Settled,
  { items, features, states, settings }: Checkpoint,
): ScorerSpec => ({
  batch,
  device,
  threads: threads ?? 1,
  sizes: { items: items.length, ...sizesOf(features) },
  states: Object.fromEntries(
    manifest.states.flatMap(({ name, role }) => (role === 'slot' ? [] : [[name, states[name]!] as const])),
  ),
  seed: settings.seed,
});

/** Data that were read for the checkpoint before are not read again. */
const knowledgeOf = (
  { manifest }: CompiledModel,
  options: ServeOptions,
  checkpoint: Checkpoint,
  before: Loaded | undefined,
): Knowledge & Pick<Loaded, 'data'> => {
  const catalogue = index(checkpoint);
  const same = before !== undefined && JSON.stringify(before.remembered.data) === JSON.stringify(checkpoint.data);
  const data = same
    ? before.data
    : once(
        pipe(
          dataOf(manifest, options, checkpoint.data),
          TE.map((found) => found.data),
        ),
      );
  return {
    manifest,
    remembered: rememberedOf(manifest, checkpoint),
    catalogue,
    data,
    // A failure is kept too: nobody who asks can have data read again and again.
    everybody: lazy(pipe(data, TE.map(people(manifest, catalogue, checkpoint.features)))),
  };
};

/** What takes time at a first request is done before there is one: forms of titles, the data and where its users are. */
const warmed =
  (say: (line: string) => void) =>
  ({ catalogue, everybody }: Knowledge): TaskEither<string, void> => {
    [...catalogue.exact, ...catalogue.partial].forEach((read) => read('zz'));
    return async () => {
      const found = await everybody();
      if (E.isLeft(found)) say(`Users of the data cannot be asked for: ${found.left}`);
      return E.right(undefined);
    };
  };

/** Counts who uses a checkpoint, so that it is closed after the last of them. */
const counted = (end: () => Promise<void>): Pick<Loaded, 'use' | 'retire'> => {
  let users = 0;
  let last: (() => void) | undefined;
  return {
    use: async (work) => {
      users++;
      try {
        return await work();
      } finally {
        if (--users === 0) last?.();
      }
    },
    retire: async () => {
      if (users > 0)
        await new Promise<void>((resolve) => {
          last = resolve;
        });
      await end();
    },
  };
};

/** Opens a checkpoint for requests. Left: one that cannot be used, or a device that does not open. */
export const loaded = (
  compiled: CompiledModel,
  options: ServeOptions,
  settled: Settled,
  {
    say,
    seen,
    before,
  }: { readonly say: (line: string) => void; readonly seen: Seen; readonly before?: Loaded | undefined },
): TaskEither<string, Loaded> => {
  const path = pathOf(compiled, options);
  const { workers, timeout } = settled;
  return pipe(
    restore(path, compiled.manifest),
    TE.chain(titled(options)),
    TE.bindTo('checkpoint'),
    TE.let('knowledge', ({ checkpoint }) => knowledgeOf(compiled, options, checkpoint, before)),
    TE.chainFirst(({ knowledge }) => warmed(say)(knowledge)),
    TE.bind('scorers', ({ checkpoint }) =>
      crew(compiled, specOf(compiled, options, settled, checkpoint), { workers, limit: timeout, say }),
    ),
    TE.map(({ knowledge, scorers }) => {
      const rows = Math.min(...scorers.map((each) => each.rows));
      if (rows < settled.batch)
        say(
          'The model draws random numbers of each row where it scores, so that requests are scored one by one, as `recommend` does.',
        );
      const asks = gatherer(scorers, { ...settled, batch: rows }, () => performance.now(), seen);
      return {
        ...knowledge,
        path,
        backend: scorers[0]!.backend,
        asks,
        ...counted(async () => {
          await asks.end();
          await Promise.all(scorers.map((scorer) => scorer.close()));
        }),
      };
    }),
  );
};
