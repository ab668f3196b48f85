/** A model of a page, opened: what it recommends after a history, and why. Knows neither workers nor the document. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { CpuPlan } from '../contract/cpu-plan.js';
import { type DescentSteps, type Influence, explanationOf } from '../contract/explanation.js';
import type { Data } from '../contract/session.js';
import { openWasm } from '../cpu/wasm.js';
import type { Requests } from '../data/fill.js';
import { index } from '../lookup.js';
import { topOf } from '../measures/top.js';
import { row } from '../row.js';
import { search } from '../serve/search.js';
import type { Site } from './site.js';

export interface Scored {
  readonly item: number;
  readonly score: number;
}

/** Items after a history, the best first. */
export interface Answer {
  readonly items: readonly Scored[];
  readonly ms: number;
}

/** Why an item has its score. */
export interface Reasons extends Scored {
  readonly influence: readonly Influence[];
  readonly descents: readonly DescentSteps[];
  /** The best items where the model does not look at this user first; absent where it never does. */
  readonly without: readonly Scored[] | undefined;
  readonly ms: number;
}

export interface Model {
  /** What really runs. */
  readonly backend: string;
  readonly explains: boolean;
  /** Items for what a person types. */
  search(text: string, limit: number): readonly number[];
  /** The history holds at least one item, oldest first. */
  recommend(history: readonly number[], top: number): Promise<Answer>;
  explain(history: readonly number[], wanted: number, top: number): Promise<Reasons>;
}

/** Nothing was asked before any event, for models that read it. */
const silent = (
  { manifest: { rows = [] }, features }: Pick<Site, 'manifest' | 'features'>,
  events: number,
): ReadonlyMap<string, Requests> =>
  new Map(
    rows.flatMap(({ fill }) => {
      if (fill.from !== 'request') return [];
      const found = features?.events[fill.name];
      const width = found?.kind === 'vector' ? found.width : 0;
      return [[fill.name, { width, vectors: new Float32Array(0), values: new Int32Array(events + 1) }] as const];
    }),
  );

const best = (scores: ArrayLike<number>, past: readonly number[], top: number): readonly Scored[] =>
  topOf(scores, past, top).map((item) => ({ item, score: scores[item]! }));

/** What is to be known of a model before it can answer. */
export type Described = Pick<Site, 'manifest' | 'plan' | 'sizes' | 'features' | 'items' | 'titles' | 'seed'>;

/** Left: what this browser lacks. */
export const openModel = async (
  site: Described,
  states: Readonly<Record<string, Float32Array>>,
  load: (fused: boolean) => Promise<Uint8Array>,
  threads: number,
): Promise<Either<string, Model>> => {
  const { manifest, items, titles, seed } = site;
  const plan: CpuPlan = site.plan;
  const sizes = { ...site.sizes, batch: 1, items: items.length, seen: 1 };
  const opened = await openWasm({ ...plan, load }, manifest, 'wasm', sizes, { threads });
  if (isLeft(opened)) return left(opened.left);
  const session = opened.right;
  await session.write(states);
  const find = search(index({ items, titles }));
  const run = (entry: string, history: readonly number[], more: Readonly<Record<string, Data>> = {}) => {
    const past = { items: history, times: undefined, requests: silent(site, history.length) };
    const given: Readonly<Record<string, Data>> = { ...row(past, manifest.length, null, manifest.rows), ...more };
    const listed = manifest.entries[entry]!.inputs.map(({ name }) => [name, given[name]!] as const);
    return session.run(entry, Object.fromEntries(listed), { seed, step: 0 });
  };
  return right({
    backend: session.backend,
    explains: manifest.entries['explain'] !== undefined && plan.entries.some(({ name }) => name === 'explain'),
    search: find,
    recommend: async (history, top) => {
      const began = performance.now();
      const { scores } = await run('score', history);
      return { items: best(scores!, history, top), ms: performance.now() - began };
    },
    explain: async (history, wanted, top) => {
      const began = performance.now();
      const outputs = await run('explain', history, { wanted: Int32Array.of(wanted) });
      const read = history.slice(-manifest.length);
      const { without, ...found } = explanationOf(outputs, { row: 0, history: read, wanted, length: manifest.length });
      return {
        ...found,
        without: without && best(without, history, top),
        ms: performance.now() - began,
      };
    },
  });
};
