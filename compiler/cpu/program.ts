/** A loop program as functions and the plan of its entries. */
import type { Machine } from '../code/machine.js';
import type { Func } from '../code/tree.js';
import type { PlanEntry } from '../../runtime/contract/cpu-plan.js';
import type { LoopProgram } from '../loops/ir.js';
import { nodes } from '../loops/shape.js';
import { alike } from './alike.js';
import { kernelsOf } from './kernels.js';
import { type Look, toCode, toFusedCode, toOrder } from './passes.js';
import type { Scheduled } from './phases.js';
import { nameIn } from './names.js';
import { planOf } from './plan.js';
import type { Written } from './write/functions.js';

export interface CpuProgram {
  readonly entries: readonly Written[];
  readonly plan: {
    readonly format: 1;
    readonly model: string;
    readonly streams: readonly string[];
    readonly entries: readonly PlanEntry[];
  };
}

const streamKeys = (program: LoopProgram): readonly string[] => [
  ...new Set(
    program.entries
      .flatMap((e) => e.kernels)
      .flatMap((k) =>
        [...nodes(k.where === undefined ? [k.body] : [k.body, k.where])].flatMap((e) =>
          e.kind === 'uniform' ? [e.key] : [],
        ),
      ),
  ),
];

/** Put in order once for a program, whatever machines it is written for. */
const known = new WeakMap<LoopProgram, readonly Scheduled[]>();

export const cpuProgram = (program: LoopProgram, machine: Machine, look?: Look): CpuProgram => {
  const keys = streamKeys(program);
  const streams = new Map(keys.map((k, i) => [k, i]));
  const ordered =
    (look === undefined ? known.get(program) : undefined) ??
    program.entries.map((e) => toOrder.run(kernelsOf(e, streams, nameIn(e)), look ?? (() => {})));
  known.set(program, ordered);
  const code = toCode(machine, alike(ordered));
  const entries = ordered.map((s) => code.run(s, look ?? (() => {})));
  return {
    entries,
    plan: { format: 1, model: program.model, streams: keys, entries: entries.map((w) => planOf(w.scheduled)) },
  };
};

/** The same code where products are fused with additions: its functions, entry by entry. */
export const fusedEntries = ({ entries }: CpuProgram, look: Look = () => {}): readonly (readonly Func[])[] =>
  entries.map((w) => toFusedCode.run(w, look).functions);
