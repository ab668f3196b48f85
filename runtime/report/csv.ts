/** A run as one table for other tools: a row for each epoch, and one for each ranking of the test. */
import { writeFileSync } from 'node:fs';
import { reason } from '../files.js';
import { csvOf } from '../measures/csv.js';
import { labelMeasures } from '../measures/labelled.js';
import { measureNames } from '../metrics.js';
import type { Event, Listener } from '../events.js';

type Cell = string | number | null;
type Row = Readonly<Record<string, Cell>>;

const head = [
  'of',
  'part',
  'epoch',
  'step',
  'loss',
  'unconverged',
  'seconds',
  ...measureNames,
  ...labelMeasures,
] as const;

const rowsOf = (event: Event, model: string): readonly Row[] => {
  if (event.kind === 'epoch') {
    const { part, epoch, step, loss, unconverged, seconds, metrics, label } = event;
    return [{ of: model, part, epoch, step, loss, unconverged, seconds, ...metrics, ...label }];
  }
  if (event.kind !== 'result') return [];
  const { part, epoch, step } = event;
  const at = { part, epoch, step };
  return [
    { of: model, ...at, ...event.model, ...event.label?.model },
    ...(event.label === undefined ? [] : [{ of: 'item mean', ...at, ...event.label.items }]),
    { of: 'popularity', ...at, ...event.popularity },
    { of: 'markov', ...at, ...event.markov },
  ];
};

const shown = (value: Cell | undefined): Cell => (value === undefined || Number.isNaN(value) ? null : value);
/** RFC 4180, with a header; what is not known is empty. */
export const runCsv = (events: readonly Event[], model: string): string =>
  csvOf(
    head,
    events.flatMap((event) => rowsOf(event, model)).map((row) => head.map((name) => shown(row[name]))),
  );

/**
 * Keeps the table in step with the run: written anew with every epoch. `before`: what the log has of epochs done earlier. What
 * is wrong with the file is said once.
 */
export const csvTable = (
  path: string,
  model: string,
  before: () => readonly Event[],
  complain: (message: string) => void,
): Listener => {
  let events: readonly Event[] = [];
  let broken = false;
  return (event) => {
    if (event.kind === 'start') events = before();
    else if (event.kind === 'epoch' || event.kind === 'result') events = [...events, event];
    else return;
    if (broken) return;
    try {
      writeFileSync(path, runCsv(events, model));
    } catch (error) {
      broken = true;
      complain(`The table ${path} could not be written: ${reason(error)}.`);
    }
  };
};
