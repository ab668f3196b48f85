/** Small loop programs that between them use every kind of expression, written by hand, with inputs for them. */
import { apply, guard, integer, literal } from '../../compiler/loops/build.js';
import type { Buffer, Entry, Expr, Kernel, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';
import { table, worth } from '../../compiler/scalars.js';
import type { Sizes } from '../../runtime/contract/session.js';
import { argumentsOf, columnsOf, resultOf, type Trial, trials as allTrials, unitsOff } from '../support/ranges.js';
import type { Values } from './interpret.js';

const batch: LoopAxis = { name: 'batch', size: 'batch' };
const seq: LoopAxis = { name: 'seq', size: 7, ragged: { rows: 'batch', lengths: 'lengths' } };
const key: LoopAxis = { ...seq, name: 'key' };
const width: LoopAxis = { name: 'width', size: 5 };
const head: LoopAxis = { name: 'head', size: 3 };
const item: LoopAxis = { name: 'item', size: 'items' };

const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });
const read = (buffer: string, dtype: 'f32' | 'i32' | 'bool', ...over: readonly (LoopAxis | Expr)[]): Expr => ({
  kind: 'read',
  buffer,
  dtype,
  at: over.map((o) => ('kind' in o ? o : at(o))),
});
const kernel = (output: string, body: Expr, comment: string, where?: Expr): Kernel => ({
  name: output,
  output,
  body,
  comment,
  source: { file: 'models/small.ts', line: 12, column: 3 },
  ...(where === undefined ? {} : { where }),
});
const buffer = (id: string, role: Buffer['role'], dtype: Buffer['dtype'], ...axes: readonly LoopAxis[]): Buffer => ({
  id,
  dtype,
  axes,
  role,
});
const sum = (body: Expr, ...over: readonly (LoopAxis | Extract<Expr, { kind: 'reduce' }>['over'][number])[]): Expr => ({
  kind: 'reduce',
  monoid: 'sum',
  dtype: 'f32',
  body,
  over: over.map((o) => ('axis' in o ? o : { axis: o })),
});
const f = literal;

/** Attention over a ragged history, an embedding with its gradient, dropout, and an optimizer's step. */
const x = read('embedded', 'f32', batch, seq, width);
const past = apply('le', at(key), at(seq));
const shared = apply('mul', read('scores', 'f32', batch, seq, key), f(0.5));
const kernels: readonly Kernel[] = [
  kernel(
    'shifted',
    guard(apply('ge', at(seq), integer(1)), read('history', 'i32', batch, apply('sub', at(seq), integer(1)))),
    'the history one step later',
  ),
  kernel(
    'valid',
    apply('and', apply('gt', read('shifted', 'i32', batch, seq), integer(0)), apply('lt', at(seq), integer(6))),
    'positions with a past',
  ),
  kernel(
    'embedded',
    apply('mul', read('table', 'f32', read('history', 'i32', batch, seq), width), read('scale', 'f32')),
    'embed(items, history) * scale',
  ),
  kernel(
    'dropped',
    {
      kind: 'guard',
      condition: apply(
        'lt',
        {
          kind: 'uniform',
          key: 'drop out',
          counter: apply(
            'add',
            apply('mul', apply('add', apply('mul', at(batch), integer(7)), at(seq)), integer(5)),
            at(width),
          ),
        },
        f(0.6),
      ),
      then: apply('div', x, f(0.6)),
      otherwise: f(0),
      dtype: 'f32',
    },
    'dropout',
  ),
  kernel(
    'scores',
    sum(apply('mul', read('dropped', 'f32', batch, seq, width), read('dropped', 'f32', batch, key, width)), width),
    'dot(q, k)',
    past,
  ),
  kernel(
    'peak',
    {
      kind: 'reduce',
      monoid: 'max',
      dtype: 'f32',
      body: shared,
      over: [{ axis: key, to: apply('add', at(seq), integer(1)) }],
    },
    'max over the past',
  ),
  kernel(
    'attended',
    sum(apply('mul', apply('sigmoid', shared), read('embedded', 'f32', batch, key, width)), {
      axis: key,
      from: apply('max', apply('sub', at(seq), integer(3)), integer(0)),
      to: apply('add', at(seq), integer(1)),
    }),
    'attention over a window',
  ),
  kernel(
    'heads',
    apply('add', apply('mul', apply('toF32', at(head)), x), apply('toF32', apply('sub', at(seq), at(head)))),
    'four axes',
  ),
  kernel(
    'pooled',
    sum(
      apply(
        'div',
        read('heads', 'f32', batch, head, seq, width),
        apply('toF32', { kind: 'extent', axis: seq, row: at(batch) }),
      ),
      head,
      { axis: seq, row: at(batch) },
    ),
    'mean over the row',
  ),
  kernel(
    'loss',
    sum(
      apply(
        'softplus',
        apply('sub', sum(read('attended', 'f32', batch, seq, width), width), read('peak', 'f32', batch, seq)),
      ),
      batch,
      { axis: seq, row: at(batch) },
    ),
    'a scalar',
  ),
  kernel(
    'gradient',
    {
      kind: 'collect',
      index: 'history',
      over: [{ axis: batch }, { axis: seq }],
      target: at(item),
      dtype: 'f32',
      body: apply(
        'select',
        read('valid', 'bool', batch, seq),
        read('attended', 'f32', batch, seq, width),
        apply('neg', x),
      ),
    },
    'the transpose of embed',
  ),
  kernel(
    'counts',
    {
      kind: 'collect',
      index: 'shifted',
      over: [{ axis: batch }, { axis: seq }],
      target: at(item),
      dtype: 'f32',
      body: f(1),
    },
    'how often',
  ),
  kernel(
    'fixedCounts',
    {
      kind: 'collect',
      index: 'fixed',
      over: [{ axis: item }],
      target: at(head),
      dtype: 'f32',
      body: apply('toF32', at(item)),
    },
    'sums by a constant index',
  ),
  kernel(
    'fixed',
    apply('sub', at(item), apply('mul', integer(3), apply('toI32', apply('div', apply('toF32', at(item)), f(3))))),
    'item modulo 3',
  ),
  kernel(
    'table_new',
    apply(
      'sub',
      read('table', 'f32', item, width),
      apply(
        'mul',
        f(0.1),
        apply('add', read('gradient', 'f32', item, width), apply('mul', f(0.01), read('table_m', 'f32', item, width))),
      ),
    ),
    'table - rate * gradient',
  ),
  kernel(
    'table_m_new',
    apply('add', apply('mul', f(0.9), read('table_m', 'f32', item, width)), read('gradient', 'f32', item, width)),
    'momentum',
  ),
  kernel('steps_new', apply('add', read('steps', 'f32'), f(1)), 'steps + 1'),
];
// `fixed` is computed before it is read.
const ordered = [...kernels].sort((a, b) => Number(b.output === 'fixed') - Number(a.output === 'fixed'));

const train: Entry = {
  name: 'train',
  buffers: [
    buffer('lengths', 'input', 'i32', batch),
    buffer('history', 'input', 'i32', batch, seq),
    buffer('scale', 'input', 'f32'),
    buffer('table', 'state', 'f32', item, width),
    buffer('table_m', 'state', 'f32', item, width),
    buffer('steps', 'state', 'f32'),
    buffer('shifted', 'temp', 'i32', batch, seq),
    buffer('valid', 'temp', 'bool', batch, seq),
    buffer('embedded', 'temp', 'f32', batch, seq, width),
    buffer('dropped', 'temp', 'f32', batch, seq, width),
    buffer('scores', 'temp', 'f32', batch, seq, key),
    buffer('peak', 'temp', 'f32', batch, seq),
    buffer('attended', 'output', 'f32', batch, seq, width),
    buffer('heads', 'temp', 'f32', batch, head, seq, width),
    buffer('pooled', 'output', 'f32', batch, width),
    buffer('loss', 'output', 'f32'),
    buffer('gradient', 'temp', 'f32', item, width),
    buffer('counts', 'output', 'f32', item),
    buffer('fixed', 'temp', 'i32', item),
    buffer('fixedCounts', 'output', 'f32', head),
    buffer('table_new', 'temp', 'f32', item, width),
    buffer('table_m_new', 'temp', 'f32', item, width),
    buffer('steps_new', 'temp', 'f32'),
  ],
  kernels: ordered,
  outputs: {
    loss: 'loss',
    attended: 'attended',
    pooled: 'pooled',
    counts: 'counts',
    fixedCounts: 'fixedCounts',
    shifted: 'shifted',
    valid: 'valid',
  },
  updates: { table: 'table_new', table_m: 'table_m_new', steps: 'steps_new' },
};

export const small: LoopProgram = { model: 'small', entries: [train] };
export const smallSizes: Sizes = { batch: 4, items: 11 };

const spread = (n: number, seed: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i * 12.9898 + seed) * 1.5));

export const smallInputs: Values = {
  lengths: [7, 3, 1, 5],
  history: [1, 2, 3, 10, 2, 2, 5, 4, 4, 9, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 7, 1, 8, 1, 3, 0, 0],
  scale: [1.25],
};
export const smallStates: Values = { table: spread(55, 1), table_m: spread(55, 2), steps: [3] };

/**
 * One kernel for each scalar function and element type that it takes: inputs `<kernel>_0`, `<kernel>_1`, ... A device is given whole
 * numbers that float32 holds, and gives such.
 */
interface Kept extends Trial {
  readonly name: string;
}
const exact = (v: number): boolean => Math.abs(v) <= 2 ** 24;
export const trials: readonly Kept[] = allTrials.map((t) => ({
  ...t,
  name: `${t.fn}_${t.dtype}`,
  range: {
    ...t.range,
    rows: t.range.rows.filter((row) =>
      [
        ...(t.dtype === 'i32' ? row : []),
        ...(resultOf(t) === 'i32' && t.dtype === 'i32' ? [table[t.fn].meaning(...row)] : []),
      ].every(exact),
    ),
  },
}));
/** Shading languages promise nothing of infinities, of what is no number, and of what is below the least normal number. */
const ordinary = (v: number): boolean => v === 0 || (Math.abs(v) >= 2 ** -126 && Math.abs(v) <= 3.4e38);

type Got = Readonly<Record<string, ArrayLike<number>>>;
interface Bound {
  readonly shader: boolean;
  readonly more: number;
}
const errorsOf = (list: readonly Kept[], got: Got, { shader, more }: Bound): readonly string[] =>
  list.flatMap((t) => {
    const meaning = worth(t.fn, resultOf(t));
    const off = t.range.rows.flatMap((row, i) => {
      const want = meaning(...row);
      if (shader && ![...row, want].every(ordinary)) return [];
      const units = unitsOff(got[t.name]![i]!, want, t.range.floor);
      const allowed = t.range.units + more + (shader ? (t.range.shader?.(row) ?? 0) : 0);
      return units > allowed
        ? [
            {
              units,
              says: `${t.fn}(${row.join(', ')}) is ${got[t.name]![i]}, not ${Math.fround(want)}: ${units} units`,
            },
          ]
        : [];
    });
    return off
      .sort((a, b) => b.units - a.units)
      .slice(0, 3)
      .map((o) => `${o.says} (${off.length} such)`);
  });
/** What is off by more units than the function promises, and `more` besides. A shader is asked only for what is ordinary. */
export const scalarErrors = (got: Got, bound: Bound): readonly string[] => errorsOf(trials, got, bound);

/** Results become f32 so that everything runs on the device. */
const asFloat = (e: Expr, dtype: 'f32' | 'i32' | 'bool'): Expr =>
  dtype === 'f32'
    ? e
    : dtype === 'i32'
      ? { kind: 'apply', fn: 'toF32', args: [e], dtype: 'f32' }
      : { kind: 'apply', fn: 'select', args: [e, f(1), f(0)], dtype: 'f32' };

const programOf = (list: readonly Kept[], kept: boolean): LoopProgram => {
  const axisOf = (t: Kept): LoopAxis => ({ name: 'case', size: t.range.rows.length });
  return {
    model: 'scalars',
    entries: [
      {
        name: 'all',
        buffers: list.flatMap((t) => [
          ...argumentsOf(t).map((dtype, k) => buffer(`${t.name}_${k}`, 'input', dtype, axisOf(t))),
          buffer(t.name, 'output', kept ? resultOf(t) : 'f32', axisOf(t)),
        ]),
        kernels: list.map((t) => {
          const e: Expr = {
            kind: 'apply',
            fn: t.fn,
            args: argumentsOf(t).map((dtype, k) => read(`${t.name}_${k}`, dtype, axisOf(t))),
            dtype: resultOf(t),
          };
          return kernel(t.name, kept ? e : asFloat(e, resultOf(t)), t.name);
        }),
        outputs: Object.fromEntries(list.map((t) => [t.name, t.name])),
        updates: {},
      },
    ],
  };
};
const inputsOf = (list: readonly Kept[]): Values =>
  Object.fromEntries(list.flatMap((t) => columnsOf(t).map((column, k) => [`${t.name}_${k}`, column])));

export const scalarProgram = programOf(trials, false);
export const scalarInputs = inputsOf(trials);

/** What gives whole numbers runs on the host, where they may be as large as i32 is. */
const hosted: readonly Kept[] = allTrials
  .filter((t) => resultOf(t) === 'i32')
  .map((t) => ({
    ...t,
    name: `${t.fn}_${t.dtype}`,
    range: { ...t.range, rows: t.range.rows.filter((row) => t.dtype !== 'i32' || row.every(exact)) },
  }));
export const wholeProgram = programOf(hosted, true);
export const wholeInputs = inputsOf(hosted);
export const wholeErrors = (got: Got): readonly string[] => errorsOf(hosted, got, { shader: false, more: 0 });
