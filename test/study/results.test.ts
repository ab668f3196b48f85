/** What the study makes of results: cells that wait, results that lack what was added since, time left, what it says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cell, Study } from '../../examples/study/declared.js';
import { foundOf } from '../../examples/study/found.js';
import { studyPage } from '../../examples/study/page.js';
import { reading } from '../../examples/study/reading.js';
import { secondsFor, timeLeft } from '../../examples/study/remaining.js';
import {
  askedOf,
  cellsOf,
  format,
  isWhole,
  keep,
  kept,
  type Kept,
  packed,
  resultsOf,
  type Search,
  searchAsked,
  searchFormat,
  sideFile,
  strays,
  unpacked,
  writeParts,
} from '../../examples/study/result.js';
import { againOf, curvesOf, linesOf, made } from '../../examples/study/tables.js';
import { metrics } from '../../runtime/metrics.js';

const study: Study = {
  data: 'sample',
  options: { epochs: 2 },
  set: ['width=8'],
  seeds: [1, 2],
  cells: [
    { name: 'hstu', model: 'hstu' },
    { name: 'pcrec', model: 'pcrec', steps: [0, 1], again: ['horizon=last'] },
    { name: 'hstu 50 %', model: 'hstu', share: 0.5 },
    { name: 'hstu tuned', model: 'hstu', tuned: 'hstu', set: ['blocks=1'] },
  ],
  tables: [
    {
      title: 'Share of the training data',
      says: '',
      cells: ['hstu', 'hstu 50 %'],
      against: 'hstu',
      plot: {
        x: 'share',
        lines: [
          {
            name: 'hstu',
            points: [
              { x: 50, cell: 'hstu 50 %' },
              { x: 100, cell: 'hstu' },
            ],
          },
        ],
      },
    },
  ],
  search: { cells: ['hstu'], space: 'dropout=0..0.5', trials: 3, epochs: 3, seed: 1 },
};
const cell = (name: string): Cell => study.cells.find((one) => one.name === name)!;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pcrec-results-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A run whose users have these ranks. */
const result = (of: Cell, seed: number, ranks: readonly number[], more: Partial<Kept> = {}): Kept => {
  const tested = { metrics: metrics(ranks), ranks: packed(ranks) };
  return {
    format,
    asked: askedOf('a', study, of, seed),
    hashes: { model: 'm', data: 'd' },
    data: { name: 'sample', users: ranks.length, items: 9, interactions: 40, meanLength: 5 },
    parameters: 10,
    epochs: { trained: 10, best: 8 },
    validation: null,
    test: tested,
    steps: {},
    popularity: tested.metrics,
    measured: { seconds: 2, backend: 'wasm' },
    machine: { processor: 'one' },
    command: 'npm run study',
    ...more,
  };
};

describe('results of the study', () => {
  it('are asked for in words that cells of before have had, whatever cells may say since', () =>
    expect(JSON.stringify(askedOf('a', study, { name: 'hstu', model: 'hstu' }, 1))).toBe(
      '{"study":"a","cell":"hstu","data":"sample","model":"hstu","set":["width=8"],"options":{"epochs":2},"seed":1}',
    ));

  it('count in tables where they lack tests that were added since, and are done again', () => {
    const pcrec = cell('pcrec');
    const half = result(pcrec, 1, [1, 2], { steps: { 1: result(pcrec, 1, [3, 4]).test } });
    keep(folder, half);
    const found = resultsOf(folder, 'a', study);
    expect(found).toEqual([half]);
    expect(isWhole(found[0]!, pcrec)).toBe(false);
    expect(
      isWhole({ ...half, steps: { ...half.steps, 0: half.test }, again: { 'horizon=last': half.test } }, pcrec),
    ).toBe(true);
    expect(curvesOf(study, found)).toEqual([
      { cell: 'pcrec', points: [{ x: 1, figure: { mean: half.steps['1']!.metrics['NDCG@10'], sd: null } }] },
    ]);
    expect(againOf(study, found)).toEqual({});
    const rows = {
      title: '',
      says: '',
      cells: ['pcrec', 'pcrec with steps=1', 'pcrec with steps=0'],
      against: 'pcrec',
    };
    expect(made(rows, found)!.rows.map(({ cell: row, figures }) => [row, figures.MRR.mean])).toEqual([
      ['pcrec', half.test.metrics.MRR],
      ['pcrec with steps=1', half.steps['1']!.metrics.MRR],
    ]);
    expect(kept(folder, askedOf('a', { ...study, set: ['width=9'] }, pcrec, 1))).toBeUndefined();
  });

  it('of a tuned cell wait for its search, and are of what that found', () => {
    expect(cellsOf(folder, 'a', study).map(({ name }) => name)).not.toContain('hstu tuned');
    const search: Search = {
      format: searchFormat,
      asked: searchAsked('a', study, 'hstu')!,
      hashes: { data: 'd' },
      rungs: [],
      trials: [{ set: ['dropout=0.25'], rung: 0, epochs: 3, best: 3, value: 0.1 }],
      seconds: 1,
      machine: {},
      command: '',
    };
    writeParts(sideFile(folder, 'a', 'hstu', 'search'), search);
    const tuned = cellsOf(folder, 'a', study).at(-1)!;
    expect(askedOf('a', study, tuned, 1).set).toEqual(['width=8', 'blocks=1', 'dropout=0.25']);
    expect(strays(folder, 'a', study)).toEqual([]);
    // Another space is another search.
    const other = { ...study, search: { ...study.search!, space: 'dropout=0..0.9' } };
    expect(cellsOf(folder, 'a', other)).toHaveLength(3);
    expect(strays(folder, 'a', other)).toEqual([sideFile(folder, 'a', 'hstu', 'search')]);
  });

  it('say how long others take: of the cell, else of its model and share, else of the study', () => {
    const done = [result(cell('hstu'), 1, [1]), result(cell('pcrec'), 1, [1], { epochs: { trained: 30, best: 1 } })];
    const of = (name: string) => secondsFor({ cell: cell(name), study: 'a' }, done);
    expect([of('hstu'), of('pcrec'), of('hstu 50 %')]).toEqual([20, 60, 10]);
    expect(secondsFor({ cell: { name: 'x', model: 'x' }, study: 'b' }, done)).toBeNull();
    const left = [
      { cell: cell('hstu'), study: 'a' },
      { cell: cell('hstu'), study: 'b' },
    ];
    expect(timeLeft(left, done)).toEqual({ seconds: 20, known: 1 });
  });

  it('keep what short lists need of ranks', () =>
    expect([...unpacked(packed([1, 50, 51, 999]))]).toEqual([1, 50, 51, 51]));

  it('are read as they are: better only where the test says so', () => {
    const users = 400;
    const ranks = (of: (user: number) => number) => Array.from({ length: users }, (_, user) => of(user));
    const base = ranks((user) => 1 + (user % 40));
    keep(folder, result(cell('hstu'), 1, base));
    keep(
      folder,
      result(
        cell('hstu 50 %'),
        1,
        ranks((user) => 2 + (user % 40)),
      ),
    );
    const says = (pcrec: readonly number[]): string => {
      keep(folder, result(cell('pcrec'), 1, pcrec));
      return reading(foundOf(folder, 'a', study)).join('\n');
    };
    expect(says(ranks((user) => Math.max(1, user % 40)))).toContain('PCRec is better than HSTU: +');
    expect(says(ranks((user) => 3 + (user % 40)))).toContain('PCRec is worse than HSTU: −');
    expect(says(base)).toContain('PCRec cannot be told from HSTU');
    expect(says(base)).toContain('pick HSTU');
    // Beside models that read the same: times are more than positions alone.
    const beside = (set: readonly string[]): string => {
      const asked: Study = { ...study, published: 'ML-1M', set };
      return reading({ ...foundOf(folder, 'a', study), study: asked }).join('\n');
    };
    expect(beside([])).toContain('of models that read no times, is .1944');
    expect(beside(['times=true'])).toContain('is .2164 (HSTU large with times');
    const found = foundOf(folder, 'a', study);
    // The claim is of the error: the same parameters without it are the control that tells.
    const mixing: Cell = { name: 'mixing', model: 'mixing' };
    const claim = { title: 'Is it the inference?', says: '', cells: ['hstu', 'pcrec', 'mixing'], against: 'hstu' };
    const controlled: Study = { ...study, cells: [...study.cells, mixing], tables: [claim, ...study.tables] };
    const against = (of: readonly number[]): string => {
      keep(folder, result(mixing, 1, of));
      return reading(foundOf(folder, 'a', controlled)).join('\n');
    };
    expect(against(ranks((user) => 4 + (user % 40)))).toContain('It is the error: without it');
    expect(against(base)).toContain('It is not shown that the error');
    expect(against(ranks((user) => Math.max(1, user % 40)))).toContain('a user should pick mixing');
    expect(linesOf(study.tables[0]!, found.results)[0]!.points.map(({ x }) => x)).toEqual([50, 100]);
    const page = studyPage([found, { ...found, name: 'b', results: [] }], [], undefined);
    expect(page).toContain('a: Share of the training data');
    // Sources may be followed; nothing is fetched.
    const bare = page.replaceAll(/<a href="https:\/\/[^"]*">/g, '');
    expect(bare).not.toBe(page);
    expect(bare).not.toMatch(/undefined|NaN|https?:\/\/(?!www\.w3\.org)/);
  });
});
