/**
 * A small data set that needs no download: readers of series, whose tastes drift.
 *
 * Each of ten genres holds sixteen series of one to six parts. A user has two favourite genres, which drift; most steps
 * go on to the next part of the series just read, the others begin a series, the popular ones first. So the last item says
 * much about the next, the recent past says something, and popularity says a little: what a sequential recommender is for.
 */
import { stream, uniformAt } from '../contract/random.js';
import type { FeatureColumn } from './columns.js';
import { type Dataset, dataset } from './dataset.js';
import { type History, fromHistories } from './interactions.js';

const seed = 20240229;
const userCount = 600;
const meanTail = 17;
const [shortest, longest] = [5, 90];
const continuing = 0.5;
const favouring = 0.8;
const drifting = 0.08;
const dayStart = Date.UTC(2021, 0, 1) / 1000;
const [hour, day] = [3600, 86400];

/** Parts of each of a genre's series: forty items. The first series are the popular ones. */
const parts = [6, 5, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1] as const;
const numerals = ['', ' II', ' III', ' IV', ' V', ' VI'] as const;

/** Four adjectives and four nouns a genre make its sixteen series. Neighbours in this list attract the same people. */
const genres: readonly (readonly [name: string, adjectives: string, nouns: string])[] = [
  ['crime', 'Silent Broken Hidden Second', 'Witness Alibi Cipher Verdict'],
  ['thriller', 'Long Dark Cold Final', 'Corridor Whisper Cellar Mirror'],
  ['science fiction', 'Distant Orbital Pale Last', 'Signal Colony Engine Horizon'],
  ['fantasy', 'Copper Ancient Winged Thirteenth', 'Crown Oath Labyrinth Dragon'],
  ['adventure', 'Lost Burning Northern Secret', 'Island Compass Caravan Summit'],
  ['western', 'Dusty Lonesome Crooked Golden', 'Saddle Canyon Marshal Spur'],
  ['war', 'Iron Forgotten Winter Distant', 'Regiment Bridge Armistice Convoy'],
  ['romance', 'Quiet Paper Summer Borrowed', 'Letters Orchard Promise Waltz'],
  ['comedy', 'Accidental Reluctant Perfect Noisy', 'Neighbour Wedding Butler Holiday'],
  ['nature', 'Open Wild Deep Patient', 'River Forest Ocean Season'],
];

interface Item {
  readonly id: string;
  readonly genre: string;
  readonly title: string;
}

/** [genre][series][part]; ids count from 1. */
const catalogue: readonly (readonly (readonly Item[])[])[] = (() => {
  let id = 0;
  return genres.map(([genre, adjectives, nouns]) => {
    const [adjective, noun] = [adjectives.split(' '), nouns.split(' ')];
    // Both rotate, each in its own step, so that every pair occurs once and neighbouring series share no word.
    const name = (series: number): string =>
      `The ${adjective[(series + Math.floor(series / 4)) % 4]!} ${noun[series % 4]!}`;
    return parts.map((count, series) =>
      Array.from({ length: count }, (_, part) => ({
        id: `${++id}`,
        genre,
        title: `${name(series)}${numerals[part]!}`,
      })),
    );
  });
})();

/** Index drawn with the given weights. */
const choose = (weights: readonly number[], u: number): number => {
  let rest = u * weights.reduce((a, b) => a + b, 0);
  const found = weights.findIndex((weight) => (rest -= weight) < 0);
  return found < 0 ? weights.length - 1 : found;
};

const genreWeights = genres.map((_, g) => 1 / (g + 3));
const seriesWeights = parts.map((_, s) => 1 / (s + 1) ** 0.8);

/** One user's reading, from that user's own stream of numbers. */
const reader = (user: number): History => {
  const numbers = stream(seed, user, 'sample');
  let counter = 0;
  const next = (): number => uniformAt(numbers, counter++);

  const length = Math.min(longest, shortest + Math.floor(-Math.log(1 - next()) * meanTail));
  const favourites: [number, number] = [choose(genreWeights, next()), choose(genreWeights, next())];
  const reached = new Map<string, number>(); // parts read, by genre and series
  const items: string[] = [];
  const times: number[] = [];
  let time = dayStart + Math.floor(next() * 600) * day + Math.floor(next() * 86400);
  let [genre, series] = [-1, -1];
  const read = (g: number, s: number): boolean => {
    const key = `${g}.${s}`;
    const part = reached.get(key) ?? 0;
    const item = catalogue[g]?.[s]?.[part];
    if (item === undefined) return false;
    reached.set(key, part + 1);
    items.push(item.id);
    times.push(time);
    [genre, series] = [g, s];
    return true;
  };
  // A series read to its end is drawn in vain; the bound only keeps the insatiable from drawing for ever.
  for (let draws = 0; items.length < length && draws < 20 * longest; draws++) {
    if (next() < drifting)
      favourites[next() < 0.5 ? 0 : 1] = (favourites[0] + (next() < 0.5 ? 1 : genres.length - 1)) % genres.length;
    const goesOn = next() < continuing && read(genre, series);
    const from = next() < favouring ? favourites[next() < 0.6 ? 0 : 1] : choose(genreWeights, next());
    if (goesOn || read(from, choose(seriesWeights, next())))
      time += next() < 0.5 ? Math.floor((1 + 3 * next()) * hour) : Math.floor((1 + 20 * next()) * day);
  }
  return { user: `${user + 1}`, items, times };
};

/** One item a genre that is announced and that nobody has read: only a model that knows genres can tell it from another. */
const announced: readonly Item[] = genres.map(([genre, , nouns], g) => ({
  id: `${catalogue.flat(2).length + 1 + g}`,
  genre,
  title: `The Next ${nouns.split(' ')[0]!}`,
}));
const known: readonly Item[] = [...catalogue.flat(2), ...announced];

/** The column of genres, for items by their ids. */
const genreOf = (ids: readonly string[]): FeatureColumn => {
  const vocabulary = genres.map(([name]) => name);
  const codes = new Map(known.map(({ id, genre }) => [id, 1 + vocabulary.indexOf(genre)]));
  return { kind: 'category', vocabulary, values: Int32Array.from(ids, (id) => codes.get(id) ?? 0) };
};

/** The generated data set, the same on every machine: 600 users, 400 items and ten that nobody met, with times, titles and genres. */
export const sample = (): Dataset => {
  const { hash: _, ...read } = fromHistories(
    'sample',
    Array.from({ length: userCount }, (_, user) => reader(user)),
    new Map(known.map(({ id, title }) => [id, title])),
  );
  const unmet = announced.map(({ id }) => id);
  return dataset({ ...read, unmet, features: new Map([['genre', genreOf([...read.items, ...unmet])]]) });
};
