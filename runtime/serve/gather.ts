/**
 * Requests that come at about the same time are answered together: the first waits for others, `delay` at most, or until a batch is
 * full; and so many wait at most. Who is answered with whom changes no answer (`scorer.ts`), only when it comes.
 */
import * as E from 'fp-ts/lib/Either.js';

/** Bounds of waiting. Times are milliseconds. */
export interface Bounds {
  /** Most requests of a batch. */
  readonly batch: number;
  /** How long the first request of a batch waits for others while a scorer is free. */
  readonly delay: number;
  /** How many requests may wait. */
  readonly queue: number;
  /** How long a request may wait for a scorer. */
  readonly timeout: number;
}

/** Why a request has no answer: too many wait, it waited too long, nobody is there who could answer, or the scorer failed. */
export type Unanswered =
  | { readonly kind: 'full'; readonly after: number }
  | { readonly kind: 'late' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly why: string };

/** Whoever answers several questions at once. */
export interface Answerer<Q, A> {
  ask(questions: readonly Q[]): Promise<E.Either<string, readonly A[]>>;
  /** Resolves when it can be asked again; false where that will not be. */
  ready(): Promise<boolean>;
}

export interface Gatherer<Q, A> {
  /** `gone`: whether anybody still wants the answer. */
  ask(question: Q, gone?: () => boolean): Promise<E.Either<Unanswered, A>>;
  /** How many wait, and how many answerers there are. */
  readonly waiting: () => number;
  readonly alive: () => number;
  /** Takes no more, and resolves when all that was taken is answered. */
  end(): Promise<void>;
}

/** What is told to whoever watches: how many were answered together, and how long that took. */
export type Seen = (rows: number, ms: number) => void;

interface Job<Q, A> {
  readonly question: Q;
  readonly gone: () => boolean;
  readonly since: number;
  readonly tell: (answer: E.Either<Unanswered, A>) => void;
}

const wanted = (): boolean => false;

/** Imperative: queues and timers are the inside of a machine. */
export const gatherer = <Q, A>(
  answerers: readonly Answerer<Q, A>[],
  { batch, delay, queue, timeout }: Bounds,
  now: () => number,
  seen: Seen = () => undefined,
): Gatherer<Q, A> => {
  const free = [...answerers];
  const waiting: Job<Q, A>[] = [];
  const ends: (() => void)[] = [];
  let alive = answerers.length;
  let [busy, ended] = [0, false];
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  /** Milliseconds that a request of a batch has taken lately. */
  let pace = 1;

  const rest = (): void => {
    if (ended && busy === 0 && waiting.length === 0) ends.splice(0).forEach((tell) => tell());
  };
  const stop = (): void => {
    clearTimeout(timer as NodeJS.Timeout);
    clearImmediate(timer as NodeJS.Immediate);
    timer = undefined;
  };
  const expire = (): void => {
    const before = now() - timeout;
    while (waiting.length > 0 && (waiting[0]!.since <= before || alive === 0))
      waiting.shift()!.tell(E.left(alive === 0 ? { kind: 'closed' } : { kind: 'late' }));
  };
  const give = async (to: Answerer<Q, A>, jobs: readonly Job<Q, A>[]): Promise<void> => {
    busy++;
    const began = now();
    const answers = await to.ask(jobs.map(({ question }) => question)).catch((error: unknown) => E.left(String(error)));
    const ms = now() - began;
    pace += (ms / jobs.length - pace) / 8;
    seen(jobs.length, ms);
    jobs.forEach(({ tell }, at) =>
      tell(E.isRight(answers) ? E.right(answers.right[at]!) : E.left({ kind: 'failed', why: answers.left })),
    );
    busy--;
    void to.ready().then((again) => {
      if (again) free.push(to);
      else alive--;
      move();
    });
    rest();
  };
  /** Gives away what may be given now, and sets the clock for what may be later. */
  const move = (): void => {
    stop();
    expire();
    while (free.length > 0 && waiting.length > 0) {
      // Timers count whole milliseconds, and may come a little before theirs.
      const waited = Math.round(now() - waiting[0]!.since);
      if (waiting.length < batch && waited < delay && !ended) break;
      const jobs = waiting.splice(0, batch).filter(({ gone, tell }) => {
        const left = gone();
        if (left) tell(E.left({ kind: 'late' }));
        return !left;
      });
      if (jobs.length > 0) void give(free.shift()!, jobs);
    }
    if (waiting.length > 0) {
      const until = waiting[0]!.since + (free.length > 0 ? delay : timeout) - now();
      timer = setTimeout(move, Math.max(1, until));
    }
    rest();
  };
  return {
    ask: (question, gone = wanted) =>
      new Promise((tell) => {
        if (ended || alive === 0) return tell(E.left({ kind: 'closed' }));
        if (waiting.length >= queue)
          return tell(E.left({ kind: 'full', after: Math.max(1, Math.ceil((waiting.length * pace) / alive / 1000)) }));
        waiting.push({ question, gone, since: now(), tell });
        if (waiting.length >= batch) move();
        else if (timer === undefined) timer = delay > 0 ? setTimeout(move, delay) : setImmediate(move);
      }),
    waiting: () => waiting.length,
    alive: () => alive,
    end: () =>
      new Promise((tell) => {
        ended = true;
        ends.push(tell);
        move();
      }),
  };
};
