/** Equilibria: solvers find them row by row, say honestly how near they are, and differentiate as the theorem says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anderson, checkpoint, implicit, phantom, picard } from '../../dsl/backward.js';
import { axis, like } from '../../dsl/axis.js';
import { fixedPoint } from '../../dsl/fixed-point.js';
import { gradients } from '../../dsl/gradient.js';
import { tanh } from '../../dsl/activation.js';
import type { Backward, Node, Solver } from '../../dsl/node.js';
import { add, dot, mul, rename, sum } from '../../dsl/ops.js';
import { param, zeros } from '../../dsl/parameter.js';
import type { Tensor } from '../../dsl/tensor.js';
import { gradient } from '../../compiler/gradient.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { stream } from '../generators/axes.js';
import { apply, solve, transpose } from '../support/dense.js';
import { expectClose, expectSame, minus, norm } from '../support/numbers.js';
import { differentiate } from '../../compiler/passes/differentiate.js';
import { expanded, programOf, runPass } from '../support/programs.js';
import { implicitDerivatives } from '../campaign/mutants/properties.js';
import { targets } from './targets.js';

/** x = A x + b or x = tanh(A x + b), |A| <= rho in the 1- and the max-norm: a contraction in the 2-norm. */
interface Contraction {
  readonly rows: number;
  readonly d: number;
  readonly rho: number;
  readonly linear: boolean;
  /** A, row by row; b, one vector a row of the batch. */
  readonly A: readonly (readonly number[])[];
  readonly b: readonly (readonly number[])[];
}
const contractions = (over: Partial<Contraction> = {}): fc.Arbitrary<Contraction> =>
  fc
    .record({
      rows: fc.integer({ min: 1, max: 3 }),
      d: fc.integer({ min: 1, max: 4 }),
      rho: fc.double({ min: 0.1, max: 0.7, noNaN: true }),
      linear: fc.boolean(),
      seed: fc.nat(),
    })
    .map(({ seed, ...shape }) => {
      const { rows, d, rho } = { ...shape, ...over };
      const next = stream(seed);
      const raw = Array.from({ length: d }, () => Array.from({ length: d }, () => next() * 2 - 1));
      const size = Math.max(
        ...raw.map((r) => r.reduce((s, v) => s + Math.abs(v), 0)),
        ...transpose(raw).map((r) => r.reduce((s, v) => s + Math.abs(v), 0)),
      );
      const A = raw.map((r) => r.map((v) => (v * rho) / size));
      const b = Array.from({ length: rows }, () => Array.from({ length: d }, () => next() * 4 - 2));
      return { ...shape, ...over, A, b };
    });

type X = Tensor<'batch' | 'width'>;
const expressionsOf = ({ d, linear }: Contraction) => {
  const batch = axis('batch', 'batch');
  const width = axis('width', d);
  const into = like('into', width);
  const A = param('A', [into, width], zeros);
  const b = param('b', [batch, width], zeros);
  const start = param('start', [batch, width], zeros);
  const step = (x: X): X => {
    const image = add(rename(dot(A, x, width), into, width), b);
    return linear ? image : tanh(image);
  };
  return { batch, width, A, b, start, step };
};
/** Axes sorted by name: A[into, width] is A row by row. */
const environment = (p: Contraction, more: Readonly<Record<string, ArrayLike<number>>> = {}): Environment => ({
  sizes: { batch: p.rows },
  params: { A: p.A.flat(), b: p.b.flat(), start: p.b.map((r) => r.map(() => 0)).flat(), ...more },
});

const stepOf = (p: Contraction, b: readonly number[], x: readonly number[]): readonly number[] =>
  apply(p.A, x).map((v, i) => (p.linear ? v + b[i]! : Math.tanh(v + b[i]!)));
/** Each row's fixed point, by plain iteration to the last digit. */
const exact = (p: Contraction): readonly (readonly number[])[] =>
  p.b.map((b) => {
    let x: readonly number[] = b.map(() => 0);
    for (let k = 0; k < 400; k++) x = stepOf(p, b, x);
    return x;
  });

const solvers: readonly (readonly [string, Solver])[] = [
  ['picard', picard()],
  ['damped picard', picard({ damping: 0.3 })],
  ['anderson', anderson({ memory: 3 })],
];
const PER_ROW = { per: 'row', atol: 1e-9, rtol: 0, maxSteps: 120 } as const;

describe.each(targets.filter((t) => t.name === 'reference'))('$name', (target) => {
  const found = (
    p: Contraction,
    solver: Solver,
    stop: { readonly per: 'row'; readonly atol: number; readonly rtol: number; readonly maxSteps: number },
    start?: ArrayLike<number>,
  ) => {
    const { start: init, step } = expressionsOf(p);
    const { value, residual, steps, converged } = fixedPoint(init, step, { solver, stop });
    const [x, r, k, c] = target.values(
      [value, residual, steps, converged],
      environment(p, start === undefined ? {} : { start }),
    );
    return { value: [...x!], residual: [...r!], steps: [...k!], converged: [...c!] };
  };
  const row = (p: Contraction, v: readonly number[], b: number): readonly number[] => v.slice(b * p.d, (b + 1) * p.d);

  describe.each(solvers)('%s', (name, solver) => {
    // Anderson's program grows with every step.
    const stop = name === 'anderson' ? { ...PER_ROW, maxSteps: 30 } : PER_ROW;
    test('reaches the fixed point of a contraction, and the residual is that of the point returned', () => {
      fc.assert(
        fc.property(contractions(), (p) => {
          const { value, residual, steps, converged } = found(p, solver, stop);
          exact(p).forEach((want, b) => {
            const x = row(p, value, b);
            expect(Math.abs(residual[b]! - norm(minus(stepOf(p, p.b[b]!, x), x)))).toBeLessThanOrEqual(1e-12);
            expect(converged[b]).toBe(residual[b]! <= stop.atol ? 1 : 0);
            expect(converged[b]).toBe(1);
            expect(steps[b]!).toBeLessThanOrEqual(stop.maxSteps);
            expectClose(x, want, 1e-8, 'the point and the fixed point');
          });
        }),
        { numRuns: 25 },
      );
    });

    test('a row is bit for bit the same alone or in a batch', () => {
      fc.assert(
        fc.property(contractions({ rows: 3 }), fc.integer({ min: 1, max: 9 }), (p, maxSteps) => {
          const cut = { ...stop, maxSteps, atol: 1e-3 };
          const together = found(p, solver, cut);
          for (let b = 0; b < 3; b++) {
            const alone = found({ ...p, rows: 1, b: [p.b[b]!] }, solver, cut);
            expectSame(alone.value, row(p, together.value, b), `row ${b}`);
            expectSame(
              [alone.residual[0]!, alone.steps[0]!, alone.converged[0]!],
              [together.residual[b]!, together.steps[b]!, together.converged[b]!],
            );
          }
        }),
        { numRuns: 25 },
      );
    });

    test('cut short, it says so, and has taken every step it may', () => {
      fc.assert(
        fc.property(contractions({ rho: 0.7, linear: true }), (p) => {
          const { residual, steps, converged } = found(p, solver, { ...stop, atol: 1e-14, maxSteps: 1 });
          residual.forEach((r, b) => {
            expect(converged[b]).toBe(r <= 1e-14 ? 1 : 0);
            expect(steps[b]).toBe(norm(p.b[b]!) <= 1e-14 ? 0 : 1);
          });
        }),
        { numRuns: 25 },
      );
    });
  });

  test('picard counts the steps it took: the first point whose residual is within tolerance is returned', () => {
    fc.assert(
      fc.property(contractions(), fc.constantFrom(1e-1, 1e-3, 1e-6), fc.constantFrom(0, 0.01), (p, atol, rtol) => {
        const { value, steps } = found(p, picard(), { per: 'row', atol, rtol, maxSteps: 60 });
        p.b.forEach((b, r) => {
          let x: readonly number[] = b.map(() => 0);
          let k = 0;
          while (k < 60 && norm(minus(stepOf(p, b, x), x)) > atol + rtol * norm(x)) {
            x = stepOf(p, b, x);
            k += 1;
          }
          expect(steps[r]).toBe(k);
          expectClose(row(p, value, r), x, 1e-12);
        });
      }),
      { numRuns: 40 },
    );
  });

  test('a start at the fixed point is returned as it is, after no step', () => {
    fc.assert(
      fc.property(contractions(), (p) => {
        const at = exact(p).flat();
        const { value, steps } = found(p, picard(), PER_ROW, at);
        expectSame(value, at);
        expect(steps.every((k) => k === 0)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('anderson needs fewer steps than picard where picard is slow', () => {
    let fewer = 0;
    let more = 0;
    fc.assert(
      fc.property(contractions({ linear: true, d: 3, rho: 0.9, rows: 1 }), (p) => {
        const slow = found(p, picard(), { ...PER_ROW, atol: 1e-6, maxSteps: 60 }).steps[0]!;
        const fast = found(p, anderson({ memory: 4 }), { ...PER_ROW, atol: 1e-6, maxSteps: 20 }).steps[0]!;
        if (fast < slow) fewer += 1;
        if (fast > slow) more += 1;
      }),
      { numRuns: 15 },
    );
    expect(fewer).toBeGreaterThan(10);
    expect(more).toBe(0);
  });

  test('with a fixed number of steps every row takes them all', () => {
    fc.assert(
      fc.property(contractions(), fc.integer({ min: 0, max: 5 }), (p, count) => {
        const { start, step } = expressionsOf(p);
        const { value, steps } = fixedPoint(start, step, { stop: { fixed: count } });
        const [x, k] = target.values([value, steps], environment(p));
        expect([...k!].every((n) => n === count)).toBe(true);
        p.b.forEach((b, r) => {
          let want: readonly number[] = b.map(() => 0);
          for (let i = 0; i < count; i++) want = stepOf(p, b, want);
          expectClose(row(p, [...x!], r), want, 1e-12);
        });
      }),
      { numRuns: 20 },
    );
  });
});

// --- derivatives --------------------------------------------------------------------------------------------------------
const values = targets[0]!.values;
const target = (p: Contraction, x: X): Tensor<'batch'> =>
  sum(mul(x, param('c', x.axes as never, zeros) as unknown as X), expressionsOf(p).width);
/** dL/dA and dL/db of L = sum_rows c . x*, by a way of differentiating. */
const slopes = (
  p: Contraction,
  backward: Backward,
  maxSteps = 80,
  atol = 1e-12,
): readonly [readonly number[], readonly number[]] => {
  const { A, b, start, step } = expressionsOf(p);
  const stop =
    backward.kind === 'implicit'
      ? ({ per: 'row', atol, rtol: 0, maxSteps } as const)
      : ({ per: 'row', atol: 0, rtol: 0, maxSteps } as const);
  const { value } = fixedPoint(start, step, {
    stop,
    backward: backward as Exclude<Backward, { kind: 'lastSteps' | 'stopGradient' }>,
  });
  const [dA, db] = values(gradients(target(p, value), [A, b]), environment(p, { c: weights(p) }));
  return [[...dA!], [...db!]];
};
const weights = (p: Contraction): readonly number[] => Array.from({ length: p.rows * p.d }, (_, i) => Math.cos(i + 1));

/** Of x = A x + b: lambda = (I - A^T)^-1 c, dL/db = lambda, dL/dA = lambda x^T. Of tanh, with its slopes in between. */
const closed = (p: Contraction): readonly [readonly number[], readonly number[]] => {
  const dA = new Array<number>(p.d * p.d).fill(0);
  const db: number[] = [];
  exact(p).forEach((x, r) => {
    const slope = x.map((v) => (p.linear ? 1 : 1 - v * v));
    const M = p.A.map((_, i) => p.A.map((__, j) => (i === j ? 1 : 0) - p.A[j]![i]! * slope[j]!));
    const lambda = solve(M, weights(p).slice(r * p.d, (r + 1) * p.d)).x;
    const pulled = lambda.map((v, i) => v * slope[i]!);
    db.push(...pulled);
    pulled.forEach((v, i) => x.forEach((y, j) => void (dA[i * p.d + j]! += v * y)));
  });
  return [dA, db];
};

describe('derivatives of an equilibrium', () => {
  test.each(['picard', 'anderson'] as const)(
    'implicit, solved by %s, is the closed form of the implicit function theorem',
    (solve_) => {
      fc.assert(
        fc.property(contractions(), (p) => {
          const [dA, db] = slopes(p, implicit({ solve: solve_, rtol: 1e-11, maxSteps: solve_ === 'picard' ? 80 : 20 }));
          const [wantA, wantB] = closed(p);
          expectClose(db, wantB, 1e-7, 'dL/db');
          expectClose(dA, wantA, 1e-7, 'dL/dA');
        }),
        { numRuns: solve_ === 'picard' ? 15 : 6 },
      );
    },
  );

  test('law 10: the unrolled gradient tends to it geometrically', () => {
    fc.assert(
      fc.property(contractions({ linear: true, rho: 0.5 }), (p) => {
        const want = closed(p);
        const away = (steps: number): number => {
          const got = slopes(p, { kind: 'unroll' }, steps);
          return norm(minus([...got[0], ...got[1]], [...want[0], ...want[1]]));
        };
        // The error of dL/dA after K steps is of order K rho^K.
        const first = away(1) + norm([...want[0], ...want[1]]);
        for (const k of [5, 10, 20]) expect(away(k)).toBeLessThanOrEqual(4 * (k + 2) * first * 0.5 ** k + 1e-10);
        expect(away(40)).toBeLessThanOrEqual(1e-9 * (1 + first));
      }),
      { numRuns: 15 },
    );
  });

  test('law 10: checkpointed equals unrolled', () => {
    fc.assert(
      fc.property(contractions(), (p) => {
        const [a, b] = [slopes(p, { kind: 'unroll' }, 6), slopes(p, checkpoint(2), 6)];
        expectClose([...b[0], ...b[1]], [...a[0], ...a[1]], 1e-12);
      }),
      { numRuns: 15 },
    );
  });

  test('phantom keeps the value; its gradient is the first terms of the series, and all of them in the limit', () => {
    fc.assert(
      fc.property(contractions({ linear: true, rho: 0.6 }), fc.constantFrom(0, 0.4), (p, damping) => {
        const { start, step } = expressionsOf(p);
        const stop = { ...PER_ROW, atol: 1e-12, maxSteps: 80 };
        const [plain, shown] = values(
          [
            fixedPoint(start, step, { stop }).value,
            fixedPoint(start, step, { stop, backward: phantom({ steps: 3, damping }) }).value,
          ],
          environment(p),
        );
        expectClose(shown!, plain!, 1e-12, 'the value');
        const sum_ = (terms: number): readonly number[] =>
          p.b.flatMap((_, r) => {
            // db of k damped steps: (1 - l) sum_{i<k} (l I + (1 - l) A^T)^i c.
            let term: readonly number[] = weights(p).slice(r * p.d, (r + 1) * p.d);
            let total = term.map(() => 0);
            for (let i = 0; i < terms; i++) {
              total = total.map((v, k) => v + (1 - damping) * term[k]!);
              term = apply(transpose(p.A), term).map((v, k) => damping * term[k]! + (1 - damping) * v);
            }
            return total;
          });
        for (const steps of [1, 3])
          expectClose(slopes(p, phantom({ steps, damping }))[1], sum_(steps), 1e-8, `${steps} steps`);
        expectClose(slopes(p, phantom({ steps: 60, damping }))[1], closed(p)[1], 1e-6, 'many steps');
      }),
      { numRuns: 8 },
    );
  });

  test('a second derivative passes through an implicit one', () => {
    fc.assert(
      fc.property(contractions({ linear: true, rho: 0.4, rows: 1 }), (p) => {
        // L = |db|^2 / 2 does not depend on b: dL/db = lambda is constant in b, so its derivative is 0; in A it is not.
        const { A, b, start, step } = expressionsOf(p);
        const { value } = fixedPoint(start, step, {
          stop: { per: 'row', atol: 1e-12, rtol: 0, maxSteps: 40 },
          backward: implicit({ solve: 'picard', rtol: 1e-12, maxSteps: 40 }),
        });
        const [lambda] = gradients(target(p, value), [b]);
        const half = mul(sum(mul(lambda!, lambda!), expressionsOf(p).width), 0.5);
        const [dA, db] = values(gradients(half, [A, b]), environment(p, { c: weights(p) }));
        expectClose(
          db!,
          p.b.flat().map(() => 0),
          1e-7,
        );
        // d/dA of |lambda|^2 / 2 with lambda = (I - A^T)^-1 c: lambda nu^T with nu = (I - A)^-1 lambda.
        const M = p.A.map((r, i) => r.map((v, j) => (i === j ? 1 : 0) - v));
        const l = solve(transpose(M), weights(p)).x;
        const nu = solve(M, l).x;
        expectClose(
          dA!,
          l.flatMap((v) => nu.map((w) => v * w)),
          1e-6,
        );
      }),
      { numRuns: 8 },
    );
  });
});

test('a second derivative sees the equilibrium move with what it is made of', () => {
  for (const seed of [1, 2]) implicitDerivatives(seed);
});

describe('an adjoint that was not solved is never a silent zero', () => {
  const failuresOf = (p: Contraction, maxSteps: number): { readonly count: number; readonly db: readonly number[] } => {
    const { start, step } = expressionsOf(p);
    const { value } = fixedPoint(start, step, {
      stop: { ...PER_ROW, maxSteps: 80 },
      backward: implicit({ solve: 'picard', rtol: 1e-8, maxSteps }),
    });
    const loss = sum(target(p, value), expressionsOf(p).batch);
    const optimizer = { name: 'plain', slots: [], update: (_: Node, g: Node) => ({ value: g, slots: {} }) };
    const [root] = expanded([loss]);
    const program = runPass(differentiate, programOf({ loss: root! }, { optimizer }));
    expect(Object.keys(program.outputs)).toContain('unconverged');
    const results = values([program.outputs['unconverged']!, program.updates['b']!], environment(p, { c: weights(p) }));
    return { count: results[0]![0]!, db: [...results[1]!] };
  };
  test('rows whose linear solve fell short are counted, and their derivative is what was found', () => {
    fc.assert(
      fc.property(contractions({ linear: true, rho: 0.7, d: 2, rows: 2 }), (p) => {
        expect(failuresOf(p, 80).count).toBe(0);
        const short = failuresOf(p, 1);
        expect(short.count).toBe(2);
        expect(norm(short.db)).toBeGreaterThan(0);
      }),
      { numRuns: 8 },
    );
  });
  test('gradient hands each solve to whoever asks', () => {
    const [p] = fc.sample(contractions({ linear: true }), 1);
    const { start, step, b } = expressionsOf(p!);
    const { value } = fixedPoint(start, step, { stop: PER_ROW, backward: implicit() });
    const solved: Node[] = [];
    gradient(expanded([sum(value, [expressionsOf(p!).width, expressionsOf(p!).batch])])[0]!, [b], {
      check: (s) => solved.push(s),
    });
    expect(solved.map((s) => [s.dtype, s.axes.map((a) => a.name)])).toEqual([['bool', ['batch']]]);
  });
});
