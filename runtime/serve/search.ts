/** Items for what a person types: those that it names, then those whose titles begin with it, hold its words, hold its letters. */
import type { Index } from '../lookup.js';
import { folded } from '../names.js';

/** Without titles an id is looked for as a title would be. */
const inIds =
  ({ items }: Index) =>
  (text: string): readonly number[] => {
    const low = folded(text);
    return items.flatMap((id, item) => (folded(id).includes(low) ? [item] : []));
  };

/** At most `limit` items, the nearest readings first, each once. */
export const search =
  (catalogue: Index) =>
  (text: string, limit: number): readonly number[] => {
    const wanted = text.trim();
    if (wanted === '') return catalogue.items.slice(0, limit).map((_, item) => item);
    const { id, exact, partial, titles } = catalogue;
    const found = new Set<number>();
    for (const read of [id, ...exact, ...(titles === null ? [inIds(catalogue)] : partial)]) {
      if (found.size >= limit) break;
      read(wanted).forEach((item) => found.add(item));
    }
    return [...found].slice(0, limit);
  };
