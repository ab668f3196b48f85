/** One entry of a small model on every target that is here, beside the float64 meaning of the unoptimised program. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { certificateText } from '../../compiler/dependence/wording.js';
import { certify } from '../../compiler/passes/certify.js';
import { diagonalise } from '../../compiler/passes/diagonal.js';
import { expand } from '../../compiler/passes/expand.js';
import { runPasses } from '../../compiler/pipeline.js';
import type { HyperValue, Model } from '../../dsl/model.js';
import type { Session } from '../../runtime/contract/session.js';
import { data, open, worst } from '../gpu/sessions.js';
import * as native from '../native/sessions.js';
import { opened } from '../wasm/sessions.js';
import { programs, trial, type Trial } from './models.js';

type Settings = Readonly<Record<string, HyperValue>>;
type Opener = (t: Trial) => Promise<Session>;

/** Those that Node has here. */
export const targets: Readonly<Record<string, Opener>> = {
  wasm: ({ compiled, sizes }) => opened(compiled.loops, sizes, { threads: 2 }),
  ...(native.available ? { native: ({ compiled, sizes }: Trial) => native.opened(compiled.loops, sizes) } : {}),
  webasm: ({ compiled, sizes }) => open(compiled.loops, 'webasm', sizes),
  cpu: ({ compiled, sizes }) => open(compiled.loops, 'cpu', sizes),
};

/** What each target gives that the reference does not, after a training step and a scoring: nothing, if all is well. */
export const disagreements = async (model: Model, over: Settings, entries: readonly (0 | 2)[] = [0, 2]) => {
  const wrong: string[] = [];
  for (const entry of entries) {
    const t = trial(model, over, entry);
    for (const [name, opener] of Object.entries(targets)) {
      const session = await opener(t);
      try {
        await session.write(
          Object.fromEntries(Object.entries(t.states).map(([path, list]) => [path, Float32Array.from(list)])),
        );
        const got = {
          ...(await session.run(t.entry, data(t.compiled.loops, t.inputs), t.random)),
          ...(await session.read()),
        };
        for (const [what, want] of Object.entries({ ...t.outputs, ...t.updates }))
          if (!(worst(got[what], [...want], 1) < 1e-4)) wrong.push(`${name}: ${what} of ${t.entry}`);
      } finally {
        await session.dispose();
      }
    }
  }
  return wrong;
};

/** The certificate of a model's training, or the refusal. */
export const certificateOf = (model: Model, over: Settings = {}): string => {
  const passed = runPasses([expand, diagonalise, certify], programs(model, over)[0]!);
  return isLeft(passed) ? `refused: ${passed.left[0].message}` : certificateText(passed.right.certificate!);
};
