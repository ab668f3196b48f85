/**
 * Solvers and the ways back through them, over one family of problems on every target: each problem is a row of one batch, so
 * that rows of all difficulties lie side by side, and what float64 finds is the judge.
 */
import { describe, expect, test } from 'vitest';
import { tanh } from '../../dsl/activation.js';
import { axis, like } from '../../dsl/axis.js';
import { anderson, checkpoint, implicit, phantom, picard, TOLERANCE } from '../../dsl/backward.js';
import { fixedPoint } from '../../dsl/fixed-point.js';
import type { Backward, Node, Solver } from '../../dsl/node.js';
import { add, div, dot, mul, rename, sum } from '../../dsl/ops.js';
import { param, zeros } from '../../dsl/parameter.js';
import type { Tensor } from '../../dsl/tensor.js';
import { gradient } from '../../compiler/gradient.js';
import { evaluate, type Environment } from '../../compiler/targets/reference.js';
import { stream } from '../generators/axes.js';
import { data, open as openGpu } from '../gpu/sessions.js';
import { apply, type Matrix, solve, transpose } from '../support/dense.js';
import { reorder, runLoops } from '../support/loops.js';
import { expectSame, minus, norm } from '../support/numbers.js';
import { expanded } from '../support/programs.js';
import { givenTo, scanned } from '../support/scanned.js';
import { opened as openWasm } from '../wasm/sessions.js';

/** x = s f(A x / s) + b with f the identity or tanh: of size s, and as hard as A makes it. `c` is the loss's slope, of any size. */
interface Problem {
  readonly what: string;
  readonly A: Matrix;
  readonly b: readonly number[];
  readonly s: number;
  readonly start: readonly number[];
  readonly c: readonly number[];
  /** Whether a solver may be late, or be far off: only what it says of it is held. */
  readonly hard?: 'slow' | 'diverges';
}
type Curve = 'linear' | 'tanh';

const WIDTH = 3;
const vector = (seed: number, d: number, size: number): readonly number[] => {
  const next = stream(seed);
  return Array.from({ length: d }, () => Math.fround(size * (next() + 0.5)));
};
const scaled = (m: Matrix, by: number): Matrix => m.map((r) => r.map((v) => Math.fround(v * by)));
/** Norm at most 1, neither symmetric nor normal. */
const turning = (d: number): Matrix => {
  const next = stream(d);
  const raw = Array.from({ length: d }, () => Array.from({ length: d }, () => next() * 2 - 1));
  const sums = (m: Matrix): number => Math.max(...m.map((r) => r.reduce((t, v) => t + Math.abs(v), 0)));
  return scaled(raw, 1 / Math.sqrt(sums(raw) * sums(transpose(raw))));
};
const diagonal = (...values: readonly number[]): Matrix =>
  values.map((v, i) => values.map((_, j) => (i === j ? Math.fround(v) : 0)));
const stepOf = (p: Problem, f: Curve, x: readonly number[]): readonly number[] =>
  apply(p.A, x).map((v, i) => (f === 'linear' ? v : p.s * Math.tanh(v / p.s)) + p.b[i]!);
const exact = (p: Problem, f: Curve): readonly number[] => {
  if (f === 'linear')
    return solve(
      p.A.map((r, i) => r.map((v, j) => (i === j ? 1 : 0) - v)),
      p.b,
    ).x;
  let x = p.start;
  for (let k = 0; k < 3000; k++) x = stepOf(p, f, x);
  return x;
};

const family = (d: number, f: Curve): readonly Problem[] => {
  const spread = (...v: readonly number[]): Matrix =>
    diagonal(...Array.from({ length: d }, (_, i) => v[i % v.length]!));
  const row = (what: string, A: Matrix, seed: number, size = 1, more: Partial<Problem> = {}): Problem => ({
    what,
    A,
    b: vector(seed, d, size),
    s: size,
    start: new Array<number>(d).fill(0),
    c: vector(seed + 100, d, 1),
    ...more,
  });
  const easy = scaled(turning(d), 0.6);
  const arrived = row('starts at its fixed point', easy, 20);
  return [
    ...[1e-6, 1e-3, 1, 1e3, 1e6].map((size, i) => row(`of size ${size}`, easy, i, size)),
    ...[1e-30, 1e-12, 1e-6, 1e6, 1e12].map((size, i) =>
      row(`under a loss of slope ${size}`, easy, i, 1, { c: vector(i + 50, d, size) }),
    ),
    row('a constant step', scaled(easy, 0), 9),
    row('differences all along one line', spread(0.9), 10, 1, { hard: 'slow' }),
    row('two speeds', spread(0.5, -0.5), 11),
    row('a slope of 0.99', spread(0.99, 0.5, -0.3), 12, 1, { hard: 'slow' }),
    row('almost singular', spread(0.999, 0.998, 0.997), 13, 1, { hard: 'slow' }),
    row('turning away', spread(-0.95, 0.9, 0.1), 14, 1, { hard: 'slow' }),
    { ...arrived, start: exact(arrived, f).map(Math.fround) },
    row('at rest at 0', easy, 15, 1, { b: new Array<number>(d).fill(0) }),
    row('of no slope', easy, 16, 1, { c: new Array<number>(d).fill(0) }),
    row('running off', spread(3, -2, 4), 17, 1, { hard: 'diverges' }),
    row('out of float32', spread(3, -2, 4), 18, 1e37, { hard: 'diverges' }),
  ];
};

type X = Tensor<'batch' | 'width'>;
type Way = Exclude<Backward, { kind: 'lastSteps' | 'stopGradient' }>;
interface Setting {
  readonly solver: Solver;
  readonly maxSteps: number;
  readonly backward?: Way;
}
const batch = axis('batch', 'batch');
/** The equilibrium of every row and what is said of it; dL/db of L = c . x*, and whether each adjoint was solved. */
const rootsOf = (d: number, f: Curve, { solver, maxSteps, backward }: Setting): readonly Node[] => {
  const width = axis('width', d);
  const into = like('into', width);
  const A = param('A', [batch, into, width], zeros);
  const [b, c, start] = ['b', 'c', 'start'].map((name) => param(name, [batch, width], zeros) as X) as [X, X, X];
  const s = param('s', batch, zeros);
  const step = (x: X): X => {
    const image = rename(dot(A, x, width), into, width) as X;
    return add(f === 'linear' ? image : mul(tanh(div(image, s)), s), b);
  };
  const found = fixedPoint(start, step, {
    solver,
    stop: { per: 'row', maxSteps },
    ...(backward === undefined ? {} : { backward }),
  } as never);
  const parts: readonly Node[] = [found.value, found.residual, found.steps, found.converged];
  if (backward === undefined) return expanded(parts);
  const [loss, ...plain] = expanded([sum(mul(c, found.value as X), [batch, width]), ...parts]);
  const solved: Node[] = [];
  const slopes = gradient(loss!, [b], { check: (n) => solved.push(n) });
  return [...plain, ...slopes, ...solved];
};
const environment = (problems: readonly Problem[]): Environment => ({
  sizes: { batch: problems.length },
  random: { seed: 1, step: 1 },
  params: {
    A: problems.flatMap((p) => p.A.flat()),
    b: problems.flatMap((p) => p.b),
    s: problems.map((p) => p.s),
    c: problems.flatMap((p) => p.c),
    start: problems.flatMap((p) => p.start),
  },
});

type Run = (env: Environment) => Promise<readonly (readonly number[])[]>;
interface Opened {
  readonly run: Run;
  readonly close: () => Promise<void>;
}
/** Axes sorted by name on the way in and out. */
const onSession =
  (kind: 'wasm' | 'cpu') =>
  async (roots: readonly Node[], first: Environment): Promise<Opened> => {
    const { program, sizes, draw } = scanned(roots, first);
    const session =
      kind === 'wasm' ? await openWasm(program, sizes, { threads: 1 }) : await openGpu(program, 'cpu', sizes);
    return {
      run: async (env) => {
        const got = await session.run('train', data(program, givenTo(program, roots, env)), draw);
        return roots.map((r, i) => [...reorder(got[`out${i}`]!, r.axes, sizes, true)]);
      },
      close: () => session.dispose(),
    };
  };
const targets: readonly {
  readonly name: string;
  readonly open: (roots: readonly Node[], first: Environment) => Promise<Opened>;
}[] = [
  {
    name: 'reference',
    open: async (roots) => ({
      run: async (env) => evaluate(roots, env).map((v) => [...v.data]),
      close: async () => {},
    }),
  },
  {
    name: 'loops, float32',
    open: async (roots, first) => {
      const { program, sizes } = scanned(roots, first);
      const entry = program.entries[0]!;
      return {
        run: async (env) => {
          const values = runLoops(entry, { sizes, given: givenTo(program, roots, env), round: Math.fround });
          return roots.map((r, i) => [...reorder(values.get(entry.outputs[`out${i}`]!)!, r.axes, sizes, true)]);
        },
        close: async () => {},
      };
    },
  },
  { name: 'wasm', open: onSession('wasm') },
  { name: 'gpu, cpu', open: onSession('cpu') },
];

const at = (d: number, values: readonly number[], r: number): readonly number[] => values.slice(r * d, (r + 1) * d);
const finite = (x: readonly number[]): boolean => x.every(Number.isFinite);

const solvers: readonly (readonly [string, Solver, number])[] = [
  ['picard', picard(), 40],
  ['damped picard', picard({ damping: 0.3 }), 60],
  ...[1, 2, 3, 4, 5].map(
    (memory) => [`anderson({ memory: ${memory} })`, anderson({ memory }), memory === 1 ? 40 : 20] as const,
  ),
];
const ways: readonly (readonly [string, Setting])[] = [
  ['unroll', { solver: picard(), maxSteps: 40, backward: { kind: 'unroll' } }],
  ['unroll of anderson', { solver: anderson({ memory: 3 }), maxSteps: 12, backward: { kind: 'unroll' } }],
  ['checkpoint', { solver: picard(), maxSteps: 40, backward: checkpoint(5) }],
  ['phantom', { solver: picard(), maxSteps: 40, backward: phantom({ steps: 30 }) }],
  [
    'implicit, solved by picard',
    { solver: picard(), maxSteps: 40, backward: implicit({ solve: 'picard', maxSteps: 40 }) },
  ],
  ['implicit, solved by anderson', { solver: anderson(), maxSteps: 20, backward: implicit({ maxSteps: 20 }) }],
];

describe.each(targets)('$name', ({ name, open }) => {
  describe.each([
    ['linear', 1],
    ...(name === 'reference' ? [['linear', WIDTH] as const] : []),
    ['tanh', WIDTH],
  ] as const)('%s, width %i', (f, d) => {
    const problems = family(d, f);
    test.each(solvers)('%s finds what it says it found, each row by itself', async (_, solver, maxSteps) => {
      const { run, close } = await open(rootsOf(d, f, { solver, maxSteps }), environment(problems));
      try {
        const results = await run(environment(problems));
        const [value, residual, steps, converged] = results as [number[], number[], number[], number[]];
        problems.forEach((p, r) => {
          const x = at(d, value, r);
          const size = norm(x);
          const within = TOLERANCE.atol + TOLERANCE.rtol * size;
          if (converged[r] === 1) {
            // Measured in float64, with the rounding of float32 allowed for.
            expect(norm(minus(stepOf(p, f, x), x)), `${p.what}: the residual`).toBeLessThanOrEqual(
              1.1 * within + 3e-7 * (size + norm(p.b)),
            );
            expect(residual[r], p.what).toBeLessThanOrEqual(1.0001 * within);
          } else {
            expect(
              residual[r]! <= within * 0.9999 && finite(x),
              `${p.what}: residual ${residual[r]} of size ${size}`,
            ).toBe(false);
            expect(steps[r], p.what).toBe(maxSteps);
          }
          if (p.hard !== undefined) return;
          expect(converged[r], `${p.what}: ${x}, residual ${residual[r]}`).toBe(1);
          const want = exact(p, f);
          expect(norm(minus(x, want)), `${p.what}: ${x}, not ${want}`).toBeLessThanOrEqual(1e-4 * norm(want) + 1e-9);
        });
        if (f === 'linear' && (solver.kind === 'picard' || solver.memory === 1))
          problems.forEach((p, r) => p.hard === 'diverges' && expect(converged[r], p.what).toBe(0));
        // What lies beside a row, and where it stands, makes no difference to the bits of its result.
        const order = problems.map((_, r) => (r * 5 + 3) % problems.length);
        const moved = await run(environment(order.map((r) => problems[r]!)));
        order.forEach((r, i) =>
          results.forEach((v, k) =>
            expectSame(at(k === 0 ? d : 1, moved[k]!, i), at(k === 0 ? d : 1, v, r), problems[r]!.what),
          ),
        );
      } finally {
        await close();
      }
    });

    test.each(ways)('%s: the derivative of a row is its own, of the size of its loss', async (way, setting) => {
      const { run, close } = await open(rootsOf(d, f, setting), environment(problems));
      try {
        const [value, , , converged, db, solved] = (await run(environment(problems))) as number[][];
        const larger = (await run(
          environment(problems.map((p) => ({ ...p, c: p.c.map((v) => v * 2 ** 20) }))),
        )) as number[][];
        problems.forEach((p, r) => {
          const got = at(d, db!, r);
          if (p.hard !== 'diverges')
            expectSame(
              at(d, larger[4]!, r).map((v) => v / 2 ** 20),
              got,
              `${p.what}: 2^20 times the loss`,
            );
          // An equilibrium that repels is one too.
          const x = p.hard === undefined ? exact(p, f) : at(d, value!, r);
          const M = p.A.map((_, i) =>
            p.A.map(
              (__, j) =>
                (i === j ? 1 : 0) - p.A[j]![i]! * (f === 'linear' ? 1 : 1 - Math.tanh(apply(p.A, x)[j]! / p.s) ** 2),
            ),
          );
          const want = solve(M, p.c).x;
          const lambda = norm(want);
          if (setting.backward!.kind === 'implicit') {
            expect(solved!.length, 'one solve').toBe(problems.length);
            if (p.hard === 'diverges' && converged![r] === 0) expect(solved![r], `${p.what} is no equilibrium`).toBe(0);
            if (solved![r] === 1) {
              const off = minus(apply(M, got), p.c);
              expect(norm(off), `${p.what}: the adjoint's residual`).toBeLessThanOrEqual(
                2e-4 * Math.max(norm(p.c), lambda),
              );
            }
            if (p.hard === undefined) expect(solved![r], `${p.what} is solved`).toBe(1);
          }
          if (p.hard !== undefined) return;
          // A row that takes no step has no steps to differentiate through.
          const still =
            (setting.backward!.kind === 'unroll' || setting.backward!.kind === 'checkpoint') &&
            (p.what.startsWith('starts at') || p.what.startsWith('at rest'));
          expect(
            norm(minus(got, still ? got.map(() => 0) : want)),
            `${way}, ${p.what}: ${got}, not ${want}`,
          ).toBeLessThanOrEqual(2e-3 * lambda);
        });
      } finally {
        await close();
      }
    });
  });
});
