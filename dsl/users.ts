/**
 * What a model reads of users: columns of the table of users, by their names. As of items: a category that is missing is 0, of which
 * `embedFeature` makes zeros, a list has zeros past its end, a number that is missing is 0, the mean, and a vector is zeros.
 */
import { placeOf, sizeOfFeature, userRow } from '../runtime/contract/features.js';
import { axis } from './axis.js';
import { inputNode } from './batch.js';
import type { Coded, CodedLists, FeatureKind, Vectors } from './features.js';
import type { Batch } from './model.js';
import { named } from './names.js';
import type { Node } from './node.js';
import { type Tensor, typed } from './tensor.js';

interface UserFeatures<N extends string> {
  readonly category: Coded<'batch', N>;
  readonly categories: CodedLists<N, 'batch'>;
  readonly number: Tensor<'batch'>;
  readonly vector: Vectors<N, 'batch'>;
}
/** The kinds of columns that a model reads of users. */
export type UserKind = keyof UserFeatures<string>;

const vocabularyOf = <N extends string>(name: N) => axis(name, sizeOfFeature('user', name, 'values'));

/** A function for each kind: of the input, what a model has of it. */
const userFeatures: { readonly [K in UserKind]: <N extends string>(name: N, values: Node) => UserFeatures<N>[K] } = {
  category: (name, values) => ({ values: typed(values), vocabulary: vocabularyOf(name) }),
  categories: (name, values) => ({
    values: typed(values),
    vocabulary: vocabularyOf(name),
    place: axis(placeOf(name), sizeOfFeature('user', name, 'most')),
  }),
  number: (_, values) => typed(values),
  vector: (name, values) => ({ values: typed(values), width: axis(name, sizeOfFeature('user', name, 'width')) }),
};

/**
 * A column of the table of users, of each row's user: `userFeature('age', category(), batch)`. Axes: batch, and by its kind an axis of
 * the column's name. What a column says must be known before the event that is predicted, which nobody but the author can see.
 */
export const userFeature = <const N extends string, K extends UserKind>(
  name: N,
  { kind }: FeatureKind<K>,
  batch: Pick<Batch, 'batch'>,
): UserFeatures<N>[K] => userFeatures[kind](name, inputNode(userRow({ name: named('a feature', name), kind }), batch));
