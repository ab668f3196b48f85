import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { distance, index, item, list, nearest } from '../../runtime/lookup.js';

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

  it('names the candidates of an ambiguous beginning or title', () => {
    expect(item(unique)('hea')).toEqual(E.left(expect.stringMatching(/"hea" may mean 2 items: 20 "Heat \(1995\)"; 30 "Heathers \(1989\)"/)));
    expect(item(of)('Heat (1995)')).toEqual(E.left(expect.stringMatching(/may mean 2 items: 20 .*; 50 /)));
  });

  it('prefers the exact title to a longer one that begins with it', () => {
    const both = index({ items: ['a', 'b'], titles: ['Heat', 'Heathers'] });
    expect(item(both)('heat')).toEqual(E.right(0));
  });

  it('offers the nearest items for an unknown one', () => {
    expect(item(of)('Matrx')).toEqual(E.left(expect.stringMatching(/knows no item "Matrx"\. The nearest: 10 "Matrix, The \(1999\)"/)));
    expect(item(index({ items: ['x1', 'x2', 'zz'], titles: null }))('x3')).toEqual(E.left(expect.stringMatching(/nearest: x1; x2/)));
  });
});

describe('a list of items', () => {
  it('keeps titles with commas whole, beside ids and beginnings', () => {
    expect(list(unique)('Matrix, The (1999), 30, alien, or, heathers,20,')).toEqual(E.right([0, 2, 3, 2, 1]));
    expect(list(unique)('matrix,heathers')).toEqual(E.right([0, 2]));
  });

  it('takes the longest title that begins with a piece, and a piece alone where none goes on so', () => {
    const sequels = index({ items: ['1', '2', '3', '4'], titles: ['Alien', 'Alien, Again', 'Alien, Again, At Last', 'Heat, or, Cold'] });
    expect(list(sequels)('alien,  AGAIN, at last, Alien, Again, alien, heat, OR, 1, heat, 4')).toEqual(E.right([2, 1, 0, 3, 0, 3, 3]));
  });

  it('reads histories of any length', () => {
    const long = Array.from({ length: 50_000 }, (_, i) => i % films.titles.length);
    expect(list(unique)(long.map((i) => unique.items[i % 4]).join(','))).toEqual(E.right(long.map((i) => i % 4)));
  });

  it('reads back any list of the titles or ids it was written from', () => {
    const at = fc.nat(unique.items.length - 1);
    fc.assert(fc.property(fc.array(fc.tuple(at, fc.boolean())), (chosen) => {
      const text = chosen.map(([i, byTitle]) => (byTitle ? films.titles[i] : films.items[i])).join(', ');
      expect(list(unique)(text)).toEqual(E.right(chosen.map(([i]) => i)));
    }));
  });

  it('never throws, and never gives an item for a text that means none', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const found = list(unique)(text);
      if (E.isRight(found)) expect(found.right.length).toBeLessThanOrEqual(text.split(',').length);
    }));
    expect(E.isLeft(list(unique)('20, nothing at all'))).toBe(true);
  });
});

describe('nearness', () => {
  const text = fc.string({ maxLength: 8 });
  it('is a distance', () => {
    fc.assert(fc.property(text, text, text, (a, b, c) => {
      expect(distance(a, b)).toBe(distance(b, a));
      expect(distance(a, b) === 0).toBe(a === b);
      expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
    }));
    expect(distance('kitten', 'sitting')).toBe(3);
  });

  it('puts containing titles first', () => {
    expect(nearest(films, 'eighth', 1)).toEqual([3]);
  });
});
