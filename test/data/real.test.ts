/**
 * Real files, which may not be redistributed: these tests run where they lie beside the project. The figures are those of the
 * paper's Table 1 (of the copy of MovieLens-1M at hand, which lacks items rated under five times).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  evaluationBatches,
  leaveOneOut,
  load,
  ruled,
  seenMax,
  splitBy,
  splitSays,
  statistics,
  summary,
  titleOf,
  trainingBatches,
} from '../../runtime/data/index.js';
import { markov, metrics, popularity } from '../../runtime/metrics.js';
import { valueOf } from './support.js';

const folder = join(import.meta.dirname, '../../../shared/data');
const movieLens = join(folder, 'ml-1m.sequences.txt');
const titles = join(folder, 'ml-1m.movies.dat');
const beauty = join(folder, 'amazon-beauty.inter');

describe.runIf(existsSync(movieLens) && existsSync(titles))('MovieLens-1M', () => {
  it('has the statistics of the copy at hand, and its titles', async () => {
    const data = valueOf(await load(movieLens, { titles }));
    expect(statistics(data)).toMatchObject({ users: 6040, items: 3416, interactions: 999_611 });
    expect(titleOf(data, data.items.indexOf('1'))).toBe('Toy Story (1995)');
    expect(data.items.every((id) => data.titles?.has(id))).toBe(true);
    expect(data.titles?.size).toBe(3883);
  });

  it('is batched whole, for training and for evaluation', async () => {
    const parts = leaveOneOut(valueOf(await load(movieLens)));
    const epoch = [...trainingBatches(parts, { batch: 128, length: 200, seed: 1, epoch: 0 })];
    expect(epoch.reduce((rows, batch) => rows + batch.rows, 0)).toBe(6040);
    const seen = [...evaluationBatches(parts, 'test', { batch: 128, length: 200, seenMax: seenMax(parts) })];
    expect(seen.reduce((rows, batch) => rows + batch.rows, 0)).toBe(6040);
  });

  it('has a popularity baseline that a model must beat', async () => {
    const figures = metrics(popularity(leaveOneOut(valueOf(await load(movieLens))), 'test'));
    expect(figures['HR@10']).toBeCloseTo(0.0369, 4);
    expect(figures['NDCG@10']).toBeCloseTo(0.018, 4);
  });

  it('has a Markov chain that is far better, after the last item', async () => {
    const figures = metrics(markov(leaveOneOut(valueOf(await load(movieLens))), 'test'));
    expect(figures['HR@10']).toBeCloseTo(0.2144, 4);
    expect(figures['NDCG@10']).toBeCloseTo(0.1259, 4);
  });
});

describe.runIf(existsSync(beauty))('Amazon Beauty', () => {
  it('has the statistics of Table 1', async () => {
    const data = valueOf(await load(beauty));
    expect(summary(statistics(data))).toBe(
      'amazon-beauty: 22,363 users, 12,101 items, 198,502 interactions, mean length 8.88',
    );
    expect(data.times?.[0]).toBeGreaterThan(9e8);
  });

  it('divided by time asks for a quarter of items that training never met', async () => {
    const data = valueOf(await load(beauty));
    const of = splitBy(data, valueOf(ruled('time:0.9', data)));
    expect(splitSays(of)[1]).toBe(
      'Training has 160,760 events; validation asks 5,471 users for 13,629 items, 872 of which training never met; test asks 5,585 users for 15,610 items, 4,019 of which training never met.',
    );
  });
});
