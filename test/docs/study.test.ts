/** The tables of models/README.md that the study makes are of the result files, and the published figures are looked at. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { studies } from '../../examples/study/grid.js';
import { foundOf } from '../../examples/study/found.js';
import { possible, published } from '../../examples/study/published.js';
import { marks, readmeText, replaced } from '../../examples/study/readme.js';
import { slug, strays } from '../../examples/study/result.js';
import { cellOf, made } from '../../examples/study/tables.js';
import { document } from './markdown.js';

const folder = join(packageRoot, 'examples', 'study', 'results');
const real = Object.entries(studies).filter(([name]) => name !== 'tiny');

describe('the study', () => {
  it('made the tables between its marks in models/README.md of its results: npm run study -- --report makes them again', () => {
    const text = document('models/README.md');
    const all = real.map(([name, study]) => foundOf(folder, name, study));
    expect(text).toContain(marks.start);
    expect(text).toBe(replaced(text, readmeText(all)));
  });
  it('has no result that answers nothing', () => {
    expect(real.flatMap(([name, study]) => strays(folder, name, study))).toEqual([]);
    expect(existsSync(folder) ? readdirSync(folder).filter((name) => !(name in studies)) : []).toEqual(
      existsSync(join(folder, 'datasets.json')) ? ['datasets.json'] : [],
    );
  });
  it('names in its tables cells that it has, each once', () => {
    for (const { cells, tables, search, inside = [], cost = [] } of Object.values(studies)) {
      const names = cells.map(({ name }) => name);
      // Files are called by them, too.
      expect(new Set(names.map(slug)).size).toBe(names.length);
      const named = cells.flatMap(({ after = [], tuned = [] }) => [after, tuned].flat());
      expect(names).toEqual(expect.arrayContaining([...named, ...(search?.cells ?? []), ...inside, ...cost]));
      expect(search?.cells ?? []).toEqual(expect.arrayContaining(cells.flatMap(({ tuned }) => tuned ?? [])));
      for (const table of tables) {
        const drawn = (table.plot?.lines ?? []).flatMap(({ points }) => points.map(({ cell }) => cell));
        expect(names).toEqual(expect.arrayContaining([...table.cells.map(cellOf), table.against, ...drawn]));
        expect(made(table, [])).toBeUndefined();
      }
    }
  });
  it('knows which figures can be of one ranking', () => {
    expect(possible([0.1, 0.06, 0.2, 0.08])).toBe(true);
    expect(possible([0.1, 0.06, 0.2, 0.07])).toBe(false);
    expect(possible([0.1, 0.06, 0.2, 0.095])).toBe(false);
    expect(
      Object.values(published)
        .flat()
        .every(({ figures }) => figures.length === 4),
    ).toBe(true);
  });
});
