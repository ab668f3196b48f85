/** A search as a person follows it: on the standard error, a line for each trial, and a bar for the one that trains. */
import { plural } from '../contract/words.js';
import { type Trace, traced, untraced } from '../spark.js';
import { painter, type Streams, ticker } from '../view.js';
import type { SearchEvent, SearchListener } from './events.js';
import { pointText } from './space.js';

type Handlers = { readonly [K in SearchEvent['kind']]: (event: Extract<SearchEvent, { readonly kind: K }>) => void };

/** `now` in milliseconds. */
export const view = ({ err }: Pick<Streams, 'err'>, now: () => number): SearchListener => {
  const paint = painter(err);
  const { tick, wipe } = ticker(err, now);
  const say = (text: string): void => {
    wipe();
    err.write(`${text}\n`);
  };
  let course: Trace = untraced;
  let rungs: readonly { readonly trials: number; readonly epochs: number }[] = [];
  const handlers: Handlers = {
    searching: ({ points, wanted, rungs: all, out, done }) => {
      rungs = all;
      say(
        `${plural(points, 'trial')}: ${all.map(({ trials, epochs }) => `${trials} for ${plural(epochs, 'epoch')}`).join(', then the best ')}. Everything is kept in ${out}.`,
      );
      if (points < wanted)
        say(`The space has no more than ${plural(points, 'point')}, of the ${wanted} that were wanted.`);
      if (done > 0) say(`${plural(done, 'training')} of them ${done === 1 ? 'is' : 'are'} done already.`);
    },
    compiling: ({ trial, point }) => {
      course = untraced;
      if (err.isTTY === true) say(paint.dim(`trial ${trial + 1}: compiling ${pointText(point)}`));
    },
    run: ({ trial, rung, event }) => {
      if (event.kind === 'start') course = untraced;
      if (event.kind !== 'step') return;
      course = traced(course, event.loss);
      const { epochs = 1 } = rungs[rung] ?? {};
      tick({
        label: `trial ${trial + 1}`,
        done: (event.epoch - 1) * event.batches + event.batch,
        of: epochs * event.batches,
        course,
        detail: `epoch ${event.epoch}/${epochs}, loss ${event.loss.toFixed(4)}`,
      });
    },
    trial: ({ trial, value, epochs, point, why }) =>
      say(
        value === null
          ? `trial ${trial + 1} (${pointText(point)}) ${paint.yellow('failed')}: ${why}`
          : `trial ${trial + 1} (${pointText(point)}): ${value.toFixed(4)} after ${plural(epochs, 'epoch')}`,
      ),
    interrupted: () => say('Interrupted; the same command goes on from here.'),
    search: () => wipe(),
    warning: ({ message }) => say(`${paint.yellow('Warning:')} ${message}`),
    failed: ({ message }) => say(`${paint.red('Error:')} ${message}`),
  };
  return (event) => (handlers[event.kind] as (e: SearchEvent) => void)(event);
};
