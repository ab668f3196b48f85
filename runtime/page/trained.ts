/** A trainer's folder in a page or a bundle: its manifest, its WebAssembly and a checkpoint, without Node. */
import { isLeft } from 'fp-ts/lib/Either.js';
import type { WasmModule } from '../contract/cpu-plan.js';
import type { Manifest } from '../contract/session.js';
import { type Lexicon, sizesOf } from '../lexicon.js';
import { openModel } from './model.js';

/** What a trainer's folder exports, and what training left. */
export interface Trained {
  /** `manifest.json`. */
  readonly manifest: Manifest;
  /** `program` of `kernels.wasm.js`. */
  readonly program: WasmModule;
  /** The bytes of `best.safetensors`. */
  readonly checkpoint: ArrayBuffer;
  /** One, unless given: a request alone is too little to be shared. */
  readonly threads?: number;
}

/** An item as a person knows it; the title is null where the data have none. */
export interface NamedItem {
  readonly id: string;
  readonly title: string | null;
}

/** A model that answers in a page. */
export interface PageRecommender {
  /** What really runs. */
  readonly backend: string;
  /** Items by their ids, titles, or parts of titles, the nearest first. */
  search(text: string, limit?: number): readonly NamedItem[];
  /** After a history of ids, oldest first: what `trainer.js recommend --device wasm` says. Rejects for an id that the model does not know. */
  recommend(history: readonly string[], top?: number): Promise<readonly (NamedItem & { readonly score: number })[]>;
}

interface Read {
  readonly metadata: Readonly<Record<string, string>>;
  readonly states: Readonly<Record<string, Float32Array>>;
}

/** A safetensors file as training writes it. Its checksum is not looked at here: whoever serves it answers for it. */
const read = (file: ArrayBuffer): Read => {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...rows } = JSON.parse(
    new TextDecoder().decode(new Uint8Array(file, 8, length)),
  ) as Readonly<Record<string, { readonly data_offsets: readonly [number, number] }>> & {
    readonly __metadata__?: Readonly<Record<string, string>>;
  };
  const at = 8 + length;
  return {
    metadata,
    states: Object.fromEntries(
      Object.entries(rows as Readonly<Record<string, { readonly data_offsets: readonly [number, number] }>>).map(
        ([
          name,
          {
            data_offsets: [from, to],
          },
        ]) => [name, new Float32Array(file.slice(at + from, at + to))],
      ),
    ),
  };
};

/** Opens it. Rejects for a checkpoint of another model, or an engine without WebAssembly's SIMD. */
export const openTrained = async ({
  manifest,
  program,
  checkpoint,
  threads = 1,
}: Trained): Promise<PageRecommender> => {
  const { metadata, states } = read(checkpoint);
  const part = (name: string): unknown => JSON.parse(metadata[name] ?? 'null');
  if (metadata['manifest'] !== manifest.hash)
    throw new Error(
      `The checkpoint is of another model than ${manifest.model}, or of another version of it: train anew, or take the folder that it was trained with.`,
    );
  const items = part('items') as readonly string[];
  const titles = part('titles') as readonly string[] | null;
  const features = part('features') as Lexicon | null;
  const score = { ...program, entries: program.entries.filter(({ name }) => name === 'score') };
  const opened = await openModel(
    {
      manifest,
      sizes: sizesOf(features ?? undefined),
      features,
      items,
      titles,
      seed: (part('settings') as { readonly seed: number }).seed,
    },
    { score },
    states,
    threads,
  );
  if (isLeft(opened)) throw new Error(opened.left);
  const model = opened.right;
  const codes = new Map(items.map((id, item) => [id, item]));
  const named = (item: number): NamedItem => ({ id: items[item]!, title: titles?.[item] ?? null });
  return {
    backend: model.backend,
    search: (text, limit = 10) => model.search(text, limit).map(named),
    recommend: async (history, top = 10) => {
      const stray = history.find((id) => !codes.has(id));
      if (stray !== undefined)
        throw new Error(`The model knows no item ${JSON.stringify(stray)}: give ids of its items.`);
      if (history.length === 0) throw new Error('The history is empty: it needs at least one item.');
      const found = await model.recommend(
        history.map((id) => codes.get(id)!),
        top,
      );
      return found.items.map(({ item, score }) => ({ ...named(item), score }));
    },
  };
};
