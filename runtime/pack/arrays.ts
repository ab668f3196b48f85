/**
 * A split as arrays that another program maps into memory and reads as they are: histories, where training ends, what is asked, and
 * what a model reads of events and of users. Users are divided over shards in the order of their codes.
 */
import type { OwnInputs } from '../data/batches.js';
import { counts, type Held, type Split } from '../data/split.js';
import type { States } from '../init.js';
import type { NpyType } from '../export/npy.js';

type Numbers = Int32Array | Float32Array | Float64Array;

/** An array of a shard, or one that all shards share. */
export interface Stored {
  /** What it is, as `index.json` and its readers call it: `sequence`, `feature rating`, `test wanted`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Numbers;
}

export const typeOf = (values: Numbers): NpyType =>
  values instanceof Int32Array ? 'i32' : values instanceof Float32Array ? 'f32' : 'f64';

const flat = (name: string, values: Numbers): Stored => ({ name, shape: [values.length], values });

/** A range of users: `[first, end)`. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Users in order, as many to a shard as have `most` events together; at least one. */
export const shardsOf = ({ dataset: { users, offsets } }: Split, most: number): readonly Range[] => {
  const found: Range[] = [];
  for (let first = 0; first < users.length;) {
    let end = first + 1;
    while (end < users.length && offsets[end + 1]! - offsets[first]! <= most) end++;
    found.push({ first, end });
    first = end;
  }
  return found;
};

/** What shards are made of. */
export interface Source {
  readonly split: Split;
  readonly own: OwnInputs | undefined;
  /** Whether the model reads the times of events. */
  readonly times: boolean;
  /** Of a model that predicts a label: [rows of a part], what is known of it of the event that each row wants, as `told` numbers it. */
  readonly labels: Readonly<Record<Held, Int32Array>> | undefined;
}

/** The questions of a part that users of a range are asked. Places count from the shard's first event, users from its first user. */
const asked = ({ split, labels }: Source, part: Held, { first, end }: Range): readonly Stored[] => {
  const {
    dataset: { offsets },
    held,
  } = split;
  const { users, ends, starts, wanted } = held[part];
  const from = users.findIndex((user) => user >= first);
  const own = from < 0 ? 0 : users.subarray(from).findIndex((user) => user >= end);
  const [low, high] = from < 0 ? [0, 0] : [from, own < 0 ? users.length : from + own];
  const [row, last] = [starts[low]!, starts[high]!];
  return [
    flat(
      `${part} users`,
      users.slice(low, high).map((user) => user - first),
    ),
    flat(
      `${part} ends`,
      ends.slice(low, high).map((place) => place - offsets[first]!),
    ),
    flat(
      `${part} starts`,
      starts.slice(low, high + 1).map((place) => place - row),
    ),
    flat(`${part} wanted`, wanted.slice(row, last)),
    ...(labels === undefined ? [] : [flat(`${part} label`, labels[part].slice(row, last))]),
  ];
};

/** What one shard holds. */
export const arraysOf = (source: Source, range: Range): readonly Stored[] => {
  const { split, own, times } = source;
  const { dataset, trainingEnds } = split;
  const { first, end } = range;
  const [from, to] = [dataset.offsets[first]!, dataset.offsets[end]!];
  const local = (places: Int32Array): Int32Array => places.map((place) => place - from);
  const ofEvents = (kind: string, all: Iterable<readonly [string, Numbers]> = []): readonly Stored[] =>
    Array.from(all, ([name, values]) => flat(`${kind} ${name}`, values.subarray(from, to)));
  return [
    flat('offsets', local(dataset.offsets.slice(first, end + 1))),
    flat('training ends', local(trainingEnds.slice(first, end))),
    flat('sequence', dataset.sequence.subarray(from, to)),
    ...(dataset.times === undefined || !times ? [] : [flat('times', dataset.times.subarray(from, to))]),
    ...ofEvents('feature', own?.features),
    ...ofEvents('label', own?.labels),
    ...ofEvents(
      'request',
      [...(own?.requests ?? [])].map(([name, { values }]) => [name, values] as const),
    ),
    ...[...(own?.users ?? [])].map(([name, { width, values }]) => ({
      name: `user ${name}`,
      shape: [end - first, width],
      values: values.subarray(first * width, end * width),
    })),
    ...asked(source, 'validation', range),
    ...asked(source, 'test', range),
  ];
};

/** What all shards share: how often training met each item, vectors of requests, and the states that data give. */
export const sharedArrays = (
  split: Split,
  own: OwnInputs | undefined,
  given: States,
  shapeOf: (name: string) => readonly number[],
): readonly Stored[] => [
  flat('counts', counts(split)),
  ...[...(own?.requests ?? [])].map(([name, { width, vectors }]) => ({
    name: `vectors ${name}`,
    shape: [width === 0 ? 0 : vectors.length / width, width],
    values: vectors,
  })),
  ...Object.entries(given).map(([name, values]) => ({ name: `state ${name}`, shape: shapeOf(name), values })),
];
