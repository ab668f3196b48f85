/** The number of lanes and the shape of tiles are a machine's: code for any of them means the same. Run by the interpreter of code. */
import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mathOf } from '../../compiler/code/link.js';
import { type Machine, native, wasm128 } from '../../compiler/code/machine.js';
import type { Func } from '../../compiler/code/tree.js';
import { cpuProgram, fusedEntries } from '../../compiler/cpu/program.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { controlBytes } from '../../runtime/contract/arena.js';
import type { Sizes } from '../../runtime/contract/session.js';
import { openWasm, type WasmModule } from '../../runtime/cpu/index.js';
import { interpret } from '../gpu/interpret.js';
import { choices, longer, randomProgram, sizes, valuesFor } from '../gpu/random.js';
import { data, differences, manifest } from '../gpu/sessions.js';
import { interpreted } from './interpret.js';

const machines: readonly Machine[] = [
  wasm128,
  { ...wasm128, name: 'eight lanes', lanes: [8] },
  { ...wasm128, name: 'eight lanes, or the first of them', lanes: [8], partly: true },
  native,
  { name: 'sixteen lanes', lanes: [16], rows: 6, few: 5, vectors: 2, wide: [4], copied: [], partly: true, written: 0 },
  {
    name: 'two lanes in tall tiles',
    lanes: [2],
    rows: 3,
    few: 2,
    vectors: 3,
    wide: [2],
    copied: [2],
    partly: false,
    written: 100,
  },
];
const draw = { seed: 11, step: 5 };
/** RANDOM_RUNS=1000 to look further. */
const numRuns = Number(process.env['RANDOM_RUNS'] ?? 8);

const functionsOf = (
  program: LoopProgram,
  machine: Machine,
  fused: boolean,
): { readonly functions: readonly Func[]; readonly plan: WasmModule } => {
  const code = cpuProgram(program, machine);
  const functions = fused ? fusedEntries(code).flat() : code.entries.flatMap((e) => e.functions);
  return {
    functions: [...mathOf(functions), ...functions],
    plan: {
      ...JSON.parse(JSON.stringify(code.plan)),
      load: () => Promise.resolve(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
    },
  };
};

interface Imports {
  readonly env: { readonly memory: WebAssembly.Memory };
  readonly at: Readonly<Record<string, number>>;
  readonly size: Readonly<Record<string, number>>;
}

/** A session whose functions are interpreted: only what WebAssembly would run is put in its place. */
const opened = async (program: LoopProgram, machine: Machine, lanes: number, at: Sizes, fused: boolean) => {
  const { functions, plan } = functionsOf(program, machine, fused);
  class Interpreted {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(_: unknown, { env, at: bases, size }: Imports) {
      // No value depends on what memory held before.
      new Float32Array(env.memory.buffer, controlBytes).fill(NaN);
      this.exports = interpreted(functions, {
        memory: new DataView(env.memory.buffer),
        lanes,
        global: (g) => (g.kind === 'size' ? size[g.symbol]! : bases[g.kind === 'end' ? '@end' : `@${g.buffer}`]!),
      });
    }
  }
  vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Instance: { value: Interpreted } }));
  const result = await openWasm(plan, manifest, 'wasm', at, { threads: 1 });
  if (!isRight(result)) throw new Error(result.left);
  return result.right;
};

afterEach(() => void vi.unstubAllGlobals());

describe.each(machines.flatMap((machine) => machine.lanes.map((lanes) => [machine.name, lanes, machine] as const)))(
  '%s on %i lanes',
  (_, lanes, machine) => {
    it.each([
      [4, 3, [4, 0, 2]],
      [5, 37, [5, 1, 3]],
    ] as const)(
      'computes random kernels on %i positions of width %i',
      async (seq, width, lengths) => {
        const values = valuesFor(seq, width, lengths);
        await fc.assert(
          fc.asyncProperty(choices, fc.boolean(), async (runs, fused) => {
            const program = longer(randomProgram(runs), seq, width);
            const want = interpret(program.entries[0]!, sizes, values, draw);
            const session = await opened(program, machine, lanes, sizes, fused);
            try {
              const got = await session.run('all', data(program, values), draw);
              expect(differences(got, want)).toEqual([]);
            } finally {
              await session.dispose();
              vi.unstubAllGlobals();
            }
          }),
          { numRuns, seed: 20261123 },
        );
      },
      600_000,
    );
  },
);
