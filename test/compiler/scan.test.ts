/** Scans: what they mean, their derivatives, their loops, and what their steps may not do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tanh } from '../../dsl/activation.js';
import { like } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { add, exp, ge, mul, where } from '../../dsl/elementwise.js';
import type { Node } from '../../dsl/node.js';
import { expand, index, rename, shift } from '../../dsl/position.js';
import { dot, sum } from '../../dsl/reduction.js';
import { scan } from '../../dsl/scan.js';
import { typed } from '../../dsl/tensor.js';
import { dependence, offsetsOf } from '../../compiler/dependence/analysis.js';
import { topological } from '../../compiler/graph.js';
import { expand as expandPass } from '../../compiler/passes/expand.js';
import { evaluate } from '../../compiler/targets/reference.js';
import {
  batch,
  environmentFor,
  LENGTH,
  seq,
  type Sizes,
  sizes,
  stream,
  width,
  WIDTH,
  wide,
} from '../generators/axes.js';
import {
  decay,
  half,
  kinds,
  paired,
  recurrent,
  start,
  type State,
  w,
  withSlopes,
  x,
  zero,
} from '../generators/scans.js';
import { expectEqualValues, measured } from '../support/compare.js';
import { expectDerivatives } from '../support/derivatives.js';
import { loops } from '../support/lowered.js';
import { expanded, meaning, programOf } from '../support/programs.js';

const directions = [false, true] as const;
const at: Sizes = { batch: 3, lengths: [3, 0, 4] };

/** tanh(previous W + x) written as the loop that it is. */
const byHand = (
  lengths: readonly number[],
  data: { readonly x: ArrayLike<number>; readonly w: ArrayLike<number>; readonly start: ArrayLike<number> },
  reverse: boolean,
): readonly number[] => {
  const result = new Array<number>(lengths.length * LENGTH * WIDTH).fill(0);
  lengths.forEach((length, b) => {
    let h = Array.from({ length: WIDTH }, (_, i) => data.start[b * WIDTH + i]!);
    const positions = Array.from({ length }, (_, t) => (reverse ? length - 1 - t : t));
    for (const t of positions) {
      // The parameter's axes are sorted by name: wide before width.
      h = h.map((_, j) =>
        Math.tanh(
          h.reduce((total, v, i) => total + v * 0.4 * data.w[j * WIDTH + i]!, 0) +
            data.x[(b * LENGTH + t) * WIDTH + j]!,
        ),
      );
      h.forEach((v, j) => {
        result[(b * LENGTH + t) * WIDTH + j] = v;
      });
    }
  });
  return result;
};

/** All rows exist: of those that are missing nothing is said. */
const whole = sizes.map((rows) => ({ ...rows, missing: 0 }));

describe('what a scan means', () => {
  test.each(directions)('is the loop that one would write, reverse %s', (reverse) => {
    fc.assert(
      fc.property(whole, fc.nat(), (rows, seed) => {
        const root = recurrent(start, { reverse });
        const env = environmentFor([root], rows, seed);
        const { x: given, w: weights, start: from } = env.params as Record<string, readonly number[]>;
        expectEqualValues(
          meaning([root], env)[0]!.data,
          byHand(rows.lengths, { x: given!, w: weights!, start: from! }, reverse),
          1,
          'states',
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(kinds)('%s', (_, of) => {
  test.each(directions)('first and second derivatives agree with central differences, reverse %s', (reverse) => {
    const root = of({ reverse });
    expectDerivatives(root, environmentFor([root], at, 1), 1);
  });

  test.each(directions)(
    'its loops agree with the reference, and so do those of its derivative, reverse %s',
    (reverse) => {
      const roots = withSlopes(of({ reverse }));
      fc.assert(
        fc.property(whole, fc.nat(), (rows, seed) => {
          const env = environmentFor(roots, rows, seed);
          const { values, scale } = measured(expanded(roots), env);
          loops.values(roots, env).forEach((got, i) => expectEqualValues(got, values[i]!, scale * 10, `root ${i}`));
        }),
        { numRuns: 15 },
      );
    },
  );

  test('recomputed states have the same derivative', () => {
    const slopes = (backward: 'store' | 'recompute'): readonly Node[] => {
      const root = of({ backward });
      const total = build.reduce(
        'sum',
        build.map('sin', root),
        root.axes.map((a) => a.name),
      );
      return [build.project({ op: 'gradient', of: total, wrt: [x] }, '0'), root];
    };
    const env = environmentFor([...slopes('store'), w, start], at, 3);
    const [stored] = meaning(slopes('store'), env);
    const [again] = meaning(slopes('recompute'), env);
    expectEqualValues(again!.data, stored!.data, 1, 'slope');
    const scans = (backward: 'store' | 'recompute'): number =>
      topological(expanded(slopes(backward))).filter((n) => n.op === 'scan').length;
    expect(scans('recompute')).toBeGreaterThan(scans('store'));
  });
});

describe('the associative form', () => {
  const roots = (form: 'sequential' | 'associative', reverse: boolean): readonly Node[] => {
    const root = decay({ form, reverse });
    const total = build.reduce(
      'sum',
      build.map('sin', root),
      root.axes.map((a) => a.name),
    );
    return [root, ...[x, start].map((_, i) => build.project({ op: 'gradient', of: total, wrt: [x, start] }, `${i}`))];
  };
  test.each(directions)('is the sequential one, derivatives included, reverse %s', (reverse) => {
    fc.assert(
      fc.property(whole, fc.nat(), (rows, seed) => {
        const env = environmentFor(roots('sequential', reverse), rows, seed);
        const want = meaning(roots('sequential', reverse), env);
        meaning(roots('associative', reverse), env).forEach((got, i) =>
          expectEqualValues(got.data, want[i]!.data, 30, `root ${i}`),
        );
      }),
      { numRuns: 30 },
    );
    expect(topological(expanded(roots('associative', reverse))).some((n) => n.op === 'scan')).toBe(false);
  });
  test.each([
    ['a step that is not affine', () => recurrent(start, { form: 'associative' }), /takes the sum over 'width'/],
    [
      'a step that squares',
      () => scan(seq, start, (p) => add(mul(p, p), x), { form: 'associative' }),
      /derivative of its step by the state reads the state/,
    ],
    ['two states', () => paired({ form: 'associative' }), /several states/],
  ] as const)('%s is refused', (_, of, message) => {
    const result = expandPass.run(programOf({ out: of() }));
    expect(result._tag === 'Left' ? result.left[0].message : '').toMatch(message);
  });
});

describe('what a step may not do', () => {
  const key = like('key', seq);
  test.each([
    ['sum over the sequence', (p: State) => add(expand(sum(p, seq), seq), x), /takes the sum over 'seq'/],
    ['read the position before', (p: State) => add(shift(p, seq, 1), x), /moves along 'seq'/],
    ['read other users', (p: State) => add(expand(sum(p, batch), batch), x), /takes the sum over 'batch'/],
    [
      'attend',
      (p: State) =>
        add(dot(where(ge(index(seq), index(key)), exp(rename(x, seq, key)), 0), rename(p, seq, key), key), x),
      /compares positions of 'seq'/,
    ],
  ] as const)('%s', (_, step, message) => {
    const result = expandPass.run(programOf({ out: scan(seq, zero, step) }));
    expect(result._tag === 'Left' ? result.left[0].message : '').toMatch(message);
  });
});

describe('dependence', () => {
  const given = typed<'batch' | 'seq' | 'width'>(build.input('given', [batch, seq, width], 'f32'));
  const root = (reverse: boolean): Node =>
    expanded([scan(seq, zero, (p) => tanh(add(rename(dot(p, half, width), wide, width), given)), { reverse })])[0]!;
  test('a scan reads positions up to its own, one in reverse those from it on, and no other row', () => {
    const reads = (reverse: boolean, name: string) => {
      const r = root(reverse);
      return offsetsOf(dependence([r]).reads(r).get('given')!, name, name);
    };
    expect(reads(false, 'seq')).toEqual({ least: -Infinity, most: 0 });
    expect(reads(true, 'seq')).toEqual({ least: 0, most: Infinity });
    expect(reads(false, 'batch')).toEqual({ least: 0, most: 0 });
  });
  test('what it says is not read can be anything', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: LENGTH - 2 }), (seed, keep) => {
        const r = root(false);
        const env = environmentFor([r], at, seed);
        const next = stream(seed + 1);
        const moved = {
          ...env,
          inputs: {
            ...env.inputs,
            given: (env.inputs!['given'] as readonly number[]).map((v, i) =>
              Math.floor(i / WIDTH) % LENGTH > keep ? next() : v,
            ),
          },
        };
        const [a, b] = [env, moved].map((e) => evaluate([r], e)[0]!.data);
        a!.forEach((v, i) => {
          if (Math.floor(i / WIDTH) % LENGTH <= keep) expect(b![i]).toBe(v);
        });
      }),
      { numRuns: 30 },
    );
  });
});
