/** A model of a page, opened: what it recommends after a history, and why. Knows neither workers nor the document. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { WasmModule } from '../contract/cpu-plan.js';
import { type DescentSteps, type Influence, explanationOf } from '../contract/explanation.js';
import { lazy } from '../contract/once.js';
import type { Session } from '../contract/session.js';
import { openWasm } from '../cpu/wasm.js';
import type { Requests } from '../data/fill.js';
import type { States } from '../init.js';
import type { Inputs } from '../job.js';
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
export type Described = Pick<Site, 'manifest' | 'sizes' | 'features' | 'items' | 'titles' | 'seed'>;

/** What scores, and what says why where the model was compiled with it. */
export interface Programs {
  readonly score: WasmModule;
  readonly explain?: WasmModule | undefined;
}

/** A session of one program, with the states that it reads. Left: what this engine lacks. */
const opened = async (
  { manifest, sizes, items }: Described,
  program: WasmModule,
  states: States,
  threads: number,
): Promise<Either<string, Session>> => {
  const found = await openWasm(
    program,
    manifest,
    'wasm',
    { ...sizes, batch: 1, items: items.length, seen: 1 },
    { threads, settled: true },
  );
  if (isLeft(found)) return found;
  const session = found.right;
  const read = Object.keys(await session.read());
  await session.write(Object.fromEntries(read.map((name) => [name, states[name]!])));
  return right(session);
};

const timed = async <A extends object>(work: () => Promise<A>): Promise<A & { readonly ms: number }> => {
  const began = performance.now();
  return { ...(await work()), ms: performance.now() - began };
};

/** Left: what this browser lacks. What explains is opened when it is first asked. */
export const openModel = async (
  site: Described,
  { score, explain }: Programs,
  states: States,
  threads: number,
): Promise<Either<string, Model>> => {
  const { manifest, items, titles, seed } = site;
  const { length, rows } = manifest;
  const first = await opened(site, score, states, threads);
  if (isLeft(first)) return left(first.left);
  const second = lazy(async () => {
    if (explain === undefined) throw new Error(`The model ${manifest.model} was compiled without its explanation.`);
    const found = await opened(site, explain, states, 1);
    if (isLeft(found)) throw new Error(found.left);
    return found.right;
  });
  const run = (session: Session, entry: string, history: readonly number[], more: Inputs = {}) => {
    const past = { items: history, times: undefined, requests: silent(site, history.length) };
    const given = { ...row(past, length, null, rows), ...more };
    const listed = manifest.entries[entry]!.inputs.map(({ name }) => [name, given[name]!] as const);
    return session.run(entry, Object.fromEntries(listed), { seed, step: 0 });
  };
  return right({
    backend: first.right.backend,
    explains: explain !== undefined,
    search: search(index({ items, titles })),
    recommend: (history, top) =>
      timed(async () => ({ items: best((await run(first.right, 'score', history))['scores']!, history, top) })),
    explain: (history, wanted, top) =>
      timed(async () => {
        const outputs = await run(await second(), 'explain', history, { wanted: Int32Array.of(wanted) });
        const read = history.slice(-length);
        const { without, ...found } = explanationOf(outputs, { row: 0, history: read, wanted, length });
        return { ...found, without: without && best(without, history, top) };
      }),
  });
};
