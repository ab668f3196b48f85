/** From what a person writes to items of the catalogue: ids, titles, parts of titles. */
import * as E from 'fp-ts/lib/Either.js';
import { type Forms, folded, formsOf, wordsOf } from './names.js';
import { lazy } from './contract/once.js';
import { steady } from './contract/words.js';

export interface Catalogue {
  /** Ids and titles by item index. */
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
}

/** One way of reading a text: the items that it may mean. */
type Reading = (text: string) => readonly number[];
/** One that looks at each of the items [from, to): all of them, unless given. */
type Looking = (text: string, from?: number, to?: number) => readonly number[];

export interface Index extends Catalogue {
  readonly id: Reading;
  /** A title from its first letter to its last, the strictest reading first: as it is, folded, then by its forms. */
  readonly exact: readonly Reading[];
  /** A part of a title: its beginning, words of it, letters of it. */
  readonly partial: readonly Looking[];
  /** The beginning of a title with all its signs: commas too, which divide a list. */
  readonly begins: Reading;
  /** Of how many pieces between commas a name may be whose first piece this is, at most. */
  readonly reach: (piece: string) => number;
}

const grouped = (keys: Iterable<readonly [key: string, item: number]>): ReadonlyMap<string, readonly number[]> => {
  const map = new Map<string, number[]>();
  for (const [key, item] of keys) {
    const known = map.get(key);
    if (known === undefined) map.set(key, [item]);
    else if (known.at(-1) !== item) known.push(item);
  }
  return map;
};

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
  const places = (keys: readonly string[]) => grouped(keys.map((key, item) => [key, item] as const));
  const byId = places(items);
  const byTitle = lazy(() => places(names));
  const forms = lazy(() => names.map(formsOf));
  const byForm = (form: keyof Forms) =>
    lazy(() => grouped(forms().flatMap((of, item) => of.map((one) => [one[form], item] as const))));
  const tables = { whole: byForm('whole'), dated: byForm('dated'), undated: byForm('undated'), bare: byForm('bare') };
  /** A text is compared by the same form of its own; one of no letters has none. */
  const as =
    (form: keyof Forms): Reading =>
    (text) => {
      const own = formsOf(text)[0]![form];
      return own === '' ? [] : (tables[form]().get(own) ?? []);
    };
  /** A year that is written must be the title's, so forms without a year are for texts without one. */
  const yearless =
    (form: 'undated' | 'bare'): Reading =>
    (text) => {
      const own = formsOf(text)[0]!;
      return own.dated === own.undated ? as(form)(text) : [];
    };
  const where =
    (test: (form: Forms, words: string, text: string) => boolean): Looking =>
    (text, from = 0, to = names.length) => {
      const [low, words] = [folded(text), wordsOf(folded(text))];
      const found: number[] = [];
      if (low !== '')
        for (let item = from; item < Math.min(to, names.length); item++)
          if (forms()[item]!.some((form) => test(form, words, low))) found.push(item);
      return found;
    };
  const begins = (form: Forms, words: string, text: string): boolean =>
    form.whole.startsWith(text) || (words !== '' && [form.dated, form.bare].some((name) => name.startsWith(words)));
  const heads = lazy(() => runs([...items, ...names]));
  return {
    items,
    titles,
    id: (text) => byId.get(text) ?? [],
    exact: [(text) => byTitle().get(text) ?? [], as('whole'), as('dated'), yearless('undated'), yearless('bare')],
    partial: [
      // A beginning that ends with a word is nearer than one that ends inside: "star" before "stardust".
      where((form, words, text) => begins(form, `${words} `, `${text} `)),
      where(begins),
      where((form, words) => words !== '' && ` ${form.dated} `.includes(` ${words} `)),
      where((form, words, text) => form.whole.includes(text) || (words !== '' && form.dated.includes(words))),
    ],
    begins: where((form, _words, text) => form.whole.startsWith(text)),
    reach: (piece) => heads().get(folded(piece)) ?? 1,
  };
};

/** `318 "Shawshank Redemption, The (1994)"`, or the id alone. */
export const nameOf = ({ items, titles }: Catalogue, item: number): string => {
  const [id, title] = [items[item] ?? String(item), titles?.[item]];
  return steady(title === undefined || title === id ? id : `${id} "${title}"`);
};

/** Edits (insert, delete, replace) from one text to another: one row of the table at a time. */
export const distance = (a: string, b: string): number =>
  [...a]
    .reduce<readonly number[]>(
      (row, letter, i) =>
        [...b].reduce<number[]>(
          (next, other, j) => {
            next.push(
              Math.min(
                (next[j] as number) + 1,
                (row[j + 1] as number) + 1,
                (row[j] as number) + (letter === other ? 0 : 1),
              ),
            );
            return next;
          },
          [i + 1],
        ),
      Array.from({ length: [...b].length + 1 }, (_, j) => j),
    )
    .at(-1) as number;

/** The items whose titles (or ids) look most like a text: those that contain it, then by edits to as long a beginning. */
export const nearest = (catalogue: Catalogue, text: string, count = 5): readonly number[] => {
  const wanted = folded(text);
  const far = (name: string): number =>
    name.includes(wanted) ? 0 : 1 + distance(wanted, name.slice(0, wanted.length + 2));
  return (catalogue.titles ?? catalogue.items)
    .map((name, item) => ({ item, far: far(folded(name)) }))
    .sort((a, b) => a.far - b.far || a.item - b.item)
    .slice(0, count)
    .map(({ item }) => item);
};

const listed = (catalogue: Catalogue, found: readonly number[]): string =>
  `${found
    .slice(0, 5)
    .map((item) => nameOf(catalogue, item))
    .join('; ')}${found.length > 5 ? `; and ${found.length - 5} more` : ''}`;

/** What tells several items of one text apart: more of the title, unless they have one title. */
const choice = ({ titles }: Catalogue, found: readonly number[]): string =>
  new Set(found.map((item) => titles?.[item])).size === found.length
    ? 'Write the whole title, with its year if it has one, or the id.'
    : 'Write the id.';

const one = (of: Index, text: string, found: readonly number[]): E.Either<string, number> =>
  found.length === 1
    ? E.right(found[0] as number)
    : found.length > 1
      ? E.left(`"${text}" may mean ${found.length} items: ${listed(of, found)}. ${choice(of, found)}`)
      : E.left(
          `The model knows no item "${text}". The nearest: ${listed(of, nearest(of, text))}. Write an id, a title or a part of a title of an item that occurs in the training data.`,
        );

const firstFound = (readings: readonly Reading[], text: string): readonly number[] =>
  readings.reduce<readonly number[]>((found, read) => (found.length > 0 ? found : read(text)), []);

/**
 * One item: by its id; else by its title, in any case, without accents, without the year, with its article anywhere; else by the
 * beginning of a title, by words of it, by letters of it, whichever first finds something. Left: several, and how to choose.
 */
export const item =
  (of: Index) =>
  (text: string): E.Either<string, number> => {
    const wanted = text.trim();
    // Nearly all that is asked for is an id.
    const own = of.id(wanted);
    return one(of, wanted, own.length > 0 ? own : firstFound([...of.exact, ...of.partial], wanted));
  };

/** The same for what stands between quotes, which is a title before it is an id. */
const quotedItem =
  (of: Index) =>
  (text: string): E.Either<string, number> =>
    one(of, text.trim(), firstFound([...of.exact, of.id, ...of.partial], text.trim()));

/** What stands between two commas; between quotes a comma is a part of the name. */
interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

/** A piece that is in quotes, up to a comma or the end; `""` inside is one quote. */
const quotedPiece = /\s*(?:"((?:[^"]|"")*)"|“([^”]*)”)\s*(?:,|$)/y;

const piecesOf = (text: string): readonly Piece[] => {
  const pieces: Piece[] = [];
  for (let from = 0; from < text.length;) {
    quotedPiece.lastIndex = from;
    const found = quotedPiece.exec(text);
    if (found !== null) {
      pieces.push({ text: (found[1]?.replace(/""/g, '"') ?? found[2] ?? '').trim(), quoted: true });
      from = quotedPiece.lastIndex;
      continue;
    }
    const comma = text.indexOf(',', from);
    const to = comma < 0 ? text.length : comma;
    pieces.push({ text: text.slice(from, to), quoted: false });
    from = to + 1;
  }
  return pieces;
};

/** The pieces from one place on that are taken together, and the place after them. */
const runAt = (of: Index, pieces: readonly Piece[], from: number): { readonly to: number; readonly text: string } => {
  const single = { to: from + 1, text: (pieces[from] as Piece).text.trim() };
  const near = pieces.slice(from, from + of.reach(single.text));
  const quote = near.findIndex(({ quoted }) => quoted);
  const free = quote < 0 ? near : near.slice(0, quote);
  const more = free
    .slice(1)
    .map((_, i) => ({
      to: from + i + 2,
      text: free
        .slice(0, i + 2)
        .map((piece) => piece.text)
        .join(',')
        .trim(),
    }))
    .reverse();
  const [verbatim, whole] = of.exact as readonly [Reading, Reading];
  const exactly = [...more, single].find((run) => firstFound([of.id, verbatim, whole], run.text).length > 0);
  return exactly ?? more.find((run) => of.begins(run.text).length > 0) ?? single;
};

/**
 * A list separated by commas; a name in quotes may hold them. Without quotes, from each place the longest run of pieces that is
 * exactly an id or a title is taken, then the longest that begins one. Left: the first piece that means
 * nothing, or too much.
 */
export const list =
  (of: Index) =>
  (text: string): E.Either<string, readonly number[]> => {
    const pieces = piecesOf(text);
    const found: number[] = [];
    for (let from = 0; from < pieces.length;) {
      const { text: piece, quoted } = pieces[from] as Piece;
      const run = quoted || piece.trim() === '' ? { to: from + 1, text: piece.trim() } : runAt(of, pieces, from);
      const next = run.text === '' ? undefined : (quoted ? quotedItem : item)(of)(run.text);
      if (next !== undefined && E.isLeft(next)) return next;
      if (next !== undefined) found.push(next.right);
      from = run.to;
    }
    return E.right(found);
  };
