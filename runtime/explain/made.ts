/** What explains a model: `explain.js` beside the trainer, made by the compiler of what lies there when it is first asked for. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import type { CompiledModel, Explaining } from '../contract/compiled.js';
import { explainModule, type WasmModule } from '../contract/cpu-plan.js';
import { pcrecCompile } from '../compiler.js';
import { openWasm } from '../cpu/index.js';

/** Left: why it could not be made. */
const made = async (trainer: string): Promise<E.Either<string, URL>> => {
  const module = new URL(explainModule, trainer);
  if (existsSync(module)) return E.right(module);
  const folder = fileURLToPath(new URL('.', trainer));
  const ended = await pcrecCompile(['--explanation', folder]);
  if (E.isLeft(ended)) return ended;
  return ended.right?.code === 0
    ? E.right(module)
    : E.left(`What explains could not be made in ${folder}: ${ended.right?.err ?? 'it was interrupted'}`);
};

/** For a trainer at this address. */
export const explaining =
  (manifest: CompiledModel['manifest'], trainer: string): NonNullable<CompiledModel['explain']> =>
  async () => {
    const module = await made(trainer);
    if (E.isLeft(module)) return module;
    const { program, entry } = (await import(module.right.href)) as { program: WasmModule; entry: Explaining['entry'] };
    const known = { ...manifest, entries: { ...manifest.entries, explain: entry } };
    return E.right({ entry, open: (sizes, options) => openWasm(program, known, 'wasm', sizes, options) });
  };
