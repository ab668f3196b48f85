/** One batch on several devices: the same step, scores and ranks; and no device is ever sent another's rows of an item table. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HyperValue, Model } from '../../dsl/model.js';
import hstuf from '../../models/hstuf.js';
import pcrec from '../../models/pcrec.js';
import sasrec from '../../models/sasrec.js';
import { columns, ofEvents, predicting } from '../support/models.js';
import { readOff, results, scratch, stepOff, written } from './modules.js';
import { python } from './python.js';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const chosen: readonly (readonly [string, Model, Readonly<Record<string, HyperValue>>])[] = [
  ['sasrec', sasrec, { blocks: 1 }],
  ['pcrec', pcrec, { blocks: 1 }],
  ['hstuf', hstuf, { blocks: 1, ...columns, ...ofEvents, ...predicting }],
];
/** 2, 4 and 8 devices; of the last, no number of rows is a multiple, nor of items. */
const meshes = ['data=2', 'data=2,table=2', 'data=4,table=2', 'table=8'];

describe.skipIf(python === undefined)('on several devices', () => {
  const wanted = chosen.map(([name, model, over]) =>
    python === undefined ? undefined : written(join(folder, name), model, over),
  );
  const folders = chosen.map(([name]) => join(folder, name));

  it.each(meshes)(
    '%s',
    async (mesh) => {
      // Each mesh with one model or the other, and one with all: compiling takes its time.
      const some = mesh === 'data=4,table=2' ? chosen : chosen.slice(0, 1);
      const got = await results(folders.slice(0, some.length), ['step', 'read'], mesh);
      some.forEach(([name], i) =>
        expect([...stepOff(got[i]!.step, wanted[i]!), ...readOff(got[i]!.read, wanted[i]!)], name).toEqual([]),
      );
    },
    600_000,
  );

  it('exchange no rows of item tables but those that are looked up', async () => {
    const [got] = await results(folders.slice(0, 1), ['moved'], 'data=4,table=2');
    const { train, rank, score } = got!.moved;
    const own = (4096 / 2) * 4;
    for (const of of [rank!, score!]) {
      expect(of.length).toBeGreaterThan(0);
      expect(of.filter(({ numbers }) => numbers >= own)).toEqual([]);
    }
    // Derivatives by a device's own rows are summed over those that have the same rows: by what was looked up in the history, as
    // targets and as negatives.
    const large = train!.filter(({ numbers }) => numbers >= own);
    expect(large.length).toBeLessThanOrEqual(3);
    for (const one of large) expect(one).toEqual({ operation: 'all-reduce', numbers: own });
  }, 600_000);
});
