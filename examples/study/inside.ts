/**
 * A look inside: over some hundreds of users of a kept checkpoint, which layers and positions the errors sit in from step to step, and what the
 * inference changes for users of narrow and of wide tastes. Means are kept with the results; examples by title stay in the work folder, since
 * they are parts of histories, which are not ours to hand on.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Checkpoint } from '../../runtime/checkpoint.js';
import { firstLayers } from '../../runtime/contract/explanation.js';
import { type Dataset, load, type LoadOptions } from '../../runtime/data/index.js';
import { meanOf } from '../../runtime/measures/ranked.js';
import { machine } from '../../runtime/report/provenance.js';
import { checkpointsOf, folderOf, orThrow } from './carried.js';
import { type Look, lookAt, usable } from './looked.js';
import { type Place, trainerIn } from './readied.js';
import { type Asked, readParts, sideFile, writeParts } from './result.js';
import { grouped, kindsOf, spreadOfKinds, spreadOfVectors } from './taste.js';

/** Mean errors of one layer: by step, then by position, the newest event first; null where few histories are so long. */
export interface Layer {
  readonly layer: number;
  readonly steps: readonly (readonly (number | null)[])[];
}
/** Users of tastes of about one width. */
export interface Taste {
  readonly users: number;
  /** Means: the width, the length of the history that is read. */
  readonly width: number;
  readonly length: number;
  /** The share of the energy that inference takes away; how many of the ten best it changes. */
  readonly fall: number;
  readonly changed: number;
  /** NDCG@10 with inference and without. */
  readonly with: number;
  readonly without: number;
}
/** `<cell>.inside.json` */
export interface Inside {
  readonly format: typeof insideFormat;
  readonly asked: Asked;
  readonly users: number;
  readonly layers: readonly Layer[];
  /** By what tastes are measured: `item vectors`, or a column of what is known of items. */
  readonly tastes: Readonly<Record<string, readonly Taste[]>>;
  readonly machine: Readonly<Record<string, string>>;
  readonly command: string;
}
const insideFormat = 'pcrec-study-inside-1';
export const insideOf = (results: string, asked: Asked): Inside | undefined =>
  readParts<Inside>(sideFile(results, asked.study, asked.cell, 'inside'), insideFormat, asked);

/** A user as a page shows one. */
export interface Example {
  readonly says: string;
  readonly history: readonly string[];
  readonly wanted: string;
  readonly rank: Look['rank'];
  readonly best: { readonly with: readonly string[]; readonly without: readonly string[] };
}
const examplesFile = (work: string, { study, cell }: Asked): string => `${folderOf(work, study, cell)}.examples.json`;
export const examplesOf = (work: string, asked: Asked): readonly Example[] => {
  const path = examplesFile(work, asked);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { readonly examples: Example[] }).examples : [];
};

const GROUPS = 5;
/** Of fewer users a mean says little. */
const FEWEST = 10;
const rounded = (x: number): number => Number(x.toPrecision(4));
const ndcg = (rank: number): number => (rank <= 10 ? 1 / Math.log2(1 + rank) : 0);

/** All layers of all descents, from the input up. */
const layersOf = (looks: readonly Look[], length: number): readonly Layer[] => {
  const descents = looks[0]?.descents ?? [];
  const first = firstLayers(descents);
  return descents.flatMap(({ errors: [layers = []], energy }, d) =>
    layers.map((_, l) => ({
      layer: first[d]! + l,
      steps: energy.map((__, k) =>
        Array.from({ length }, (___, back) => {
          const found = looks
            .filter(({ history }) => history.length > back)
            .map(({ history, descents: own }) => own[d]!.errors[k]![l]![history.length - 1 - back]!);
          return found.length < FEWEST ? null : rounded(meanOf(found));
        }),
      ),
    })),
  );
};

const fallOf = ({ descents }: Look): number => {
  const at = (of: (energy: readonly number[]) => number): number =>
    descents.reduce((sum, { energy }) => sum + of(energy), 0);
  return 1 - at((energy) => energy.at(-1)!) / at((energy) => energy[0]!);
};
const changedOf = ({ best }: Look): number => best.with.filter((item) => !best.without.includes(item)).length;

const tastesOf = (looks: readonly Look[], widths: readonly (number | null)[]): readonly Taste[] =>
  grouped(widths, GROUPS).map((group) => {
    const mean = (of: (look: Look, at: number) => number): number =>
      rounded(meanOf(group.map((at) => of(looks[at]!, at))));
    return {
      users: group.length,
      width: mean((_, at) => widths[at]!),
      length: mean(({ history }) => history.length),
      fall: mean(fallOf),
      changed: mean(changedOf),
      with: mean(({ rank }) => ndcg(rank.with)),
      without: mean(({ rank }) => ndcg(rank.without)),
    };
  });

/** Of the narrowest and of the widest tastes whoever the inference helped most, and whom it harmed most. */
const chosen = (looks: readonly Look[], widths: readonly (number | null)[]): readonly (readonly [string, Look])[] => {
  const groups = grouped(widths, GROUPS);
  const gain = ({ rank }: Look): number => Math.log(rank.without / rank.with);
  return (
    [
      ['a narrow taste', groups[0]],
      ['a wide taste', groups.at(-1)],
    ] as const
  ).flatMap(([says, group = []]) => {
    const order = group.map((at) => looks[at]!).sort((a, b) => gain(b) - gain(a));
    const [most, least] = [order[0], order.at(-1)];
    return [
      ...(most === undefined ? [] : [[`${says}, helped`, most] as const]),
      ...(least === undefined || least === most ? [] : [[`${says}, harmed`, least] as const]),
    ];
  });
};

/** The vectors of items. */
const vectorsOf = ({ states }: Checkpoint): Float32Array | undefined => states['embedding.items'];

const widthsBy = (
  { kept, looks }: Awaited<ReturnType<typeof lookAt>>,
  { features, items }: Dataset,
): Readonly<Record<string, readonly (number | null)[]>> => {
  const vectors = vectorsOf(kept);
  const kinds = kindsOf(features, items.length);
  return {
    ...(vectors && {
      'item vectors': looks.map(({ history }) => spreadOfVectors(history, vectors, vectors.length / items.length)),
    }),
    ...(kinds && { [kinds[0]]: looks.map(({ history }) => spreadOfKinds(history, kinds[1])) }),
  };
};

export interface Insight extends Place {
  readonly asked: Asked;
  /** Where what is known of items is. */
  readonly about: Pick<LoadOptions, 'items' | 'itemColumns'> | undefined;
  readonly users: number;
  readonly results: string;
}

/** Looks, and keeps what it saw. False where the signal came first. Throws a sentence. */
export const look = async (insight: Insight): Promise<boolean> => {
  const { asked, about, users, source, work, results, threads, signal, command } = insight;
  const out = folderOf(work, asked.study, asked.cell);
  const paths = checkpointsOf(out, asked.model, asked.seed);
  const trainer = paths.length === 0 ? undefined : await trainerIn(out, asked.model);
  const checkpoint = trainer && (await usable(trainer, paths));
  if (trainer === undefined || checkpoint === undefined)
    throw new Error(`there is no checkpoint of it in ${out}: run it here first, or name the folder with --work.`);
  const data = orThrow(await load(source, {}));
  const known = about === undefined ? data : orThrow(await load(source, about));
  const found = await lookAt({
    trainer,
    checkpoint,
    data,
    users,
    threads,
    device: asked.options.device ?? 'auto',
    signal,
  });
  if (signal.aborted) return false;
  const { looks } = found;
  const widths = widthsBy(found, known);
  const seen: Inside = {
    format: insideFormat,
    asked,
    users: looks.length,
    layers: layersOf(looks, Math.max(...looks.map(({ history }) => history.length))),
    tastes: Object.fromEntries(Object.entries(widths).map(([by, of]) => [by, tastesOf(looks, of)])),
    machine: Object.fromEntries(machine()),
    command,
  };
  writeParts(sideFile(results, asked.study, asked.cell, 'inside'), seen);
  const title = (item: number): string => known.titles?.get(known.items[item]!) ?? known.items[item]!;
  const examples = chosen(looks, Object.values(widths)[0] ?? []).map(
    ([says, { history, wanted, rank, best }]): Example => ({
      says,
      history: history.slice(-6).map(title),
      wanted: title(wanted),
      rank,
      best: { with: best.with.slice(0, 5).map(title), without: best.without.slice(0, 5).map(title) },
    }),
  );
  writeParts(examplesFile(work, asked), { examples });
  return true;
};
