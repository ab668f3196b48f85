/** What the grid declares can be run: models that are there, settings that they have, spaces that can be searched. Hours into a study is late to learn it. */
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { hyperList, hyperValues, modelPath, open, trace } from '../../compiler/frontend/index.js';
import { packageRoot } from '../../compiler/package.js';
import { studies } from '../../examples/study/grid.js';
import { spaceOf } from '../../runtime/search/space.js';
import { rightOf } from '../support/programs.js';

const opened = new Map<string, ReturnType<typeof openModel>>();
/** Types are tsc's affair. */
const openModel = (model: string) =>
  rightOf(open(rightOf(modelPath(model, packageRoot)), { check: () => E.right([]) }));
const modelOf = (cell: string) => {
  const [, model = cell, preset] = /^(.+)@([^@\\/]+)$/.exec(cell) ?? [];
  const found = opened.get(model) ?? openModel(model);
  opened.set(model, found);
  return { model: found, preset };
};

describe.each(Object.entries(studies))('the study %s', (_, { cells, set, search }) => {
  it.each(cells.map((cell) => [cell.name, cell] as const))('has %s, which can be traced', (__, cell) => {
    const { model, preset } = modelOf(cell.model);
    const { set: own = [], steps = [], again = [] } = cell;
    for (const more of [[], ...steps.map((k) => [`steps=${k}`]), ...again.map((setting) => [setting])]) {
      const names = new Set(more.map((one) => one.split('=', 1)[0]));
      const settings = [...set, ...own].filter((one) => !names.has(one.split('=', 1)[0]));
      const values = hyperValues(model.model, {
        set: [...settings, ...more],
        ...(preset === undefined ? {} : { preset }),
      });
      rightOf(trace(model, rightOf(values)));
    }
  });
  it('searches where its models have something to be searched', () => {
    for (const name of search?.cells ?? []) {
      const { model } = modelOf(cells.find((cell) => cell.name === name)!.model);
      expect(spaceOf(search!.space, hyperList(model.model).hyper)).toMatchObject({ _tag: 'Right' });
    }
  });
});
