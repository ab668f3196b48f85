/** What a search keeps: only a whole one is gone on with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, expect, it } from 'vitest';
import type { Settings } from '../../runtime/contract/settings.js';
import { begun, keep, type SearchIdentity, searchFile } from '../../runtime/search/store.js';

const out = mkdtempSync(join(tmpdir(), 'pcrec-store-'));
afterAll(() => rmSync(out, { recursive: true }));

const identity: SearchIdentity = {
  model: 'hstu',
  manifest: 'hash',
  space: 'rate=1|2',
  trials: 2,
  settings: { seed: 1 } as Settings & { readonly split: undefined },
  data: 'hash of data',
};
const step = { rung: 0, trial: 0, value: 0.5, epochs: 1, best: 1 };
const whole = { format: 'pcrec-search-1', identity, steps: [step, { ...step, trial: 1, value: null, why: 'broken' }] };

it('is gone on with, but for what failed', async () => {
  expect(E.isRight(await keep(out, whole)())).toBe(true);
  expect(await begun(out, identity)()).toEqual(E.right({ ...whole, steps: [step] }));
});

it.each([
  ['{', 'it is not JSON'],
  ['null', 'it is no pcrec-search-1'],
  [JSON.stringify({ ...whole, identity: undefined }), 'it is no pcrec-search-1'],
  [JSON.stringify({ ...whole, identity: null }), 'it is no pcrec-search-1'],
  [JSON.stringify({ ...whole, steps: [null] }), 'it is no pcrec-search-1'],
  [JSON.stringify({ ...whole, test: 3 }), 'it is no pcrec-search-1'],
  [JSON.stringify({ ...whole, identity: {} }), 'is of another search (another model, manifest, space'],
  [JSON.stringify({ ...whole, identity: { ...identity, space: 'rate=3' } }), 'is of another search (another space)'],
])('%s is refused', async (text, why) => {
  writeFileSync(searchFile(out), text);
  const found = await begun(out, identity)();
  expect(E.isLeft(found) ? found.left : 'taken').toContain(why);
});
