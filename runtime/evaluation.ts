/**
 * Full ranking: the rank of each wanted item among all items, from the model's `rank` entry, and lists from its `score` entry. Of models
 * that predict a label, its logit for each wanted item, from the entry `predict`.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { seenVisitor } from './data/split.js';
import { call, output } from './entries.js';
import type { Part } from './events.js';
import type { RankBatch, Job } from './job.js';
import { type Lists, listOf, type OneList, together } from './measures/lists.js';

export type Judge = Pick<Job, 'manifest' | 'session' | 'feed' | 'settings' | 'signal' | 'listen'>;

const draw = ({ settings }: Judge) => ({ seed: settings.seed, step: 0 });

/** The ranks of one batch's rows. Left: what the device said, or a rank that is none. */
const ranksOf = async (judge: Judge, { inputs, rows }: RankBatch): Promise<E.Either<string, Float32Array>> =>
  pipe(
    await call(judge, 'rank', inputs, draw(judge))(),
    E.chain((outputs) => output(outputs, 'rank', 'rank')),
    E.map((ranks) => Float32Array.from(ranks.subarray(0, rows))),
    E.filterOrElse(
      (ranks) => ranks.every((rank) => rank >= 1),
      () =>
        'The model ranks with values that are no numbers: its parameters or scores are not finite. Train with a lower learning rate or another seed.',
    ),
  );

/**
 * What `of` makes of each batch of a part; undefined if the run was aborted meanwhile. `label`: what is told, where that is no rank. The loop is
 * imperative: a device takes one batch at a time.
 */
const eachBatch = async <A>(
  judge: Judge,
  part: Part,
  of: (batch: RankBatch) => Promise<E.Either<string, A>>,
  label?: string,
): Promise<E.Either<string, readonly A[] | undefined>> => {
  const { batches, all } = judge.feed.evaluation(part);
  const found: A[] = [];
  for (const batch of all) {
    if (judge.signal.aborted) return E.right(undefined);
    judge.listen({ kind: 'evaluating', part, batch: found.length, batches, ...(label === undefined ? {} : { label }) });
    const made = await of(batch);
    if (E.isLeft(made)) return made;
    found.push(made.right);
  }
  return E.right(found);
};

/** The rank of every row's wanted item, 1 = best, in the order of the split's rows; undefined if the run was aborted meanwhile. */
export const evaluate = async (judge: Judge, part: Part): Promise<E.Either<string, Float32Array | undefined>> =>
  pipe(
    await eachBatch(judge, part, (batch) => ranksOf(judge, batch)),
    E.map((found) => found && Float32Array.from(found.flatMap((ranks) => [...ranks]))),
  );

/** The logit of the label of every row's wanted item, in the order of the split's rows; undefined if the run was aborted meanwhile. */
export const logitsOf = async (
  judge: Judge,
  part: Part,
  label: string,
): Promise<E.Either<string, Float32Array | undefined>> =>
  pipe(
    await eachBatch(
      judge,
      part,
      async ({ inputs, rows }) =>
        pipe(
          await call(judge, 'predict', inputs, draw(judge))(),
          E.chain((outputs) => output(outputs, 'predict', 'logit')),
          E.map((logits) => Float32Array.from(logits.subarray(0, rows))),
          E.filterOrElse(
            (logits) => logits.every(Number.isFinite),
            () =>
              'The model predicts values that are no numbers: its parameters are not finite. Train with a lower learning rate or another seed.',
          ),
        ),
      label,
    ),
    E.map((found) => found && Float32Array.from(found.flatMap((logits) => [...logits]))),
  );

/**
 * The `top` best items for every question of a part: a second pass, over all scores. What `shown` leaves out is what the ranks
 * leave out.
 */
export const listsOf = async (judge: Judge, part: Part, top: number): Promise<E.Either<string, Lists | undefined>> => {
  let known = -1;
  const visit = seenVisitor(judge.feed.split, part);
  const ofBatch = async ({ inputs, rows, questions }: RankBatch) =>
    pipe(
      await call(judge, 'score', inputs, draw(judge))(),
      E.chain((outputs) => output(outputs, 'score', 'scores')),
      E.map((scores) => {
        const items = scores.length / judge.settings.batch;
        const lists: OneList[] = [];
        for (let row = 0; row < rows; row++) {
          // Rows of one question differ in what they want alone, and have one list.
          if (questions[row] === known) continue;
          known = questions[row]!;
          const own = scores.subarray(row * items, (row + 1) * items);
          const past: number[] = [];
          visit(known, (item) => void past.push(item));
          lists.push(listOf(own, past, top));
        }
        return lists;
      }),
    );
  return pipe(
    await eachBatch(judge, part, ofBatch),
    E.map((found) => {
      return found && together(found.flat());
    }),
  );
};
