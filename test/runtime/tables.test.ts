/** What a training read of its data is read again by whoever uses its checkpoint, and by nobody otherwise. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { command } from '../../runtime/command.js';
import type { World } from '../../runtime/world.js';
import { evaluateCheckpoint } from '../../runtime/evaluate.js';
import { train } from '../../runtime/run.js';
import { errorOf, valueOf } from '../data/support.js';
import { toy } from './toy.js';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'pcrec-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Forty users of a shop, each with six events and one that nobody counts. */
const shop = [
  'customer,what,ts,stars,note',
  ...Array.from({ length: 240 }, (_, i) => `c${i % 40},p${(7 * i) % 13},${1000 + i},${1 + (i % 5)},x`),
  'rare,p1,5,5,x',
].join('\n');

describe('how data were read', () => {
  it('is remembered by a checkpoint', async () => {
    const data = join(folder, 'shop.csv');
    await writeFile(data, shop);
    const out = join(folder, 'run');
    const reading = { columns: 'user=customer,item=what,rating=stars', minUser: 3, dropRepeats: true };
    const trained = valueOf(await train(toy({}))({ data, ...reading, out, epochs: 1, batch: 8 })());
    const again = valueOf(await evaluateCheckpoint(toy({}))({ out })());
    expect(again.ranks).toEqual(trained.ranks);
    // Others are other data. The same file is read as it was, however it is named; another one as it is told.
    expect(errorOf(await evaluateCheckpoint(toy({}))({ out, minUser: 1 })())).toContain('was trained on other data');
    const same = [data, join(folder, 'run', '..', 'shop.csv')];
    for (const named of same)
      expect(valueOf(await evaluateCheckpoint(toy({}))({ out, data: named })()).ranks).toEqual(again.ranks);
    const moved = join(folder, 'moved.csv');
    await writeFile(moved, shop);
    expect(errorOf(await evaluateCheckpoint(toy({}))({ out, data: moved })())).toContain('--columns user=COLUMN');
    expect(valueOf(await evaluateCheckpoint(toy({}))({ out, data: moved, ...reading })()).ranks).toEqual(again.ranks);
  });

  it.each([
    [['--min-user', 'many'], /--min-user.*takes a number, not "many"/],
    [['--time-unit', 'weeks'], /Allowed choices are s, ms, us, ns, date, iso/],
    [['--min-rating', '3'], /the data 'sample' are generated and take no --min-rating/],
    [['--items', 'a.csv', '--items', 'b.csv'], /take no --items/],
    [['--columns', 'user'], /take no --columns/],
  ])('%j is answered in words', async (argv, said) => {
    let text = '';
    const sink = new PassThrough().on('data', (chunk: Buffer) => void (text += chunk.toString()));
    const world: World = {
      in: new PassThrough(),
      out: sink,
      err: sink,
      now: () => 0,
      exit: () => undefined,
      onSignal: () => () => undefined,
    };
    await command(toy({}), ['train', '--data', 'sample', '--out', join(folder, 'none'), ...argv], world);
    expect(text).toMatch(said);
  });
});
