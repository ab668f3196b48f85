/** Numbers from several: each combination has its own, and neighbours have nothing in common. */
export const mixed = (...parts: readonly number[]): number =>
  parts.reduce((h, p) => {
    const x = Math.imul((h ^ p) >>> 0, 0x9e3779b1);
    const y = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
    return (y ^ (y >>> 13)) >>> 0;
  }, 0x2545f491);
