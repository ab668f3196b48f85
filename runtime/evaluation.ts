/** Full ranking: the rank of each user's target among all items, from the model's `rank` entry. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { call, output } from './entries.js';
import type { Part } from './events.js';
import type { RankBatch, Job } from './job.js';

export type Judge = Pick<Job, 'manifest' | 'session' | 'feed' | 'settings' | 'signal' | 'listen'>;

/** The ranks of one batch's users. Left: what the device said, or a rank that is none. */
const ranksOf = async (judge: Judge, { inputs, rows }: RankBatch): Promise<E.Either<string, Float32Array>> =>
  pipe(
    await call(judge, 'rank', inputs, { seed: judge.settings.seed, step: 0 })(),
    E.chain((outputs) => output(outputs, 'rank', 'rank')),
    E.map((ranks) => Float32Array.from(ranks.subarray(0, rows))),
    E.filterOrElse(
      (ranks) => ranks.every((rank) => rank >= 1),
      () =>
        'The model ranks with values that are no numbers: its parameters or scores are not finite. Train with a lower learning rate or another seed.',
    ),
  );

/**
 * The rank of every user's target, 1 = best, in the feed's order of users; undefined if the run was aborted meanwhile.
 * The loop is imperative: a device takes one batch at a time.
 */
export const evaluate = async (judge: Judge, part: Part): Promise<E.Either<string, Float32Array | undefined>> => {
  const { batches, all } = judge.feed.evaluation(part);
  const found: Float32Array[] = [];
  for (const batch of all) {
    if (judge.signal.aborted) return E.right(undefined);
    judge.listen({ kind: 'evaluating', part, batch: found.length, batches });
    const ranks = await ranksOf(judge, batch);
    if (E.isLeft(ranks)) return ranks;
    found.push(ranks.right);
  }
  return E.right(Float32Array.from(found.flatMap((ranks) => [...ranks])));
};
