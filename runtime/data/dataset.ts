/**
 * A data set: who met what, in which order. Everything after the readers sees this and nothing else.
 */
import { createHash } from 'node:crypto';

/**
 * Immutable: the typed arrays are shared, never written to after construction.
 *
 * User `u` met `sequence[offsets[u] .. offsets[u + 1])`, in order of time; equal times keep the file's order.
 */
export interface Dataset {
  readonly name: string;
  /** Raw ids by user code and by item code, in the order of `compareIds`. Every item here was met by somebody. */
  readonly users: readonly string[];
  readonly items: readonly string[];
  /** [users + 1], ascending from 0. */
  readonly offsets: Int32Array;
  /** [interactions], item codes. */
  readonly sequence: Int32Array;
  /** [interactions], Unix seconds; absent where the file tells only the order. */
  readonly times?: Float64Array;
  /** Titles by raw item id. */
  readonly titles?: ReadonlyMap<string, string>;
  /** sha-256, in hexadecimal, of ids, offsets, sequence and times: of what a model can learn from, not of its name or titles. */
  readonly hash: string;
}

const idsPerUpdate = 4096;

const contentHash = ({ users, items, offsets, sequence, times }: Omit<Dataset, 'hash'>): string => {
  const hash = createHash('sha256');
  hash.update(`pcrec data 1: ${users.length} ${items.length} ${sequence.length} ${times === undefined ? 'order' : 'times'}\n`);
  for (const ids of [users, items]) {
    for (let i = 0; i < ids.length; i += idsPerUpdate) hash.update(JSON.stringify(ids.slice(i, i + idsPerUpdate)));
  }
  // The arrays in the machine's byte order, which is little-endian wherever this has been run.
  for (const array of times === undefined ? [offsets, sequence] : [offsets, sequence, times]) hash.update(array);
  return hash.digest('hex');
};

/** Names the parts by their content. */
export const dataset = (parts: Omit<Dataset, 'hash'>): Dataset => ({ ...parts, hash: contentHash(parts) });

export interface Statistics {
  readonly name: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Interactions a user. */
  readonly meanLength: number;
}

/** The columns of Table 1 of the paper. */
export const statistics = ({ name, users, items, sequence }: Dataset): Statistics => ({
  name,
  users: users.length,
  items: items.length,
  interactions: sequence.length,
  meanLength: users.length === 0 ? 0 : sequence.length / users.length,
});

const grouped = (n: number): string => n.toLocaleString('en-US');

/** One line, in the order of the paper's Table 1. */
export const summary = (of: Statistics): string =>
  `${of.name}: ${grouped(of.users)} users, ${grouped(of.items)} items, ${grouped(of.interactions)} interactions, mean length ${of.meanLength.toFixed(2)}`;

/** What to call an item in front of a person. */
export const titleOf = ({ items, titles }: Dataset, item: number): string => {
  const id = items[item] ?? `${item}`;
  return titles?.get(id) ?? id;
};
