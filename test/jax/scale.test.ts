/** The formulas of `examples/scale` are what XLA compiles: bytes held and bytes moved, at three sizes on three meshes; and the page has their table. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.js';
import { packageRoot } from '../../compiler/package.js';
import { jaxModule } from '../../compiler/targets/jax/index.js';
import sasrec from '../../models/sasrec.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { python, ran } from './python.js';

const examples = join(packageRoot, 'examples', 'scale');
const folder = mkdtempSync(join(tmpdir(), 'pcrec-jax-scale-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  readonly collectives: readonly { readonly kind: string; readonly bytes: number }[];
  readonly arguments: number;
}

const sizes = [
  { width: 24, blocks: 1, length: 12, negatives: 16, items: 100, batch: 16, data: 2, table: 2 },
  { width: 16, blocks: 2, length: 10, negatives: 64, items: 1000, batch: 32, data: 1, table: 4 },
  { width: 32, blocks: 3, length: 8, negatives: 32, items: 50_000, batch: 64, data: 4, table: 1 },
] as const;

describe.skipIf(python === undefined)('a step', () => {
  it.each(sizes)('holds and moves what the formulas say: %o', async (of) => {
    const { width, blocks, length, negatives, items, batch, data, table } = of;
    const model = join(folder, `model-${width}.py`);
    writeFileSync(model, jaxModule(rightOf(compile(traced(sasrec, { width, blocks, length, negatives })))));
    const sized = ['--data', data, '--table', table, '--batch', batch, '--items', items].map(String);
    const { err, out } = await ran([join(examples, 'collectives.py'), model, ...sized, '--json']);
    expect(err).toBe('');
    const told = JSON.parse(out) as Told;
    const formulas = await ran(
      [
        '-c',
        `import json, scale
m, mesh = scale.Model(${width}, ${blocks}, ${length}, ${negatives}), scale.Mesh(${data}, ${table})
print(json.dumps([scale.looked_up(m, mesh, ${batch}) + scale.summed(m, mesh, ${items}), scale.held(m, mesh, ${items}) + scale.given(m, mesh, ${batch})]))`,
      ],
      { PYTHONPATH: examples },
    );
    expect(new Set(told.collectives.map(({ kind }) => kind))).toEqual(new Set(['all-reduce']));
    expect([told.collectives.reduce((sum, { bytes }) => sum + bytes, 0), told.arguments]).toEqual(
      JSON.parse(formulas.out),
    );
  });

  it('comes to what the page says', () => {
    const printed = execFileSync(python!, [join(examples, 'scale.py')], { encoding: 'utf8' });
    const page = readFileSync(join(examples, 'README.md'), 'utf8');
    for (const line of printed.trim().split('\n')) expect(page).toContain(line);
  });
});
