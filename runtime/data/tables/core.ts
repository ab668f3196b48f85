/**
 * What is left out of a whole data set: repeats, and users and items of too few events. Each may make another, so all are asked
 * again until nothing more goes. What is left is the most that fits all three: what goes could never have stayed.
 */
import { plural } from '../../contract/words.js';
import type { Packed } from '../interactions.js';
import { filled } from './growing.js';
import type { Filters } from './sieve.js';

interface Left {
  readonly data: Packed;
  /** Places of the events that are left; absent where all are. */
  readonly kept?: Int32Array;
  /** A sentence for each filter. */
  readonly says: readonly string[];
}

/** Everything, where nothing is asked for; undefined where nothing is left. */
export const core = (data: Packed, { minUser, minItem, dropRepeats }: Filters): Left | undefined => {
  const { offsets, sequence } = data;
  const count = sequence.length;
  if (minUser <= 1 && minItem <= 1 && !dropRepeats) return { data, says: [] };
  const keep = new Uint8Array(count).fill(1);
  const ofItem = new Int32Array(data.items.length);
  sequence.forEach((item) => void ofItem[item]!++);
  const ofUser = Int32Array.from(data.users, (_, u) => offsets[u + 1]! - offsets[u]!);
  const [goneUsers, goneItems] = [new Uint8Array(data.users.length), new Uint8Array(data.items.length)];
  let [repeats, fewUser, fewItem] = [0, 0, 0];
  const drop = (user: number, at: number): void => {
    keep[at] = 0;
    ofUser[user]!--;
    ofItem[sequence[at]!]!--;
  };
  for (let before = -1; before !== repeats + fewUser + fewItem;) {
    before = repeats + fewUser + fewItem;
    for (let user = 0; user < data.users.length; user++) {
      let last = -1;
      const tooFew = ofUser[user]! < minUser;
      if (tooFew) goneUsers[user] = 1;
      for (let at = offsets[user]!; at < offsets[user + 1]!; at++) {
        if (keep[at] === 0) continue;
        const item = sequence[at]!;
        if (tooFew) {
          drop(user, at);
          fewUser++;
        } else if (ofItem[item]! < minItem) {
          goneItems[item] = 1;
          drop(user, at);
          fewItem++;
        } else if (dropRepeats && item === last) {
          drop(user, at);
          repeats++;
        } else last = item;
      }
    }
  }
  const kept = new Int32Array(count - repeats - fewUser - fewItem);
  for (let at = 0, to = 0; at < count; at++) if (keep[at] === 1) kept[to++] = at;
  if (kept.length === 0) return undefined;
  const ones = (of: Uint8Array): number => of.reduce((sum, one) => sum + one, 0);
  return {
    data: only(data, kept, ofUser, ofItem),
    kept,
    says: [
      ...(dropRepeats ? [`Left out: ${plural(repeats, 'event')} of the item of the event before.`] : []),
      ...(minUser > 1
        ? [
            `Left out: ${plural(ones(goneUsers), 'user')} of fewer than ${plural(minUser, 'event')}, with ${plural(fewUser, 'event')}.`,
          ]
        : []),
      ...(minItem > 1
        ? [
            `Left out: ${plural(ones(goneItems), 'item')} of fewer than ${plural(minItem, 'event')}, with ${plural(fewItem, 'event')}.`,
          ]
        : []),
    ],
  };
};

/** A data set of the events `kept` alone, without users and items that have none. */
const only = (data: Packed, kept: Int32Array, ofUser: Int32Array, ofItem: Int32Array): Packed => {
  const place = new Int32Array(data.items.length);
  let items = 0;
  ofItem.forEach((count, item) => void (count > 0 && (place[item] = items++)));
  const users = data.users.filter((_, u) => ofUser[u]! > 0);
  const offsets = new Int32Array(users.length + 1);
  let at = 0;
  ofUser.forEach((count) => {
    if (count > 0) offsets[++at] = offsets[at - 1]! + count;
  });
  const { times } = data;
  return {
    users,
    items: data.items.filter((_, item) => ofItem[item]! > 0),
    offsets,
    sequence: kept.map((from) => place[data.sequence[from]!]!),
    ...(times === undefined ? {} : { times: filled(new Float64Array(kept.length), (i) => times[kept[i]!]!) }),
  };
};
