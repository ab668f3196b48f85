/** A share of the users as data of their own: drawn by a seed, in one order, so that a smaller share lies within a larger. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import type { Dataset } from '../../runtime/data/index.js';

/** Codes of the users that a share has, ascending; two at least. */
export const drawn = (users: number, share: number, seed: number): readonly number[] => {
  const numbers = stream(seed, 0, 'study share');
  return Array.from({ length: users }, (_, user) => ({ user, at: uniformAt(numbers, user) }))
    .sort((a, b) => a.at - b.at || a.user - b.user)
    .slice(0, Math.max(2, Math.round(share * users)))
    .map(({ user }) => user)
    .sort((a, b) => a - b);
};

/** Their whole histories in RecBole's format, with times where there are any; rows of a user in the data's order. */
export const textOf = ({ users, items, offsets, sequence, times }: Dataset, chosen: readonly number[]): string => {
  const head = ['user_id:token', 'item_id:token', ...(times === undefined ? [] : ['timestamp:float'])];
  const rows = chosen.flatMap((user) =>
    Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item, i) => [
      users[user],
      items[item],
      ...(times === undefined ? [] : [times[offsets[user]! + i]]),
    ]),
  );
  return `${[head, ...rows].map((row) => row.join('\t')).join('\n')}\n`;
};

export const writeShare = (path: string, data: Dataset, share: number, seed: number): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, textOf(data, drawn(data.users.length, share, seed)));
};
