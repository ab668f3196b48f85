/** The targets, by the name that `--target` takes; a new target is one row. The first is the default. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { wasmModule } from '../../runtime/contract/cpu-plan.js';
import { graphFiles } from '../../runtime/contract/onnx.js';
import type { Target } from '../compiled.js';
import { checkCpu } from '../cpu/limits.js';
import type { Diagnostic, Diagnostics } from '../diagnostics.js';
import { checkGpu, emitGpu } from '../targets/gpu/index.js';
import { jaxFiles, jaxModule } from '../targets/jax/index.js';
import { programFiles, programNames } from '../targets/jax/program.js';
import { nativeFiles, nativePasses } from '../targets/native/index.js';
import { onnxFile } from '../targets/onnx/index.js';
import { wasmFiles, wasmPasses } from '../targets/wasm/index.js';

const refusal = ([first, ...rest]: readonly Diagnostic[]): Either<Diagnostics, void> =>
  first === undefined ? right(undefined) : left([first, ...rest]);

const gpu: Target = {
  description: 'kernels for gpu.js: WebGPU, WebGL2, WebAssembly or plain JavaScript',
  file: 'kernels.gpu.js',
  opener: 'openGpu',
  check: (program) => refusal(checkGpu(program)),
  emit: emitGpu,
};

const wasm: Target = {
  description: 'our own WebAssembly, with SIMD and threads: for processors',
  file: wasmModule,
  opener: 'openWasm',
  check: (program) => refusal(checkCpu(program)),
  emit: wasmFiles.plan,
  peak: wasmFiles.peak,
  passes: wasmPasses,
  assets: { names: wasmFiles.names, emit: wasmFiles.assets },
};

const native: Target = {
  description: 'C with vectors, which the compiler of the machine builds for its processor',
  file: 'kernels.native.js',
  opener: 'openNative',
  builder: 'buildNative',
  check: (program) => refusal(checkCpu(program)),
  emit: nativeFiles.plan,
  peak: nativeFiles.peak,
  passes: nativePasses,
  assets: { names: nativeFiles.names, emit: nativeFiles.assets },
};

const onnx: Target = {
  description: 'the scores, and the vectors that they are products of, as ONNX graphs: for engines that are not ours',
  file: '',
  opener: '',
  check: () => right(undefined),
  emit: () => '',
  handOver: {
    emit: ({ programs, manifest }) =>
      Object.entries(graphFiles).flatMap(([entry, name]) =>
        programs
          .filter((program) => program.entry === entry)
          .map((program) => ({ name, content: onnxFile(program, manifest) })),
      ),
    names: Object.values(graphFiles),
    next: (folder) => `${folder}/trainer.js export --onnx FILE`,
  },
};

const jax: Target = {
  description: 'training and scores as a program in Python for JAX: for many devices',
  file: '',
  opener: '',
  check: () => right(undefined),
  emit: () => '',
  handOver: {
    emit: (compiled) => [{ name: jaxFiles[0], content: jaxModule(compiled), comment: '#' }, ...programFiles('jax/')],
    names: [...jaxFiles, ...programNames.map((name) => `jax/${name}`)],
    next: (folder) => `${folder}/trainer.js pack --data FILE --out shards, and see ${folder}/jax/README.md`,
  },
};

export const targets = {
  all: {
    description: 'all of them: a GPU where one answers, else C where there is a compiler, else WebAssembly',
    file: '',
    opener: 'openAny',
    parts: { gpu, native, wasm },
    passes: wasmPasses,
    check: (program) => refusal([...checkGpu(program), ...checkCpu(program)]),
    emit: () => '',
  },
  gpu,
  native,
  wasm,
  onnx,
  jax,
} as const satisfies Readonly<Record<string, Target>>;
