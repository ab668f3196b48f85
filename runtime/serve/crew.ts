/** Scorers on threads of their own, so that whoever answers HTTP never waits for a kernel. A thread that dies is replaced. */
import { Worker } from 'node:worker_threads';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import type { Best } from '../recommend.js';
import { type Scorer, scorer, type ScorerSpec } from './scorer.js';
import type { Contract, Heard, Told } from './worker.js';

/** A thread, and the one thing that it was asked and has not yet answered. */
interface Hand extends Pick<Scorer, 'backend' | 'rows'> {
  readonly dead: () => boolean;
  readonly ask: (told: Told) => Promise<E.Either<string, Heard>>;
  readonly end: () => Promise<void>;
}

/** Milliseconds that a thread has for ending by itself. */
const patience = 2000;

/** A thread that says nothing for `limit` milliseconds is ended: nobody waits for it any more. */
const hand = async (contract: Contract, limit: number): Promise<E.Either<string, Hand>> => {
  const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData: contract });
  let waiting: ((heard: E.Either<string, Heard>) => void) | undefined;
  let died: string | undefined;
  const heard = (what: E.Either<string, Heard>): void => {
    const tell = waiting;
    waiting = undefined;
    tell?.(what);
  };
  const gone = new Promise<void>((resolve) => {
    thread.once('exit', (code) => {
      died ??= `A scoring thread ended with code ${code}.`;
      heard(E.left(died));
      resolve();
    });
  });
  thread.on('message', (message: Heard) => heard('why' in message ? E.left(message.why) : E.right(message)));
  thread.on('error', (error) => {
    died = `A scoring thread failed: ${messageOf(error)}.`;
  });
  const next = (): Promise<E.Either<string, Heard>> =>
    died === undefined
      ? new Promise((resolve) => {
          waiting = resolve;
        })
      : Promise.resolve(E.left(died));
  const end = async (): Promise<void> => {
    thread.postMessage('end' satisfies Told);
    const timer = setTimeout(() => void thread.terminate(), patience);
    await gone;
    clearTimeout(timer);
  };
  const first = await next();
  if (E.isLeft(first) || !('backend' in first.right)) {
    await thread.terminate();
    return E.left(E.isLeft(first) ? first.left : 'A scoring thread spoke out of turn.');
  }
  return E.right({
    ...first.right,
    dead: () => died !== undefined,
    ask: async (told) => {
      const answer = next();
      const timer = setTimeout(() => {
        died = `A scoring thread did not answer in ${limit / 1000} s, and was ended.`;
        void thread.terminate();
      }, limit);
      thread.postMessage(told);
      const found = await answer;
      clearTimeout(timer);
      return found;
    },
    end,
  });
};

/** How long to wait before the next try to replace a thread, in milliseconds, and how often. */
const pauses = [0, 100, 1000, 5000, 30_000];

const member = (hire: () => ReturnType<typeof hand>, first: Hand, say: (line: string) => void): Scorer => {
  let own = first;
  let closed = false;
  const revive = async (): Promise<boolean> => {
    for (const pause of pauses) {
      await new Promise((resolve) => {
        setTimeout(resolve, pause);
      });
      if (closed) return false;
      const again = await hire();
      if (E.isRight(again)) {
        own = again.right;
        if (!closed) return true;
        await own.end();
        return false;
      }
      say(`A scoring thread could not be replaced: ${again.left}`);
    }
    return false;
  };
  return {
    get backend() {
      return own.backend;
    },
    rows: first.rows,
    ask: async (questions) =>
      pipe(
        await own.ask({ questions }),
        E.chain((heard) =>
          'answers' in heard
            ? E.right<string, readonly Best[]>(heard.answers)
            : E.left('A scoring thread spoke out of turn.'),
        ),
      ),
    ready: () => (own.dead() ? revive() : Promise.resolve(!closed)),
    close: async () => {
      closed = true;
      await own.end();
    },
  };
};

/** Each thread has states of its own, but reads the one copy from which it takes them. */
const shared = (spec: ScorerSpec): ScorerSpec => ({
  ...spec,
  states: Object.fromEntries(
    Object.entries(spec.states).map(([name, values]) => {
      const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
      copy.set(values);
      return [name, copy];
    }),
  ),
});

/**
 * `workers` scorers, each on a thread of its own; with 0 one that scores where it is asked. Left: no address for the threads to load
 * the model from, or a device that does not open.
 */
export const crew = (
  compiled: CompiledModel,
  given: ScorerSpec,
  { workers, limit, say }: { readonly workers: number; readonly limit: number; readonly say: (line: string) => void },
): TaskEither<string, readonly Scorer[]> => {
  if (workers === 0)
    return pipe(
      scorer(compiled, given),
      TE.map((one) => [one]),
    );
  const { url } = compiled;
  if (url === undefined)
    return TE.left(
      'Scoring threads load the model from its trainer, and this one has no address (`url`): give workers 0, or an emitted trainer.',
    );
  const contract: Contract = { url, spec: shared(given) };
  const hire = () => hand(contract, limit);
  const one = pipe(
    hire,
    TE.map((found) => member(hire, found, say)),
  );
  return async () => {
    // The first alone: it may have to build the kernels, which the others then find.
    const first = await one();
    if (E.isLeft(first)) return first;
    const others = await Promise.all(Array.from({ length: workers - 1 }, one));
    const opened = [first, ...others].flatMap((found) => (E.isRight(found) ? [found.right] : []));
    const failed = others.find(E.isLeft);
    if (failed === undefined) return E.right(opened);
    await Promise.all(opened.map((each) => each.close()));
    return failed;
  };
};
