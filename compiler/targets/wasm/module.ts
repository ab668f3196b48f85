/** A loop program as one WebAssembly module in text, and the plan of its entries as data. */
import { fuseMultiplyAdd } from '../../code/fuse.js';
import { laidOut } from '../../code/lines.js';
import { mathOf } from '../../code/link.js';
import { wasm128 } from '../../code/machine.js';
import type { Func } from '../../code/tree.js';
import type { Observe } from '../../compiled.js';
import { type Look, passesFor } from '../../cpu/passes.js';
import { type CpuProgram, cpuProgram, fusedEntries } from '../../cpu/program.js';
import { kernelsText } from '../../cpu/text.js';
import type { LoopProgram } from '../../loops/ir.js';
import { type Printed, printFunction } from './print.js';

export interface WasmText {
  readonly text: string;
  /** The same module where products that are added to a sum are fused with the addition: that needs relaxed SIMD. */
  readonly relaxed: string;
  readonly plan: CpuProgram['plan'];
}

const moduleText = (model: string, functions: readonly Printed[], linked: readonly Printed[]): string => {
  const globals = new Set([...linked, ...functions].flatMap((f) => [...f.globals]));
  return laidOut([
    `;; The kernels of ${model}. A function computes the positions [$from, $to) of its result's outermost axis; $chunk is`,
    ';; the share of a batch to whose sums it adds. Globals are sizes, and, with an @, the addresses of buffers.',
    '(module',
    [
      '(import "env" "memory" (memory 1 65536 shared))',
      ...[...globals].sort().map((g) => `(import "${g.startsWith('@') ? 'at' : 'size'}" "${g}" (global $${g} i32))`),
    ],
    ...linked.map((f) => f.text),
    functions.map((f) => f.text).join('\n\n'),
    ')',
    '',
  ]).join('\n');
};

export const wasmText = (program: LoopProgram): WasmText => {
  const code = cpuProgram(program, wasm128);
  const functions = code.entries.flatMap((e) => e.functions);
  const math = mathOf(functions);
  // What has nothing to fuse is the same function in both modules.
  const known = new Map<Func, Printed>();
  const printed = (f: Func): Printed => {
    const found = known.get(f) ?? printFunction(f);
    known.set(f, found);
    return found;
  };
  // A session takes one of the two: who asks for neither, or for one, does not wait for the other.
  let [text, relaxed]: (string | undefined)[] = [];
  return {
    plan: code.plan,
    get text() {
      return (text ??= moduleText(program.model, functions.map(printed), math.map(printed)));
    },
    get relaxed() {
      return (relaxed ??= moduleText(
        program.model,
        fusedEntries(code).flat().map(printed),
        math.map(fuseMultiplyAdd).map(printed),
      ));
    },
  };
};

/** The passes of this target; `observe` sees the kernels, or the code, that each leaves of each entry. */
export const wasmPasses = {
  list: passesFor(wasm128),
  observe: (program: LoopProgram, observe: Observe): void => {
    const look: Look = ({ name }, after) =>
      observe(name, () =>
        'functions' in after ? after.functions.map((f) => printFunction(f).text).join('\n\n') : kernelsText(after),
      );
    fusedEntries(cpuProgram(program, wasm128, look), look);
  },
} as const;
