/** The run as a person follows it: a bar on a terminal, lines elsewhere, and the tables of the report. */
import { type Options, SingleBar } from 'cli-progress';
import colors from 'picocolors';
import { summary } from './data/index.js';
import { type Event, type Listener, told } from './events.js';
import { labelMeasures, type LabelMetrics } from './measures/labelled.js';
import { figuresText } from './measures/table.js';
import { measureNames, type Metrics } from './metrics.js';
import type { Protocol } from './contract/settings.js';
import type { LabelFigures } from './telling.js';
import { sparkline, type Trace, traced, untraced } from './spark.js';
import { plural } from './contract/words.js';

/** Where human text goes: reports to `out`, bars and warnings to `err`. */
export interface Streams {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const width = 9;
/** Milliseconds between two lines of progress where no bar can be drawn. */
const pace = 30_000;

const grouped = (n: number): string => n.toLocaleString('en-US');
const cells = (words: readonly string[]): string => words.map((word) => word.padStart(width)).join('');
const figures = (metrics: Metrics | null): string =>
  metrics === null ? '' : cells(measureNames.map((name) => metrics[name].toFixed(4)));
const ofLabel = (metrics: LabelMetrics): string => cells(labelMeasures.map((name) => metrics[name]?.toFixed(4) ?? '-'));

/** Seconds as a person says them: `12 s`, `3 min 05 s`, `2 h 07 min`. */
export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s} s`;
  return s < 3600
    ? `${Math.floor(s / 60)} min ${two(s % 60)} s`
    : `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
};

const meanings: Readonly<Record<Protocol, string>> = {
  standard: 'standard: leave one out, epochs chosen on validation, tested once',
  hstu: 'hstu: no validation, best test epoch; optimistic, and only to compare with figures published that way',
};

/** Where nothing is held out, an epoch has its loss alone. */
const epochHead = ({ part, metrics, label }: Extract<Event, { kind: 'epoch' }>): string => {
  const names = metrics !== null ? measureNames : label === undefined ? [] : labelMeasures;
  return `${'epoch'.padStart(5)}${'loss'.padStart(11)}${cells(names)}${'seconds'.padStart(width)}${names.length === 0 ? '' : `  on ${part}`}`;
};

/** The first lines of a run. */
export const opening = (e: Extract<Event, { kind: 'start' }>): string =>
  [
    `${e.model} on ${e.backend}${e.device === 'auto' ? ', chosen automatically' : ''}: ${plural(e.parameters, 'parameter')}, seed ${e.settings.seed}`,
    summary(e.statistics),
    ...e.reading,
    ...(e.settings.trainOn === undefined && e.data.split === undefined
      ? [`Protocol ${meanings[e.settings.protocol]}.`]
      : []),
    ...(e.label === undefined ? [] : [`Predicts whether ${e.label} of the next event, given its item.`]),
    `At most ${plural(e.settings.epochs, 'epoch')} of ${plural(e.batches, 'batch', 'batches')} of ${plural(e.settings.batch, 'user')}` +
      `${e.settings.patience === null ? '' : `, until ${plural(e.settings.patience, 'epoch')} ${e.settings.patience === 1 ? 'brings' : 'bring'} no better ${e.label === undefined ? 'NDCG@10' : 'AUC'}`}; everything is kept in ${e.out}.`,
    ...(e.step > 0 ? [`Going on from step ${grouped(e.step)}.`] : []),
  ].join('\n');

/** How well a label was told: two rows, and what cannot be told of events that are all alike. */
const labelLines = ({ label, events, holds, model, items }: LabelFigures, name: string): readonly string[] => {
  const first = Math.max(name.length, 'item mean'.length);
  return [
    `Whether ${label}, of ${plural(events, 'event')}, of which it holds of ${grouped(holds)}:`,
    `${' '.repeat(first)}${cells(labelMeasures)}`,
    `${name.padEnd(first)}${ofLabel(model)}`,
    `${'item mean'.padEnd(first)}${ofLabel(items)}`,
    ...(model.AUC === null
      ? ['There is no AUC: of these events it holds of all or of none, so there is nothing to tell apart.']
      : model.GAUC === null
        ? ['There is no GAUC: nobody has both an event of which it holds and one of which it does not.']
        : []),
  ];
};

type Result = Extract<Event, { kind: 'result' }>;

/** The model beside rankings by counts, and what there is to say of items that training never met. */
const rankLines = (e: Pick<Result, 'model' | 'popularity' | 'markov' | 'unmet'>, model: string): readonly string[] => {
  const names = [model, 'popularity', 'markov'];
  const first = Math.max(...names.map((name) => name.length));
  return [
    `${' '.repeat(first)}${cells(measureNames)}`,
    `${model.padEnd(first)}${figures(e.model)}`,
    `${'popularity'.padEnd(first)}${figures(e.popularity)}`,
    `${'markov'.padEnd(first)}${figures(e.markov)}`,
    ...(e.unmet === undefined
      ? []
      : [
          `${plural(e.unmet.wanted, 'wanted item')} training never met; the median of their ranks is ${grouped(e.unmet.rank)}.`,
        ]),
  ];
};

/** The final table: what was ranked, what was told of labels, and other figures. */
export const table = (
  e: Pick<
    Result,
    'part' | 'protocol' | 'epoch' | 'users' | 'model' | 'popularity' | 'markov' | 'unmet' | 'label' | 'figures'
  >,
  model: string,
): string => {
  const ranked = !Number.isNaN(e.model.MRR);
  return [
    `On ${e.part}, ${plural(e.users, 'user')}${ranked ? ', full ranking' : ''}, parameters of epoch ${e.epoch}${e.protocol === 'hstu' ? ' (the best on test: optimistic)' : ''}:`,
    ...(ranked ? rankLines(e, model) : []),
    ...(e.label === undefined ? [] : labelLines(e.label, model)),
    ...(e.figures === undefined ? [] : ['', figuresText(e.figures)]),
  ].join('\n');
};

export interface Tick {
  readonly label: string;
  readonly done: number;
  readonly of: number;
  readonly detail: string;
  /** How the loss went so far, for a terminal. */
  readonly course?: Trace;
}

type Terminal = Streams['err'] & { readonly columns?: number };
type Environment = Readonly<Record<string, string | undefined>>;
const set = (value: string | undefined): boolean => value !== undefined && value !== '';
/** Whether a line can be redrawn in place: on a terminal that can, and that is no log of a CI. */
const live = (stream: Terminal, { CI, TERM }: Environment): boolean =>
  stream.isTTY === true && TERM !== 'dumb' && (!set(CI) || CI === 'false');
/** Colours where there is a terminal, unless NO_COLOR says no (https://no-color.org). */
export const painter = (stream: Terminal, { NO_COLOR }: Environment = process.env) =>
  colors.createColors(stream.isTTY === true && !set(NO_COLOR));

/** Columns from which the bar is a long one. */
const ROOMY = 110;

/** Progress on a terminal: one bar, redrawn in place and wiped before other text. What does not fit is cut off. */
const bar = (stream: Terminal) => {
  const options: Options = {
    format: '{label} {bar} {value}/{total}  {curve}{detail}',
    clearOnComplete: true,
    gracefulExit: false,
    stopOnComplete: false,
    stream,
    barsize: (stream.columns ?? 80) < ROOMY ? 10 : 24,
    fps: 8,
    etaBuffer: 50,
  };
  let open: { readonly bar: SingleBar; readonly label: string } | undefined;
  const wipe = (): void => {
    open?.bar.stop();
    open = undefined;
  };
  const tick = ({ label, done, of, detail, course }: Tick): void => {
    const curve = course === undefined || course.means.length < 2 ? '' : `${sparkline(course.means)} `;
    if (open?.label !== label) {
      wipe();
      open = { bar: new SingleBar(options), label };
      open.bar.start(of, done, { label, curve, detail });
    } else open.bar.update(done, { label, curve, detail });
  };
  return { tick, wipe };
};

/** Progress where lines stay: one now and then. */
const lines = (stream: Streams['err'], now: () => number) => {
  let last = now();
  const tick = ({ label, done, of, detail }: Tick): void => {
    if (now() - last < pace) return;
    last = now();
    stream.write(`${label} ${done}/${of}  ${detail}\n`);
  };
  return { tick, wipe: () => undefined };
};

/** Progress on either. `now` in milliseconds. */
export const ticker = (stream: Terminal, now: () => number, environment: Environment = process.env) =>
  live(stream, environment) ? bar(stream) : lines(stream, now);

type Handlers = { readonly [K in Event['kind']]: (event: Extract<Event, { readonly kind: K }>) => void };

/** A listener that writes for people. `now` in milliseconds. */
export const view = (model: string, { out, err }: Streams, now: () => number): Listener => {
  const paint = painter(out);
  const progress = ticker(err, now);
  const say = (text: string): void => {
    progress.wipe();
    out.write(`${text}\n`);
  };
  const alert = painter(err);
  const complain = (what: string, message: string): void => {
    progress.wipe();
    err.write(`${what} ${message}\n`);
  };
  let headed = false;
  let course = untraced;
  const handlers: Handlers = {
    start: (e) => say(opening(e)),
    step: (e) => {
      course = traced(course, e.loss);
      progress.tick({
        label: `epoch ${e.epoch}`,
        done: e.batch,
        of: e.batches,
        course,
        detail: `loss ${e.loss.toFixed(4)}, ${e.stepsPerSecond.toFixed(e.stepsPerSecond < 10 ? 1 : 0)} steps/s, ${duration((e.batches - e.batch) / Math.max(e.stepsPerSecond, 1e-9))} left`,
      });
    },
    evaluating: (e) =>
      progress.tick({
        label: e.part,
        done: e.batch,
        of: e.batches,
        detail: e.label === undefined ? 'ranking all items' : `telling ${e.label}`,
      }),
    epoch: (e) => {
      if (!headed) say(paint.dim(epochHead(e)));
      headed = true;
      const failed = e.unconverged > 0 ? paint.yellow(`  ${plural(e.unconverged, 'row')} unconverged`) : '';
      say(
        `${String(e.epoch).padStart(5)}${e.loss.toFixed(5).padStart(11)}${figures(e.metrics)}${e.label === undefined ? '' : ofLabel(e.label)}${e.seconds.toFixed(1).padStart(width)}${e.best && (e.metrics !== null || e.label !== undefined) ? paint.green('  best') : ''}${failed}`,
      );
    },
    interrupted: (e) =>
      say(
        `Interrupted after step ${grouped(e.step)}, saved in ${e.checkpoint}; the same command with --resume goes on from there.`,
      ),
    trained: (e) =>
      say(
        `Trained for ${plural(e.epoch, 'epoch')}${e.heldOut === true ? ', and not tested' : ' on everything: nothing was held out, so there are no figures'}. The model is in ${e.checkpoint}.\nDone in ${duration(e.seconds)}.`,
      ),
    result: (e) => say(`${table(e, model)}\nDone in ${duration(e.seconds)}.`),
    warning: (e) => complain(alert.yellow('Warning:'), told(e)),
    failed: (e) => complain(alert.red('Error:'), told(e)),
  };
  return (event) => (handlers[event.kind] as (e: Event) => void)(event);
};
