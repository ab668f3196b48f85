/** A small data set of which everything is known: categories, lists, numbers and vectors of items, columns of events, items that nobody met. */
import { dataset, type Dataset, type FeatureColumn, fromHistories, type History } from '../../runtime/data/index.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';

/** A column of one category an entry; undefined is missing. */
export const categoryOf = (
  vocabulary: readonly string[],
  values: readonly (string | undefined)[],
): Extract<FeatureColumn, { kind: 'category' }> => ({
  kind: 'category',
  vocabulary,
  values: Int32Array.from(values, (v) => (v === undefined ? 0 : 1 + vocabulary.indexOf(v))),
});
export const categoriesOf = (
  vocabulary: readonly string[],
  rows: readonly (readonly string[])[],
): Extract<FeatureColumn, { kind: 'categories' }> => {
  const coded = rows.map((row) => row.map((v) => 1 + vocabulary.indexOf(v)).sort((a, b) => a - b));
  let end = 0;
  return {
    kind: 'categories',
    vocabulary,
    offsets: Int32Array.from([0, ...coded.map((row) => (end += row.length))]),
    values: Int32Array.from(coded.flat()),
  };
};

export const genres = ['war', 'noir', 'comedy', 'space'];
export const actions = ['view', 'cart', 'buy'];
const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Twelve users of eight items, and a ninth that only the last event of the first user is of. */
export const histories = (users = 12): readonly History[] =>
  Array.from({ length: users }, (_, u) => {
    const numbers = stream(11, u, 'histories');
    const length = 4 + Math.floor(5 * uniformAt(numbers, 0));
    return {
      user: `u${u}`,
      items: Array.from({ length }, (_, i) =>
        u === 0 && i === length - 1 ? 'k' : items[Math.floor(items.length * uniformAt(numbers, i + 1))]!,
      ),
      times: Array.from({ length }, (_, i) => 1_700_000_000 + 40_000 * i + 1000 * u),
    };
  });

export const plainData = (): Dataset => fromHistories('small', histories());

/** `order` of the vocabularies, which says nothing. */
export const data = (order: (names: readonly string[]) => readonly string[] = (names) => names): Dataset => {
  const { hash: _, ...parts } = plainData();
  const unmet = ['y', 'z'];
  const all = [...parts.items, ...unmet];
  const place = (id: string): number => id.charCodeAt(0);
  const events = parts.sequence.length;
  return dataset({
    ...parts,
    unmet,
    features: new Map<string, FeatureColumn>([
      [
        'genre',
        categoryOf(
          order(genres),
          all.map((id) => (id === 'c' ? undefined : genres[place(id) % 4])),
        ),
      ],
      [
        'tags',
        categoriesOf(
          order(genres),
          all.map((id) => (id === 'd' ? [] : genres.filter((_, g) => (place(id) + g) % 3 === 0))),
        ),
      ],
      [
        'year',
        { kind: 'number', values: Float64Array.from(all, (id) => (id === 'e' ? Number.NaN : 1900 + place(id))) },
      ],
      [
        'text',
        {
          kind: 'vector',
          width: 3,
          values: Float32Array.from(all.flatMap((id) => [1, 2, 3].map((k) => Math.sin(k * place(id))))),
        },
      ],
      ['title', { kind: 'text', values: all.map((id) => `The ${id}`) }],
    ]),
    events: new Map<string, FeatureColumn>([
      [
        'action',
        categoryOf(
          order(actions),
          Array.from({ length: events }, (_, i) => (i % 7 === 3 ? undefined : actions[(i * i) % 3])),
        ),
      ],
      [
        'rating',
        {
          kind: 'number',
          values: Float64Array.from({ length: events }, (_, i) => (i % 5 === 4 ? Number.NaN : 1 + (i % 5))),
        },
      ],
    ]),
  });
};

/** Of a user, in 32 bits. */
export const tastesOf = (user: number): Float32Array => Float32Array.of(1, 2, 3).map((k) => Math.cos(k * user));

/** The same with what is known of users: the third has no gender and likes nothing, the fifth has no age, the second no taste. */
export const peopled = (order: (names: readonly string[]) => readonly string[] = (names) => names): Dataset => {
  const { hash: _, ...parts } = data(order);
  return dataset({
    ...parts,
    userFeatures: new Map<string, FeatureColumn>([
      [
        'gender',
        categoryOf(
          order(['f', 'm', 'x']),
          parts.users.map((_, u) => (u === 2 ? undefined : u === 7 ? 'x' : u % 2 === 0 ? 'f' : 'm')),
        ),
      ],
      [
        'age',
        { kind: 'number', values: Float64Array.from(parts.users, (_, u) => (u === 4 ? Number.NaN : 20 + 3 * u)) },
      ],
      [
        'likes',
        categoriesOf(
          order(['comedy', 'noir', 'war']),
          parts.users.map((_, u) => [['comedy'], ['war', 'noir'], []][u % 3]!),
        ),
      ],
      [
        'taste',
        {
          kind: 'vector',
          width: 3,
          values: Float32Array.from(parts.users.flatMap((_, u) => (u === 1 ? [NaN, NaN, NaN] : [...tastesOf(u)]))),
        },
      ],
    ]),
  });
};
