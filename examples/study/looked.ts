/** What the inference did for single users: energies and errors of a kept checkpoint by `explain`, and its lists with inference and without. */
import * as E from 'fp-ts/lib/Either.js';
import { type Checkpoint, restore } from '../../runtime/checkpoint.js';
import { type DescentSteps, explanationOf } from '../../runtime/contract/explanation.js';
import type { Session } from '../../runtime/contract/session.js';
import { newSettings } from '../../runtime/contract/settings.js';
import type { Dataset } from '../../runtime/data/index.js';
import { history, split } from '../../runtime/data/split.js';
import { call } from '../../runtime/entries.js';
import { feedOf } from '../../runtime/feed.js';
import { topOf } from '../../runtime/measures/top.js';
import { orThrow } from './carried.js';
import type { Emitted } from '../../runtime/compare/compiler.js';

/** A user who was looked at. Items are codes. */
export interface Look {
  /** Oldest first: as much as the model reads. */
  readonly history: readonly number[];
  readonly wanted: number;
  readonly descents: readonly DescentSteps[];
  /** The rank of what is wanted, and the ten best, with inference and without. */
  readonly rank: { readonly with: number; readonly without: number };
  readonly best: { readonly with: readonly number[]; readonly without: readonly number[] };
}

const BATCH = 32;
const TOP = 10;

/** What is wanted among all that was not met before, 1 the best; ties count against it. */
const rankOf = (scores: ArrayLike<number>, past: ReadonlySet<number>, wanted: number): number => {
  let rank = 1;
  for (let item = 0; item < scores.length; item++)
    if (item !== wanted && !past.has(item) && scores[item]! >= scores[wanted]!) rank++;
  return rank;
};

export interface Looking {
  readonly trainer: Emitted;
  readonly checkpoint: string;
  readonly data: Dataset;
  /** How many users, about: whole batches from everywhere among them. */
  readonly users: number;
  readonly threads: number | undefined;
  readonly device: Parameters<Emitted['compiled']['open']>[0];
  readonly signal: AbortSignal;
}

const filled = async (session: Session, { states }: Checkpoint): Promise<Session> => {
  const names = Object.keys(await session.read());
  await session.write(Object.fromEntries(names.map((name) => [name, states[name]!])));
  return session;
};

/** Throws a sentence. */
export const lookAt = async ({
  trainer: { compiled },
  checkpoint,
  data,
  users,
  threads,
  device,
  signal,
}: Looking): Promise<{ readonly kept: Checkpoint; readonly looks: readonly Look[] }> => {
  const { manifest, explain } = compiled;
  if (explain === undefined) throw new Error(`${manifest.model} was compiled without its explanation.`);
  const kept = orThrow(await restore(checkpoint, manifest)());
  if (kept.data.hash !== data.hash) throw new Error(`${checkpoint} was trained on other data.`);
  const parts = split(data, kept.settings.protocol);
  const settings = orThrow(newSettings(manifest, { batch: BATCH, seed: kept.settings.seed }));
  const feed = orThrow(feedOf(manifest, parts, settings));
  const sizes = { batch: BATCH, items: data.items.length, seen: feed.seen };
  const { entry, open } = orThrow(await explain());
  const explaining = await filled(orThrow(await open(sizes, { threads })), kept);
  const explainer = { manifest: { ...manifest, entries: { explain: entry } }, session: explaining };
  const scoring = await filled(orThrow(await compiled.open(device, sizes, { threads, settled: true })), kept);
  const random = { seed: kept.settings.seed, step: 0 };
  const { batches, all } = feed.evaluation('test');
  const stride = Math.max(1, Math.floor(batches / Math.ceil(users / BATCH)));
  const looks: Look[] = [];
  let at = 0;
  for (const { inputs, rows, questions } of all) {
    if (at++ % stride !== 0 || looks.length >= users) continue;
    if (signal.aborted) break;
    const wanted = new Int32Array(BATCH);
    questions.subarray(0, rows).forEach((question, row) => (wanted[row] = parts.held.test.wanted[question]!));
    const outputs = orThrow(await call(explainer, 'explain', { ...inputs, wanted }, random)());
    const scored = orThrow(await call({ manifest, session: scoring }, 'score', inputs, random)())['scores']!;
    for (let row = 0; row < rows; row++) {
      const all = Array.from(history(parts, 'test', questions[row]!));
      const read = all.slice(-manifest.length);
      const item = wanted[row]!;
      const found = explanationOf(outputs, { row, history: read, wanted: item, length: manifest.length });
      const scores = scored.subarray(row * data.items.length, (row + 1) * data.items.length);
      const { without = scores } = found;
      const past = new Set(all.filter((one) => one !== item));
      const best = (of: ArrayLike<number>): readonly number[] => Array.from(topOf(of, past, TOP));
      looks.push({
        history: read,
        wanted: item,
        descents: found.descents,
        rank: { with: rankOf(scores, past, item), without: rankOf(without, past, item) },
        best: { with: best(scores), without: best(without) },
      });
    }
  }
  await explaining.dispose();
  await scoring.dispose();
  return { kept, looks };
};

/** The first checkpoint that a trainer can read. */
export const usable = async (trainer: Emitted, checkpoints: readonly string[]): Promise<string | undefined> => {
  for (const path of checkpoints) if (E.isRight(await restore(path, trainer.compiled.manifest)())) return path;
  return undefined;
};
