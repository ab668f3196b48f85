/** `metrics.jsonl`: the story of a run as JSON, one record a line, in step with the checkpoints. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Event, frequent, type Listener } from './events.js';
import { readBytes, writeAtomically } from './files.js';

export const logFile = (out: string): string => join(out, 'metrics.jsonl');

/** Whether a record still holds when a run goes on after `epoch` finished epochs; a killed run may have told more than it saved. */
const holds =
  (epoch: number) =>
  (line: string): boolean => {
    try {
      const record = JSON.parse(line) as Partial<Event> & { readonly epoch?: number };
      return (
        record.kind === 'start' || (record.kind === 'epoch' && (record.epoch ?? Number.POSITIVE_INFINITY) <= epoch)
      );
    } catch {
      return false; // A line cut short by the kill.
    }
  };

/** Empties the log, or for a resumed run keeps what its checkpoint still vouches for. */
export const startLog = (out: string, epoch: number): TaskEither<string, void> =>
  pipe(
    epoch === 0 ? TE.right<string, Buffer>(Buffer.alloc(0)) : readBytes(logFile(out)),
    TE.orElse(() => TE.right<string, Buffer>(Buffer.alloc(0))),
    TE.chain((bytes) => {
      const kept = bytes.toString('utf8').split('\n').filter(holds(epoch));
      return writeAtomically(logFile(out), [Buffer.from(kept.map((line) => `${line}\n`).join(''))]);
    }),
  );

export const line = (event: Event): string => `${JSON.stringify(event)}\n`;

/** Appends every record but the frequent ones. */
export const log =
  (out: string): Listener =>
  (event) => {
    if (frequent.has(event.kind)) return;
    try {
      appendFileSync(logFile(out), line(event));
    } catch {
      // A full disk ends the run at the next checkpoint, with its reason; the log need not end it twice.
    }
  };
