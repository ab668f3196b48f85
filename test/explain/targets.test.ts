/** Explanations and vectors on WebAssembly, and vectors of some models on every target that is here, beside the float64 meaning. */
import { withInference } from 'pcrec';
import gru4rec from 'pcrec/models/gru4rec';
import { layeredPredictionError } from 'pcrec/models/pcrec';
import { describe, expect, test } from 'vitest';
import { differentiate } from '../../compiler/passes/differentiate.js';
import { expand } from '../../compiler/passes/expand.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { topological } from '../../compiler/graph.js';
import { evaluate } from '../../compiler/targets/reference.js';
import type { Session, Sizes } from '../../runtime/contract/session.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { data, open, worst } from '../gpu/sessions.js';
import * as native from '../native/sessions.js';
import { givenOf } from '../support/lowered.js';
import { reorder } from '../support/loops.js';
import { cases, environment } from '../support/models.js';
import { runPass } from '../support/programs.js';
import { opened } from '../wasm/sessions.js';
import { explainOf, loopsOf, vectorsOf } from './support.js';

type Opener = (loops: LoopProgram, sizes: Sizes) => Promise<Session>;
const wasm: Opener = (loops, sizes) => opened(loops, sizes, { threads: 2 });
const everywhere: Readonly<Record<string, Opener>> = {
  wasm,
  ...(native.available ? { native: (loops, sizes) => native.opened(loops, sizes) } : {}),
  webasm: (loops, sizes) => open(loops, 'webasm', sizes),
  cpu: (loops, sizes) => open(loops, 'cpu', sizes),
};

const disagreements = async (
  program: Program,
  openers: Readonly<Record<string, Opener>>,
): Promise<readonly string[]> => {
  const plain = runPass(differentiate, runPass(expand, program));
  const env = environment([plain]);
  const given = givenOf(rootsOf(plain), env);
  const paths = new Set(topological(rootsOf(plain)).flatMap((n) => (n.op === 'param' ? [n.path] : [])));
  const chosen = (states: boolean) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => paths.has(name) === states));
  const values = evaluate(rootsOf(plain), env);
  const loops = loopsOf(program);
  const wrong: string[] = [];
  for (const [name, opener] of Object.entries(openers)) {
    const session = await opener(loops, env.sizes);
    try {
      await session.write(Object.fromEntries(Object.entries(chosen(true)).map(([p, l]) => [p, Float32Array.from(l)])));
      const inputs = Object.fromEntries(Object.entries(chosen(false)).map(([p, l]) => [p, Array.from(l)]));
      const got = await session.run(program.entry, data(loops, inputs), env.random!);
      Object.keys(plain.outputs).forEach((what, i) => {
        const want = reorder(values[i]!.data, values[i]!.axes, env.sizes);
        if (!(worst(got[what], [...want], 1) < 1e-4)) wrong.push(`${name}: ${what} of ${program.entry}`);
      });
    } finally {
      await session.dispose();
    }
  }
  return wrong;
};

describe.each(cases)('%s', (name, model, over) => {
  test('is explained on WebAssembly', async () => {
    expect(await disagreements(explainOf(model, over), { wasm })).toEqual([]);
  });
  test('has its vectors', async () => {
    const vectors = vectorsOf(model, over);
    const openers = ['hstu', 'pcrec', 'unisrec'].includes(name) ? everywhere : { wasm };
    if (typeof vectors !== 'string') expect(await disagreements(vectors, openers)).toEqual([]);
  });
});

test('a recurrent stack with inference is explained: of its scans, those of what is scaled and those without inference are three', async () => {
  const recurrent = withInference(gru4rec, layeredPredictionError);
  expect(await disagreements(explainOf(recurrent, { blocks: 2, steps: 1 }), { wasm })).toEqual([]);
});
