/** A run as its log tells it, and what is known beside that when it ends. */
import { readFile } from 'node:fs/promises';
import type { Apart } from '../apart.js';
import type { KernelTime, Manifest } from '../contract/session.js';
import type { Event } from '../events.js';
import { logFile } from '../log.js';
import type { Figure } from '../measures/figures.js';
import type { Beginning } from './provenance.js';

type Of<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;
/** A record of the log; JSON has null for what is not a number. */
export interface Story {
  /** As it began, and the last time that it went on. */
  readonly start: Of<'start'>;
  readonly resumed: Of<'start'>;
  readonly epochs: readonly Of<'epoch'>[];
  /** None where nothing was held out. */
  readonly result: Of<'result'> | undefined;
}

/** What is found out for the report alone. */
export interface Findings {
  readonly manifest: Manifest;
  readonly begun: Beginning;
  /** Of the test, by length of history and popularity of item. */
  readonly figures: readonly Figure[];
  readonly apart: Apart | undefined;
  readonly kernels: readonly KernelTime[];
}

/** The records of a log, in their order; a line cut short by a kill is none. */
export const records = (text: string): readonly Event[] =>
  text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Event];
    } catch {
      return [];
    }
  });

const ofKind = <K extends Event['kind']>(all: readonly Event[], kind: K): readonly Of<K>[] =>
  all.filter((event): event is Of<K> => event.kind === kind);

/** Undefined of a log that tells of no beginning. */
export const storyOf = (all: readonly Event[]): Story | undefined => {
  const starts = ofKind(all, 'start');
  const [start, resumed] = [starts[0], starts.at(-1)];
  return start === undefined || resumed === undefined
    ? undefined
    : { start, resumed, epochs: ofKind(all, 'epoch'), result: ofKind(all, 'result').at(-1) };
};

export const readRecords = async (out: string): Promise<readonly Event[]> =>
  records(await readFile(logFile(out), 'utf8').catch(() => ''));
