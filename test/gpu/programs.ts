/** Small loop programs that between them use every kind of expression, written by hand, with inputs for them. */
import { type ScalarName, scalars } from '../../dsl/scalar.js';
import { apply, guard, integer, literal } from '../../compiler/loops/build.js';
import type { Buffer, Entry, Expr, Kernel, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';
import type { Sizes } from '../../runtime/session.js';
import type { Values } from './interpret.js';

const batch: LoopAxis = { name: 'batch', size: 'batch' };
const seq: LoopAxis = { name: 'seq', size: 7, ragged: { rows: 'batch', lengths: 'lengths' } };
const key: LoopAxis = { ...seq, name: 'key' };
const width: LoopAxis = { name: 'width', size: 5 };
const head: LoopAxis = { name: 'head', size: 3 };
const item: LoopAxis = { name: 'item', size: 'items' };

const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });
const read = (buffer: string, dtype: 'f32' | 'i32' | 'bool', ...over: readonly (LoopAxis | Expr)[]): Expr =>
  ({ kind: 'read', buffer, dtype, at: over.map((o) => ('kind' in o ? o : at(o))) });
const kernel = (output: string, body: Expr, comment: string, where?: Expr): Kernel =>
  ({ name: output, output, body, comment, source: { file: 'models/small.ts', line: 12, column: 3 }, ...(where === undefined ? {} : { where }) });
const buffer = (id: string, role: Buffer['role'], dtype: Buffer['dtype'], ...axes: readonly LoopAxis[]): Buffer => ({ id, dtype, axes, role });
const sum = (body: Expr, ...over: readonly (LoopAxis | Extract<Expr, { kind: 'reduce' }>['over'][number])[]): Expr =>
  ({ kind: 'reduce', monoid: 'sum', dtype: 'f32', body, over: over.map((o) => ('axis' in o ? o : { axis: o })) });
const f = literal;

/** Attention over a ragged history, an embedding with its gradient, dropout, and an optimizer's step. */
const x = read('embedded', 'f32', batch, seq, width);
const past = apply('le', at(key), at(seq));
const shared = apply('mul', read('scores', 'f32', batch, seq, key), f(0.5));
const kernels: readonly Kernel[] = [
  kernel('shifted', guard(apply('ge', at(seq), integer(1)), read('history', 'i32', batch, apply('sub', at(seq), integer(1)))), 'the history one step later'),
  kernel('valid', apply('and', apply('gt', read('shifted', 'i32', batch, seq), integer(0)), apply('lt', at(seq), integer(6))), 'positions with a past'),
  kernel('embedded', apply('mul', read('table', 'f32', read('history', 'i32', batch, seq), width), read('scale', 'f32')), 'embed(items, history) * scale'),
  kernel('dropped', { kind: 'guard', condition: apply('lt', { kind: 'uniform', key: 'drop out', counter: apply('add', apply('mul', apply('add', apply('mul', at(batch), integer(7)), at(seq)), integer(5)), at(width)) }, f(0.6)), then: apply('div', x, f(0.6)), otherwise: f(0), dtype: 'f32' }, 'dropout'),
  kernel('scores', sum(apply('mul', read('dropped', 'f32', batch, seq, width), read('dropped', 'f32', batch, key, width)), width), 'dot(q, k)', past),
  kernel('peak', { kind: 'reduce', monoid: 'max', dtype: 'f32', body: shared, over: [{ axis: key, to: apply('add', at(seq), integer(1)) }] }, 'max over the past'),
  kernel('attended', sum(apply('mul', apply('sigmoid', shared), read('embedded', 'f32', batch, key, width)), { axis: key, from: apply('max', apply('sub', at(seq), integer(3)), integer(0)), to: apply('add', at(seq), integer(1)) }), 'attention over a window'),
  kernel('heads', apply('add', apply('mul', apply('toF32', at(head)), x), apply('toF32', apply('sub', at(seq), at(head)))), 'four axes'),
  kernel('pooled', sum(apply('div', read('heads', 'f32', batch, head, seq, width), apply('toF32', { kind: 'extent', axis: seq, row: at(batch) })), head, { axis: seq, row: at(batch) }), 'mean over the row'),
  kernel('loss', sum(apply('softplus', apply('sub', sum(read('attended', 'f32', batch, seq, width), width), read('peak', 'f32', batch, seq))), batch, { axis: seq, row: at(batch) }), 'a scalar'),
  kernel('gradient', { kind: 'collect', index: 'history', over: [{ axis: batch }, { axis: seq }], target: at(item), dtype: 'f32', body: apply('select', read('valid', 'bool', batch, seq), read('attended', 'f32', batch, seq, width), apply('neg', x)) }, 'the transpose of embed'),
  kernel('counts', { kind: 'collect', index: 'shifted', over: [{ axis: batch }, { axis: seq }], target: at(item), dtype: 'f32', body: f(1) }, 'how often'),
  kernel('fixedCounts', { kind: 'collect', index: 'fixed', over: [{ axis: item }], target: at(head), dtype: 'f32', body: apply('toF32', at(item)) }, 'sums by a constant index'),
  kernel('fixed', apply('sub', at(item), apply('mul', integer(3), apply('toI32', apply('div', apply('toF32', at(item)), f(3))))), 'item modulo 3'),
  kernel('table_new', apply('sub', read('table', 'f32', item, width), apply('mul', f(0.1), apply('add', read('gradient', 'f32', item, width), apply('mul', f(0.01), read('table_m', 'f32', item, width))))), 'table - rate * gradient'),
  kernel('table_m_new', apply('add', apply('mul', f(0.9), read('table_m', 'f32', item, width)), read('gradient', 'f32', item, width)), 'momentum'),
  kernel('steps_new', apply('add', read('steps', 'f32'), f(1)), 'steps + 1'),
];
// `fixed` is computed before it is read.
const ordered = [...kernels].sort((a, b) => Number(b.output === 'fixed') - Number(a.output === 'fixed'));

const train: Entry = {
  name: 'train',
  buffers: [
    buffer('lengths', 'input', 'i32', batch), buffer('history', 'input', 'i32', batch, seq), buffer('scale', 'input', 'f32'),
    buffer('table', 'state', 'f32', item, width), buffer('table_m', 'state', 'f32', item, width), buffer('steps', 'state', 'f32'),
    buffer('shifted', 'temp', 'i32', batch, seq), buffer('valid', 'temp', 'bool', batch, seq), buffer('embedded', 'temp', 'f32', batch, seq, width),
    buffer('dropped', 'temp', 'f32', batch, seq, width), buffer('scores', 'temp', 'f32', batch, seq, key), buffer('peak', 'temp', 'f32', batch, seq),
    buffer('attended', 'output', 'f32', batch, seq, width), buffer('heads', 'temp', 'f32', batch, head, seq, width), buffer('pooled', 'output', 'f32', batch, width),
    buffer('loss', 'output', 'f32'), buffer('gradient', 'temp', 'f32', item, width), buffer('counts', 'output', 'f32', item), buffer('fixed', 'temp', 'i32', item),
    buffer('fixedCounts', 'output', 'f32', head), buffer('table_new', 'temp', 'f32', item, width), buffer('table_m_new', 'temp', 'f32', item, width), buffer('steps_new', 'temp', 'f32'),
  ],
  kernels: ordered,
  outputs: { loss: 'loss', attended: 'attended', pooled: 'pooled', counts: 'counts', fixedCounts: 'fixedCounts', shifted: 'shifted', valid: 'valid' },
  updates: { table: 'table_new', table_m: 'table_m_new', steps: 'steps_new' },
};

export const small: LoopProgram = { model: 'small', entries: [train] };
export const smallSizes: Sizes = { batch: 4, items: 11 };

const spread = (n: number, seed: number): readonly number[] => Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i * 12.9898 + seed) * 1.5));

export const smallInputs: Values = {
  lengths: [7, 3, 1, 5],
  history: [1, 2, 3, 10, 2, 2, 5, 4, 4, 9, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 7, 1, 8, 1, 3, 0, 0],
  scale: [1.25],
};
export const smallStates: Values = { table: spread(55, 1), table_m: spread(55, 2), steps: [3] };

/** Where each scalar function is tried; the rest on the first row. */
const ranges: Partial<Readonly<Record<ScalarName, readonly number[]>>> = {
  log: [1e-30, 1e-6, 0.3, 1, 1.0001, 2, 77, 1e6, 1e30], sqrt: [0, 1e-12, 0.5, 2, 1e9, 1e30], rsqrt: [1e-12, 0.5, 2, 1e9, 1e30],
  log1p: [-0.99, -0.6, -0.5, -0.4, -0.1, -1e-4, -1e-8, 0, 1e-8, 1e-4, 0.1, 0.4, 0.5, 0.7, 3, 1e5, 1e30],
  exp: [-100, -87, -20, -1, -1e-5, 0, 1e-5, 1, 20, 87], sin: [-3, -1, -0.001, 0, 0.5, 1.5, 3], cos: [-3, -1, 0, 0.5, 1.2, 3],
};
const wide = [-1e30, -1000, -100, -89, -30, -10.25, -6, -5, -3.5, -2.5, -1.5, -1, -0.99, -0.7, -0.62, -0.3, -0.05, -1e-3, -1e-7, 0,
  1e-7, 1e-3, 0.05, 0.3, 0.62, 0.7, 0.99, 1, 1.5, 2, 2.5, 3.5, 5, 6, 10.25, 30, 89, 100, 1000, 1e30];
const moderate = wide.filter((v) => Math.abs(v) <= 1000);
const pairs = (of: readonly number[], with_: readonly number[]): readonly (readonly [number, number])[] => of.flatMap((a) => with_.map((b) => [a, b] as const));

/** One kernel for each scalar function and element type that it takes: inputs `<kernel>_a`, `<kernel>_b`, `<kernel>_c`. */
interface Trial { readonly name: string; readonly fn: ScalarName; readonly dtype: 'f32' | 'i32' | 'bool'; readonly columns: readonly (readonly number[])[] }
const columns = (rows: readonly (readonly number[])[]): readonly (readonly number[])[] => (rows[0] ?? []).map((_, k) => rows.map((r) => Math.fround(r[k] ?? 0)));
const bits = pairs([0, 1], [0, 1]);
const whole = pairs([-1000003, -17, -1, 0, 1, 4, 1000003], [-5, -1, 0, 1, 3, 2000]);
const binaryRows = { f32: pairs(moderate, [-3.5, -1, -0.05, 0.3, 1, 7]), i32: whole, bool: bits } as const;
const powers = [...pairs([1e-6, 0.5, 1, 2.5, 30], [-2, -1, -0.5, 0, 0.5, 1, 2, 3]), [0, 2], [0, 0], [-2, 3], [-2, 2], [-1.5, 0]] as const;
const trial = (fn: ScalarName, dtype: 'f32' | 'i32' | 'bool'): Trial => {
  const arity = scalars[fn].args.length;
  const one = dtype === 'i32' ? [-7, -1, 0, 1, 9] : dtype === 'bool' ? [0, 1] : ranges[fn] ?? wide;
  const rows = fn === 'select' ? binaryRows[dtype].flatMap(([a, b]) => [[0, a, b], [1, a, b]])
    : fn === 'pow' ? powers : arity === 1 ? one.map((v) => [v]) : binaryRows[dtype];
  return { name: `${fn}_${dtype}`, fn, dtype, columns: columns(rows) };
};
const dtypesOf = (fn: ScalarName): readonly ('f32' | 'i32' | 'bool')[] => {
  const kinds: readonly string[] = scalars[fn].args;
  const first = kinds[kinds.length - 1];
  const comparison = fn === 'eq' || fn === 'ne' || fn === 'select';
  return first === 'same' ? (comparison ? ['f32', 'i32', 'bool'] : ['f32', 'i32']) : first === 'bool' ? ['bool'] : first === 'i32' ? ['i32'] : ['f32'];
};
const names = Object.keys(scalars).filter((name): name is ScalarName => name in scalars);
export const trials: readonly Trial[] = names.flatMap((fn) => dtypesOf(fn).map((dtype) => trial(fn, dtype)));

/** Results become f32 so that everything runs on the device. */
const asFloat = (e: Expr, dtype: 'f32' | 'i32' | 'bool'): Expr =>
  dtype === 'f32' ? e : dtype === 'i32' ? { kind: 'apply', fn: 'toF32', args: [e], dtype: 'f32' } : { kind: 'apply', fn: 'select', args: [e, f(1), f(0)], dtype: 'f32' };
const resultOf = ({ fn, dtype }: Trial): 'f32' | 'i32' | 'bool' => (scalars[fn].result === 'same' ? dtype : scalars[fn].result);

export const scalarProgram: LoopProgram = {
  model: 'scalars',
  entries: [{
    name: 'all',
    buffers: trials.flatMap((t) => {
      const axis: LoopAxis = { name: 'case', size: t.columns[0]?.length ?? 1 };
      return [...t.columns.map((_, k) => buffer(`${t.name}_${k}`, 'input', t.fn === 'select' && k === 0 ? 'bool' : t.dtype, axis)), buffer(t.name, 'output', 'f32', axis)];
    }),
    kernels: trials.map((t) => {
      const axis: LoopAxis = { name: 'case', size: t.columns[0]?.length ?? 1 };
      const args = t.columns.map((_, k) => read(`${t.name}_${k}`, t.fn === 'select' && k === 0 ? 'bool' : t.dtype, axis));
      return kernel(t.name, asFloat({ kind: 'apply', fn: t.fn, args, dtype: resultOf(t) }, resultOf(t)), t.name);
    }),
    outputs: Object.fromEntries(trials.map((t) => [t.name, t.name])),
    updates: {},
  }],
};
export const scalarInputs: Values = Object.fromEntries(trials.flatMap((t) => t.columns.map((column, k) => [`${t.name}_${k}`, column])));
