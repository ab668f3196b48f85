/**
 * What every thread runs: phases of tasks, taken one by one from a common counter, with a meeting of all threads after each.
 * Which thread takes a task has no influence on any result. The function reaches a worker as its own source, so it uses
 * nothing from outside itself. Imperative: it is the inside of a machine.
 */
export interface InverseTask {
  /** Addresses of the lists' starts and of each coordinate. */
  readonly starts: number;
  readonly coordinates: readonly number[];
  readonly targets: number;
  readonly index: number;
  /** How the index lies in memory: dense extents, and where rows are packed, where they begin. */
  readonly extents: readonly number[];
  /** Where it says how many of an axis's last positions do not exist. */
  readonly missing: readonly (number | null)[];
  readonly packed: { readonly offsets: number; readonly lengths: readonly (number | null)[] } | null;
}

export interface PhaseTasks {
  /** Functions run for each row, the one that clears what a share adds to and runs them all, and [first, end) rows of each share. */
  readonly rows: readonly string[];
  readonly together?: string;
  /** Rows that take turns together; `before`: where it says how many positions the rows before each have, null where rows are counted. */
  readonly gather?: { readonly before: number | null; readonly most: number };
  readonly shares: readonly (readonly [number, number])[];
  /** How many rows there are, and where it says how many of the last do not exist. */
  readonly batch: { readonly rows: number; readonly missing: number | null };
  /** What a share adds to: address and bytes of one share. */
  readonly sums: readonly { readonly at: number; readonly bytes: number }[];
  readonly grids: readonly { readonly run: string; readonly from: number; readonly to: number }[];
  readonly inverses: readonly InverseTask[];
  /** [to, from, bytes] */
  readonly copies: readonly (readonly [number, number, number])[];
}

/** Where a thread finds what kernels work on: addresses of buffers, by their globals' names, and sizes. */
export interface Places {
  readonly at: Readonly<Record<string, number>>;
  readonly size: Readonly<Record<string, number>>;
}

/** What all threads share, a WebAssembly memory: spelt so that a reader of types need not know of WebAssembly. */
export interface Memory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** A kernel: positions [from, to) of its task, and the share of the batch to whose sums it adds. */
export type Kernel = (from: number, to: number, chunk: number) => void;

/** What a target does to make kernels of what it is `given`. It reaches a worker as its own source, too. */
export type Link<G> = (given: G, memory: Memory, places: Places) => Readonly<Record<string, Kernel>>;

export interface ThreadSetup<G = unknown> {
  readonly memory: Memory;
  readonly places: Places;
  readonly given: G;
  readonly entries: readonly (readonly PhaseTasks[])[];
  readonly threads: number;
  /** May sleep: a browser's main thread may not. */
  readonly sleeps: boolean;
}

/** Words of the control block. */
export const control = { arrived: 0, meeting: 1, round: 2, entry: 3, failed: 4, counters: 64 } as const;

/** Told after each step: the phase, which of its lists, the place there, from where to where (rows, or positions of a piece), and milliseconds. */
export type Seen = (
  phase: number,
  kind: 'row' | 'grid' | 'inverse' | 'copy',
  at: number,
  range: readonly [number, number],
  ms: number,
) => void;

/** Told before each kernel, as `Seen` is after it: the first row, or where a piece begins. */
export type Soon = (phase: number, kind: 'row' | 'grid', at: number, from: number) => void;

export interface ThreadRun {
  /** Takes part in one run. `seen` makes this thread do everything alone and look at what each step wrote. */
  readonly run: (entry: number, alone: boolean, seen?: Seen, soon?: Soon) => void;
  /** Runs whatever rounds are announced, until told to end. */
  readonly serve: () => void;
}

export const thread = <G>(
  { given, memory, places, entries, threads, sleeps }: ThreadSetup<G>,
  link: Link<G>,
): ThreadRun => {
  const words = new Int32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const call = link(given, memory, places);
  const ARRIVED = 0;
  const MEETING = 1;
  const ROUND = 2;
  const ENTRY = 3;
  const FAILED = 4;
  const COUNTERS = 64;
  const spins = 4000;

  const meet = (): void => {
    const now = Atomics.load(words, MEETING);
    if (Atomics.add(words, ARRIVED, 1) === threads - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, MEETING, 1);
      Atomics.notify(words, MEETING);
      return;
    }
    for (let i = 0; i < spins; i++) if (Atomics.load(words, MEETING) !== now) return;
    while (Atomics.load(words, MEETING) === now) {
      if (Atomics.load(words, FAILED) !== 0) throw new Error('Another thread failed.');
      if (sleeps) Atomics.wait(words, MEETING, now, 100);
    }
  };

  const invert = ({ starts, coordinates, targets, index, extents, missing, packed }: InverseTask): void => {
    const begin = starts / 4;
    const values = index / 4;
    const lists = coordinates.map((c) => c / 4);
    words.fill(0, begin, begin + targets + 1);
    const n = extents.length;
    const position = new Int32Array(n);
    const gone = missing.map((at) => (at === null ? 0 : words[at / 4]!));
    // A packed row begins after as many cells as the rows before have positions, times what each position holds.
    let held = 1;
    for (let k = 1; k < n; k++) if (packed !== null && packed.lengths[k] === null) held *= extents[k]!;
    const count = (from: number, cells: number): void => {
      for (let at = from; at < from + cells; at++) {
        const t = words[at]!;
        if (t >= 0 && t < targets) words[begin + t + 1]!++;
      }
    };
    let next = words.subarray(0, 0);
    const place = (from: number, cells: number): void => {
      for (let i = 0; i < cells; i++) {
        const t = words[from + i]!;
        if (t < 0 || t >= targets) continue;
        position[n - 1] = i;
        const entry = next[t]!++;
        for (let k = 0; k < n; k++) words[lists[k]! + entry] = position[k]!;
      }
    };
    /** Runs of neighbours along the last axis. */
    const walk = (each: typeof place, k: number, first: number, at: number): void => {
      const own = packed === null ? null : packed.lengths[k]!;
      const end = own === null ? extents[k]! : words[own / 4 + position[0]!]!;
      if (k === n - 1) {
        each(first + at * end, end - gone[k]!);
        return;
      }
      for (let i = 0; i < end - gone[k]!; i++) {
        position[k] = i;
        if (k === 0 && packed !== null) walk(each, 1, values + words[packed.offsets / 4 + i]! * held, 0);
        else walk(each, k + 1, first, at * end + i);
      }
    };
    walk(count, 0, values, 0);
    for (let t = 1; t <= targets; t++) words[begin + t]! += words[begin + t - 1]!;
    next = words.slice(begin, begin + targets);
    walk(place, 0, values, 0);
  };

  /** Behind the rows that take their turn with `row`, as `together` has it. */
  const after = (row: number, to: number, gather: PhaseTasks['gather']): number => {
    let next = row + 1;
    if (gather === undefined) return next;
    if (gather.before === null) return Math.min(to, row + gather.most);
    const before = gather.before / 4;
    while (next < to && words[before + next + 1]! <= words[before + row]! + gather.most) next++;
    return next;
  };

  /** Shares with many positions first, so that no thread is left with one at the end; whoever is alone, and looked at, goes from the first row to the last. */
  const inTurn = ({ shares, gather }: PhaseTasks, alone: boolean): readonly number[] => {
    const order = shares.map((_, share) => share);
    if (alone || gather === undefined || gather.before === null) return order;
    const before = gather.before / 4;
    const sizes = shares.map(([from, to]) => words[before + to]! - words[before + from]!);
    return order.sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  };

  const run: ThreadRun['run'] = (entry, alone, seen, soon) => {
    const phases = entries[entry]!;
    phases.forEach((phase, p) => {
      const { rows, together, gather, shares, batch, sums, grids, inverses, copies } = phase;
      const existing = batch.rows - (batch.missing === null ? 0 : words[batch.missing / 4]!);
      const total = inverses.length + shares.length + grids.length + copies.length;
      const functions = rows.map((name) => call[name]!);
      const turns = inTurn(phase, alone);
      let mine = 0;
      const take = (): number => (alone ? mine++ : Atomics.add(words, COUNTERS + p, 1));
      for (let task = take(); task < total; task = take()) {
        let at = task;
        if (at < inverses.length) {
          const began = seen === undefined ? 0 : performance.now();
          invert(inverses[at]!);
          if (seen !== undefined) seen(p, 'inverse', at, [0, 0], performance.now() - began);
          continue;
        }
        at -= inverses.length;
        if (at < shares.length) {
          at = turns[at]!;
          const [from, end] = shares[at]!;
          const to = Math.min(end, existing);
          if (seen === undefined && together !== undefined) call[together]!(from, to, at);
          else {
            for (const s of sums) words.fill(0, (s.at + at * s.bytes) / 4, (s.at + (at + 1) * s.bytes) / 4);
            for (let row = from; row < to;) {
              const next = after(row, to, gather);
              for (let k = 0; k < functions.length; k++) {
                soon?.(p, 'row', k, row);
                const began = performance.now();
                functions[k]!(row, next, at);
                seen?.(p, 'row', k, [row, next], performance.now() - began);
              }
              row = next;
            }
          }
          continue;
        }
        at -= shares.length;
        if (at < grids.length) {
          const began = seen === undefined ? 0 : performance.now();
          const { run: name, from, to } = grids[at]!;
          soon?.(p, 'grid', at, from);
          call[name]!(from, to, 0);
          if (seen !== undefined) seen(p, 'grid', at, [from, to], performance.now() - began);
          continue;
        }
        at -= grids.length;
        const began = seen === undefined ? 0 : performance.now();
        const [to, from, n] = copies[at]!;
        bytes.copyWithin(to, from, from + n);
        if (seen !== undefined) seen(p, 'copy', at, [0, 0], performance.now() - began);
      }
      if (!alone && threads > 1) meet();
    });
  };

  const serve = (): void => {
    let round = 0;
    for (;;) {
      for (let i = 0; i < spins && Atomics.load(words, ROUND) === round; i++);
      while (Atomics.load(words, ROUND) === round) Atomics.wait(words, ROUND, round);
      round = Atomics.load(words, ROUND);
      const entry = Atomics.load(words, ENTRY);
      if (entry < 0) return;
      try {
        run(entry, false);
      } catch (e) {
        Atomics.store(words, FAILED, 1);
        throw e;
      }
    }
  };
  return { run, serve };
};
