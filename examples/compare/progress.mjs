// @ts-check
/** What a comparison shows while it goes: a bar on a terminal, a line now and then elsewhere, a line for each finished run. */
import { SingleBar } from 'cli-progress';
import colors from 'picocolors';
import { duration } from 'pcrec/runtime';

/**
 * @import { Listener } from 'pcrec/runtime'
 * @import { Result } from './types.ts'
 */

/** A run that is finished. @typedef {{ readonly model: string, readonly epochs: number, readonly seconds: number | null }} Past */
/** The run that goes on: epochs done, perhaps a part of one, and what one takes, if that is known. @typedef {{ readonly model: string, readonly epochs: number, readonly seconds: number | null }} Present */

/** @type {(values: readonly number[]) => number | null} */
const mean = (values) => (values.length === 0 ? null : values.reduce((sum, x) => sum + x, 0) / values.length);

/**
 * Seconds that are left, about: runs to come are taken to train as many epochs as those of their model did, else as those of
 * any model, else all that are allowed; seconds an epoch likewise. Null while nothing is known.
 *
 * @type {(past: readonly Past[], present: Present, future: readonly string[], atMost: number) => number | null}
 */
export const timeLeft = (past, present, future, atMost) => {
  const known = [...past, ...(present.seconds === null ? [] : [present])];
  /** @type {(model: string, list: readonly Past[], value: (run: Past) => number | null) => number | null} */
  const typical = (model, list, value) => {
    const values = (/** @type {readonly Past[]} */ runs) => runs.flatMap((run) => value(run) ?? []);
    return mean(values(list.filter((run) => run.model === model))) ?? mean(values(list));
  };
  const epochs = (/** @type {string} */ model) => typical(model, past, (run) => run.epochs) ?? atMost;
  const seconds = (/** @type {string} */ model) => typical(model, known, (run) => run.seconds);
  const here = present.seconds ?? seconds(present.model);
  const later = future.map((model) => ({ model, each: seconds(model) }));
  if (here === null || later.some(({ each }) => each === null)) return null;
  // A run that has outlasted its like goes on for an epoch at least.
  const rest = Math.min(atMost, Math.max(epochs(present.model), present.epochs + 1)) - present.epochs;
  return here * Math.max(0, rest) + later.reduce((sum, { model, each }) => sum + (each ?? 0) * epochs(model), 0);
};

/** Milliseconds between two lines where no bar can be drawn. */
const pace = 30_000;

/** @typedef {NodeJS.WritableStream & { readonly isTTY?: boolean }} Stream */

/** @type {(stream: Stream, now: () => number) => { readonly tick: (done: number, of: number, text: string) => void, readonly wipe: () => void }} */
const bar = (stream) => {
  const options = { format: '{bar} {text}', clearOnComplete: true, gracefulExit: false, stopOnComplete: false, stream, barsize: 16, fps: 8 };
  /** @type {SingleBar | undefined} */
  let open;
  return {
    tick: (done, of, text) => {
      if (open === undefined) {
        open = new SingleBar(options);
        open.start(of, done, { text });
      } else open.update(done, { text });
    },
    wipe: () => {
      open?.stop();
      open = undefined;
    },
  };
};

/** @type {typeof bar} */
const lines = (stream, now) => {
  let last = now();
  return {
    tick: (_done, _of, text) => {
      if (now() - last < pace) return;
      last = now();
      stream.write(`${text}\n`);
    },
    wipe: () => undefined,
  };
};

/** The run that goes on, and those before and after it. @typedef {{ readonly number: number, readonly of: number, readonly model: string, readonly seed: number, readonly past: readonly Past[], readonly future: readonly string[], readonly epochs: number }} Standing */

/**
 * Speaks to `stream`. `follow` gives the listener of one run; the others say one thing each.
 *
 * @type {(stream: Stream, now: () => number) => { readonly say: (text: string) => void, readonly warn: (text: string) => void, readonly fail: (text: string) => void, readonly follow: (standing: Standing) => Listener, readonly finished: (standing: Standing, result: Result) => void, readonly end: () => void }}
 */
export const progress = (stream, now) => {
  const paint = colors.createColors(stream.isTTY === true);
  const { tick, wipe } = (stream.isTTY === true ? bar : lines)(stream, now);
  const say = (/** @type {string} */ text) => {
    wipe();
    stream.write(`${text}\n`);
  };
  const warn = (/** @type {string} */ text) => say(`${paint.yellow('Warning:')} ${text}`);
  const title = (/** @type {Standing} */ { number, of, model, seed }) => `run ${number}/${of}, ${model} seed ${seed}`;

  /** @type {(standing: Standing) => Listener} */
  const follow = (standing) => {
    const { model, past, future, epochs } = standing;
    let best = '';
    /** @type {readonly number[]} */
    let seconds = [];
    return (event) => {
      if (event.kind === 'warning') warn(`${title(standing)}: ${event.message}`);
      if (event.kind === 'start') say(`${title(standing)} on ${event.backend}${event.step > 0 ? `, going on from step ${event.step}` : ''}`);
      if (event.kind === 'epoch') {
        seconds = [...seconds, event.seconds];
        if (event.best) best = `, best NDCG@10 ${event.metrics['NDCG@10'].toFixed(4)} in epoch ${event.epoch}`;
      }
      if (event.kind === 'step') {
        const done = event.epoch - 1 + event.batch / event.batches;
        const left = timeLeft(past, { model, epochs: done, seconds: mean(seconds) ?? event.batches / Math.max(event.stepsPerSecond, 1e-9) }, future, epochs);
        tick(Math.round(done * event.batches), epochs * event.batches, `${title(standing)}: epoch ${event.epoch}/${epochs}, loss ${event.loss.toFixed(4)}${best}${left === null ? '' : `, about ${duration(left)} left in all`}`);
      }
    };
  };
  return {
    say, warn, follow, end: wipe,
    fail: (text) => say(`${paint.red('Error:')} ${text}`),
    finished: (standing, { outcome, measured }) =>
      say(`${title(standing)}: test NDCG@10 ${outcome.test['NDCG@10'].toFixed(4)}, of epoch ${outcome.best} of ${outcome.epochs}, ${duration(measured.seconds.reduce((sum, s) => sum + s, 0))}`),
  };
};
