/**
 * Where each scalar function is tried, on every target: one table, total over the functions. Bounds are what a target promises
 * over the whole range: units of 2^-24 of the larger of the true value and `floor`. What the ranges are for users stands at the
 * functions (dsl/elementwise.ts).
 */
import { type DType, type ScalarName, scalars } from '../../dsl/scalar.js';
import { apply } from '../../compiler/loops/build.js';
import type { Expr, LoopProgram } from '../../compiler/loops/ir.js';
import { stream } from '../generators/axes.js';

export type Row = readonly number[];
/** Rows, one number for each argument; `units` and `floor` as above. */
export interface Range {
  readonly rows: readonly Row[];
  readonly units: number;
  readonly floor: number;
  /** Further units where shading languages promise less. */
  readonly shader?: (row: Row) => number;
}

const TINY = 2 ** -126;
/** Both signs, all exponents from the least subnormal number to the largest, dense between 2^-12 and 2^8. */
const sweep = (n: number): readonly number[] => {
  const bits = Int32Array.from({ length: n }, (_, i) => {
    const exponent = i % 2 === 0 ? Math.floor((i / n) * 255) : 115 + Math.floor((i / n) * 21);
    return ((i & 2) << 30) | (exponent << 23) | (Math.imul(i, 0x9e3779b9) >>> 9);
  });
  return [...new Float32Array(bits.buffer)];
};
const f32 = (...values: readonly number[]): readonly number[] => values.map(Math.fround);
/** What goes wrong if anything does: zeros, subnormal numbers, halves, what whole numbers reach, the largest, what is none. */
const EDGES = f32(
  0,
  -0,
  1.4e-45,
  -1.4e-45,
  TINY,
  1e-30,
  -1e-30,
  1e-7,
  0.3,
  0.5,
  -0.5,
  1,
  -1,
  1.5,
  -1.5,
  2,
  -2,
  3,
  -3,
  7,
  33,
  1e5,
  -1e5,
  16777215,
  16777216,
  -16777216,
  2147483520,
  2147483648,
  -2147483648,
  3e9,
  -3e9,
  1e10,
  -1e10,
  1e20,
  3.4028234e38,
  -3.4028234e38,
  Infinity,
  -Infinity,
  NaN,
);
/** Where polynomials meet, and where results leave float32. */
const SEAMS = f32(
  0.625,
  -0.625,
  0.75,
  0.7853982,
  1,
  2.5,
  6.5,
  -6.5,
  10.5,
  -10.5,
  17,
  87.3,
  -87.33,
  88.72,
  88.7228394,
  88.8,
  -103.9,
  -104,
  0.70710677,
  1.4142135,
  -0.99999994,
  -0.5,
  -1,
);
const N = 6000;
const everywhere = [...EDGES, ...SEAMS, ...sweep(N)];
/** Numbers of seconds, multiples of quarter turns as near as float32 comes, both up to the limit and just beyond. */
const turning = ((): readonly number[] => {
  const next = stream(7);
  const far = Array.from({ length: 1500 }, () => (next() * 2 - 1) * 2 ** (31 * next()));
  const zeros = Array.from({ length: 1500 }, () => Math.floor(2 ** (30 * next())) * (Math.PI / 2));
  return [
    ...everywhere,
    ...f32(3600, 86400, 2592000, 31536000, 946080000, 1.7e9, 2147483904, -2147483904, ...far, ...zeros),
  ];
})();

const rowsOf = (list: readonly number[]): readonly Row[] => list.map((v) => [v]);
const pairs = (a: readonly number[], b: readonly number[]): readonly Row[] => a.flatMap((x) => b.map((y) => [x, y]));
const unary = (units: number, floor = TINY, list: readonly number[] = everywhere): { readonly f32: Range } => ({
  f32: { rows: rowsOf(list), units, floor },
});

const WHOLE = [
  0, 1, -1, 2, -3, 5, 17, -1000, 1000003, 46341, 65536, 65537, 16777215, -16777216, 2147483647, -2147483647,
  -2147483648,
];
const BITS = [0, 1];
const real: Range = { rows: pairs(EDGES, EDGES), units: 0, floor: TINY };
const whole: Range = { rows: pairs(WHOLE, WHOLE), units: 0, floor: 1 };
const bits: Range = { rows: pairs(BITS, BITS), units: 0, floor: 1 };
const chosen = (range: Range): Range => ({
  ...range,
  rows: range.rows.flatMap(([a, b]): readonly Row[] => [
    [0, a!, b!],
    [1, a!, b!],
  ]),
});
const powers = ((): readonly Row[] => {
  const next = stream(3);
  const exponents = [...EDGES, ...f32(1 / 3, -1 / 3, 4, 5, 31, 32, -31, -32, 127, -126, -149, 1e-3, 16777214, 1.0001)];
  return [
    ...pairs([...EDGES, ...f32(0.9999999, 1.0000001, -1.0000001, 10, -10, 1e-3)], exponents),
    ...Array.from({ length: 2000 }, (): Row => f32(2 ** ((next() - 0.5) * 60), (next() - 0.5) * 20)),
  ];
})();

export const ranges: { readonly [F in ScalarName]: { readonly [D in DType]?: Range } } = {
  add: { f32: real, i32: whole },
  sub: { f32: real, i32: whole },
  mul: { f32: real, i32: whole },
  div: { f32: real },
  max: { f32: real, i32: whole },
  min: { f32: real, i32: whole },
  /** WGSL's is 2^(y log2 a), and its log2 is good to 2^-21 near 1. */
  pow: { f32: { rows: powers, units: 1, floor: TINY, shader: ([, y]) => 8 * Math.abs(y!) } },
  neg: { ...unary(0), i32: { rows: rowsOf(WHOLE), units: 0, floor: 1 } },
  exp: unary(4),
  log: unary(3, 2 ** -10),
  log1p: unary(6),
  sqrt: unary(1),
  rsqrt: unary(3),
  sin: unary(4, 1, turning),
  cos: unary(4, 1, turning),
  tanh: unary(5),
  sigmoid: unary(6),
  softplus: unary(8),
  erf: unary(6),
  abs: unary(0),
  sign: unary(0),
  floor: unary(0),
  eq: { f32: real, i32: whole, bool: bits },
  ne: { f32: real, i32: whole, bool: bits },
  lt: { f32: real, i32: whole },
  le: { f32: real, i32: whole },
  gt: { f32: real, i32: whole },
  ge: { f32: real, i32: whole },
  and: { bool: bits },
  or: { bool: bits },
  not: { bool: { rows: rowsOf(BITS), units: 0, floor: 1 } },
  select: { f32: chosen(real), i32: chosen(whole), bool: chosen(bits) },
  toI32: { f32: { rows: rowsOf(everywhere), units: 0, floor: 1 } },
  toF32: { i32: { rows: rowsOf([...WHOLE, 33554431, 123456789]), units: 0, floor: 1 } },
};

export interface Trial {
  readonly fn: ScalarName;
  readonly dtype: DType;
  readonly range: Range;
}
/** Every function on every element type that it takes. */
export const trials: readonly Trial[] = (Object.keys(ranges) as readonly ScalarName[]).flatMap((fn) =>
  (Object.entries(ranges[fn]) as readonly (readonly [DType, Range])[]).map(([dtype, range]) => ({ fn, dtype, range })),
);
export const argumentsOf = ({ fn, dtype }: Pick<Trial, 'fn' | 'dtype'>): readonly DType[] =>
  scalars[fn].args.map((a) => (a === 'same' ? dtype : a));
export const resultOf = ({ fn, dtype }: Pick<Trial, 'fn' | 'dtype'>): DType =>
  scalars[fn].result === 'same' ? dtype : scalars[fn].result;
export const columnsOf = ({ fn, range }: Trial): readonly (readonly number[])[] =>
  scalars[fn].args.map((_, k) => range.rows.map((r) => r[k]!));

/**
 * How far off in units of 2^-24, rounding of the result itself taken off: 0 where there is nothing to say. No number is no number, and
 * infinity is infinity, but the last binade before it belongs to either side; below the least normal numbers all is one.
 */
export const unitsOff = (got: number, want: number, floor: number): number => {
  const rounded = Math.fround(want);
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Infinity;
  if (got === rounded || Math.abs(got - want) < 2 ** -125) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) {
    return Math.abs(want) < 3.5e38 &&
      Math.abs(want) > 3.3e38 &&
      Math.abs(got) > 3.3e38 &&
      Math.sign(got) === Math.sign(want)
      ? 0
      : Infinity;
  }
  return Math.max(0, (Math.abs(got - want) / Math.max(Math.abs(want), floor)) * 2 ** 24 - 1);
};

/** The function of one row at each position; `along` has positions too few for lanes, all of them alike. */
export const functionOf = (trial: Trial, along: number): LoopProgram => {
  const axes = [
    { name: 'i', size: trial.range.rows.length },
    ...(along === 1 ? [] : [{ name: 'j', size: along }]),
  ] as const;
  const args = argumentsOf(trial).map((dtype, k): Expr => ({
    kind: 'read',
    buffer: `a${k}`,
    dtype,
    at: [{ kind: 'index', axis: 'i' }],
  }));
  const body = apply(trial.fn, ...args);
  const dtype = resultOf(trial);
  return {
    model: 'math',
    entries: [
      {
        name: 'all',
        buffers: [
          ...argumentsOf(trial).map((t, k) => ({ id: `a${k}`, dtype: t, axes: [axes[0]!], role: 'input' as const })),
          { id: 'out', dtype, axes, role: 'output' },
        ],
        kernels: [{ name: 'out', output: 'out', comment: trial.fn, body }],
        outputs: { out: 'out' },
        updates: {},
      },
    ],
  };
};
