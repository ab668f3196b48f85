/** Worker processes that are handed chunk after chunk of a part until the time is over. One that dies or hangs is itself a finding. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Found, Part, Settings } from './part.js';
import type { Tally } from './found.js';
import { type Answer, lost, type Order } from './worker.js';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
/** For V8: a chunk makes much that no later one wants, and each runs other code, so that half of the time went into optimising what soon changed. */
const V8 = ['--max-semi-space-size=64', '--interrupt-budget=2000000'];
/** Counterexamples of one kind that are shrunk and kept. */
const ENOUGH = 3;
/** A chunk, its counterexamples shrunk, or one case that takes longer than this hangs; in milliseconds. */
const LONGEST = { chunk: 600_000, case: 180_000 } as const;

export interface Watch {
  readonly workers: number;
  /** For how long, in milliseconds, once the part is prepared; a part tries something however short that is. */
  readonly time: number;
  readonly settings: Settings;
  /** Keeps a counterexample; false where it was kept before. */
  readonly keep: (found: Found) => boolean;
  readonly told: (tally: Tally) => void;
}

const asked = (worker: ChildProcess, order: Order, longest: number): Promise<Answer> =>
  new Promise((resolve) => {
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      worker.off('message', settle).off('exit', died);
      resolve(answer);
    };
    const died = (code: number | null, signal: string | null): void =>
      settle(lost(order, `the worker ended with ${signal ?? code}`));
    const timer = setTimeout(() => {
      worker.off('exit', died);
      worker.kill('SIGKILL');
      settle(lost(order, 'the worker did not answer'));
    }, longest);
    worker.once('message', settle as (x: unknown) => void).once('exit', died);
    worker.send(order);
  });

/** Judges cases of one part from where `start` left off, on all workers, until the time is over or the cases are. */
export const judgeUntil = async (
  part: Part<never>,
  start: Tally,
  { workers, time, settings, keep, told }: Watch,
): Promise<Tally> => {
  await part.prepare?.();
  const began = Date.now();
  const isTime = (): boolean => Date.now() < began + time || tally.done === start.done;
  let tally = start;
  // Cases of a chunk are made together: one that was begun is judged anew.
  let next = start.next - (start.next % part.chunk);
  const open = new Set<number>();
  const named = (found: Found): Found => {
    const of = part.generate(settings, found.index);
    return { ...found, text: part.text(of), saved: part.save(of) };
  };
  const account = ({ done, kinds, found }: Answer): void => {
    const all = { ...tally.kinds };
    for (const [kind, count] of Object.entries(kinds))
      all[kind] = { met: (all[kind]?.met ?? 0) + count, kept: all[kind]?.kept ?? 0 };
    for (const f of found) {
      const kind = all[f.fault.kind]!;
      keep(f);
      all[f.fault.kind] = { ...kind, kept: kind.kept + 1 };
    }
    // What is still open is judged anew by the next run.
    tally = {
      next: Math.min(next, ...open),
      done: tally.done + done,
      seconds: start.seconds + (Date.now() - began) / 1000,
      kinds: all,
    };
    told(tally);
  };
  const work = async (): Promise<void> => {
    const hired = (): ChildProcess =>
      fork(WORKER, [], { execArgv: [...process.execArgv, ...V8], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let worker = hired();
    const ask = async (order: Order): Promise<Answer> => {
      if (worker.exitCode !== null || worker.killed || worker.signalCode !== null) worker = hired();
      return asked(worker, order, order.count > 1 ? LONGEST.chunk : LONGEST.case);
    };
    /** Of a chunk without an answer each case is asked for alone, so that it is known which of them it was. */
    const answer = async (order: Order): Promise<readonly Answer[]> => {
      const whole = await ask(order);
      if (whole.done > 0) return [whole];
      if (order.count === 1) return [{ ...whole, found: whole.found.map((f) => named(f)) }];
      const each: Answer[] = [];
      for (let i = 0; i < order.count; i++) each.push(...(await answer({ ...order, from: order.from + i, count: 1 })));
      return each;
    };
    while (isTime() && next < (part.count ?? Infinity)) {
      const from = next;
      const count = Math.min(part.chunk, (part.count ?? Infinity) - from);
      next += count;
      open.add(from);
      const enough = Object.entries(tally.kinds)
        .filter(([, { kept }]) => kept >= ENOUGH)
        .map(([kind]) => kind);
      const answers = await answer({ part: part.name, from, count, settings, enough });
      open.delete(from);
      answers.forEach(account);
    }
    if (worker.connected) worker.disconnect();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return tally;
};
