/** A middle of the compiler that compiles every model to one kernel, and a world that only remembers. */
import { right } from 'fp-ts/lib/Either.js';
import { explainableOf } from '../../compiler/compile.js';
import type { Toolchain } from '../../compiler/compiled.js';
import { main } from '../../compiler/command/index.js';
import { refuse } from '../../compiler/diagnostics.js';
import { param } from '../../dsl/build.js';
import { scalar, zeros } from '../../dsl/index.js';

export const standIn: Toolchain = {
  passes: [
    { name: 'differentiate', description: 'adds gradients' },
    { name: 'fuse', description: 'joins maps' },
  ],
  compile: (traced, { observe } = {}) => {
    const { model, file, hyper, training, optimizer, provenance } = traced;
    if (hyper['width'] === 13)
      return refuse('PC1008', '13 brings bad luck', provenance.get(training.loss)?.source, 'choose 12');
    optimizer.update(param('p', [], zeros), scalar(0), {}, scalar(1));
    if (hyper['width'] === 14) throw new TypeError('a bug of the compiler');
    observe?.('differentiate', () => 'loss = mean(x * x)');
    observe?.('fuse', () => 'loss = fused');
    const table = {
      name: 'item',
      dtype: 'f32',
      axes: ['item', 'width'],
      shape: ['items', Number(hyper['width'])],
      init: { kind: 'normal', std: 0.02 },
    } as const;
    return right({
      loops: { model: model.name, entries: [] },
      explainable: explainableOf(traced, []),
      manifest: {
        format: 1,
        model: model.name,
        source: file,
        hyper,
        length: Number(hyper['length']),
        entries: {},
        hash: '0',
        states: [
          { ...table, role: 'parameter' },
          { ...table, name: 'bias', axes: ['width'], shape: [Number(hyper['width'])], role: 'parameter' },
          { ...table, name: 'item.m', role: 'slot' },
        ],
      },
      programs: [],
      step: () => {
        throw new Error('nothing is compiled here');
      },
      report: {
        kernels: { before: 12, after: 5 },
        cost: ({ batch = 0, items = 0 }) => ({ peakBytes: 4 * items * batch, operations: 1e6 * batch }),
      },
    });
  },
  targets: {
    gpu: {
      description: 'kernels',
      file: 'kernels.gpu.js',
      opener: 'openGpu',
      check: () => right(undefined),
      emit: ({ model }) => `export const program = '${model}';\n`,
    },
    wasm: {
      description: 'kernels',
      file: 'kernels.wasm.js',
      opener: 'openWasm',
      check: () => refuse('PC6002', 'no loops here'),
      emit: () => '',
    },
    code: {
      description: 'code',
      file: 'kernels.code.js',
      opener: 'openCode',
      check: () => right(undefined),
      emit: () => '',
      passes: {
        list: [{ name: 'tile', description: 'writes loops over tiles' }],
        observe: ({ model }, seen) => seen('tile', () => `${model} in tiles`),
      },
    },
  },
};

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const run = (cwd: string, ...argv: readonly string[]): Ran => {
  const out: string[] = [];
  const err: string[] = [];
  let now = 0;
  const code = main(argv, standIn, {
    cwd,
    colour: false,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => (now += 1000),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
};
