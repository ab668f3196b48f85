import { expect, it } from 'vitest';
import { laidOut, type Line } from '../../compiler/code/lines.js';

it('sets blocks in, level by level', () => {
  expect(laidOut(['a {', ['b {', ['c', 'd'], '}'], '}'])).toEqual(['a {', '  b {', '    c', '    d', '  }', '}']);
});

it('takes a thousand blocks, one in the other, for no more text than as many beside one another', () => {
  const nested = Array.from({ length: 1000 }).reduce<readonly Line[]>((inside) => ['{', inside, '}'], ['x']);
  const lines = laidOut(nested);
  expect(lines.map((line) => line.trim()).join('')).toBe(`${'{'.repeat(1000)}x${'}'.repeat(1000)}`);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100);
});
