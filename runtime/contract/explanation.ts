/**
 * Why an item has its score: what the entry `explain` gives, as its readers take it. Plain data, for commands and pages alike. Items are
 * codes here, of which who shows them makes ids.
 */
import type { Data } from './session.js';

/** What one event of the history did to the score. */
export interface Influence<Item = number> {
  /** 0: the oldest event that the model reads. */
  readonly position: number;
  readonly item: Item;
  /**
   * d score / d embedding, times the embedding, summed over the width: how fast the score grows with the length of the position's
   * embedding. For a score that is linear in the embeddings these add up to it.
   */
  readonly value: number;
}

/** Descent on an energy: the energy, and the parts that it is the sum of, after 0, 1, ... steps. */
export interface DescentSteps {
  /** By step; the first is where the descent starts. */
  readonly energy: readonly number[];
  /**
   * By step, layer and position: what each prediction error adds to the energy, for PCRec half its squared norm, the layer nearest to
   * the input first. Those of one step add up to its energy, if it is made of them alone.
   */
  readonly errors: readonly (readonly (readonly number[])[])[];
}

/** The number of each descent's first layer: where blocks settle one after the other, each has a descent, and layers go on from one to the next. */
export const firstLayers = (descents: readonly DescentSteps[]): readonly number[] =>
  descents.map((_, d) => descents.slice(0, d).reduce((n, { errors }) => n + (errors[0]?.length ?? 0), 0));

export interface Scored<Item = number> {
  readonly item: Item;
  readonly score: number;
}

/** Why an item has its score. */
export interface Explanation<Item = number> extends Scored<Item> {
  /** Oldest first. */
  readonly influence: readonly Influence<Item>[];
  /** Descents of the model, in the order in which it makes them; none of a model that descends no energy. */
  readonly descents: readonly DescentSteps[];
  /**
   * The scores of all items, by code, where the model predicts without looking at this user first: its states where the descent starts, or
   * its parameters before the step on the user's own history. Absent in a model that does neither.
   */
  readonly without?: Float32Array;
}

/** What the entry `explain` calls its outputs. Axes: batch, with `seq` for `influence` and `errors`, with `item` for `without`. */
export const explained = {
  score: 'score',
  influence: 'influence',
  without: 'without',
  energy: (descent: number, step: number): string => `descent.${descent}.energy.${step}`,
  errors: (descent: number, step: number, layer: number): string => `descent.${descent}.errors.${step}.${layer}`,
} as const;

/** Whose explanation is read, and of what. */
export interface Explained {
  /** Its row in the batch, and what this row has: the history that the model was given, oldest first. */
  readonly row: number;
  readonly history: ArrayLike<number>;
  /** The item that was asked about: the input `wanted`. */
  readonly wanted: number;
  /** Positions of a row: the manifest's `length`. */
  readonly length: number;
}

/** As many as there are, from 0. */
const counted = <A>(of: (i: number) => A | undefined): readonly A[] => {
  const all: A[] = [];
  for (let found = of(0); found !== undefined; found = of(all.length)) all.push(found);
  return all;
};

/** What the entry `explain` gave for one row of its batch. */
export const explanationOf = (
  outputs: Readonly<Record<string, Data>>,
  { row, history, wanted, length }: Explained,
): Explanation => {
  const one = (name: string): number | undefined => outputs[name]?.[row];
  const along = (name: string): readonly number[] | undefined =>
    outputs[name] && Array.from(outputs[name].subarray(row * length, row * length + history.length));
  const without = outputs[explained.without] as Float32Array | undefined;
  const items = without === undefined ? 0 : without.length / (outputs[explained.score]!.length || 1);
  const descents = counted((d): DescentSteps | undefined => {
    const energy = counted((k) => one(explained.energy(d, k)));
    const errors = energy.map((_, k) => counted((l) => along(explained.errors(d, k, l))));
    return energy.length === 0 ? undefined : { energy, errors };
  });
  return {
    item: wanted,
    score: one(explained.score)!,
    influence: along(explained.influence)!.map((value, position) => ({ position, item: history[position]!, value })),
    descents,
    ...(without === undefined ? {} : { without: without.slice(row * items, (row + 1) * items) }),
  };
};
