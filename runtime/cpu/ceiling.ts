/**
 * What one thread of this machine can do, measured now: multiplications and additions in a loop that keeps 4 rows by 8 columns
 * in registers and finds its operands in the nearest cache, and copies of arrays that the caches hold or do not. The module is
 * encoded here, instruction by instruction, since nothing assembles text where a trainer runs.
 */
import type { Ceilings } from '../contract/session.js';

const leb = (n: number): readonly number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
/** Signed: one more bit. */
const sleb = (n: number): readonly number[] => (n < 64 ? [n] : [(n & 127) | 128, ...sleb(n >> 7)]);
type Code = readonly number[];
const join = (...parts: readonly Code[]): Code => parts.flat();
const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const constant = (n: number): Code => [0x41, ...sleb(n)];
const plus = (local: number, by: Code, add = 0x6a): Code => [...get(local), ...by, add, ...set(local)];
const vector = (op: number, ...rest: Code): Code => [0xfd, ...leb(op), ...rest];
const at = (op: number, offset: number): Code => vector(op, 2, ...leb(offset));
const load = 0x00;
const spread = 0x09;
const store = 0x0b;
const mul = vector(0xe6);
const add = vector(0xe4);
const fusedAdd = vector(0x105);
const zero = vector(0x0c, ...Array.from({ length: 16 }, () => 0));
/** Again while `local`, less one, is not 0. */
const repeat = (local: number, body: Code): Code => [
  0x03,
  0x40,
  ...body,
  ...plus(local, constant(1), 0x6b),
  ...get(local),
  0x0d,
  0,
  0x0b,
];
const section = (id: number, ...items: readonly Code[]): Code => {
  const body = join(leb(items.length), ...items);
  return [id, ...leb(body.length), ...body];
};
const sized = (body: Code): Code => [...leb(body.length), ...body];
const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];

/** Positions of the loop's sum, and where its operands lie: 4 rows, then 8 columns, then the tile. */
const depth = 256;
const columns = 4 * 4 * depth;
const out = columns + 4 * 8 * depth;

/** (times): the tile is summed anew `times` times. Locals: 1 and 2 walk the operands, 3 counts; then 8 sums, 2 vectors of columns, 1 of a row. */
const tile = (fused: boolean): Code => {
  const sum = (r: number, c: number): number => 4 + 2 * r + c;
  const [column, row] = [12, 14];
  const rows = [0, 1, 2, 3];
  const step = (local: number, other: number): Code =>
    fused
      ? join(get(row), get(other), get(local), fusedAdd, set(local))
      : join(get(local), get(row), get(other), mul, add, set(local));
  const body = repeat(
    0,
    join(
      constant(0),
      set(1),
      constant(columns),
      set(2),
      constant(depth),
      set(3),
      ...rows.flatMap((r) => [0, 1].map((c) => join(zero, set(sum(r, c))))),
      repeat(
        3,
        join(
          ...[0, 1].map((c) => join(get(2), at(load, 16 * c), set(column + c))),
          ...rows.map((r) =>
            join(get(1), at(spread, 4 * depth * r), set(row), ...[0, 1].map((c) => step(sum(r, c), column + c))),
          ),
          plus(1, constant(4)),
          plus(2, constant(32)),
        ),
      ),
      ...rows.flatMap((r) => [0, 1].map((c) => join(constant(out), get(sum(r, c)), at(store, 32 * r + 16 * c)))),
    ),
  );
  return sized(join([2, 3, 0x7f, 11, 0x7b], body, [0x0b]));
};

/** (to, from, times): copies `times` times 64 bytes. */
const copy: Code = sized(
  join(
    [0],
    repeat(
      2,
      join(
        ...[0, 16, 32, 48].map((o) => join(get(0), get(1), at(load, o), at(store, o))),
        plus(0, constant(64)),
        plus(1, constant(64)),
      ),
    ),
    [0x0b],
  ),
);

export const ceilingModule = (fused: boolean): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    join(
      [0, 97, 115, 109, 1, 0, 0, 0],
      section(1, [0x60, 1, 0x7f, 0], [0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
      section(2, [...name('env'), ...name('memory'), 2, 0, 1]),
      section(3, [0], [1]),
      section(7, [...name('tile'), 0, 0], [...name('copy'), 0, 1]),
      section(10, tile(fused), copy),
    ),
  );

/** Bytes of the two arrays of a copy that a core's own caches hold, and of one that comes from memory. */
export const near = 1 << 19;
export const far = 1 << 26;
/** Milliseconds for each figure; the engine optimises the code meanwhile, and the best is taken. */
const patience = 60;

/** The most work a millisecond of `run`, which does `work`. */
export const best = (work: number, run: () => void): number => {
  let most = 0;
  for (const end = performance.now() + patience; performance.now() < end;) {
    const began = performance.now();
    run();
    most = Math.max(most, work / (performance.now() - began));
  }
  return most;
};

export const ceilings = async (fused: boolean): Promise<Ceilings> => {
  const memory = new WebAssembly.Memory({ initial: far / 65536, maximum: far / 65536 });
  new Float32Array(memory.buffer).fill(1);
  const { instance } = await WebAssembly.instantiate(ceilingModule(fused), { env: { memory } });
  const call = instance.exports as Readonly<Record<'tile' | 'copy', (...args: readonly number[]) => void>>;
  const times = 50;
  const copied = (bytes: number, again: number) =>
    best(again * bytes, () => {
      for (let i = 0; i < again; i++) call.copy(0, bytes / 2, bytes / 128);
    });
  const operations = best(times * 2 * 4 * 8 * depth, () => call.tile(times));
  return { operations: 1000 * operations, near: 1000 * copied(near, 8), far: 1000 * copied(far, 1), nearBytes: near };
};
