/** Loop programs as C, built and opened as a trainer would. Built with less care for speed: there are many. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRight } from 'fp-ts/lib/Either.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { nativeFiles, nativeText } from '../../compiler/targets/native/index.js';
import { findCompiler } from '../../runtime/cpu/build.js';
import { type CpuSession, type NativeModule, openNative } from '../../runtime/cpu/index.js';
import type { Sizes } from '../../runtime/contract/session.js';
import { manifest } from '../gpu/sessions.js';

const found = await findCompiler();
/** Whether there is a compiler; what is tried without one is said to be left out. */
export const available = isRight(found);
if (!isRight(found)) console.warn(`Kernels in C: skipped. ${found.left}`);

process.env['CFLAGS'] ??= '-O1';
process.env['PCREC_CACHE'] ??= join(tmpdir(), 'pcrec-tests');

export const built = (program: LoopProgram): NativeModule => {
  const folder = mkdtempSync(join(tmpdir(), 'pcrec-native-'));
  mkdirSync(folder, { recursive: true });
  for (const { name, content } of nativeFiles.assets(program)) writeFileSync(join(folder, name), content);
  const { plan, linkage, parts } = nativeText(program);
  // Through JSON, as it is emitted.
  return {
    ...JSON.parse(JSON.stringify({ ...plan, linkage, sources: nativeFiles.sources, parts })),
    here: pathToFileURL(join(folder, 'kernels.native.js')).href,
  };
};

export const opened = async (
  program: LoopProgram,
  sizes: Sizes,
  { threads, lanes }: { readonly threads: number; readonly lanes?: number } = { threads: 2 },
): Promise<CpuSession> => {
  // As many numbers as other processors have in a register: this one's compiler makes several registers of them.
  const flags = process.env['CFLAGS'] ?? '';
  if (lanes !== undefined) process.env['CFLAGS'] = `${flags} -DLANES=${lanes}`;
  const result = await openNative(built(program), manifest, 'native', sizes, { threads, say: () => {} });
  process.env['CFLAGS'] = flags;
  if (!isRight(result)) throw new Error(result.left);
  return result.right;
};
