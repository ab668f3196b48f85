/** Titles that are named where one asks, in the place of those that training kept. */
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Checkpoint } from './checkpoint.js';
import { plural } from './contract/words.js';
import { readTitles } from './data/index.js';
import type { DataOptions } from './options.js';

/** A checkpoint with these titles; an item that they leave out is shown by its id. Left: a file without a title of any of the items. */
export const titled =
  ({ titles: path }: Pick<DataOptions, 'titles'>) =>
  (kept: Checkpoint): TaskEither<string, Checkpoint> =>
    path === undefined
      ? TE.right(kept)
      : pipe(
          () => readTitles(path),
          TE.filterOrElse(
            (titles) => kept.items.some((id) => titles.has(id)),
            () =>
              `${path}: it has no title of any of the ${plural(kept.items.length, 'item')} that the model knows; give that of its data`,
          ),
          TE.map((titles) => ({ ...kept, titles: kept.items.map((id) => titles.get(id) ?? id) })),
        );
