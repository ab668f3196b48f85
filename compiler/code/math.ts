/**
 * The scalar functions that processors lack, on all lanes at once. Errors against float64, tested over the whole range in
 * test/wasm/math.test.ts. Polynomials of exp, log, tanh, erf, sin and cos are those of Cephes (S. Moshier, netlib.org/cephes,
 * single precision); erfc's fit is that of Numerical Recipes.
 */
import {
  add,
  bits,
  call,
  get,
  int,
  join,
  literal,
  local,
  lowerHalf,
  mul,
  narrow,
  narrowI32,
  op,
  select,
  set,
  sub,
  toF32,
  upperHalf,
} from './build.js';
import type { Code, Func, Local, Statement, Type } from './tree.js';

const f = (value: number): Code => literal(value, 'f32s');
const i = (value: number): Code => literal(value, 'i32s');
const div = (a: Code, b: Code): Code => op('div', a, b);
const and = (a: Code, b: Code): Code => op('and', a, b);
const float = (x: Code): Code => bits('f32s', x);
const whole = (x: Code): Code => bits('i32s', x);
const abs = (x: Code): Code => op('abs', x);
const negative = (x: Code): Code => op('lt', x, f(0));
const square = (x: Code): Code => mul(x, x);
const shifted = (x: Code, by: number): Code => op('shiftLeft', x, int(by));
/** In float64, half of the lanes at a time, for what float32 cannot hold on the way. */
const d = (value: number): Code => literal(value, 'f64s');
/** Horner's rule, highest coefficient first. */
const poly = (x: Code, [first = 0, ...rest]: readonly number[]): Code =>
  rest.reduce(
    (sum, c) => (x.type === 'f32s' ? op('mulAdd', f(c), sum, x) : add(mul(sum, x), literal(c, x.type))),
    literal(first, x.type),
  );
/** `x` where a condition holds, else 0. */
const where = (condition: Code, x: Code): Code => float(and(condition, whole(x)));
/** A size with the sign of `x`. */
const signed = (size: Code, x: Code): Code => float(op('or', whole(size), and(whole(x), i(0x80000000))));

/** artanh(s) / s in s squared. */
const ARTANH = [1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1] as const;
/** 2 artanh(s) = log((1 + s) / (1 - s)) for s at most 1/3, where `z` is s squared. */
const artanhTwice = (s: Code, z: Code): Code => mul(mul(f(2), s), poly(z, ARTANH));

type Locals = Readonly<Record<string, Type>>;
interface Body {
  readonly lines: readonly Statement[];
  readonly result: Code;
}
/** A function of parameters and further locals; `write` is given them all. */
const func = <P extends Locals, L extends Locals>(
  name: string,
  parameters: P,
  locals: L,
  write: (l: { readonly [K in keyof P | keyof L]: Local }) => Body,
): Func => {
  const made = (of: Locals): Readonly<Record<string, Local>> =>
    Object.fromEntries(Object.entries(of).map(([wanted, type]) => [wanted, local(wanted, type)]));
  const own = made(parameters);
  const { lines, result } = write({ ...own, ...made(locals) } as { readonly [K in keyof P | keyof L]: Local });
  return { name, exported: false, comments: [], parameters: Object.values(own), body: lines, result };
};

/** x = n ln 2 + r. Adding 1.5 * 2^23 rounds to an integer n and leaves it in the low bits: `k` = n + 0x4b400000. Then r becomes e^r. */
const reduced = (x: Local, n: Local, r: Local, k: Local): readonly Statement[] => [
  set(k, whole(add(mul(get(x), f(Math.LOG2E)), f(12582912)))),
  set(n, sub(float(get(k)), f(12582912))),
  set(r, op('mulAdd', op('mulAdd', get(x), get(n), f(-0.693359375)), get(n), f(2.1219444e-4))),
  set(
    r,
    add(
      add(
        mul(
          poly(
            get(r),
            [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
          ),
          square(get(r)),
        ),
        get(r),
      ),
      f(1),
    ),
  ),
];
/** 2^n as a number, of an i32 n. */
const powerOfTwo = (n: Code): Code => float(shifted(add(n, i(127)), 23));

const x = { x: 'f32s' } as const;

const exp = func('exp', x, { n: 'f32s', r: 'f32s', k: 'i32s', h: 'i32s' }, ({ x, n, r, k, h }) => ({
  lines: [
    // The lesser and the greater in one instruction each, which pass on what is no number.
    set(x, op('lesser', op('greater', get(x), f(-104)), f(89))),
    ...reduced(x, n, r, k),
    set(k, sub(get(k), i(0x4b400000))),
    set(h, op('shiftRight', get(k), int(1))),
  ],
  // 2^n in two factors, so that neither overflows nor underflows before the product does.
  result: mul(mul(get(r), powerOfTwo(get(h))), powerOfTwo(sub(get(k), get(h)))),
}));

/** e^x for x at most 0; 0 from -88 on, where 2^n has no exponent left: its share of anything large is none. */
const decay = func('decay', x, { n: 'f32s', r: 'f32s', k: 'i32s' }, ({ x, n, r, k }) => ({
  lines: [set(x, op('greater', get(x), f(-88))), ...reduced(x, n, r, k)],
  result: mul(get(r), powerOfTwo(get(k))),
}));
const decayOf = (x: Code): Code => call('decay', [x], 'f32s', true);

const log = func(
  'log',
  x,
  { tiny: 'i32s', m: 'f32s', e: 'f32s', low: 'i32s', z: 'f32s', y: 'f32s' },
  ({ x, tiny, m, e, low, z, y }) => ({
    lines: [
      set(tiny, op('lt', get(x), f(2 ** -126))),
      set(m, select(get(tiny), mul(get(x), f(8388608)), get(x))),
      set(e, toF32(sub(op('shiftRightUnsigned', whole(get(m)), int(23)), select(get(tiny), i(149), i(126))))),
      set(m, float(op('or', and(whole(get(m)), i(0x7fffff)), i(0x3f000000)))),
      set(low, op('lt', get(m), f(Math.SQRT1_2))),
      set(e, sub(get(e), where(get(low), f(1)))),
      set(m, sub(add(get(m), where(get(low), get(m))), f(1))),
      set(z, square(get(m))),
      set(
        y,
        mul(
          mul(
            poly(
              get(m),
              [
                7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
                2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
              ],
            ),
            get(m),
          ),
          get(z),
        ),
      ),
      set(
        y,
        add(
          add(get(m), sub(add(get(y), mul(get(e), f(-2.1219444e-4))), mul(get(z), f(0.5)))),
          mul(get(e), f(0.693359375)),
        ),
      ),
      // Infinity and what is no number pass through; zero gives -Infinity, what is below zero no number.
      set(y, select(op('lt', get(x), f(Infinity)), get(y), get(x))),
      set(y, select(op('eq', get(x), f(0)), f(-Infinity), get(y))),
    ],
    result: select(negative(get(x)), f(NaN), get(y)),
  }),
);
const logOf = (x: Code): Code => call('log', [x], 'f32s', true);

const log1p = func('log1p', x, { s: 'f32s', z: 'f32s' }, ({ x, s, z }) => ({
  lines: [set(s, div(get(x), add(f(2), get(x)))), set(z, square(get(s)))],
  result: select(op('lt', abs(get(x)), f(0.5)), artanhTwice(get(s), get(z)), logOf(add(f(1), get(x)))),
}));

const tanh = func('tanh', x, { a: 'f32s', z: 'f32s', far: 'f32s' }, ({ x, a, z, far }) => ({
  lines: [
    set(a, abs(get(x))),
    set(z, square(get(x))),
    set(far, decayOf(mul(get(a), f(-2)))),
    set(far, sub(f(1), div(add(get(far), get(far)), add(f(1), get(far))))),
    set(far, signed(get(far), get(x))),
  ],
  result: select(
    op('lt', get(a), f(0.625)),
    add(
      get(x),
      mul(
        mul(get(x), get(z)),
        poly(get(z), [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]),
      ),
    ),
    get(far),
  ),
}));

const sigmoid = func('sigmoid', x, { e: 'f32s' }, ({ x, e }) => ({
  lines: [set(e, decayOf(op('neg', abs(get(x)))))],
  result: div(select(negative(get(x)), get(e), f(1)), add(f(1), get(e))),
}));

const softplus = func('softplus', x, { s: 'f32s' }, ({ x, s }) => ({
  lines: [set(s, decayOf(op('neg', abs(get(x))))), set(s, div(get(s), add(f(2), get(s))))],
  // log(1 + e) for e in (0, 1] is 2 artanh(e / (2 + e)).
  result: add(op('greater', get(x), f(0)), artanhTwice(get(s), square(get(s)))),
}));

const erf = func('erf', x, { a: 'f32s', z: 'f32s', t: 'f32s', far: 'f32s' }, ({ x, a, z, t, far }) => ({
  lines: [
    set(a, op('lesser', abs(get(x)), f(6.5))),
    set(z, square(get(x))),
    set(t, div(f(1), add(f(1), mul(f(0.5), get(a))))),
    set(
      far,
      poly(
        get(t),
        [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368],
      ),
    ),
    set(far, sub(f(1), mul(get(t), decayOf(add(sub(mul(get(t), get(far)), square(get(a))), f(-1.26551223)))))),
    set(far, signed(get(far), get(x))),
  ],
  result: select(
    op('lt', get(a), f(1)),
    mul(
      get(x),
      poly(
        get(z),
        [
          7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
          1.128358514861418e-1, -3.7612625824233e-1, 1.12837916572671,
        ],
      ),
    ),
    get(far),
  ),
}));

/** pi/2 in parts: 22 binary digits, 22 more, and the rest. */
const QUARTER = [1.570796012878418, 3.139164164167596e-7, 6.223372171896613e-14] as const;
/** Beyond this size a wave is no number. */
const WAVES_END = 2 ** 31;

/**
 * sin where `turn` is 0, cos where it is 1. Quarter turns are taken off in float64 (Cody and Waite): the first two parts of pi/2
 * have 22 digits each, so that their products with the number of turns, below 2^31, are exact.
 */
const wave = func(
  'wave',
  { x: 'f32s', turn: 'i32s' },
  { a: 'f64s', b: 'f64s', n: 'f64s', m: 'f64s', low: 'f32s', high: 'f32s', r: 'f32s', z: 'f32s', q: 'i32s', y: 'f32s' },
  ({ x, turn, a, b, n, m, low, high, r, z, q, y }) => {
    const turns = (of: Local): Code => op('nearest', mul(get(of), d(2 / Math.PI)));
    const rest = (of: Local, by: Local): Code =>
      narrow(QUARTER.reduce((left, part) => sub(left, mul(get(by), d(part))), get(of)));
    return {
      lines: [
        set(a, lowerHalf(get(x))),
        set(b, upperHalf(get(x))),
        set(n, turns(a)),
        set(m, turns(b)),
        set(low, rest(a, n)),
        set(high, rest(b, m)),
        set(r, join(get(low), get(high))),
        set(q, add(join(narrowI32(get(n)), narrowI32(get(m))), get(turn))),
        set(z, square(get(r))),
        set(
          y,
          select(
            op('ne', and(get(q), i(1)), i(0)),
            add(
              sub(f(1), mul(get(z), f(0.5))),
              mul(square(get(z)), poly(get(z), [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2])),
            ),
            add(get(r), mul(mul(get(r), get(z)), poly(get(z), [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]))),
          ),
        ),
        set(y, float(op('xor', whole(get(y)), shifted(and(get(q), i(2)), 30)))),
      ],
      result: select(op('le', abs(get(x)), f(WAVES_END)), get(y), f(NaN)),
    };
  },
);

/** 2^52 + 1023: added to a small integer, it leaves the exponent of 2 to it in the low bits. */
const EXPONENTS = 2 ** 52 + 1023;

/** Of two float64 numbers a >= 0 and y, as float32 in the lower half: 2^(y log2 a), both to 2^-30, so that float32 rounds once. */
const power = func(
  'power',
  { a: 'f64s', y: 'f64s' },
  { e: 'f64s', m: 'f64s', above: 'i64s', s: 'f64s', z: 'f64s', t: 'f64s', n: 'f64s', r: 'f64s' },
  ({ a, y, e, m, above, s, z, t, n, r }) => {
    const q = (value: number): Code => literal(value, 'i64s');
    const asBits = (code: Code): Code => bits('i64s', code);
    const asFloat = (code: Code): Code => bits('f64s', code);
    return {
      lines: [
        // a = 2^e m with m in [sqrt 1/2, sqrt 2). Small integers become float64 in the low bits of 2^52.
        set(
          e,
          sub(asFloat(op('or', op('shiftRightUnsigned', asBits(get(a)), int(52)), q(0x433 * 2 ** 52))), d(EXPONENTS)),
        ),
        set(m, asFloat(op('or', and(asBits(get(a)), q(2 ** 52 - 1)), q(0x3ff * 2 ** 52)))),
        set(above, op('gt', get(m), d(Math.SQRT2))),
        set(e, add(get(e), asFloat(and(get(above), asBits(d(1)))))),
        set(m, select(get(above), mul(get(m), d(0.5)), get(m))),
        set(s, div(sub(get(m), d(1)), add(get(m), d(1)))),
        set(z, square(get(s))),
        set(t, add(get(e), mul(mul(get(s), d(2 * Math.LOG2E)), poly(get(z), ARTANH)))),
        set(t, select(op('eq', get(a), d(0)), d(-Infinity), select(op('lt', get(a), d(Infinity)), get(t), get(a)))),
        set(t, op('lesser', op('greater', mul(get(y), get(t)), d(-200)), d(200))),
        set(n, op('nearest', get(t))),
        set(r, mul(sub(get(t), get(n)), d(Math.LN2))),
        set(r, poly(get(r), [1 / 362880, 1 / 40320, 1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1])),
      ],
      result: narrow(mul(get(r), asFloat(op('shiftLeft', asBits(add(get(n), d(EXPONENTS))), int(52))))),
    };
  },
);

const pow = func(
  'pow',
  { x: 'f32s', y: 'f32s' },
  { s: 'f32s', low: 'f32s', high: 'f32s', a: 'f32s', h: 'f32s', odd: 'i32s', none: 'i32s' },
  ({ x, y, s, low, high, a, h, odd, none }) => {
    const powerOf = (half: (x: Code) => Code): Code => call('power', [half(get(s)), half(get(y))], 'f32s', true);
    const isWhole = (code: Code): Code => op('eq', code, op('floor', code));
    const isBroken = (code: Code): Code => op('ne', code, op('floor', code));
    return {
      lines: [
        set(s, abs(get(x))),
        set(low, powerOf(lowerHalf)),
        set(high, powerOf(upperHalf)),
        set(a, join(get(low), get(high))),
        set(h, mul(get(y), f(0.5))),
        // An odd power has the sign of its base; a negative number has powers of whole numbers only.
        set(odd, and(isWhole(get(y)), isBroken(get(h)))),
        set(a, float(op('xor', whole(get(a)), and(and(whole(get(x)), i(0x80000000)), get(odd))))),
        set(none, and(and(negative(get(x)), op('gt', get(x), f(-Infinity))), isBroken(get(y)))),
        set(a, select(get(none), f(NaN), get(a))),
      ],
      result: select(op('eq', get(y), f(0)), f(1), get(a)),
    };
  },
);

const sign = func('sign', x, {}, ({ x }) => ({
  lines: [],
  result: select(op('gt', get(x), f(0)), f(1), select(negative(get(x)), f(-1), get(x))),
}));

/** The uniform number of a counter mixed with its stream, as in runtime/contract/random. */
const mix = func('mix', { h: 'i32s' }, {}, ({ h }) => {
  const folded = (by: number): Code => op('xor', get(h), op('shiftRightUnsigned', get(h), int(by)));
  return {
    lines: [set(h, mul(folded(16), i(0x85ebca6b))), set(h, mul(folded(13), i(0xc2b2ae35))), set(h, folded(16))],
    // 24 bits: as a signed number too it is what it is.
    result: mul(toF32(op('shiftRightUnsigned', get(h), int(8))), f(2 ** -24)),
  };
});

/** By name; each calls only others of these. */
export const math = {
  exp,
  decay,
  log,
  log1p,
  tanh,
  sigmoid,
  softplus,
  erf,
  wave,
  pow,
  power,
  sign,
  mix,
} as const satisfies Readonly<Record<string, Func>>;
export type MathName = keyof typeof math;
export const isMath = (name: string): name is MathName => name in math;
