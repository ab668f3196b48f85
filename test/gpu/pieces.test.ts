/** Pieces of emitted code: brackets come where a piece is put inside another, and what a piece needs is known without reading it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scalars, type ScalarName } from '../../dsl/scalar.js';
import { helperNames, helpers, withCalled } from '../../compiler/targets/gpu/helpers.js';
import { element, inside, integer, literal, name, type Piece } from '../../compiler/targets/gpu/piece.js';
import { conditions, counts, floats, integers } from '../../compiler/targets/gpu/scalars.js';

const names = Object.keys(scalars) as readonly ScalarName[];
const called = (text: string): readonly string[] =>
  helperNames.filter((fn) => new RegExp(`(?<!function )\\b${fn}\\(`).test(text));

/** A value with what JavaScript must make of its text. */
interface Worth {
  readonly piece: Piece;
  readonly value: number;
}
const [a, b] = [6.5, -3];
const worth: fc.Arbitrary<Worth> = fc.letrec<{ worth: Worth }>((tie) => ({
  worth: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<Worth>({ piece: name('a'), value: a }, { piece: name('b'), value: b }),
    fc.integer({ min: -9, max: 9 }).map((value): Worth => ({ piece: literal(value, 'f32'), value })),
    tie('worth').map(({ piece, value }): Worth => ({ piece: floats.neg(piece), value: -value })),
    fc
      .tuple(tie('worth'), tie('worth'), fc.constantFrom('add', 'sub', 'mul', 'div', 'max'))
      .map(([x, y, fn]): Worth => {
        const [p, q] = [x.value, y.value];
        const made = { add: p + q, sub: p - q, mul: p * q, div: p / q, max: Math.max(p, q) };
        return { piece: floats[fn](x.piece, y.piece), value: made[fn] };
      }),
    fc.tuple(tie('worth'), tie('worth'), tie('worth')).map(([p, x, y]): Worth => ({
      piece: floats.select(floats.lt(p.piece, x.piece), x.piece, y.piece),
      value: p.value < x.value ? x.value : y.value,
    })),
  ),
})).worth;

describe('a piece', () => {
  it('keeps its meaning inside others, whatever they are', () => {
    fc.assert(
      fc.property(worth, ({ piece, value }) => {
        const run = new Function('a', 'b', `return [${piece.text}, 2 * ${inside(piece)}];`);
        expect(run(a, b)).toEqual([value, 2 * value]);
      }),
      { numRuns: 300 },
    );
  });

  it.each(names)('of %s knows the helpers it calls and the arrays it reads', (fn) => {
    const read = element('list', integer(2));
    for (const table of [floats, conditions, counts, integers]) {
      const plain = table[fn](name('x'), name('y'), name('z'));
      expect([...plain.helpers]).toEqual(called(plain.text));
      expect(plain.reads).toBe(false);
      const nested = floats.add(name('x'), table[fn](read, read, read));
      expect(nested.reads).toBe(true);
      expect([...nested.helpers]).toEqual(called(nested.text));
    }
  });

  it('is bracketed where it is an operation, which a negative number is', () =>
    expect([name('x'), integer(7), integer(-7), element('list', integer(-1))].map(inside)).toEqual([
      'x',
      '7',
      '(-7)',
      'list[-1]',
    ]));
});

describe('helpers', () => {
  it.each(helperNames)('%s comes with those that it calls, each above the one that calls it', (fn) => {
    const needed = withCalled(new Set([fn]));
    expect(needed.at(-1)).toBe(fn);
    needed.forEach((helper, k) => {
      const others = called(helpers[helper]);
      expect(others.filter((other) => !needed.slice(0, k).includes(other as typeof fn))).toEqual([]);
    });
    expect(needed).toEqual(helperNames.filter((n) => n === fn || called(helpers[fn]).includes(n)));
  });
});
