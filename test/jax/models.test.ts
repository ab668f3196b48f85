/** Every model of the zoo as a module for JAX: a step by our derivatives and by JAX's, scores and ranks are the reference's. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cases, short } from '../support/models.js';
import { readOff, type Results, results, scratch, stepOff, type Wanted, written } from './modules.js';
import { python } from './python.js';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const wanted: Wanted[] = [];
const got: Results[] = [];
const asked = ['stepShort', 'stepByJax', 'readShort'] as const;

describe.skipIf(python === undefined)('a module for JAX', () => {
  beforeAll(async () => {
    const folders = cases.map((_, i) => join(folder, `case-${i}`));
    // What one block does another does, but where energies descend through several, or parts of blocks are functions.
    const several = /^(pcrec|bert4rec|gru4rec|hstuf)/;
    cases.forEach(([name, model, over], i) => {
      wanted.push(written(folders[i]!, model, several.test(name) ? over : { blocks: 1, ...over }, short));
    });
    const halves = [0, 1].map((half) => folders.filter((_, i) => i % 2 === half));
    const [even, odd] = await Promise.all(halves.map((half) => results(half, asked)));
    got.push(...folders.map((_, i) => (i % 2 === 0 ? even! : odd!)[i >> 1]!));
  }, 900_000);

  describe.each(cases.map(([name], i) => [name, i] as const))('%s', (_, i) => {
    // On rows as long as the longest of the batch; by JAX on rows as long as the model allows.
    it('steps by our derivatives', () => expect(stepOff(got[i]!.stepShort, wanted[i]!)).toEqual([]));
    it('steps by those of JAX', () => expect(stepOff(got[i]!.stepByJax, wanted[i]!)).toEqual([]));
    it('scores and ranks', () => expect(readOff(got[i]!.readShort, wanted[i]!)).toEqual([]));
  });
});
