import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { told as shown } from '../../runtime/events.js';
import { distance, index, item, list, nameOf, nearest } from '../../runtime/lookup.js';
import { label } from '../../runtime/recommend.js';

const films = {
  items: ['10', '20', '30', '40', '50'],
  titles: ['Matrix, The (1999)', 'Heat (1995)', 'Heathers (1989)', 'Alien, or, The Eighth Passenger', 'Heat (1995)'],
};
const of = index(films);
const unique = index({ items: films.items.slice(0, 4), titles: films.titles.slice(0, 4) });

describe('one item', () => {
  it.each([
    ['20', 1],
    ['Matrix, The (1999)', 0],
    ['matrix,  the (1999)', 0],
    ['Heathers', 2],
    [' alien', 3],
  ])('reads %j', (text, at) => {
    expect(item(of)(text)).toEqual(E.right(at));
  });

  it('shows names that neither steer a terminal nor turn the rest of a line about', () => {
    const title = 'evil\u202E\u2066\u001B[2J\u0007\n';
    const told = 'evil<U+202E><U+2066><U+001B>[2J<U+0007><U+000A>';
    expect(nameOf({ items: ['1'], titles: [title] }, 0)).toBe(`1 "${told}"`);
    expect(label({ id: '1', title })).toBe(`${told} (1)`);
    expect(shown({ line: 2, message: `no ${title}` })).toBe(`line 2: no ${told.replace('<U+000A>', '\n')}`);
    // What scripts and emoji are written with stays.
    expect(label({ id: '1', title: '\u{1F469}\u200D\u{1F680} \u0645\u06CC\u200C\u062E' })).toContain('\u200D');
  });

  it('names the candidates of an ambiguous beginning or title', () => {
    expect(item(unique)('hea')).toEqual(
      E.left(expect.stringMatching(/"hea" may mean 2 items: 20 "Heat \(1995\)"; 30 "Heathers \(1989\)"/)),
    );
    expect(item(of)('Heat (1995)')).toEqual(E.left(expect.stringMatching(/may mean 2 items: 20 .*; 50 /)));
  });

  it('prefers the exact title to a longer one that begins with it', () => {
    const both = index({ items: ['a', 'b'], titles: ['Heat', 'Heathers'] });
    expect(item(both)('heat')).toEqual(E.right(0));
  });

  it('offers the nearest items for an unknown one', () => {
    expect(item(of)('Matrx')).toEqual(
      E.left(expect.stringMatching(/knows no item "Matrx"\. The nearest: 10 "Matrix, The \(1999\)"/)),
    );
    expect(item(index({ items: ['x1', 'x2', 'zz'], titles: null }))('x3')).toEqual(
      E.left(expect.stringMatching(/nearest: x1; x2/)),
    );
  });
});

describe('titles as people write them', () => {
  const many = [
    'Matrix, The (1999)',
    'Heat (1995)',
    'Heathers (1989)',
    'Red Heat (1988)',
    "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)",
    'Seven (a.k.a. Se7en) (1995)',
    'Star Wars (1977)',
    'Stardust (2007)',
    'Starship Troopers (1997)',
    "Ocean's Eleven (2001)",
    "Ocean's Eleven (1960)",
    'Spider-Man (2002)',
    '300 (2006)',
    'Alien (1979)',
    'Alien 3 (1992)',
    'Alien, or, The Eighth Passenger',
    '"Great Performances" Cats (1998)',
    "Auberge espagnole, L' (2002)",
    "Bug's Life, A (1998)",
    'فیلم خوب (2010)',
    '***',
  ];
  const shop = index({ items: many.map((_, i) => (i === 1 ? '300' : `${1000 + i}`)), titles: many });
  it.each([
    ['the matrix', 'Matrix, The (1999)'],
    ['The Matrix (1999)', 'Matrix, The (1999)'],
    ['matrix', 'Matrix, The (1999)'],
    ['Matrix, The', 'Matrix, The (1999)'],
    ['MATRIX 1999', 'Matrix, The (1999)'],
    ['Heat', 'Heat (1995)'],
    ['heat (1995)', 'Heat (1995)'],
    ['heath', 'Heathers (1989)'],
    ['red heat', 'Red Heat (1988)'],
    ['amelie', "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)"],
    ['AME\u0301LIE', "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)"],
    ['le fabuleux destin d’amelie poulain', "Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)"],
    ['se7en', 'Seven (a.k.a. Se7en) (1995)'],
    ['seven', 'Seven (a.k.a. Se7en) (1995)'],
    ['star', 'Star Wars (1977)'],
    ['starsh', 'Starship Troopers (1997)'],
    ['troopers', 'Starship Troopers (1997)'],
    ['roope', 'Starship Troopers (1997)'],
    ['oceans eleven (1960)', "Ocean's Eleven (1960)"],
    ['spider man', 'Spider-Man (2002)'],
    ['alien', 'Alien (1979)'],
    ['alien 3', 'Alien 3 (1992)'],
    ['300', 'Heat (1995)'],
    ['1006', 'Star Wars (1977)'],
    ["L'auberge espagnole", "Auberge espagnole, L' (2002)"],
    ["a bug's life", "Bug's Life, A (1998)"],
    ['cats', '"Great Performances" Cats (1998)'],
    ['فیلم', 'فیلم خوب (2010)'],
    ['***', '***'],
  ])('%j is %j', (text, title) => expect(item(shop)(text)).toEqual(E.right(many.indexOf(title))));

  it('say how to choose where there are several', () => {
    expect(item(shop)("ocean's eleven")).toEqual(
      E.left(
        '"ocean\'s eleven" may mean 2 items: 1009 "Ocean\'s Eleven (2001)"; 1010 "Ocean\'s Eleven (1960)". Write the whole title, with its year if it has one, or the id.',
      ),
    );
    expect(item(of)('heat')).toEqual(
      E.left('"heat" may mean 2 items: 20 "Heat (1995)"; 50 "Heat (1995)". Write the id.'),
    );
    expect(item(shop)("ocean's eleven (1970)")).toEqual(E.left(expect.stringContaining('knows no item')));
  });

  it('stand in lists between quotes, where a comma is a part of the title and a title comes before an id', () => {
    const titled = (text: string) => {
      const found = list(shop)(text);
      return E.isRight(found) ? found.right.map((at) => many[at]) : found.left;
    };
    expect(titled('"Matrix, The (1999)", "300",300')).toEqual(['Matrix, The (1999)', '300 (2006)', 'Heat (1995)']);
    expect(titled('“matrix, the” , heat , the matrix')).toEqual([
      'Matrix, The (1999)',
      'Heat (1995)',
      'Matrix, The (1999)',
    ]);
    expect(titled('"Great Performances" Cats (1998), Heat')).toEqual([
      '"Great Performances" Cats (1998)',
      'Heat (1995)',
    ]);
    expect(titled('"""Great Performances"" Cats (1998)"')).toEqual(['"Great Performances" Cats (1998)']);
    expect(titled('alien, 1014')).toEqual(['Alien (1979)', 'Alien 3 (1992)']);
    expect(titled('alien, "or, the"')).toEqual(['Alien (1979)', 'Alien, or, The Eighth Passenger']);
    expect(titled('"", heat')).toEqual(['Heat (1995)']);
    expect(titled('"unclosed, heat')).toMatch(/knows no item ""unclosed"/);
  });

  it('find themselves, whatever the catalogue', () => {
    const title = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((text) => text.trim())
      .filter((text) => text !== '');
    fc.assert(
      fc.property(fc.uniqueArray(title, { minLength: 1, maxLength: 12 }), (names) => {
        const of = index({ items: names.map((_, i) => `#${i}`), titles: names });
        names.forEach((name, at) => expect(item(of)(name)).toEqual(E.right(at)));
        names.forEach((name, at) => expect(list(of)(`"${name.replace(/"/g, '""')}"`)).toEqual(E.right([at])));
      }),
    );
  });
});

describe('a list of items', () => {
  it('keeps titles with commas whole, beside ids and beginnings', () => {
    expect(list(unique)('Matrix, The (1999), 30, alien, or, heathers,20,')).toEqual(E.right([0, 2, 3, 2, 1]));
    expect(list(unique)('matrix,heathers')).toEqual(E.right([0, 2]));
  });

  it('takes the longest title that begins with a piece, and a piece alone where none goes on so', () => {
    const sequels = index({
      items: ['1', '2', '3', '4'],
      titles: ['Alien', 'Alien, Again', 'Alien, Again, At Last', 'Heat, or, Cold'],
    });
    expect(list(sequels)('alien,  AGAIN, at last, Alien, Again, alien, heat, OR, 1, heat, 4')).toEqual(
      E.right([2, 1, 0, 3, 0, 3, 3]),
    );
  });

  it('reads histories of any length', () => {
    const long = Array.from({ length: 50_000 }, (_, i) => i % films.titles.length);
    expect(list(unique)(long.map((i) => unique.items[i % 4]).join(','))).toEqual(E.right(long.map((i) => i % 4)));
  });

  it('reads back any list of the titles or ids it was written from', () => {
    const at = fc.nat(unique.items.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(at, fc.boolean())), (chosen) => {
        const text = chosen.map(([i, byTitle]) => (byTitle ? films.titles[i] : films.items[i])).join(', ');
        expect(list(unique)(text)).toEqual(E.right(chosen.map(([i]) => i)));
      }),
    );
  });

  it('never throws, and never gives an item for a text that means none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const found = list(unique)(text);
        if (E.isRight(found)) expect(found.right.length).toBeLessThanOrEqual(text.split(',').length);
      }),
    );
    expect(E.isLeft(list(unique)('20, nothing at all'))).toBe(true);
  });
});

describe('nearness', () => {
  const text = fc.string({ maxLength: 8 });
  it('is a distance', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
      }),
    );
    expect(distance('kitten', 'sitting')).toBe(3);
  });

  it('puts containing titles first', () => {
    expect(nearest(films, 'eighth', 1)).toEqual([3]);
  });
});
