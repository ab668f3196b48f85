/** What the tests of measures share: splits of every kind, and scores for each of their questions. */
import fc from 'fast-check';
import { type Dataset, ruled, type Split, split, splitBy } from '../../runtime/data/index.js';
import { datasets } from '../data/support.js';

export const held = ['validation', 'test'] as const;

const texts = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map((k) => `last:${k}`),
  fc.integer({ min: 1, max: 9 }).map((tenths) => `time:0.${tenths}`),
  fc.integer({ min: 1, max: 4 }).map((tenths) => `user:0.${tenths}`),
  fc.constant('leave-one-out'),
);

/** Data divided by a rule that they allow (by time only where they have times), or by a protocol. */
export const splits: fc.Arbitrary<Split> = fc
  .tuple(datasets, texts, fc.constantFrom('standard' as const, 'hstu' as const))
  .map(([data, text, protocol]) => {
    const rule = ruled(text, data);
    return rule._tag === 'Right' ? splitBy(data, rule.right) : split(data, protocol);
  });

/** Scores of all items for each question of both parts, with ties and without numbers. */
export const scored = (of: Split, values: IterableIterator<number>, which: 'validation' | 'test') =>
  Array.from(of.held[which].users, () => of.dataset.items.map(() => values.next().value ?? 0));
export const levels = fc.infiniteStream(fc.constantFrom(0, 1, 2, 3, 4, NaN));

export const ruleOf = (text: string, data: Dataset) => {
  const rule = ruled(text, data);
  return rule._tag === 'Right' ? splitBy(data, rule.right) : rule.left;
};
