/** The page of a comparison, of given results. */
import * as E from 'fp-ts/lib/Either.js';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { comparisonOf } from '../../runtime/compare/comparison.js';
import { again, bucketFigures, comparisonPage } from '../../runtime/compare/page.js';
import { planOf } from '../../runtime/compare/plan.js';
import type { RunResult } from '../../runtime/compare/result.js';
import { load, split } from '../../runtime/data/index.js';
import { metrics, worths } from '../../runtime/metrics.js';
import { pictures } from '../../runtime/report/pictures.js';

const bad = '<img src=x>"&';
const data = await load('sample').then((found) => {
  if (E.isLeft(found)) throw new Error(found.left);
  return found.right;
});
const parts = split(data);
const users = parts.held.test.users.length;

const result = (model: string, seed: number, rank: (user: number) => number): RunResult => {
  const ranks = Array.from({ length: users }, (_, user) => rank(user));
  return {
    format: 'pcrec-comparison-1',
    identity: {
      model,
      manifest: `hash ${bad}`,
      data: 'digest',
      settings: { seed, batch: 64, epochs: 5, patience: 3, protocol: 'standard' },
    },
    outcome: {
      data: { name: bad, users, items: 400, interactions: 12_236, meanLength: 20 },
      hyper: { width: 8 },
      parameters: 1234,
      epochs: 5,
      best: 4,
      chosen: metrics(ranks),
      test: metrics(ranks),
      popularity: metrics(ranks),
      ranks,
    },
    measured: { backend: 'wasm', seconds: [3, 1, 2] },
  };
};
const results = [
  result('hstu', 1, (user) => 1 + (user % 30)),
  result('hstu', 2, (user) => 1 + (user % 25)),
  result(bad, 1, (user) => 1 + (user % 9)),
  result(bad, 2, (user) => 1 + (user % 11)),
];
const comparison = comparisonOf(results, ['hstu', bad], ['hstu']);
if (E.isLeft(comparison)) throw new Error(comparison.left);
const figures = bucketFigures(parts, results);

const planned = planOf({
  models: ['hstu@large'],
  set: ['hstu@large:heads=2'],
  seeds: [1, 2],
  data: "a'b.csv",
  actions: ['x', 'y'],
  epochs: 5,
});
if (E.isLeft(planned)) throw new Error(planned.left);
const plan = planned.right;

describe('the page of a comparison', () => {
  it('has figures by bucket that are means over seeds, and come to the whole', () => {
    const own = figures.filter((f) => f.of === 'hstu' && f.measure === 'NDCG' && f.cutoff === 10);
    const mean = ([1, 2] as const)
      .map((seed) => results.find(({ identity }) => identity.model === 'hstu' && identity.settings.seed === seed)!)
      .map(({ outcome }) => worths('NDCG@10', outcome.ranks).reduce((a, b) => a + b, 0) / users / 2)
      .reduce((a, b) => a + b);
    for (const by of ['history', 'popularity']) {
      const buckets = own.filter((f) => f.by === by);
      expect(buckets.length).toBeGreaterThan(1);
      expect(buckets.reduce((sum, { count, value }) => sum + (count * value!) / users, 0)).toBeCloseTo(mean, 10);
    }
  });

  it('tells each interval as its numbers have it, and takes labels for labels', async () => {
    const curves = [
      {
        name: `${bad}, seed 1`,
        points: [
          { x: 1, y: 0.1 },
          { x: 2, y: 0.2 },
        ],
      },
      { name: 'hstu, seed 1', points: [] },
    ];
    for (const drawn of [(await pictures())!, undefined]) {
      const { document } = parseHTML(comparisonPage(comparison.right, results, curves, figures, again(plan), drawn));
      expect(document.querySelectorAll('img, script, [src]').length).toBe(0);
      expect(document.querySelector('pre')!.textContent).toBe(
        `pcrec-compare --models hstu@large --seeds 1,2 --set hstu@large:heads=2 --data 'a'\\''b.csv' --actions x,y --epochs 5 --batch 128 --patience 10 --protocol standard --device auto --out results`,
      );
      expect(document.querySelector('h1')!.textContent).toBe(`hstu, ${bad} on ${bad}`);
      const [verdict] = comparison.right.verdicts;
      const cells = [...document.querySelectorAll('table')]
        .find((table) => table.querySelector('caption')!.textContent === 'Against hstu')!
        .querySelectorAll('tbody th, tbody td');
      expect([...cells].map((cell) => cell.textContent).slice(0, 2)).toEqual([
        bad,
        `+${verdict!.difference.toFixed(4)}`,
      ]);
      const svgs = [...document.querySelectorAll('svg')];
      expect(svgs.length).toBe(drawn === undefined ? 0 : 5);
      svgs.forEach((svg) => expect(svg.outerHTML).not.toContain('NaN'));
      if (drawn !== undefined)
        expect(svgs[1]!.getAttribute('aria-label')).toContain(
          `${verdict!.difference.toFixed(4)} from ${verdict!.interval[0].toFixed(4)} to ${verdict!.interval[1].toFixed(4)}`,
        );
    }
  });
});
