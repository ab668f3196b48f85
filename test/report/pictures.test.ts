/** What pictures of lines show: whiskers where there are any, and the colours that they are told. */
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { pictures } from '../../runtime/report/pictures.js';

const told = { says: 'a by b', x: 'b', y: 'a' };
const points = [
  { x: 1, y: 2, between: [1.5, 2.5] as const },
  { x: 2, y: 3 },
];
const documentOf = async (...series: Parameters<NonNullable<Awaited<ReturnType<typeof pictures>>>['lines']>[1]) =>
  parseHTML(`<html><body>${(await pictures())!.lines(told, series).text}</body></html>`).document;

describe('lines', () => {
  it('have a whisker at each point that says how far it may be off', async () => {
    const rules = (await documentOf({ name: 'one', points })).querySelectorAll('[aria-label="rule"] line');
    expect(rules.length).toBe(1);
    const bare = await documentOf({ name: 'one', points: points.map(({ x, y }) => ({ x, y })) });
    expect(bare.querySelectorAll('[aria-label="rule"]').length).toBe(0);
  });
  it('have the colour that they are told, and else that of their place, in the legend too', async () => {
    const found = await documentOf({ name: 'one', points, colour: 4 }, { name: 'two', points });
    const [first, second] = [...found.querySelectorAll('[aria-label="line"]')].map((l) => l.getAttribute('stroke'));
    expect([first, second]).toEqual(['var(--c5)', 'var(--c2)']);
    expect([...found.querySelectorAll('.legend i')].map((i) => i.getAttribute('style'))).toEqual([
      'background:var(--c5)',
      'background:var(--c2)',
    ]);
  });
});
