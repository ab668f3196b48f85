/** Random loop programs for the gpu target: every read in range, every integer small. */
import fc from 'fast-check';
import { apply, dtypeOf, integer, literal } from '../../compiler/loops/build.js';
import type { Buffer, Expr, Kernel, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';

const batch: LoopAxis = { name: 'batch', size: 'batch' };
const seq: LoopAxis = { name: 'seq', size: 4, ragged: { rows: 'batch', lengths: 'lengths' } };
const width: LoopAxis = { name: 'width', size: 3 };
const item: LoopAxis = { name: 'item', size: 'items' };
export const sizes = { batch: 3, items: 5 };
export const given = {
  lengths: [4, 1, 2],
  ids: [1, 4, 0, 2, 3, 0, 0, 0, 2, 2, 0, 0],
  x: Array.from({ length: 36 }, (_, i) => Math.fround(Math.sin(i * 3.7))),
  table: Array.from({ length: 15 }, (_, i) => Math.fround(Math.cos(i * 1.3))),
};
const inputs: readonly Buffer[] = [
  { id: 'lengths', dtype: 'i32', axes: [batch], role: 'input' },
  { id: 'ids', dtype: 'i32', axes: [batch, seq], role: 'input' },
  { id: 'x', dtype: 'f32', axes: [batch, seq, width], role: 'input' },
  { id: 'table', dtype: 'f32', axes: [item, width], role: 'input' },
];

const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });
const row = { kind: 'index', axis: 'batch' } as const;
/** Loops inside a kernel: each with a name of its own, over positions that exist. */
const inner: readonly Extract<Expr, { kind: 'reduce' }>['over'][number][] = [
  { axis: { ...seq, name: 'key' }, row },
  { axis: { ...seq, name: 'past' }, to: apply('add', at(seq), integer(1)) },
  { axis: { ...width, name: 'other' } },
];
const along = (scope: readonly string[], axis: LoopAxis): readonly Expr[] =>
  scope
    .filter(
      (name) =>
        name === axis.name ||
        (axis === seq && (name === 'key' || name === 'past')) ||
        (axis === width && name === 'other'),
    )
    .map((name) => ({ kind: 'index', axis: name }));

/** A choice stream from fast-check, so that counterexamples shrink. */
const build = (stream: readonly number[], target: 'f32' | 'i32' | 'bool'): Expr => {
  let next = 0;
  const pool = new Map<string, Expr[]>();
  const pick = <T>(options: readonly T[]): T => options[(stream[next++] ?? 0) % options.length]!;
  const make = (dtype: 'f32' | 'i32' | 'bool', depth: number, scope: readonly string[]): Expr => {
    const key = `${dtype} ${scope.join()}`;
    const known = pool.get(key) ?? [];
    if (known.length > 0 && pick([true, false, false, false])) return pick(known);
    const sub = (d: 'f32' | 'i32' | 'bool'): Expr => make(d, depth - 1, scope);
    const read = (): Expr => ({
      kind: 'read',
      buffer: 'x',
      dtype: 'f32',
      at: [at(batch), pick(along(scope, seq)), pick(along(scope, width))],
    });
    const gather = (): Expr => ({
      kind: 'read',
      buffer: 'table',
      dtype: 'f32',
      at: [
        { kind: 'read', buffer: 'ids', dtype: 'i32', at: [at(batch), pick(along(scope, seq))] },
        pick(along(scope, width)),
      ],
    });
    const leaves: Readonly<Record<string, readonly (() => Expr)[]>> = {
      f32: [read, gather, () => literal(pick([0.5, -1.25, 2, 0]))],
      i32: [
        () => pick(scope.map((name): Expr => ({ kind: 'index', axis: name }))),
        () => integer(pick([0, 1, 3])),
        () => ({ kind: 'extent', axis: seq, row }),
        () => ({ kind: 'extent', axis: batch }),
      ],
      bool: [() => apply('lt', at(seq), integer(2)), () => apply('ge', at(width), at(seq))],
    };
    const loops = inner.filter(({ axis }) => !scope.includes(axis.name));
    const branches: Readonly<Record<string, readonly (() => Expr)[]>> = {
      f32: [
        () => apply(pick(['add', 'sub', 'mul', 'max', 'min']), sub('f32'), sub('f32')),
        () => apply(pick(['neg', 'abs', 'tanh', 'sigmoid', 'floor', 'sign']), sub('f32')),
        () => apply('toF32', sub('i32')),
        () => apply('select', sub('bool'), sub('f32'), sub('f32')),
        () => ({ kind: 'guard', condition: sub('bool'), then: sub('f32'), otherwise: sub('f32'), dtype: 'f32' }),
        () =>
          loops.length === 0
            ? read()
            : ((loop) => ({
                kind: 'reduce',
                monoid: pick(['sum', 'max']),
                over: [loop],
                body: make('f32', depth - 1, [...scope, loop.axis.name]),
                dtype: 'f32',
              }))(pick(loops)),
        () => ({
          kind: 'collect',
          index: 'ids',
          over: [{ axis: batch }, { axis: seq }],
          target: at(width),
          dtype: 'f32',
          body: { kind: 'read', buffer: 'x', dtype: 'f32', at: [at(batch), at(seq), integer(1)] },
        }),
        () => ({ kind: 'uniform', key: 'noise', counter: sub('i32') }),
      ],
      i32: [
        () => apply(pick(['add', 'sub', 'mul', 'max', 'min']), sub('i32'), sub('i32')),
        () => apply('select', sub('bool'), sub('i32'), sub('i32')),
        () => ({ kind: 'guard', condition: sub('bool'), then: sub('i32'), otherwise: integer(0), dtype: 'i32' }),
      ],
      bool: [
        () => apply(pick(['eq', 'ne', 'lt', 'le', 'gt', 'ge']), sub('i32'), sub('i32')),
        () => apply(pick(['and', 'or', 'eq']), sub('bool'), sub('bool')),
        () => apply('not', sub('bool')),
      ],
    };
    const e = pick(depth <= 0 ? leaves[dtype]! : [...leaves[dtype]!, ...branches[dtype]!, ...branches[dtype]!])();
    pool.set(key, [...known, e]);
    return e;
  };
  return make(target, 4, ['batch', 'seq', 'width']);
};

const dtypes = ['f32', 'f32', 'f32', 'i32', 'bool'] as const;
export const randomProgram = (runs: readonly (readonly number[])[]): LoopProgram => {
  const made = runs.map((stream, i): { readonly kernel: Kernel; readonly buffer: Buffer } => {
    const body = build(stream, dtypes[i % dtypes.length]!);
    const axes = [batch, seq, width];
    return {
      buffer: { id: `out${i}`, dtype: dtypeOf(body), axes, role: 'output' },
      kernel: {
        name: `out${i}`,
        output: `out${i}`,
        body,
        comment: `random ${i}`,
        ...(stream.length % 3 === 0 ? { where: build([...stream].reverse(), 'bool') } : {}),
      },
    };
  });
  return {
    model: 'random',
    entries: [
      {
        name: 'all',
        buffers: [...inputs, ...made.map((m) => m.buffer)],
        kernels: made.map((m) => m.kernel),
        outputs: Object.fromEntries(made.map((m) => [m.buffer.id, m.buffer.id])),
        updates: {},
      },
    ],
  };
};

/** Ten kernels' worth of choices. */
export const choices = fc.array(fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 }), {
  minLength: 10,
  maxLength: 10,
});

/** The same program on other sizes: the sequence's, its lengths and the width. */
export const longer = (program: LoopProgram, seq: number, width: number): LoopProgram => {
  const bounds: Readonly<Record<string, number>> = { seq, key: seq, past: seq, width, other: width };
  return JSON.parse(JSON.stringify(program), (_, x: unknown) =>
    typeof x === 'object' && x !== null && 'name' in x && 'size' in x && typeof x.name === 'string' && x.name in bounds
      ? { ...x, size: bounds[x.name] }
      : x,
  );
};
const wave = (n: number, speed: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i * speed)));
/** Numbers for such a program. */
export const valuesFor = (seq: number, width: number, lengths: readonly number[]): typeof given => ({
  lengths: [...lengths],
  ids: lengths.flatMap((n) => Array.from({ length: seq }, (_, i) => (i < n ? (i * 7 + n) % 5 : 0))),
  x: [...wave(lengths.length * seq * width, 3.7)],
  table: [...wave(5 * width, 1.3)],
});
