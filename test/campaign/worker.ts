/** A process that judges chunks: it is told which, and answers with what it found. It dies with its parent, or of what it judges. */
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Found, Settings } from './part.js';
import { shrunk } from './part.js';
import { partOf } from './parts.js';

export interface Order {
  readonly part: string;
  readonly from: number;
  readonly count: number;
  readonly settings: Settings;
  /** Kinds of which enough are kept: more are counted, not shrunk. */
  readonly enough: readonly string[];
}

export interface Answer {
  readonly from: number;
  /** How many cases were judged, and how many of each kind of fault there were. */
  readonly done: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly found: readonly Found[];
}

export const obey = async ({ part: name, from, count, settings, enough }: Order): Promise<Answer> => {
  const part = partOf(name);
  const cases = Array.from({ length: count }, (_, i) => part.generate(settings, from + i));
  const verdicts = await part.check(cases);
  const kinds: Record<string, number> = {};
  const found: Found[] = [];
  for (const [i, verdict] of verdicts.entries()) {
    if (!isLeft(verdict)) continue;
    const { kind } = verdict.left;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    // One of a kind in a chunk: the next chunk has others.
    if (enough.includes(kind) || kinds[kind] > 1) continue;
    const [smallest, fault] = await shrunk(part, cases[i]!, verdict.left);
    found.push({ part: name, seed: settings.seed, index: from + i, fault, text: part.text(smallest), saved: part.save(smallest) });
  }
  return { from, done: count, kinds, found };
};

if (process.send !== undefined) {
  process.on('message', (order: Order) => {
    obey(order).then((answer) => process.send!(answer), (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
      process.exit(70);
    });
  });
  process.on('disconnect', () => process.exit(0));
}
