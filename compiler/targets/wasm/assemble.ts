/** Text to binary, by wabt. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import load from 'wabt';

const wabt = await load();
const features = {
  simd: true,
  threads: true,
  bulk_memory: true,
  sat_float_to_int: true,
  sign_extension: true,
  mutable_globals: true,
  relaxed_simd: true,
};

/** Left: what the assembler or the validator says; a bug of ours, never of a model. */
export const assemble = (text: string, name: string): Either<string, Uint8Array> => {
  try {
    const module = wabt.parseWat(name, text, features);
    try {
      module.resolveNames();
      // Its types forget that it takes the features too.
      Reflect.apply(module.validate, module, [features]);
      return right(module.toBinary({}).buffer);
    } finally {
      module.destroy();
    }
  } catch (e) {
    return left(e instanceof Error ? e.message : String(e));
  }
};
