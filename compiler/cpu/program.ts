/** A loop program as functions and the plan of its entries. */
import type { Machine } from '../code/machine.js';
import type { Func } from '../code/tree.js';
import type { PlanEntry } from '../../runtime/contract/cpu-plan.js';
import { once } from '../../runtime/contract/once.js';
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

interface Ordered extends Pick<CpuProgram, 'plan'> {
  readonly entries: readonly Scheduled[];
}
const inOrder = (program: LoopProgram, look: Look): Ordered => {
  const streams = streamKeys(program);
  const places = new Map(streams.map((k, i) => [k, i]));
  const entries = program.entries.map((e) => toOrder.run(kernelsOf(e, places, nameIn(e)), look));
  return { entries, plan: { format: 1, model: program.model, streams, entries: entries.map(planOf) } };
};
/** Put in order once for a program, whatever machines it is written for. */
const orderOf = once((program: LoopProgram) => inOrder(program, () => {}));

/** The plan alone, for who asks for no code. */
export const planFor = (program: LoopProgram): CpuProgram['plan'] => orderOf(program).plan;

export const cpuProgram = (program: LoopProgram, machine: Machine, look?: Look): CpuProgram => {
  const { entries, plan } = look === undefined ? orderOf(program) : inOrder(program, look);
  const code = toCode(machine, alike(entries));
  return { entries: entries.map((s) => code.run(s, look ?? (() => {}))), plan };
};

/** The same code where products are fused with additions: its functions, entry by entry. */
export const fusedEntries = ({ entries }: CpuProgram, look: Look = () => {}): readonly (readonly Func[])[] =>
  entries.map((w) => toFusedCode.run(w, look).functions);
