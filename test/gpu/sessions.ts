/** Emitted modules opened as a user would, and the comparison every device must pass. */
import { isRight } from 'fp-ts/lib/Either.js';
import { emitGpu } from '../../compiler/targets/gpu/index.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import type { DeviceName } from '../../runtime/contract/compiled.js';
import { type GpuModule, openGpu } from '../../runtime/devices/index.js';
import type { Data, Manifest, Session, Sizes } from '../../runtime/contract/session.js';
import type { Values } from './interpret.js';

const isModule = (x: unknown): x is GpuModule => typeof x === 'object' && x !== null && 'entries' in x;

/** The emitted text as a module: kernels arrive as their own source, untouched by the test runner. */
export const load = async (program: LoopProgram): Promise<GpuModule> => {
  const loaded: unknown = await import(
    /* @vite-ignore */ `data:text/javascript;charset=utf-8,${encodeURIComponent(emitGpu(program))}`
  );
  const found: unknown =
    typeof loaded === 'object' && loaded !== null && 'program' in loaded ? loaded.program : undefined;
  if (!isModule(found)) throw new Error('The emitted text exports no program.');
  return found;
};

export const manifest: Manifest = {
  format: 1,
  model: 'small',
  source: 'models/small.ts',
  hyper: {},
  length: 7,
  states: [],
  entries: {},
  hash: '',
};

export const open = async (program: LoopProgram, device: DeviceName, sizes: Sizes): Promise<Session> => {
  const result = await openGpu(await load(program), manifest, device, sizes);
  if (!isRight(result)) throw new Error(result.left);
  return result.right;
};

/** Inputs as the session takes them: integers for i32 and bool. */
export const data = (program: LoopProgram, values: Values): Readonly<Record<string, Data>> => {
  const dtypes = new Map(program.entries.flatMap((e) => e.buffers.map((b) => [b.id, b.dtype])));
  return Object.fromEntries(
    Object.entries(values).map(([id, list]) => [
      id,
      dtypes.get(id) === 'f32' ? Float32Array.from(list) : Int32Array.from(list),
    ]),
  );
};

/** The largest error, relative to the larger of the expected value and `floor`. */
export const worst = (actual: ArrayLike<number> | undefined, expected: readonly number[], floor: number): number => {
  if (actual === undefined || actual.length !== expected.length) return Infinity;
  return expected.reduce((most, want, i) => {
    const error = Math.abs((actual[i] ?? NaN) - want) / Math.max(Math.abs(want), floor);
    return Number.isNaN(error) ? Infinity : Math.max(most, error);
  }, 0);
};

/** Outputs that are further than 1e-4 of their largest number from what they should be: sums of differences lose digits that the whole array has. */
export const differences = (
  got: Readonly<Record<string, Data>>,
  want: Values,
): readonly { readonly name: string; readonly got: readonly number[]; readonly want: readonly number[] }[] =>
  Object.entries(got).flatMap(([name, values]) => {
    const rounded = want[name]!.map(Math.fround);
    const scale = Math.max(1, ...rounded.map(Math.abs));
    return worst(values, rounded, scale) < 1e-4 ? [] : [{ name, got: Array.from(values), want: rounded }];
  });
