/**
 * What a model reads of users: columns of the table of users, by their names, a value a row. As of items: a category that is missing
 * is 0, of which `embedFeature` makes zeros, and a number that is missing is 0, the mean.
 */
import { sizeOfFeature, userRow } from '../runtime/contract/features.js';
import { type Axis, axis } from './axis.js';
import { inputNode } from './batch.js';
import type { Coded, FeatureKind } from './features.js';
import type { Batch } from './model.js';
import { named } from './names.js';
import type { Tensor } from './tensor.js';

interface UserFeatures<N extends string> {
  readonly category: Coded<'batch', N>;
  readonly number: Tensor<'batch'>;
}
/** The kinds of columns that a model reads of users. */
export type UserKind = keyof UserFeatures<string>;

/**
 * A column of the table of users, of each row's user: `userFeature('age', category(), batch)`. Axes: batch. What a column says must be
 * known before the event that is predicted, which nobody but the author can see.
 */
export const userFeature = <const N extends string, K extends UserKind>(
  name: N,
  { kind }: FeatureKind<K>,
  batch: Pick<Batch, 'batch'>,
): UserFeatures<N>[K] => {
  const values = inputNode(userRow({ name: named('a feature', name), kind }), batch);
  const vocabulary: Axis<N> = axis(name, sizeOfFeature('user', name, 'values'));
  return (kind === 'category' ? { values, vocabulary } : values) as unknown as UserFeatures<N>[K];
};
