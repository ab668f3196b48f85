/** What a scoring thread runs: a scorer of the trainer whose address it is given, asked by messages. */
import { parentPort, workerData } from 'node:worker_threads';
import * as E from 'fp-ts/lib/Either.js';
import type { CompiledModel } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import type { Best } from '../recommend.js';
import { type Question, type Scorer, scorer, type ScorerSpec } from './scorer.js';

/** What a thread begins with. */
export interface Contract {
  /** The module that exports `compiled`. */
  readonly url: string;
  readonly spec: ScorerSpec;
}
/** To a thread: questions, or the wish that it end. */
export type Told = { readonly questions: readonly Question[] } | 'end';
/** From a thread: that it is there, answers in the order of the questions, or why there are none. */
export type Heard = Pick<Scorer, 'backend' | 'rows'> | { readonly answers: readonly Best[] } | { readonly why: string };

const say = (heard: Heard): void => parentPort?.postMessage(heard);

const opened = async ({ url, spec }: Contract): Promise<E.Either<string, Scorer>> => {
  try {
    const { compiled } = (await import(url)) as { readonly compiled: CompiledModel };
    return await scorer(compiled, spec)();
  } catch (error) {
    return E.left(`The trainer ${url} could not be opened in a thread: ${messageOf(error)}.`);
  }
};

const found = await opened(workerData as Contract);
if (E.isLeft(found)) say({ why: found.left });
else {
  const own = found.right;
  parentPort?.on('message', async (told: Told) => {
    if (told === 'end') {
      await own.close();
      parentPort?.close();
      return;
    }
    const answers = await own.ask(told.questions);
    say(E.isRight(answers) ? { answers: answers.right } : { why: answers.left });
  });
  say({ backend: own.backend, rows: own.rows });
}
