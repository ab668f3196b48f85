/** Text to binary, by wabt. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import load from 'wabt';

let loaded: ReturnType<typeof load> | undefined;

const features = { simd: true, threads: true, bulk_memory: true, sat_float_to_int: true, sign_extension: true, mutable_globals: true, relaxed_simd: true };

/** Left: what the assembler or the validator says; a bug of ours, never of a model. */
export const assemble = async (text: string, name: string): Promise<Either<string, Uint8Array>> => {
  loaded ??= load();
  const wabt = await loaded;
  try {
    const module = wabt.parseWat(name, text, features);
    try {
      module.resolveNames();
      Reflect.apply(module.validate, module, [features]);
      return right(module.toBinary({}).buffer);
    } finally {
      module.destroy();
    }
  } catch (e) {
    return left(e instanceof Error ? e.message : String(e));
  }
};
