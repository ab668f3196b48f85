/** The session in a page: Web Workers over shared memory, on a cross-origin isolated page. */
import { isRight } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, wasmText } from '../../compiler/targets/wasm/index.js';
import { type Opened, available, executable, openPage } from '../browser/page.js';
import { interpret } from '../gpu/interpret.js';
import { small, smallInputs, smallSizes, smallStates } from '../gpu/programs.js';
import { manifest, worst } from '../gpu/sessions.js';

if (!available)
  console.warn(`The wasm session in a page: skipped. There is no ${executable}; apt-get install chromium.`);

const draw = { seed: 7, step: 3 };
const dtypes = Object.fromEntries(small.entries[0]!.buffers.map((b) => [b.id, b.dtype]));

/** Runs in the page; hands back lists. */
const script = (): string => {
  const { text, plan } = wasmText(small);
  const binary = assemble(text, 'small');
  if (!isRight(binary)) throw new Error(binary.left);
  return `import { openWasm } from '/runtime/cpu/index.js';
const bytes = Uint8Array.from(atob('${Buffer.from(binary.right).toString('base64')}'), (c) => c.charCodeAt(0));
const program = { ...${JSON.stringify(plan)}, load: async () => bytes };
const typed = (lists, dtypes) => Object.fromEntries(Object.entries(lists).map(([id, list]) => [id, dtypes[id] === 'f32' ? Float32Array.from(list) : Int32Array.from(list)]));
globalThis.runWasm = async ({ manifest, sizes, inputs, states, dtypes, draw, threads }) => {
  const result = await openWasm(program, manifest, 'wasm', sizes, { threads, fused: false });
  if (result._tag === 'Left') throw new Error(result.left);
  const session = result.right;
  await session.write(typed(states, dtypes));
  const outputs = await session.run('train', typed(inputs, dtypes), draw);
  const after = await session.read();
  await session.dispose();
  const lists = (of) => Object.fromEntries(Object.entries(of).map(([name, data]) => [name, Array.from(data)]));
  return { backend: session.backend, outputs: lists(outputs), states: lists(after) };
};`;
};

type Lists = Readonly<Record<string, readonly number[]>>;
declare global {
  var runWasm: (job: unknown) => Promise<{ readonly backend: string; readonly outputs: Lists; readonly states: Lists }>;
}

describe.skipIf(!available)('a wasm session in chromium', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openPage({ '/wasm.js': script() });
    await opened.page.evaluate("import('/wasm.js')");
  });
  afterAll(async () => {
    await opened?.close();
  });

  it.each([1, 3])('computes on %i threads what the interpreter does', async (threads) => {
    const expected = interpret(small.entries[0]!, smallSizes, { ...smallInputs, ...smallStates }, draw);
    const { backend, outputs, states } = await opened.page.evaluate((job) => globalThis.runWasm(job), {
      manifest,
      sizes: smallSizes,
      inputs: smallInputs,
      states: smallStates,
      dtypes,
      draw,
      threads,
    });
    expect(backend).toBe(`wasm (${threads} ${threads === 1 ? 'thread' : 'threads'}, SIMD)`);
    for (const [name, id] of Object.entries(small.entries[0]!.outputs))
      expect(worst(outputs[name], expected[id]!, 1e-2), name).toBeLessThan(2e-5);
    expect(worst(states['table'], expected['table_new']!, 1e-2)).toBeLessThan(1e-5);
    expect(opened.complaints).toEqual([]);
  });
});
