/** What of the data is held out: from options, or what a checkpoint remembers, to a split. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import {
  type Dataset,
  isRule,
  parseSplit,
  ruled,
  split,
  splitBy,
  type Split,
  splitHash,
  splitSays,
  splitShape,
  splitText,
} from './data/index.js';
import { reason, writeAtomically } from './files.js';
import type { Settings } from './contract/settings.js';
import { missing } from './contract/words.js';
import type { Identity } from './progress.js';

/** A split, and what a checkpoint remembers of it. */
export interface Parts {
  readonly split: Split;
  readonly identity: Identity;
  /** Sentences for the run's beginning; none where the protocol says it all. */
  readonly says: readonly string[];
}

/** The split in a file. Left: one sentence. */
const fromFile = (path: string, data: Dataset, hash: string): TaskEither<string, Split> =>
  pipe(
    TE.tryCatch(() => readFile(path, 'utf8'), reason),
    TE.chainEitherK((text) => parseSplit(text, data, hash)),
    TE.map((file) => ({ file, found: splitBy(data, file.rule) })),
    TE.filterOrElse(
      ({ file, found }) => file.hash === undefined || file.hash === splitHash(found),
      () => 'what it divides is not what its hash says: was it changed by hand? Then remove `hash`',
    ),
    TE.bimap(
      (why) => `The split ${path} cannot be used: ${why}${why === missing ? `; --split takes ${splitShape}` : ''}.`,
      ({ found }) => found,
    ),
  );

/**
 * The split of data whose file `identity` tells: `given`, or what a checkpoint remembers, or the protocol's. Left: a text that means
 * none, a file that cannot be used, or another split than is remembered.
 */
export const partsOf = (
  data: Dataset,
  identity: Identity,
  { protocol, trainOn }: Pick<Settings, 'protocol' | 'trainOn'>,
  given: string | undefined,
  remembered?: Identity['split'],
): TaskEither<string, Parts> => {
  const text = given ?? remembered?.given;
  if (trainOn !== undefined || text === undefined) {
    const parts = trainOn === undefined ? split(data, protocol) : splitBy(data, { kind: 'all' });
    return TE.right({ split: parts, identity, says: trainOn === undefined ? [] : splitSays(parts) });
  }
  return pipe(
    isRule(text)
      ? pipe(
          TE.fromEither(ruled(text, data)),
          TE.map((rule) => splitBy(data, rule)),
        )
      : fromFile(text, data, identity.hash),
    TE.map((parts) => ({
      split: parts,
      identity: { ...identity, split: { given: text, hash: splitHash(parts) } },
      says: splitSays(parts),
    })),
  );
};

/** Left: another split than a checkpoint was trained under. What is held out now may be what it learned. */
export const sameSplit = (path: string, kept: Identity['split'], now: Identity['split']): E.Either<string, void> =>
  kept?.hash === now?.hash
    ? E.right(undefined)
    : E.left(
        `The checkpoint ${path} was trained under ${kept === undefined ? 'no --split' : `the split ${kept.given}`}, and ${now?.given ?? 'none'} divides these data otherwise: leave --split out, or give that one.`,
      );

export const splitFile = (out: string): string => join(out, 'split.json');

/** Writes what was held out, where a split was asked for. Left: the disk's refusal. */
export const keepSplit = (out: string, { split: parts, identity }: Parts): TaskEither<string, void> =>
  identity.split === undefined
    ? TE.right(undefined)
    : writeAtomically(splitFile(out), [Buffer.from(splitText(parts, identity.split.given, identity.hash))]);
