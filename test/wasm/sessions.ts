/** Loop programs assembled and opened as a trainer would. */
import { isRight } from 'fp-ts/lib/Either.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { assemble, wasmText } from '../../compiler/targets/wasm/index.js';
import { openWasm, type WasmModule, type WasmOptions, type CpuSession } from '../../runtime/cpu/index.js';
import type { Sizes } from '../../runtime/contract/session.js';
import { manifest } from '../gpu/sessions.js';

export const built = async (program: LoopProgram): Promise<WasmModule> => {
  const written = wasmText(program);
  // Through JSON, as it is emitted.
  const data: WasmModule = JSON.parse(JSON.stringify(written.plan));
  return {
    ...data,
    load: async (fma) => {
      const binary = assemble(fma ? written.relaxed : written.text, `${program.model}.wat`);
      if (!isRight(binary)) throw new Error(binary.left);
      return binary.right;
    },
  };
};

export const opened = async (
  program: LoopProgram,
  sizes: Sizes,
  options: WasmOptions = { threads: 2 },
): Promise<CpuSession> => {
  const result = await openWasm(await built(program), manifest, 'wasm', sizes, options);
  if (!isRight(result)) throw new Error(result.left);
  return result.right;
};
