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
  /** How much was tried, and how many of each kind of fault there were. */
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
    found.push({
      part: name,
      seed: settings.seed,
      index: from + i,
      fault,
      text: part.text(smallest),
      saved: part.save(smallest),
    });
  }
  return { from, done: verdicts.reduce((n, v) => n + (isLeft(v) ? 1 : v.right), 0), kinds, found };
};

/** The answer for a chunk that was not judged to its end. Which of its cases it was is not known, so the chunk is kept by its place. */
export const lost = ({ part, from, settings }: Order, how: string): Answer => {
  const kind = `the campaign itself: ${how.split('\n')[0]!}`;
  return {
    from,
    done: 0,
    kinds: { [kind]: 1 },
    found: [
      {
        part,
        seed: settings.seed,
        index: from,
        fault: { kind, expected: 'a verdict', found: how },
        text: [`the chunk from ${from} on`],
        saved: null,
      },
    ],
  };
};

if (process.send !== undefined) {
  process.on('message', (order: Order) => {
    obey(order)
      .catch((error: unknown) => lost(order, error instanceof Error ? (error.stack ?? error.message) : String(error)))
      .then((answer) => process.send!(answer));
  });
  process.on('disconnect', () => process.exit(0));
}
