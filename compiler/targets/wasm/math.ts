/**
 * The scalar functions that WebAssembly lacks, on four lanes at once, as text. Errors against float64, tested over the whole
 * range in test/wasm/math.test.ts. Polynomials of exp, log, tanh, erf, sin and cos are those of Cephes (S. Moshier,
 * netlib.org/cephes, single precision); erfc's fit is that of Numerical Recipes.
 */
export type MathName = 'exp' | 'log' | 'log1p' | 'tanh' | 'sigmoid' | 'softplus' | 'erf' | 'wave' | 'pow' | 'power' | 'sign' | 'mix' | 'decay';

const get = (name: string): string => `(local.get $${name})`;
const f = (value: number | string): string => `(v128.const f32x4 ${value} ${value} ${value} ${value})`;
const i = (value: number | string): string => `(v128.const i32x4 ${value} ${value} ${value} ${value})`;
const op = (name: string) => (...args: readonly string[]): string => `(${name} ${args.join(' ')})`;
const [add, sub, mul, div] = [op('f32x4.add'), op('f32x4.sub'), op('f32x4.mul'), op('f32x4.div')] as const;
const choose = (condition: string, yes: string, no: string): string => `(v128.bitselect ${yes} ${no} ${condition})`;
/** Horner's rule, highest coefficient first. */
const poly = (x: string, coefficients: readonly number[]): string =>
  coefficients.slice(1).reduce((sum, c) => add(mul(sum, x), f(c)), f(coefficients[0] ?? 0));
const set = (name: string, value: string): string => `  (local.set $${name} ${value})`;
/** Arguments, further locals, and lines: sets of locals, then the result. */
export interface MathFunction {
  readonly args: readonly string[];
  readonly locals: readonly string[];
  readonly lines: readonly string[];
}
const func = (_name: MathName, args: readonly string[], locals: readonly string[], lines: readonly string[]): MathFunction => ({ args, locals, lines });
export const mathText = (name: MathName): string => {
  const { args, locals, lines } = math[name];
  return [`(func $${name} ${args.map((a) => `(param $${a} v128)`).join(' ')} (result v128)${locals.map((l) => ` (local $${l} v128)`).join('')}`, ...lines, ')'].join('\n');
};

/** The same in float64, two lanes at a time, for what float32 cannot hold on the way. */
const d = (value: number | string): string => `(v128.const f64x2 ${value} ${value})`;
const q = (value: string): string => `(v128.const i64x2 ${value} ${value})`;
const [addD, subD, mulD, divD] = [op('f64x2.add'), op('f64x2.sub'), op('f64x2.mul'), op('f64x2.div')] as const;
const polyD = (z: string, coefficients: readonly number[]): string =>
  coefficients.slice(1).reduce((sum, c) => addD(mulD(sum, z), d(c)), d(coefficients[0] ?? 0));
const bytes = (...from: readonly number[]): string => from.flatMap((lane) => [0, 1, 2, 3].map((k) => lane * 4 + k)).join(' ');
/** Lanes 2 and 3 in float64; lanes 0 and 1 are promoted by the instruction itself. */
const upper = (v: string): string => `(f64x2.promote_low_f32x4 (i8x16.shuffle ${bytes(2, 3, 2, 3)} ${v} ${v}))`;
const lower = op('f64x2.promote_low_f32x4');
/** Four lanes from the first two of each. */
const joined = (low: string, high: string): string => `(i8x16.shuffle ${bytes(0, 1, 4, 5)} ${low} ${high})`;

const x = get('x');
const size = op('f32x4.abs')(x);
const negative = op('f32x4.lt')(x, f(0));

/** 2 artanh(s) = log((1 + s) / (1 - s)) for s at most 1/3, where `z` is s squared. */
const artanhTwice = (s: string, z: string): string => mul(mul(f(2), s), poly(z, [1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1]));

/** pi/2 in parts: 22 binary digits, 22 more, and the rest. */
const QUARTER = [1.570796012878418, 3.139164164167596e-7, 6.223372171896613e-14] as const;

/** What each function calls. */
export const mathNeeds: { readonly [M in MathName]: readonly MathName[] } = {
  exp: [], log: [], log1p: ['log'], tanh: ['decay'], sigmoid: ['decay'], softplus: ['decay'], erf: ['decay'], decay: [], wave: [], pow: ['power'], power: [], sign: [], mix: [],
};

/** x = n ln 2 + r. Adding 1.5 * 2^23 rounds to an integer n and leaves it in the low bits: `k` = n + 0x4b400000. Then r becomes e^r. */
const reduced: readonly string[] = [
  set('k', add(mul(x, f(Math.LOG2E)), f(12582912))),
  set('n', sub(get('k'), f(12582912))),
  set('r', sub(sub(x, mul(get('n'), f(0.693359375))), mul(get('n'), f(-2.12194440e-4)))),
  set('r', add(add(mul(poly(get('r'), [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]), mul(get('r'), get('r'))), get('r')), f(1))),
];

export const math: { readonly [M in MathName]: MathFunction } = {
  exp: func('exp', ['x'], ['n', 'r', 'k', 'h'], [
    // The lesser and the greater in one instruction each, which pass on what is no number.
    set('x', `(f32x4.pmin (f32x4.pmax ${x} ${f(-104)}) ${f(89)})`),
    ...reduced,
    set('k', `(i32x4.sub ${get('k')} ${i(0x4b400000)})`),
    set('h', `(i32x4.shr_s ${get('k')} (i32.const 1))`),
    // 2^n in two factors, so that neither overflows nor underflows before the product does.
    `  ${mul(mul(get('r'), `(i32x4.shl (i32x4.add ${get('h')} ${i(127)}) (i32.const 23))`), `(i32x4.shl (i32x4.add (i32x4.sub ${get('k')} ${get('h')}) ${i(127)}) (i32.const 23))`)}`,
  ]),
  /** e^x for x at most 0, where what is below the least normal number makes no difference. */
  decay: func('decay', ['x'], ['n', 'r', 'k'], [
    set('x', `(f32x4.pmax ${x} ${f(-87)})`),
    ...reduced,
    `  ${mul(get('r'), `(i32x4.shl (i32x4.add ${get('k')} ${i(127)}) (i32.const 23))`)}`,
  ]),
  log: func('log', ['x'], ['tiny', 'm', 'e', 'low', 'z', 'y'], [
    set('tiny', `(f32x4.lt ${x} ${f('0x1p-126')})`),
    set('m', choose(get('tiny'), mul(x, f(8388608)), x)),
    set('e', `(f32x4.convert_i32x4_s (i32x4.sub (i32x4.shr_u ${get('m')} (i32.const 23)) ${choose(get('tiny'), i(149), i(126))}))`),
    set('m', `(v128.or (v128.and ${get('m')} ${i(0x7fffff)}) ${i(0x3f000000)})`),
    set('low', `(f32x4.lt ${get('m')} ${f(Math.SQRT1_2)})`),
    set('e', sub(get('e'), `(v128.and ${get('low')} ${f(1)})`)),
    set('m', sub(add(get('m'), `(v128.and ${get('low')} ${get('m')})`), f(1))),
    set('z', mul(get('m'), get('m'))),
    set('y', mul(mul(poly(get('m'), [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]), get('m')), get('z'))),
    set('y', add(add(get('m'), sub(add(get('y'), mul(get('e'), f(-2.12194440e-4))), mul(get('z'), f(0.5)))), mul(get('e'), f(0.693359375)))),
    // Infinity and what is no number pass through; zero gives -Infinity, what is below zero no number.
    set('y', choose(`(f32x4.lt ${x} ${f('inf')})`, get('y'), x)),
    set('y', choose(`(f32x4.eq ${x} ${f(0)})`, f('-inf'), get('y'))),
    `  ${choose(negative, f('nan'), get('y'))}`,
  ]),
  log1p: func('log1p', ['x'], ['s', 'z'], [
    set('s', div(x, add(f(2), x))),
    set('z', mul(get('s'), get('s'))),
    `  ${choose(op('f32x4.lt')(size, f(0.5)), artanhTwice(get('s'), get('z')), `(call $log ${add(f(1), x)})`)}`,
  ]),
  tanh: func('tanh', ['x'], ['a', 'z', 'far'], [
    set('a', size),
    set('z', mul(x, x)),
    set('far', `(call $decay ${mul(get('a'), f(-2))})`),
    set('far', sub(f(1), div(add(get('far'), get('far')), add(f(1), get('far'))))),
    set('far', `(v128.or ${get('far')} (v128.and ${x} ${i('0x80000000')}))`),
    `  ${choose(op('f32x4.lt')(get('a'), f(0.625)), add(x, mul(mul(x, get('z')), poly(get('z'), [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]))), get('far'))}`,
  ]),
  sigmoid: func('sigmoid', ['x'], ['e'], [
    set('e', `(call $decay (f32x4.neg ${size}))`),
    `  ${div(choose(negative, get('e'), f(1)), add(f(1), get('e')))}`,
  ]),
  softplus: func('softplus', ['x'], ['s'], [
    set('s', `(call $decay (f32x4.neg ${size}))`),
    set('s', div(get('s'), add(f(2), get('s')))),
    // log(1 + e) for e in (0, 1] is 2 artanh(e / (2 + e)).
    `  ${add(`(f32x4.pmax ${x} ${f(0)})`, artanhTwice(get('s'), mul(get('s'), get('s'))))}`,
  ]),
  erf: func('erf', ['x'], ['a', 'z', 't', 'far'], [
    set('a', `(f32x4.pmin ${size} ${f(6.5)})`),
    set('z', mul(x, x)),
    set('t', div(f(1), add(f(1), mul(f(0.5), get('a'))))),
    set('far', poly(get('t'), [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368])),
    set('far', sub(f(1), mul(get('t'), `(call $decay ${add(sub(mul(get('t'), get('far')), mul(get('a'), get('a'))), f(-1.26551223))})`))),
    set('far', `(v128.or ${get('far')} (v128.and ${x} ${i('0x80000000')}))`),
    `  ${choose(op('f32x4.lt')(get('a'), f(1)), mul(x, poly(get('z'), [7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2, 1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710])), get('far'))}`,
  ]),
  /**
   * sin where `turn` is 0, cos where it is 1. Quarter turns are taken off in float64 (Cody and Waite): the first two parts of pi/2
   * have 22 digits each, so that their products with the number of turns, below 2^31, are exact.
   */
  wave: func('wave', ['x', 'turn'], ['a', 'b', 'n', 'm', 'r', 'z', 'q', 'y'], [
    set('a', lower(x)),
    set('b', upper(x)),
    set('n', `(f64x2.nearest ${mulD(get('a'), d(2 / Math.PI))})`),
    set('m', `(f64x2.nearest ${mulD(get('b'), d(2 / Math.PI))})`),
    ...[['a', 'n'], ['b', 'm']].map(([of, turns]) =>
      set(of!, `(f32x4.demote_f64x2_zero ${QUARTER.reduce((rest, part) => subD(rest, mulD(get(turns!), d(part))), get(of!))})`)),
    set('r', joined(get('a'), get('b'))),
    set('q', `(i32x4.add ${joined(`(i32x4.trunc_sat_f64x2_s_zero ${get('n')})`, `(i32x4.trunc_sat_f64x2_s_zero ${get('m')})`)} ${get('turn')})`),
    set('z', mul(get('r'), get('r'))),
    set('y', choose(`(i32x4.ne (v128.and ${get('q')} ${i(1)}) ${i(0)})`,
      add(sub(f(1), mul(get('z'), f(0.5))), mul(mul(get('z'), get('z')), poly(get('z'), [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]))),
      add(get('r'), mul(mul(get('r'), get('z')), poly(get('z'), [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]))))),
    set('y', `(v128.xor ${get('y')} (i32x4.shl (v128.and ${get('q')} ${i(2)}) (i32.const 30)))`),
    `  ${choose(op('f32x4.le')(size, f(2147483648)), get('y'), f('nan'))}`,
  ]),
  pow: func('pow', ['x', 'y'], ['s', 'a', 'b', 'h', 'odd'], [
    set('s', size),
    set('a', `(call $power ${lower(get('s'))} ${lower(get('y'))})`),
    set('b', `(call $power ${upper(get('s'))} ${upper(get('y'))})`),
    set('a', joined(get('a'), get('b'))),
    set('h', mul(get('y'), f(0.5))),
    // An odd power has the sign of its base; a negative number has powers of whole numbers only.
    set('odd', `(v128.and (f32x4.eq ${get('y')} (f32x4.floor ${get('y')})) (f32x4.ne ${get('h')} (f32x4.floor ${get('h')})))`),
    set('a', `(v128.xor ${get('a')} (v128.and (v128.and ${x} ${i('0x80000000')}) ${get('odd')}))`),
    set('odd', `(v128.and (v128.and ${negative} (f32x4.gt ${x} ${f('-inf')})) (f32x4.ne ${get('y')} (f32x4.floor ${get('y')})))`),
    set('a', choose(get('odd'), f('nan'), get('a'))),
    `  ${choose(`(f32x4.eq ${get('y')} ${f(0)})`, f(1), get('a'))}`,
  ]),
  /** Of two float64 numbers a >= 0 and y, as two float32: 2^(y log2 a), both to 2^-30, so that float32 rounds once. */
  power: func('power', ['a', 'y'], ['e', 'm', 's', 'z', 't', 'n', 'r'], [
    // a = 2^e m with m in [sqrt 1/2, sqrt 2). Small integers become float64 in the low bits of 2^52.
    set('e', subD(`(v128.or (i64x2.shr_u ${get('a')} (i32.const 52)) ${q('0x4330000000000000')})`, d(2 ** 52 + 1023))),
    set('m', `(v128.or (v128.and ${get('a')} ${q('0x000fffffffffffff')}) ${q('0x3ff0000000000000')})`),
    set('s', `(f64x2.gt ${get('m')} ${d(Math.SQRT2)})`),
    set('e', addD(get('e'), `(v128.and ${get('s')} ${d(1)})`)),
    set('m', choose(get('s'), mulD(get('m'), d(0.5)), get('m'))),
    set('s', divD(subD(get('m'), d(1)), addD(get('m'), d(1)))),
    set('z', mulD(get('s'), get('s'))),
    set('t', addD(get('e'), mulD(mulD(get('s'), d(2 * Math.LOG2E)), polyD(get('z'), [1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1])))),
    set('t', choose(`(f64x2.eq ${get('a')} ${d(0)})`, d('-inf'), choose(`(f64x2.lt ${get('a')} ${d('inf')})`, get('t'), get('a')))),
    set('t', `(f64x2.pmin (f64x2.pmax ${mulD(get('y'), get('t'))} ${d(-200)}) ${d(200)})`),
    set('n', `(f64x2.nearest ${get('t')})`),
    set('r', mulD(subD(get('t'), get('n')), d(Math.LN2))),
    set('r', polyD(get('r'), [1 / 362880, 1 / 40320, 1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1])),
    `  (f32x4.demote_f64x2_zero ${mulD(get('r'), `(i64x2.shl ${addD(get('n'), d(2 ** 52 + 1023))} (i32.const 52))`)})`,
  ]),
  sign: func('sign', ['x'], [], [`  ${choose(op('f32x4.gt')(x, f(0)), f(1), choose(negative, f(-1), x))}`]),
  /** The uniform number of a counter mixed with its stream, as in runtime/random. */
  mix: func('mix', ['h'], [], [
    ...[[16, 0x85ebca6b], [13, 0xc2b2ae35]].map(([shift, factor]) => set('h', `(i32x4.mul (v128.xor ${get('h')} (i32x4.shr_u ${get('h')} (i32.const ${shift}))) ${i(`0x${factor!.toString(16)}`)})`)),
    set('h', `(v128.xor ${get('h')} (i32x4.shr_u ${get('h')} (i32.const 16)))`),
    `  ${mul(`(f32x4.convert_i32x4_u (i32x4.shr_u ${get('h')} (i32.const 8)))`, f('0x1p-24'))}`,
  ]),
};
