/** Items for what a person types: those that it names, then those whose titles begin with it, hold its words, hold its letters. */
import type { Index } from '../lookup.js';
import { folded } from '../names.js';

/** Without titles an id is looked for as a title would be. */
const inIds =
  ({ items }: Index) =>
  (text: string, from: number, to: number): readonly number[] => {
    const low = folded(text);
    return items.slice(from, to).flatMap((id, i) => (folded(id).includes(low) ? [from + i] : []));
  };

/** So many items are looked at between two pauses: a millisecond or two. */
const slice = 4096;

/** At most `limit` items, the nearest readings first, each once. It pauses wherever others may have their turn. */
function* searching(catalogue: Index, text: string, limit: number): Generator<void, readonly number[]> {
  const wanted = text.trim();
  if (wanted === '') return catalogue.items.slice(0, limit).map((_, item) => item);
  const { id, exact, partial, titles, items } = catalogue;
  const found = new Set<number>();
  for (const read of [id, ...exact]) if (found.size < limit) read(wanted).forEach((item) => found.add(item));
  for (const look of titles === null ? [inIds(catalogue)] : partial)
    for (let from = 0; from < items.length && found.size < limit; from += slice) {
      yield;
      look(wanted, from, from + slice).forEach((item) => found.add(item));
    }
  return [...found].slice(0, limit);
}

/** All at once. */
export const search =
  (catalogue: Index) =>
  (text: string, limit: number): readonly number[] => {
    const looking = searching(catalogue, text, limit);
    for (;;) {
      const { done, value } = looking.next();
      if (done === true) return value;
    }
  };

/** The same, with a `pause` after each few thousand items of a catalogue. */
export const searchBetween =
  (catalogue: Index, pause: () => Promise<unknown>) =>
  async (text: string, limit: number): Promise<readonly number[]> => {
    const looking = searching(catalogue, text, limit);
    for (;;) {
      const { done, value } = looking.next();
      if (done === true) return value;
      await pause();
    }
  };
