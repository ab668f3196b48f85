/**
 * Every model of the zoo as a module for JAX: a step by our derivatives and by JAX's, scores, ranks and logits are the reference's. And it
 * imports what it names, and nothing else.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cases, short } from '../support/models.js';
import { readOff, type Results, results, scratch, stepOff, type Wanted, written } from './modules.js';
import { python, ruff } from './python.js';

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

  // Names are the model's own, so how they are spelt is not asked.
  it.skipIf(ruff === undefined)('imports what it names, and nothing else', () => {
    const modules = cases.map((_, i) => join(folder, `case-${i}`, 'model.py'));
    execFileSync(ruff!, ['check', '--no-cache', '--isolated', '--select', 'F4,F8,I', ...modules]);
  });

  describe.each(cases.map(([name], i) => [name, i] as const))('%s', (_, i) => {
    // On rows as long as the longest of the batch; by JAX on rows as long as the model allows.
    it('steps by our derivatives', () => expect(stepOff(got[i]!.stepShort, wanted[i]!)).toEqual([]));
    it('steps by those of JAX', () => expect(stepOff(got[i]!.stepByJax, wanted[i]!)).toEqual([]));
    it('scores, ranks and predicts', () => expect(readOff(got[i]!.readShort, wanted[i]!)).toEqual([]));
  });
});
