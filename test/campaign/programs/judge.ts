/** One program on every target that runs in Node, against the float64 reference. */
import { left, right } from 'fp-ts/lib/Either.js';
import { missingOf } from '../../../dsl/axis.js';
import type { Node } from '../../../dsl/node.js';
import { topological } from '../../../compiler/graph.js';
import type { Entry, LoopProgram } from '../../../compiler/loops/ir.js';
import { lowerEntry } from '../../../compiler/lower/kernels.js';
import { loopPasses, pipeline } from '../../../compiler/pipeline.js';
import { type Environment, evaluate } from '../../../compiler/targets/reference.js';
import type { Value } from '../../../compiler/primitives/record.js';
import { checkGpu } from '../../../compiler/targets/gpu/index.js';
import type { GpuDevice } from '../../../runtime/contract/compiled.js';
import { lazy } from '../../../runtime/contract/once.js';
import type { Data, Session } from '../../../runtime/contract/session.js';
import { data, open } from '../../gpu/sessions.js';
import { givenOf } from '../../support/lowered.js';
import { reorder, runLoops } from '../../support/loops.js';
import { programOf, runPass } from '../../support/programs.js';
import { available, opened as openedNative } from '../../native/sessions.js';
import { opened as openedWasm } from '../../wasm/sessions.js';
import type { Fault, Verdict } from '../part.js';
import { type Case, environmentOf, outputsOf } from './case.js';
import { type Arithmetic, difference, float32, float64, type Round, shader } from './compare.js';

type Arrays = Readonly<Record<string, ArrayLike<number>>>;

/** Results of several roundings, and of none: asked for where an array is not as good as one that is well conditioned. */
type Spread = () => { readonly samples: readonly Arrays[]; readonly middle: Arrays };

/** A program lowered, with what the reference says of it: all that a target is judged by. */
interface Judged {
  readonly entry: Entry;
  readonly env: Environment;
  readonly given: Readonly<Record<string, readonly number[]>>;
  readonly dtypes: Readonly<Record<string, Node['dtype']>>;
  /** By output, in memory order. */
  readonly want: Arrays;
  readonly spread: (arithmetic: Arithmetic) => Spread;
}

const message = (e: unknown): string => (e instanceof Error ? e.message : String(e));
/** What two messages of one kind have in common. */
const kindOf = (text: string): string =>
  text
    .split('\n')[0]!
    .replace(/'[^']*'|`[^`]*`|"[^"]*"/g, '…')
    .replace(/[\w.$@]*\d[\w.$@]*(\[[^\]]*\])?/g, '#')
    .slice(0, 120);
const threw = (where: string, e: unknown): Fault => ({
  kind: `${where}: ${kindOf(message(e))}`,
  expected: 'a result',
  found: message(e).slice(0, 2000),
});

const loopsOf = (j: Pick<Judged, 'entry' | 'env' | 'given'>, round: Round): Arrays => {
  const values = runLoops(j.entry, { sizes: j.env.sizes, given: j.given, random: j.env.random, round });
  return Object.fromEntries(Object.entries(j.entry.outputs).map(([name, id]) => [name, values.get(id)!]));
};

const differing = (
  target: string,
  { want, dtypes }: Pick<Judged, 'want' | 'dtypes'>,
  got: Arrays,
  spread: Spread,
  arithmetic: Arithmetic,
): Fault | null => {
  for (const [name, values] of Object.entries(want)) {
    const real = dtypes[name] === 'f32';
    const apart = (samples: readonly ArrayLike<number>[], middle: ArrayLike<number>) =>
      difference(got[name] ?? [], values, samples, middle, real ? arithmetic : { floor: 0 });
    const strict = apart([], values);
    const d =
      strict === null || !real
        ? strict
        : apart(
            spread().samples.map((s) => s[name]!),
            spread().middle[name]!,
          );
    if (d === null) continue;
    const what = name.replace(/ by .*|\d+$/, '');
    return {
      kind: `${target}: ${what === 'value' ? 'a value' : `a ${what} derivative`}${Number.isFinite(d.got) ? '' : ', not a number'}`,
      expected: `${name}[${d.cell}] = ${d.want}, at most ${d.allowed} off; all: ${Array.from(values).slice(0, 32).join(' ')}`,
      found: `${d.got}; all: ${Array.from(got[name] ?? [])
        .slice(0, 32)
        .join(' ')}`,
    };
  }
  return null;
};

/** NaN, which nothing is compared with, where a row is missing: there a buffer holds anything. */
const existing = ({ axes, shape, data: cells }: Value, missing: number): Float64Array => {
  const partial = axes.findIndex((a) => missingOf(a) !== undefined);
  if (partial < 0 || missing === 0) return cells;
  const inner = shape.slice(partial + 1).reduce((n, k) => n * k, 1);
  return cells.map((v, i) => (Math.floor(i / inner) % shape[partial]! >= shape[partial]! - missing ? NaN : v));
};

/** What a program is, whatever numbers it is given. */
interface Compiled {
  readonly outputs: Readonly<Record<string, Node>>;
  readonly roots: readonly Node[];
  readonly order: readonly Node[];
  readonly entry: (stage: (name: string) => void) => Entry;
}
let count = 0;
const compiled = (of: Case): Compiled => {
  const outputs = outputsOf(of);
  const roots = Object.values(outputs);
  // Entries of one module have names of their own.
  const name = `program${count++}`;
  let entry: Entry | undefined;
  return {
    outputs,
    roots,
    order: topological(roots),
    entry: (stage) => {
      if (entry !== undefined) return entry;
      stage('passes');
      const finished = pipeline.reduce((p, pass) => {
        stage(pass.name);
        return runPass(pass, p);
      }, programOf(outputs));
      stage('lower');
      const lowered = loopPasses.reduce((e, pass) => pass.run(e), lowerEntry(finished));
      // A session's states have no rows; here what is differentiated by has.
      entry = {
        ...lowered,
        name,
        buffers: lowered.buffers.map((b) => (b.role === 'state' ? { ...b, role: 'input' as const } : b)),
      };
      return entry;
    },
  };
};
/** Cases of one graph are compiled once. */
const known = new WeakMap<readonly Node[], Map<Case['order'], Compiled>>();
const compiledOnce = (of: Case): Compiled => {
  const orders = known.get(of.roots) ?? new Map<Case['order'], Compiled>();
  known.set(of.roots, orders);
  const found = orders.get(of.order) ?? compiled(of);
  orders.set(of.order, found);
  return found;
};

/** Compiled and held to the reference by the interpreter of loops; `null` where the reference itself has no number to compare. */
const judged = (of: Case): Judged | Fault | null => {
  let stage = 'differentiate';
  try {
    const { outputs, roots, order, entry: entryOf } = compiledOnce(of);
    const env = environmentOf(of, roots);
    stage = 'reference';
    const values = new Map(evaluate(order, env).map((v, i) => [order[i]!, v] as const));
    if (
      !of.kind.startsWith('branches') &&
      of.kind !== 'edges' &&
      [...values.values()].some(({ data }) => data.some((x) => !Number.isFinite(x) || Math.abs(x) > 3.5e38))
    )
      return null;
    const entry = entryOf((name) => {
      stage = name;
    });
    const read = new Map(entry.buffers.map((b) => [b.id, b.role]));
    const given = Object.fromEntries(
      Object.entries(givenOf(roots, env))
        .filter(([id]) => read.has(id))
        .map(([id, v]) => [id, Array.from(v)] as const),
    );
    const j = {
      entry,
      env,
      given,
      dtypes: Object.fromEntries(Object.entries(outputs).map(([n, node]) => [n, node.dtype])),
      // What is an input as it was given is nobody's computation, and has anything beyond the ends of rows.
      want: Object.fromEntries(
        Object.entries(outputs)
          .filter(([n]) => read.get(entry.outputs[n]!) !== 'input')
          .map(([n, node]) => [n, reorder(existing(values.get(node)!, of.missing), node.axes, env.sizes)] as const),
      ),
    };
    stage = 'loops in float64';
    const plain = loopsOf(j, float64.round);
    const off = differing(
      stage,
      j,
      plain,
      lazy(() => ({ samples: [1, 2].map((salt) => loopsOf(j, float64.moved(salt))), middle: plain })),
      float64,
    );
    if (off !== null) return off;
    return {
      ...j,
      spread: (arithmetic) =>
        lazy(() => ({
          samples: [loopsOf(j, arithmetic.round), ...[1, 2, 3].map((salt) => loopsOf(j, arithmetic.moved(salt)))],
          middle: plain,
        })),
    };
  } catch (e) {
    return threw(stage, e);
  }
};
const isFault = (x: Judged | Fault): x is Fault => 'kind' in x;

const typed = (j: Judged, program: LoopProgram): Readonly<Record<string, Data>> => data(program, j.given);

const onSession = async (
  target: string,
  session: Session,
  j: Judged,
  arithmetic: Arithmetic = float32,
): Promise<Fault | null> => {
  const got = await session.run(j.entry.name, typed(j, { model: 'one', entries: [j.entry] }), j.env.random!);
  return differing(target, j, got, j.spread(arithmetic), arithmetic);
};

/** All programs in one module, whose sizes they share; one by one where that does not even open, to tell which of them it is. */
const together =
  (target: string, opened: typeof openedWasm | typeof openedNative) =>
  async (of: readonly Judged[]): Promise<readonly (Fault | null)[]> => {
    try {
      const session = await opened(
        { model: 'campaign', entries: [...new Set(of.map((j) => j.entry))] },
        of[0]!.env.sizes,
        { threads: 1 },
      );
      try {
        const found: (Fault | null)[] = [];
        for (const j of of) found.push(await onSession(target, session, j));
        return found;
      } finally {
        await session.dispose();
      }
    } catch (e) {
      if (of.length === 1) return [threw(target, e)];
      const found: (Fault | null)[] = [];
      for (const j of of) found.push(...(await together(target, opened)([j])));
      return found;
    }
  };

const onWasm = together('wasm', openedWasm);
const onNative = together('native', openedNative);

const onGpu =
  (device: GpuDevice, arithmetic: Arithmetic = float32) =>
  async (j: Judged): Promise<Fault | null> => {
    try {
      const program: LoopProgram = { model: 'campaign', entries: [j.entry] };
      if (checkGpu(program).length > 0) return null;
      const session = await open(program, device, j.env.sizes);
      try {
        return await onSession(device, session, j, arithmetic);
      } finally {
        await session.dispose();
      }
    } catch (e) {
      return threw(device, e);
    }
  };

/** gpu.js takes a hundred times as long to open a program as all the rest, a compiler of C ten times: each sees one case in so many. */
const SAMPLE = 50;
const BUILT = 10;
const onSample = (of: Case): boolean => of.seed % SAMPLE === 0;
const isBuilt = (of: Case): boolean => available && of.seed % BUILT === 0;

export const judge = async (cases: readonly Case[]): Promise<readonly Verdict[]> => {
  const all = cases.map(judged);
  const faults: (Fault | null)[] = all.map((x) => (x !== null && isFault(x) ? x : null));
  const good = all.flatMap((x, i) => (x === null || isFault(x) ? [] : [[x, i] as const]));
  if (good.length > 0)
    (await onWasm(good.map(([j]) => j))).forEach((fault, k) => {
      faults[good[k]![1]] ??= fault;
    });
  const chosen = good.filter(([, i]) => faults[i] === null && isBuilt(cases[i]!));
  if (chosen.length > 0)
    (await onNative(chosen.map(([j]) => j))).forEach((fault, k) => {
      faults[chosen[k]![1]] = fault;
    });
  for (const [j, i] of good) {
    if (faults[i] === null && onSample(cases[i]!)) faults[i] = (await onGpu('cpu')(j)) ?? (await onGpu('webasm')(j));
  }
  return faults.map((fault) => (fault === null ? right(1) : left(fault)));
};

/** The same on a GPU alone, each program in a session of its own. */
export const judgeOnGpu = async (of: Case): Promise<Verdict> => {
  const j = judged(of);
  const fault = j === null || isFault(j) ? j : await onGpu('webgpu', shader)(j);
  return fault === null ? right(1) : left(fault);
};
