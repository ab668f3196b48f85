/** How a run begins: its first states. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Checkpoint } from './checkpoint.js';
import type { Manifest } from './contract/session.js';
import type { Settings } from './contract/settings.js';
import type { Dataset } from './data/index.js';
import { grown } from './grow.js';
import { initialStates, type States } from './init.js';
import type { Feed } from './job.js';
import { type Begun, type Lesson, transferred } from './transfer.js';

/** How a run begins: parameters and slots by the seed, features by the data. */
export const firstStates = (
  manifest: Manifest,
  { seed }: Pick<Settings, 'seed'>,
  { features }: Pick<Feed, 'features'>,
  data: Dataset,
): E.Either<string, States> =>
  pipe(
    initialStates(seed, { items: data.items.length, ...features.sizes }, manifest.states),
    E.map((states) => ({ ...states, ...features.given() })),
  );

/** What a new run begins with: its own first states, with what another has learned where there is one. */
export const begunWith = (
  manifest: Manifest,
  settings: Settings,
  feed: Feed,
  data: Dataset,
  base: Checkpoint | undefined,
  lesson: Lesson | undefined,
  given: readonly string[],
): E.Either<string, Begun> =>
  pipe(
    firstStates(manifest, settings, feed, data),
    E.chain((fresh): E.Either<string, Begun> => {
      const { sizes, lexicon } = feed.features;
      if (lesson !== undefined)
        return transferred(manifest, lesson, { items: data.items.length, ...sizes }, lexicon, fresh);
      return pipe(
        base === undefined
          ? E.right(fresh)
          : grown(manifest, base, { items: data.items, features: lexicon }, fresh, given),
        E.map((states) => ({ states, says: [], warns: [] })),
      );
    }),
  );
