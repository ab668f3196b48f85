/** The targets, by the name that `--target` takes; a new target is one row. The first is the default. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Target } from '../compiled.js';
import type { Diagnostic, Diagnostics } from '../diagnostics.js';
import { checkGpu, emitGpu } from '../targets/gpu/index.js';

const refusal = ([first, ...rest]: readonly Diagnostic[]): Either<Diagnostics, void> => (first === undefined ? right(undefined) : left([first, ...rest]));

export const targets = {
  gpu: {
    description: 'kernels for gpu.js: WebGPU, WebGL2, WebAssembly or plain JavaScript',
    file: 'kernels.gpu.js', opener: 'openGpu',
    check: (program) => refusal(checkGpu(program)),
    emit: emitGpu,
  },
} as const satisfies Readonly<Record<string, Target>>;
