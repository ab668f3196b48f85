/** Searches of large catalogues let others have their turn, and find what they would find at once. */
import { expect, it } from 'vitest';
import { index } from '../../runtime/lookup.js';
import { search, searchBetween } from '../../runtime/serve/search.js';

const items = Array.from({ length: 20_000 }, (_, i) => `i${i}`);
const titled = index({ items, titles: items.map((_, i) => (i % 3 === 0 ? `The Film ${i}` : `Number ${i} of Films`)) });
const untitled = index({ items, titles: null });

it.each([
  ['a word of many titles', titled, 'film', 12],
  ['letters of the last', titled, '19999', 5],
  ['what is in none', titled, 'zzz', 5],
  ['an id where there are no titles', untitled, '1999', 50],
  ['nothing', titled, '', 7],
] as const)('finds %s, in parts as at once', async (_, catalogue, text, limit) => {
  expect(await searchBetween(catalogue, async () => undefined)(text, limit)).toEqual(search(catalogue)(text, limit));
});

it('pauses as often as the catalogue is long, and no more where it has found enough', async () => {
  const pauses = async (text: string, limit: number): Promise<number> => {
    let count = 0;
    await searchBetween(titled, async () => count++)(text, limit);
    return count;
  };
  expect(await pauses('zzz', 5)).toBe(4 * Math.ceil(items.length / 4096));
  expect(await pauses('film', 1)).toBe(1);
  expect(await pauses('i7', 1)).toBe(0);
});
