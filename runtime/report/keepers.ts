/** What else keeps a run's story besides its log, where it is asked for. */
import { readFileSync } from 'node:fs';
import type { Event, Listener } from '../events.js';
import { logFile } from '../log.js';
import { csvTable } from './csv.js';
import { records } from './story.js';
import { tensorboard } from './tensorboard.js';

/** The log of epochs that were done before a run went on; it is there when a run begins. */
const before = (out: string) => (): readonly Event[] =>
  records(readFileSync(logFile(out), 'utf8')).filter(({ kind }) => kind === 'epoch');

export const keepers = (
  { tensorboard: board, csv }: { readonly tensorboard?: boolean | undefined; readonly csv?: string | undefined },
  out: string,
  model: string,
  tell: Listener,
): readonly Listener[] => [
  ...(board === true ? [tensorboard(out)] : []),
  ...(csv === undefined ? [] : [csvTable(csv, model, before(out), (message) => tell({ kind: 'warning', message }))]),
];
