/** What an expression means in C is what the tree says. C's operators bind as JavaScript's do, so that JavaScript reads the text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { get, literal, local, op } from '../../compiler/code/build.js';
import type { Code, Local, Op } from '../../compiler/code/tree.js';
import { printFunction, spelling } from '../../compiler/targets/native/print.js';

const [x, y, i, j] = [local('x', 'f32'), local('y', 'f32'), local('i', 'i32'), local('j', 'i32')];
const values: ReadonlyMap<Local, number> = new Map([
  [x, 1.5],
  [y, -0.375],
  [i, 5],
  [j, -3],
]);

/** Each operation, as JavaScript has it. */
const meanings: { readonly [O in Op]?: (...args: readonly number[]) => number } = {
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  neg: (a) => -a!,
  lt: (a, b) => Number(a! < b!),
  le: (a, b) => Number(a! <= b!),
  gt: (a, b) => Number(a! > b!),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => a! & b!,
  or: (a, b) => a! | b!,
  xor: (a, b) => a! ^ b!,
  not: (a) => Number(a === 0),
  shiftLeft: (a, b) => a! << b!,
  shiftRight: (a, b) => a! >> b!,
  select: (a, b, c) => (a !== 0 ? b! : c!),
};
const meant = (c: Code): number => {
  if (c.kind === 'literal') return c.value;
  if (c.kind === 'local') return values.get(c.local)!;
  if (c.kind !== 'op') throw new Error(`no ${c.kind} here`);
  return meanings[c.op]!(...c.args.map(meant));
};

const text = (c: Code): string => {
  const f = { name: 'f', exported: false, comments: [], parameters: [x, y, i, j], body: [], result: c };
  return /return (.*);/.exec(printFunction(f, spelling()))![1]!;
};
/** As C has it: `1.5f` is a number, and what is compared is 0 or 1. */
const read = (written: string): number =>
  Number(
    new Function('x', 'y', 'i', 'j', `return ${written.replace(/(\d)f\b/g, '$1')};`)(
      ...[x, y, i, j].map((l) => values.get(l)),
    ),
  );

const expressions = fc.letrec<{ readonly real: Code; readonly whole: Code }>((tie) => {
  const [real, whole] = [tie('real'), tie('whole')];
  const of = (name: Op, ...args: readonly fc.Arbitrary<Code>[]) =>
    fc.tuple(...args).map((all) => op(name, ...(all as [Code, ...Code[]])));
  const chosen = (kind: fc.Arbitrary<Code>) =>
    fc.tuple(whole, kind, kind).map(([c, a, b]): Code => ({ kind: 'op', op: 'select', args: [c, a, b], type: a.type }));
  const binary = (names: readonly Op[], a: fc.Arbitrary<Code>, b = a) => names.map((name) => of(name, a, b));
  const places = fc.integer({ min: 0, max: 4 }).map((n) => literal(n, 'i32'));
  return {
    real: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom(get(x), get(y), ...[-1, 0.1, 3, -0.25, -1e-7].map((n) => literal(n, 'f32'))),
      ...binary(['add', 'sub', 'mul', 'div'], real),
      of('neg', real),
      chosen(real),
    ),
    whole: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom(get(i), get(j), ...[-1, 0, 2, 7].map((n) => literal(n, 'i32'))),
      ...binary(['add', 'sub', 'and', 'or', 'xor', 'lt', 'le', 'eq', 'ne'], whole),
      ...binary(['lt', 'le', 'gt'], real),
      ...binary(['shiftLeft', 'shiftRight'], whole, places),
      of('neg', whole),
      of('not', whole),
      chosen(whole),
    ),
  };
});

describe('an expression in C', () => {
  it.each(['real', 'whole'] as const)('means what its tree says: %s', (kind) => {
    fc.assert(
      fc.property(expressions[kind], (c) => {
        const written = text(c);
        expect(read(written), written).toBe(meant(c));
      }),
      { numRuns: 3000 },
    );
  });

  it('adds what begins with a minus, and is no sum, whole', () => {
    const chosen: Code = {
      kind: 'op',
      op: 'select',
      args: [op('le', literal(-1, 'f32'), get(y)), literal(0, 'f32'), get(x)],
      type: 'f32',
    };
    expect(text(op('add', get(x), chosen))).toBe('x + (-1.0f <= y ? 0.0f : x)');
    expect(text(op('add', get(x), op('neg', get(y))))).toBe('x - y');
  });
});
