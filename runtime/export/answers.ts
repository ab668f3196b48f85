/** Many questions to several scorers, each busy as long as there are any; answers come in the order of the questions. */
import * as E from 'fp-ts/lib/Either.js';
import { Interrupted } from '../files.js';
import type { Best } from '../recommend.js';
import type { Question, Scorer } from '../serve/scorer.js';

/** A question, and whom or what it is about. */
export interface Asked<A> {
  readonly about: A;
  readonly question: Question;
}

type Batch<A> = readonly (readonly [A, Best])[];

const ask = async <A>(scorer: Scorer, batch: readonly Asked<A>[]): Promise<Batch<A>> => {
  const found = await scorer.ask(batch.map(({ question }) => question));
  if (E.isLeft(found)) throw new Interrupted(found.left);
  await scorer.ready();
  return batch.map(({ about }, i) => [about, found.right[i]!] as const);
};

/**
 * Batches of answers. A scorer is given its next batch as soon as it is free, two ahead of what is taken at most. Throws `Interrupted` where a
 * scorer fails.
 */
export const answered = async function* <A>(
  scorers: readonly Scorer[],
  questions: AsyncIterator<Asked<A>>,
): AsyncGenerator<Batch<A>> {
  const rows = Math.min(...scorers.map((scorer) => scorer.rows));
  const next = async (): Promise<readonly Asked<A>[]> => {
    const batch: Asked<A>[] = [];
    while (batch.length < rows) {
      const { value, done } = await questions.next();
      if (done === true) break;
      batch.push(value);
    }
    return batch;
  };
  // Each scorer answers its batches one after another, and they come round in turn.
  const free: Promise<unknown>[] = scorers.map(() => Promise.resolve());
  const waiting: Promise<Batch<A>>[] = [];
  let turn = 0;
  for (let batch = await next(); batch.length > 0 || waiting.length > 0; batch = await next()) {
    if (batch.length > 0) {
      const [at, own] = [turn++ % scorers.length, batch];
      const answer = free[at]!.then(() => ask(scorers[at]!, own));
      // Who takes the answers hears of a failure in its turn.
      free[at] = answer.catch(() => undefined);
      answer.catch(() => undefined);
      waiting.push(answer);
    }
    while (waiting.length > (batch.length > 0 ? 2 * scorers.length : 0)) yield await waiting.shift()!;
  }
};
