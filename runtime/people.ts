/** The data set as requests for its users read it. */
import * as E from 'fp-ts/lib/Either.js';
import { pastRequests } from './asking.js';
import { lazy } from './contract/once.js';
import type { Manifest } from './contract/session.js';
import type { Numbers, OfUsers, Requests } from './data/fill.js';
import { type Dataset, longestGap } from './data/index.js';
import { eventValues, type Lexicon, userValues } from './features.js';
import { type Catalogue, nearest } from './lookup.js';
import type { Past } from './past.js';

/** The data set as requests for its users read it: where each user is, and what each of its items is in the checkpoint. */
export interface People {
  readonly data: Dataset;
  readonly places: ReadonlyMap<string, number>;
  /** By item code; undefined where an item came after training. */
  readonly known: readonly (number | undefined)[];
  /** The longest time between two events of one user. */
  readonly gap: () => number;
  /** What the model reads of events, in their order. */
  readonly features: () => ReadonlyMap<string, Numbers>;
  /** What it reads of users, by their codes. */
  readonly about: () => OfUsers;
  /** What was asked before each of some events. */
  readonly requests: (events: readonly number[]) => ReadonlyMap<string, Requests>;
}

export const people =
  (manifest: Manifest, catalogue: Catalogue, lexicon: Lexicon | undefined) =>
  (data: Dataset): People => {
    const indices = new Map(catalogue.items.map((id, i) => [id, i]));
    return {
      data,
      places: new Map(data.users.map((id, at) => [id, at])),
      known: data.items.map((id) => indices.get(id)),
      gap: lazy(() => longestGap(data)),
      features: lazy(() => eventValues(lexicon, data.events)),
      about: lazy(() => userValues(lexicon, data.userFeatures)),
      requests: (events) => pastRequests(manifest, lexicon, data, events),
    };
  };

/** A user's whole past, in the checkpoint's item indices; items that came after training are left out. */
export const pastOf =
  (user: string) =>
  ({ data, places, known, features, about, requests }: People): E.Either<string, Past> => {
    const at = places.get(user);
    if (at === undefined) {
      const near = nearest({ items: data.users, titles: null }, user)
        .map((u) => data.users[u])
        .join(', ');
      return E.left(
        `There is no user "${user}" in the data ${data.name}; the nearest are ${near}. For somebody who is not in the data, give --history.`,
      );
    }
    const [from, to] = [data.offsets[at] ?? 0, data.offsets[at + 1] ?? 0];
    const events = Array.from(data.sequence.subarray(from, to), (code, i) => ({
      item: known[code],
      time: data.times?.[from + i],
      event: from + i,
    }));
    const kept = events.filter(
      (event): event is { item: number; time: number | undefined; event: number } => event.item !== undefined,
    );
    return E.right({
      items: kept.map((event) => event.item),
      times: data.times === undefined ? undefined : kept.map((event) => event.time ?? 0),
      requests: requests(kept.map(({ event }) => event)),
      features: new Map(
        [...features()].map(([name, all]) => [name, Float32Array.from(kept, ({ event }) => all[event]!)]),
      ),
      about: new Map(
        [...about()].map(([name, { width, values }]) => [
          name,
          { width, values: values.subarray(at * width, (at + 1) * width) },
        ]),
      ),
    });
  };
