/**
 * Helper functions of emitted kernels, written once in the common subset of JavaScript, WGSL, GLSL and gpu.js's WebAssembly, and read by
 * people in the emitted file.
 */

/**
 * By name, each below those that it calls.
 * errorFunction: below 1 the minimax polynomial of Cephes (ndtrf), above it the Chebyshev fit of erfc of Numerical Recipes
 * (relative error of erfc below 1.2e-7). logOnePlus: the series of 2 artanh(x / (2 + x)), because compilers may rewrite
 * Kahan's (1 + x) - 1. hyperbolicTangent: near 0 the polynomial of Cephes (tanhf). wave: Cephes (sinf, cosf), because WGSL
 * promises sin and cos only to 2^-11, after taking off quarter turns byte by byte: 256^k is so many quarter turns, modulo 4, in a
 * part that is a multiple of 2^-12, of which the sums are exact, and a small rest. Comparisons are written so that what is no
 * number stays none; roots of negative numbers are how the three languages write it.
 */
export const helpers = {
  signOf: `function signOf(x) {
  return x > 0 ? 1 : (x < 0 ? -1 : x);
}`,
  truncate: `function truncate(x) {
  const size = Math.floor(Math.min(Math.abs(x), 2147483648));
  return x > 0 ? size : (x < 0 ? -size : 0);
}`,
  power: `function power(x, y) {
  if (y === 0) return 1;
  const base = Math.abs(x);
  if (base === 0 && y > 0) return 0;
  const half = y * 0.5;
  if (base === 0 && y < 0) return half !== Math.floor(half) && y === Math.floor(y) ? 1 / x : 1 / base;
  const size = Math.pow(base, y);
  if (x < 0 && y !== Math.floor(y) && base * 0.5 !== base) return Math.sqrt(x);
  return x < 0 && half !== Math.floor(half) && y === Math.floor(y) ? -size : size;
}`,
  logOnePlus: `function logOnePlus(x) {
  if (x > -0.5 && x < 0.5) {
    const s = x / (2 + x);
    const z = s * s;
    return 2 * s * (1 + z * (0.33333334 + z * (0.2 + z * (0.14285715 + z * (0.11111111 + z * (0.09090909 + z * 0.07692308))))));
  }
  return Math.log(1 + x);
}`,
  hyperbolicTangent: `function hyperbolicTangent(x) {
  const size = Math.abs(x) > 10.5 ? 10.5 : Math.abs(x);
  if (size < 0.625) {
    const z = x * x;
    return x + x * z * (-0.33333282 + z * (0.13331442 + z * (-0.053739715 + z * (0.020639089 - z * 0.0057049887))));
  }
  const far = 1 - 2 / (1 + Math.exp(2 * size));
  return x < 0 ? -far : far;
}`,
  wave: `function wave(x, y) {
  const size = Math.abs(x);
  if (size > 2147483648) return Math.sqrt(-size);
  const whole = Math.floor(size);
  const byte1 = Math.floor(whole * 0.00390625);
  const byte2 = Math.floor(byte1 * 0.00390625);
  const byte3 = Math.floor(byte2 * 0.00390625);
  const d0 = whole - byte1 * 256;
  const d1 = byte1 - byte2 * 256;
  const d2 = byte2 - byte3 * 256;
  const exact = d0 * 0.63671875 - d1 * 1.025390625 + d2 * 1.513427734375 - byte3 * 0.569091796875;
  const rest = (size - whole) * 0.63661977 - d0 * 0.000098977632 + d1 * 0.000052351101 - d2 * 0.000025852564 - byte3 * 0.000026459535;
  const near = Math.floor(exact + 0.5);
  const part = (exact - near) + rest;
  const more = Math.floor(part + 0.5);
  const turns = near + more;
  const r = size < 0.75 ? size : (part - more) * 1.5707964;
  const z = r * r;
  const quarter = turns + y - 4 * Math.floor((turns + y) * 0.25);
  const sine = r + r * z * (-0.16666655 + z * (0.0083321609 - z * 0.00019515296));
  const cosine = 1 - 0.5 * z + z * z * (0.041666646 + z * (-0.0013887316 + z * 0.000024433157));
  const value = quarter === 1 || quarter === 3 ? cosine : sine;
  return (quarter > 1.5 ? -value : value) * (x < 0 ? 1 - 2 * (1 - y) : 1);
}`,
  sigmoid: `function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}`,
  softplus: `function softplus(x) {
  return Math.max(x, 0) + logOnePlus(Math.exp(-Math.abs(x)));
}`,
  errorFunction: `function errorFunction(x) {
  const size = Math.abs(x) > 6.5 ? 6.5 : Math.abs(x);
  if (size < 1) {
    const z = x * x;
    return x * (1.1283792 + z * (-0.37612626 + z * (0.11283585 + z * (-0.026853814 + z * (0.0051883277 + z * (-0.00080101934 + z * 0.000078538614))))));
  }
  const t = 1 / (1 + 0.5 * size);
  const fit = 1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))));
  const far = 1 - t * Math.exp(-size * size - 1.26551223 + t * fit);
  return x < 0 ? -far : far;
}`,
} as const;
export type HelperName = keyof typeof helpers;
/** In their order above. */
export const helperNames = Object.keys(helpers) as readonly HelperName[];

/** Those that a helper calls itself. */
const calls: { readonly [F in HelperName]?: readonly HelperName[] } = { softplus: ['logOnePlus'] };

/** Helpers that are called and those that these call, in an order in which each calls only earlier ones. */
export const withCalled = (called: ReadonlySet<HelperName>): readonly HelperName[] => {
  const all = new Set([...called, ...[...called].flatMap((name) => calls[name] ?? [])]);
  return all.size === called.size ? helperNames.filter((name) => all.has(name)) : withCalled(all);
};
