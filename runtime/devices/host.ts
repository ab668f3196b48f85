/** The host's share of a run: integers, uniform numbers, inverse indices. Buffers are reused from run to run. */
import { type Draw, stream, uniformAt } from '../contract/random.js';
import type { Sizes } from '../contract/session.js';
import { invert } from './inverse.js';
import { type HostStep, type Numbers, type PlanEntry, type Random, cells, extent } from '../contract/gpu-plan.js';
import type { PlanBuffer } from '../contract/plan.js';

const random = ({ seed, step }: Draw): Random => ({ stream: (key) => stream(seed, step, key), at: uniformAt });

/** Conditions are kept as a device takes them: masks of dropout are most of what travels. */
const empty = ({ dtype, axes }: PlanBuffer, sizes: Sizes): Numbers =>
  dtype === 'i32' ? new Int32Array(cells(axes, sizes)) : new Float32Array(cells(axes, sizes));

export interface HostStage {
  /**
   * Runs an entry's host steps. `given` holds inputs and states; the result maps buffers to values that stay valid until the next call.
   * What depends on no input, and on no state that a run changes, is computed at the first call only.
   */
  readonly run: (given: (id: string) => Numbers | undefined, draw: Draw) => ReadonlyMap<string, Numbers>;
  /** States were written: what was computed of them is computed anew. */
  readonly forget: () => void;
}

export const hostStage = ({ buffers, host }: PlanEntry, sizes: Sizes): HostStage => {
  const infos = new Map(buffers.map((b) => [b.id, b]));
  const values = new Map<string, Numbers>();
  const run: HostStage['run'] = (given, draw) => {
    const numbers = random(draw);
    const value = (id: string): Numbers => {
      const found = values.get(id) ?? given(id);
      if (found === undefined) throw new Error(`The host needs '${id}', which nothing has computed.`);
      return found;
    };
    const steps: { readonly [K in HostStep['kind']]: (s: Extract<HostStep, { kind: K }>) => void } = {
      compute: ({ output, args, run }) => {
        const info = infos.get(output);
        const out = values.get(output) ?? (info === undefined ? new Int32Array(0) : empty(info, sizes));
        out.fill(0);
        run(out, sizes, numbers, ...args.map(value));
        values.set(output, out);
      },
      invert: ({ output, index, axes, targets }) =>
        void values.set(output, invert(value(index), axes, extent(targets, sizes), sizes, value)),
    };
    for (const s of host) {
      if (s.once && values.has(s.output)) continue;
      if (s.kind === 'compute') steps.compute(s);
      else steps.invert(s);
    }
    return values;
  };
  return { run, forget: () => values.clear() };
};
