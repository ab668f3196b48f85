/** A session of kernels for processors, on as many threads as there are cores: what runs is the plan, whatever the kernels are written in. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { DeviceName } from '../contract/compiled.js';
import { type Draw, stream } from '../contract/random.js';
import type { Ceilings, Data, KernelTime, Session, Sizes } from '../contract/session.js';
import { plural } from '../contract/words.js';
import { type Arena, arrange } from '../contract/arena.js';
import { type Existing, pack, unpack } from './pack.js';
import {
  type PlanBuffer,
  type PlanEntry,
  type PlanJob,
  type CpuPlan,
  cellsOf,
  chunks,
  denseCells,
  sizeOf,
} from '../contract/cpu-plan.js';
import { calledBy, inputsById } from '../contract/plan.js';
import { pieces, tasksOf } from './tasks.js';
import { type Link, type Places, type Seen, type Soon, type ThreadSetup, control, thread } from './thread.js';
import { bytesOf, operationsOf, packedCells } from './work.js';
import { hire, inNode } from './workers.js';

type Given = Readonly<Record<string, Data>>;

/** A session on processors, which can also be timed. */
export interface CpuSession extends Session {
  readonly threads: number;
  /** Runs an entry on one thread, as `run` does, and tells how long each kernel took, longest first. */
  profile(entry: string, inputs: Given, random: Draw): Promise<readonly KernelTime[]>;
  ceilings(): Promise<Ceilings>;
  /** Bytes of buffers; see arena. */
  readonly peakBytes: number;
}

/** A target's kernels, ready for threads of this machine. */
export interface Kernels<G> {
  /** What runs, in words: `wasm`, and what else there is to say of it. */
  readonly name: string;
  readonly details: readonly string[];
  readonly given: G;
  readonly link: Link<G>;
  readonly ceilings: () => Promise<Ceilings>;
}

/** Why the kernels of `own`, told in words, are not for the device; undefined where they are. */
export const unfitFor = (
  { format }: CpuPlan,
  device: DeviceName | 'auto',
  own: DeviceName,
  words: string,
): string | undefined =>
  device !== own && device !== 'auto'
    ? `This trainer carries kernels ${words} only; compile the model with --target all for ${device}.`
    : format !== 1
      ? `These kernels have format ${format}; this runtime reads format 1. Compile the model again.`
      : undefined;

const missing = ({ entries }: CpuPlan, sizes: Sizes): readonly string[] =>
  [...new Set(entries.flatMap((e) => e.buffers).flatMap((b) => b.axes.map((a) => a.size)))].filter(
    (s): s is string => typeof s === 'string' && s !== 'chunks' && !((sizes[s] ?? 0) > 0),
  );

const session = async <G>(
  plan: CpuPlan,
  arena: Arena,
  kernels: Kernels<G>,
  sizes: Sizes,
  threads: number,
  settled: boolean,
): Promise<CpuSession> => {
  const pages = Math.ceil(arena.bytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const places = new Map(plan.entries.map((e) => [e.name, new Map([...arena.states, ...arena.entries.get(e.name)!])]));
  // Each entry whole, and after all of them each without what states alone decide.
  const entries = (settled ? [false, true] : [false]).flatMap((lean) =>
    plan.entries.map((e) => tasksOf(e, sizes, places.get(e.name)!, lean)),
  );
  const placesOf = (t: number): Places => ({
    at: Object.fromEntries([
      ['@end', arena.end],
      ['@streams', arena.streams],
      ...plan.entries.flatMap((e) =>
        e.buffers.map((b) => [b.global, places.get(e.name)!.get(b.id)! + (b.local ? t * arena.slab : 0)] as const),
      ),
    ]),
    size: { ...sizes, chunks },
  });
  const setup = (t: number): ThreadSetup<G> => ({
    memory,
    places: placesOf(t),
    given: kernels.given,
    entries,
    threads,
    sleeps: t > 0 || inNode(),
  });
  const own = thread(setup(0), kernels.link);
  const crew = await hire(
    Array.from({ length: threads - 1 }, (_, i) => setup(i + 1)),
    kernels.link,
  );
  const words = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  const view = (b: PlanBuffer): Data => (b.dtype === 'f32' ? floats : words);
  const stateInfos = new Map(
    plan.entries.flatMap((e) => e.buffers.filter((b) => b.role === 'state').map((b) => [calledBy(b), b] as const)),
  );
  const noRows: Existing = {
    rows: Infinity,
    length: () => {
      throw new Error('A state has no rows.');
    },
  };
  /** What is asked of an entry at each run of it. */
  const known = plan.entries.map((entry) => ({
    infos: new Map(entry.buffers.map((b) => [b.id, b])),
    inputs: entry.buffers.filter((b) => b.role === 'input'),
  }));
  let closed = false;
  /** Entries that have computed what the states, as they are, decide. */
  const ready = new Set<number>();
  const numberOf = (entry: number): number => (ready.has(entry) ? entry + plan.entries.length : entry);
  const ran = (entry: number): void => {
    if (Object.keys(plan.entries[entry]!.updates).length > 0) ready.clear();
    else if (settled) ready.add(entry);
  };

  const found = (
    name: string,
  ): {
    readonly entry: PlanEntry;
    readonly number: number;
    readonly place: ReadonlyMap<string, number>;
    readonly infos: ReadonlyMap<string, PlanBuffer>;
    readonly asked: readonly PlanBuffer[];
  } => {
    if (closed) throw new Error('The session is closed.');
    if (Atomics.load(words, control.failed) !== 0)
      throw new Error('A thread of this session failed in an earlier run; open another session.');
    const number = plan.entries.findIndex((e) => e.name === name);
    const entry = plan.entries[number];
    if (entry === undefined)
      throw new Error(`The model has no entry '${name}'; it has ${plan.entries.map((e) => e.name).join(', ')}.`);
    const { infos, inputs: asked } = known[number]!;
    return { entry, number, place: places.get(name)!, infos, asked };
  };

  const prepare = (name: string, given: Given, { seed, step }: Draw) => {
    const { entry, number, place, infos, asked } = found(name);
    const inputs = inputsById(asked, given);
    for (const b of asked) {
      if (inputs[b.id]?.length !== denseCells(b, sizes))
        throw new Error(
          `The input '${calledBy(b)}' of '${name}' needs ${plural(denseCells(b, sizes), 'value')} and got ${inputs[b.id]?.length ?? 'none'}.`,
        );
    }
    const all = entry.rowsAxis === null ? 0 : sizeOf(entry.rowsAxis, sizes);
    const rows = all - (entry.missing === undefined ? 0 : inputs[entry.missing]![0]!);
    if (!(rows >= 0 && rows <= all))
      throw new Error(`Of the ${all} rows of '${name}' ${all - rows} are said to be missing.`);
    const exist: Existing = { rows, length: (id, row) => (row < rows ? inputs[id]![row]! : 0) };
    for (const { id, lengths: factors } of entry.packings) {
      const to = place.get(id)! / 4;
      const of = factors.map((f) => inputs[f]!);
      const n = of[0]!.length;
      words[to] = 0;
      for (let r = 0; r < n; r++) {
        let cells = r < rows ? 1 : 0;
        for (const lengths of of) cells *= lengths[r]!;
        words[to + r + 1] = words[to + r]! + cells;
      }
    }
    for (const b of asked) pack(b, sizes, exist, inputs[b.id]!, view(b), place.get(b.id)! / 4);
    plan.streams.forEach((key, i) => {
      words[arena.streams / 4 + i] = stream(seed, step, key);
    });
    return { entry, number, place, infos, exist };
  };
  const emptied = (b: PlanBuffer): Data =>
    b.dtype === 'f32' ? new Float32Array(denseCells(b, sizes)) : new Int32Array(denseCells(b, sizes));
  const handOut = (b: PlanBuffer, exist: Existing, at: number): Data => {
    const into = emptied(b);
    unpack(b, sizes, exist, view(b), at / 4, into);
    return into;
  };

  const self: CpuSession = {
    threads,
    peakBytes: arena.peak,
    backend: `${kernels.name} (${[plural(threads, 'thread'), ...kernels.details].join(', ')})`,
    run: async (name, inputs, draw) => {
      const { entry, number, place, infos, exist } = prepare(name, inputs, draw);
      words.fill(0, control.counters, control.counters + 512);
      if (threads > 1) {
        Atomics.store(words, control.entry, numberOf(number));
        Atomics.add(words, control.round, 1);
        Atomics.notify(words, control.round);
      }
      try {
        own.run(numberOf(number), threads === 1);
      } catch (e) {
        Atomics.store(words, control.failed, 1);
        throw e;
      }
      ran(number);
      return Object.fromEntries(
        Object.entries(entry.outputs).map(([key, id]) => [key, handOut(infos.get(id)!, exist, place.get(id)!)]),
      );
    },
    ceilings: kernels.ceilings,
    profile: async (name, inputs, draw) => {
      const began = performance.now();
      const { entry, number, infos, exist } = prepare(name, inputs, draw);
      const packed = performance.now() - began;
      const given = { entry, sizes, lengths: exist.length };
      const moved = (ids: readonly string[]): number =>
        4 * ids.reduce((n, id) => n + packedCells(infos.get(id)!, given), 0);
      const grids = entry.phases.map((p) =>
        p.grids.flatMap((j) => (j.task === null ? [j] : pieces(sizeOf(j.task, sizes)).map(() => j))),
      );
      const job = (j: PlanJob): KernelTime => ({
        name: j.name,
        source: j.source,
        comment: j.comment,
        ms: 0,
        calls: 0,
        operations: operationsOf(j, given),
        bytes: bytesOf(j, given),
      });
      const plain = (what: string, comment: string, bytes: number): KernelTime => ({
        name: what,
        source: undefined,
        comment,
        ms: 0,
        calls: 0,
        operations: 0,
        bytes,
      });
      const stepsOf: {
        readonly [K in Parameters<Seen>[1]]: (phase: number, at: number) => readonly [object, () => KernelTime];
      } = {
        row: (p, at) => {
          const j = entry.phases[p]!.rows[at]!;
          return [j, () => job(j)];
        },
        grid: (p, at) => {
          const j = grids[p]![at]!;
          return [j, () => job(j)];
        },
        inverse: (p, at) => {
          const i = entry.phases[p]!.inverses[at]!;
          return [
            i,
            () =>
              plain(
                `positions by ${i.index}`,
                'lists of positions, for the gradient of a lookup',
                moved([i.index]) * (1 + i.axes.length),
              ),
          ];
        },
        copy: () => [
          entry.updates,
          () => plain('updates', 'new values become the states', 2 * moved(Object.keys(entry.updates))),
        ],
      };
      const times = new Map<object, KernelTime>([
        [
          inputs,
          {
            ...plain('inputs', 'inputs are packed', 2 * moved(Object.keys(inputs).filter((id) => infos.has(id)))),
            ms: packed,
            calls: 1,
          },
        ],
      ]);
      own.run(number, true, (p, kind, at, _, ms) => {
        const [key, fresh] = stepsOf[kind](p, at);
        const sofar = times.get(key) ?? fresh();
        times.set(key, { ...sofar, ms: sofar.ms + ms, calls: sofar.calls + 1 });
      });
      return [...times.values()].sort((a, b) => b.ms - a.ms);
    },
    inspect: async (name, inputs, draw) => {
      const saved = await self.read();
      const { entry, number, place, infos, exist } = prepare(name, inputs, draw);
      const seen = new Map<string, Data>();
      const look = (b: PlanBuffer, rows: readonly [number, number] | null): void => {
        const into = seen.get(b.id) ?? emptied(b);
        seen.set(b.id, into);
        unpack(b, sizes, exist, view(b), place.get(b.id)! / 4, into, b.local ? rows : null);
      };
      for (const b of entry.buffers) if (b.role === 'input' || b.role === 'state') look(b, null);
      const grids = entry.phases.map((p) =>
        p.grids.flatMap((j) =>
          j.task === null
            ? [{ j, last: true }]
            : pieces(sizeOf(j.task, sizes)).map((_, i, all) => ({ j, last: i === all.length - 1 })),
        ),
      );
      const told = (p: number, kind: 'row' | 'grid', at: number): PlanJob =>
        kind === 'row' ? entry.phases[p]!.rows[at]! : grids[p]![at]!.j;
      /** What a kernel would leave as it was. */
      const blank: Soon = (p, kind, at, from) =>
        told(p, kind, at)
          .outputs.map((id) => infos.get(id)!)
          .filter((b) => b.bare === true && (b.local || from === 0))
          .forEach((b) => view(b).fill(0, place.get(b.id)! / 4, place.get(b.id)! / 4 + cellsOf(b, sizes)));
      const seeing: Seen = (p, kind, at, range) => {
        if (kind === 'row') {
          told(p, kind, at)
            .outputs.map((id) => infos.get(id)!)
            .forEach((b) => {
              if (b.local) look(b, range);
              else if (range[1] === exist.rows) look(b, null);
            });
        } else if (kind === 'grid' && grids[p]![at]!.last)
          told(p, kind, at).outputs.forEach((id) => look(infos.get(id)!, null));
      };
      own.run(number, true, seeing, blank);
      const order = [
        ...entry.buffers.filter((b) => b.role === 'input' || b.role === 'state').map((b) => b.id),
        ...entry.phases.flatMap((p) => [...p.rows, ...p.grids].flatMap((j) => j.outputs)),
      ];
      const result = order.flatMap((id) => {
        const data = seen.get(id);
        return data === undefined ? [] : [{ name: calledBy(infos.get(id)!), data }];
      });
      await self.write(saved);
      return result;
    },
    read: async () => {
      if (closed) throw new Error('The session is closed.');
      return Object.fromEntries(
        [...stateInfos.values()].map((b) => {
          const into = new Float32Array(denseCells(b, sizes));
          unpack(b, sizes, noRows, floats, arena.states.get(b.id)! / 4, into);
          return [calledBy(b), into];
        }),
      );
    },
    write: async (values) => {
      if (closed) throw new Error('The session is closed.');
      for (const [name, value] of Object.entries(values)) {
        const b = stateInfos.get(name);
        if (b === undefined) throw new Error(`The model has no state '${name}'.`);
        if (value.length !== denseCells(b, sizes))
          throw new Error(`The state '${name}' has ${plural(denseCells(b, sizes), 'value')}, not ${value.length}.`);
      }
      ready.clear();
      for (const [name, value] of Object.entries(values)) {
        const b = stateInfos.get(name)!;
        pack(b, sizes, noRows, value, floats, arena.states.get(b.id)! / 4);
      }
    },
    dispose: async () => {
      if (closed) return;
      closed = true;
      Atomics.store(words, control.entry, -1);
      Atomics.add(words, control.round, 1);
      Atomics.notify(words, control.round);
      await crew.end();
    },
  };
  return self;
};

/** A session of fixed sizes; `settled` as it is said of `OpenOptions`, where there is memory for it. The Left says what is missing and what to do about it. */
export const openSession = async <G>(
  plan: CpuPlan,
  sizes: Sizes,
  threads: number,
  kernels: Kernels<G>,
  settled = false,
): Promise<Either<string, CpuSession>> => {
  const unbound = missing(plan, sizes);
  if (unbound.length > 0) return left(`The model needs a positive size for ${unbound.join(', ')}.`);
  const fits = ({ bytes }: Arena): boolean => bytes <= 2 ** 32 - 65536;
  const wanted = arrange(plan, sizes, threads, settled);
  const keeps = settled && fits(wanted);
  const arena = keeps ? wanted : arrange(plan, sizes, threads);
  if (!fits(arena))
    return left(
      `These sizes need ${Math.ceil(arena.bytes / 2 ** 30)} GiB, and kernels address 4. Choose a smaller batch.`,
    );
  return right(await session(plan, arena, kernels, sizes, threads, keeps));
};
