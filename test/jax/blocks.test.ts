/** Blocks that are alike as one function: found in every stack of the zoo, and worked out again where memory is short. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HyperValue, Model } from '../../dsl/model.js';
import { compile } from '../../compiler/compile.js';
import { jaxModule } from '../../compiler/targets/jax/index.js';
import hstu from '../../models/hstu.js';
import pcrec from '../../models/pcrec.js';
import sasrec from '../../models/sasrec.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { results, scratch, stepOff, written } from './modules.js';
import { python } from './python.js';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const stacks: readonly (readonly [string, Model])[] = [
  ['sasrec', sasrec],
  ['hstu', hstu],
  ['pcrec', pcrec],
];
const text = (model: Model, over: Readonly<Record<string, HyperValue>>): string =>
  jaxModule(rightOf(compile(traced(model, over))));

describe('blocks', () => {
  it.each(stacks)('of %s are one function, and its derivative another', (_, model) => {
    const [two, four] = [2, 4].map((blocks) => text(model, { blocks })) as [string, string];
    for (const module of [two, four]) {
      expect(module).toContain('REMAT = True');
      for (const name of ['block', 'trained_block', 'trained_block_back'])
        expect(module.match(new RegExp(`^def ${name}\\(`, 'gm')), name).toHaveLength(1);
    }
    const calls = (module: string, name: string): number => module.split(` = ${name}(state, `).length - 1;
    expect(calls(four, 'block')).toBe(4);
    // Once forward, and once more where it is worked out again.
    expect(calls(four, 'trained_block')).toBe(8);
    expect(calls(four, 'trained_block_back')).toBe(4);
    // Each block more is a few lines of its own: parameters and calls.
    const lines = (module: string): number => module.split('\n').length;
    expect((lines(four) - lines(two)) / 2).toBeLessThan(130);
  });

  it.skipIf(python === undefined)(
    'work out again what derivatives read: the same numbers from less memory',
    async () => {
      const wanted = written(join(folder, 'sasrec'), sasrec, { blocks: 3 });
      const [got] = await results([join(folder, 'sasrec')], ['step', 'remat']);
      expect(stepOff(got!.step, wanted)).toEqual([]);
      const { off, temporary, rough, types } = got!.remat;
      expect(off).toBeLessThan(1e-6);
      expect(temporary[1]).toBeLessThan(0.8 * temporary[0]);
      // Products of bfloat16 numbers: near, not equal, and states as they were.
      expect(rough).not.toBe(got!.step.loss);
      expect(Math.abs(rough / got!.step.loss! - 1)).toBeLessThan(0.02);
      expect(types).toEqual(['float32']);
    },
    300_000,
  );
});
