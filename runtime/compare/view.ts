/** A comparison as a person follows it: a bar on a terminal, a line now and then elsewhere, a line for each finished run. */
import type { Event } from '../events.js';
import { duration, painter, type Streams, ticker } from '../view.js';
import { type Trace, traced, untraced } from '../spark.js';
import { plural } from '../contract/words.js';
import type { CompareEvent, CompareListener, Past } from './events.js';
import { mean, timeLeft } from './remaining.js';

type Handlers = { readonly [K in CompareEvent['kind']]: (event: Extract<CompareEvent, { readonly kind: K }>) => void };
type Runs = Extract<CompareEvent, { readonly kind: 'runs' }>['runs'];

/** What is known of the run that goes on. */
interface Present {
  readonly number: number;
  readonly seconds: readonly number[];
  /** Of the epochs so far, as the bar tells it. */
  readonly best: string;
  readonly course: Trace;
}

/** A listener that writes to the standard error; tables are the command's affair. `now` in milliseconds. */
export const view = ({ err }: Pick<Streams, 'err'>, now: () => number): CompareListener => {
  const paint = painter(err);
  const { tick, wipe } = ticker(err, now);
  const say = (text: string): void => {
    wipe();
    err.write(`${text}\n`);
  };
  let runs: Runs = [];
  let past: readonly Past[] = [];
  let present: Present = { number: 0, seconds: [], best: '', course: untraced };
  const title = ({
    number,
    model,
    seed,
  }: {
    readonly number: number;
    readonly model: string;
    readonly seed: number;
  }): string => `run ${number}/${runs.length}, ${model} seed ${seed}`;
  const warn = (text: string): void => say(`${paint.yellow('Warning:')} ${text}`);

  const step = (label: string, model: string, event: Extract<Event, { readonly kind: 'step' }>): void => {
    const { epochs = 0 } = runs[present.number - 1] ?? {};
    present = { ...present, course: traced(present.course, event.loss) };
    const done = event.epoch - 1 + event.batch / event.batches;
    const seconds = mean(present.seconds) ?? event.batches / Math.max(event.stepsPerSecond, 1e-9);
    const left = timeLeft(
      past,
      { model, epochs: done, seconds },
      runs
        .slice(present.number)
        .filter((run) => run.done === null)
        .map((run) => run.model),
      epochs,
    );
    const rest = left === null ? '' : `, about ${duration(left)} left in all`;
    tick({
      label,
      done: Math.round(done * event.batches),
      of: epochs * event.batches,
      course: present.course,
      detail: `epoch ${event.epoch}/${epochs}${rest}, loss ${event.loss.toFixed(4)}${present.best}`,
    });
  };
  const handlers: Handlers = {
    data: ({ reading, warnings }) => {
      reading.forEach((sentence) => say(sentence));
      warnings.forEach((sentence) => warn(sentence));
    },
    compiling: ({ model }) => say(`compiling ${model}`),
    compiled: ({ notes }) => {
      if (notes !== '') say(notes);
    },
    runs: ({ runs: all, out }) => {
      runs = all;
      past = all.flatMap(({ done }) => done ?? []);
      if (past.length > 0)
        say(
          `${past.length} of ${plural(all.length, 'run')} ${past.length === 1 ? 'is' : 'are'} finished already, in ${out}.`,
        );
    },
    aside: ({ file, folder, why }) =>
      warn(
        `${file} belongs to another comparison (${why.join('; ')}); it is in ${folder} now, and that run is done again.`,
      ),
    run: (of) => {
      const { event } = of;
      if (present.number !== of.number) present = { number: of.number, seconds: [], best: '', course: untraced };
      if (event.kind === 'warning') warn(`${title(of)}: ${event.message}`);
      if (event.kind === 'start')
        say(`${title(of)} on ${event.backend}${event.step > 0 ? `, going on from step ${event.step}` : ''}`);
      if (event.kind === 'epoch') {
        const best =
          event.best && event.metrics !== null
            ? `, best NDCG@10 ${event.metrics['NDCG@10'].toFixed(4)} in epoch ${event.epoch}`
            : present.best;
        present = { ...present, seconds: [...present.seconds, event.seconds], best };
      }
      if (event.kind === 'step') step(`${title(of)}:`, of.model, event);
    },
    finished: (of) => {
      const {
        model,
        outcome,
        measured: { seconds },
      } = of;
      past = [...past, { model, epochs: outcome.epochs, seconds: mean(seconds) }];
      say(
        `${title(of)}: test NDCG@10 ${outcome.test['NDCG@10'].toFixed(4)}, of epoch ${outcome.best} of ${outcome.epochs}, ${duration(seconds.reduce((sum, s) => sum + s, 0))}`,
      );
    },
    interrupted: ({ finished, runs: of }) =>
      say(`Interrupted, with ${finished} of ${plural(of, 'run')} finished; the same command goes on from here.`),
    comparison: () => wipe(),
    failed: ({ model, seed, message }) =>
      say(`${paint.red('Error:')} ${model === undefined ? '' : `${model} with seed ${seed}: `}${message}`),
  };
  return (event) => (handlers[event.kind] as (e: CompareEvent) => void)(event);
};
