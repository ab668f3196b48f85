/** From what a person writes to items of the catalogue: ids, titles, beginnings of titles. */
import * as E from 'fp-ts/lib/Either.js';

export interface Catalogue {
  /** Ids and titles by item index. */
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
}

export interface Index extends Catalogue {
  /** One way of reading a text after the other, the strictest first: the items it may mean. */
  readonly exact: readonly ((text: string) => readonly number[])[];
  readonly prefix: (text: string) => readonly number[];
  /** Of how many pieces between commas a name may be whose first piece this is, at most. */
  readonly reach: (piece: string) => number;
}

const grouped = (keys: readonly string[]): ReadonlyMap<string, readonly number[]> =>
  keys.reduce((map, key, item) => map.set(key, [...(map.get(key) ?? []), item]), new Map<string, readonly number[]>());

/** Case, accents' encoding and runs of spaces do not count. */
const folded = (text: string): string => text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();

/** Titles contain commas ("Matrix, The (1999)"); so many pieces of a list may belong together. */
const longestRun = 8;

/** How many pieces the names of several pieces have, by their first: the longest of each. */
const runs = (names: readonly string[]): ReadonlyMap<string, number> =>
  names.reduce((map, name) => {
    const [first = '', ...rest] = name.split(',');
    const head = folded(first);
    return rest.length === 0 ? map : map.set(head, Math.min(longestRun, Math.max(rest.length + 1, map.get(head) ?? 1)));
  }, new Map<string, number>());

export const index = ({ items, titles }: Catalogue): Index => {
  const names = titles ?? [];
  const low = names.map(folded);
  const tables = [grouped(items), grouped(names), grouped(low)] as const;
  const heads = runs([...items, ...names]);
  return {
    items,
    titles,
    exact: [(text) => tables[0].get(text) ?? [], (text) => tables[1].get(text) ?? [], (text) => tables[2].get(folded(text)) ?? []],
    prefix: (text) => {
      const start = folded(text);
      return start === '' ? [] : low.flatMap((name, item) => (name.startsWith(start) ? [item] : []));
    },
    reach: (piece) => heads.get(folded(piece)) ?? 1,
  };
};

/** `318 "Shawshank Redemption, The (1994)"`, or the id alone. */
export const nameOf = ({ items, titles }: Catalogue, item: number): string => {
  const [id, title] = [items[item] ?? String(item), titles?.[item]];
  return title === undefined || title === id ? id : `${id} "${title}"`;
};

/** Edits (insert, delete, replace) from one text to another: one row of the table at a time. */
export const distance = (a: string, b: string): number =>
  [...a].reduce<readonly number[]>(
    (row, letter, i) =>
      [...b].reduce<number[]>((next, other, j) => {
        next.push(Math.min((next[j] as number) + 1, (row[j + 1] as number) + 1, (row[j] as number) + (letter === other ? 0 : 1)));
        return next;
      }, [i + 1]),
    Array.from({ length: [...b].length + 1 }, (_, j) => j),
  ).at(-1) as number;

/** The items whose titles (or ids) look most like a text: those that contain it, then by edits to as long a beginning. */
export const nearest = (catalogue: Catalogue, text: string, count = 5): readonly number[] => {
  const wanted = folded(text);
  const far = (name: string): number => (name.includes(wanted) ? 0 : 1 + distance(wanted, name.slice(0, wanted.length + 2)));
  return (catalogue.titles ?? catalogue.items)
    .map((name, item) => ({ item, far: far(folded(name)) }))
    .sort((a, b) => a.far - b.far || a.item - b.item)
    .slice(0, count)
    .map(({ item }) => item);
};

const listed = (catalogue: Catalogue, found: readonly number[]): string =>
  `${found.slice(0, 5).map((item) => nameOf(catalogue, item)).join('; ')}${found.length > 5 ? `; and ${found.length - 5} more` : ''}`;

const one = (of: Index, text: string, found: readonly number[]): E.Either<string, number> =>
  found.length === 1
    ? E.right(found[0] as number)
    : found.length > 1
      ? E.left(`"${text}" may mean ${found.length} items: ${listed(of, found)}. Write more of the title, or the id.`)
      : E.left(`The model knows no item "${text}". The nearest: ${listed(of, nearest(of, text))}. Write an id or the beginning of a title of an item that occurs in the training data.`);

const firstFound = (readings: readonly ((text: string) => readonly number[])[], text: string): readonly number[] =>
  readings.reduce<readonly number[]>((found, read) => (found.length > 0 ? found : read(text)), []);

/** One item by its id, its title, its title in any case, or a beginning that no other title has. Left: the candidates. */
export const item = (of: Index) => (text: string): E.Either<string, number> => one(of, text.trim(), firstFound([...of.exact, of.prefix], text.trim()));

/** The pieces from one place on that are taken together, and the place after them. */
const runAt = (of: Index, pieces: readonly string[], from: number): { readonly to: number; readonly text: string } => {
  const single = { to: from + 1, text: (pieces[from] as string).trim() };
  const more = Array.from({ length: Math.min(of.reach(single.text), pieces.length - from) - 1 }, (_, i) => from + i + 2)
    .reverse()
    .map((to) => ({ to, text: pieces.slice(from, to).join(',').trim() }));
  const all = [...more, single];
  return all.find((run) => firstFound(of.exact, run.text).length > 0) ?? more.find((run) => of.prefix(run.text).length > 0) ?? single;
};

/**
 * A list separated by commas. From each place the longest run of pieces that is exactly an id or a title is taken, then the longest
 * that begins one. Left: the first piece that means nothing, or too much.
 */
export const list = (of: Index) => (text: string): E.Either<string, readonly number[]> => {
  const pieces = text.split(',');
  const found: number[] = [];
  for (let from = 0; from < pieces.length;) {
    const run = (pieces[from] as string).trim() === '' ? { to: from + 1, text: '' } : runAt(of, pieces, from);
    const next = run.text === '' ? undefined : item(of)(run.text);
    if (next !== undefined && E.isLeft(next)) return next;
    if (next !== undefined) found.push(next.right);
    from = run.to;
  }
  return E.right(found);
};
