/** Checkpointed descent: the values and derivatives of the unrolled one, in less memory. */
import { describe, expect, it } from 'vitest';
import {
  axis,
  checkpoint,
  descend,
  dot,
  like,
  normal,
  param,
  ragged,
  rename,
  sgd,
  square,
  sub,
  sum,
  tanh,
  unroll,
} from 'pcrec';
import type { Backward, Node } from '../../dsl/node.js';
import { costOf } from '../../compiler/cost.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { schedule } from '../../compiler/lower/schedule.js';
import { pipeline, runPasses } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { programOf, rightOf } from '../support/programs.js';

const N = 4;
const W = 3;
const batch = axis('batch', 'batch');
const seq = ragged('seq', batch, N);
const key = like('key', seq);
const width = axis('width', W);
const theta = param('theta', [seq, key], normal(0.3));
const start = param('start', [batch, seq, width], normal(1));
const goal = param('goal', [batch, seq, width], normal(1));

type Unrolled = Extract<Backward, { kind: 'unroll' | 'checkpoint' }>;

/** The training step of a loss behind `steps` steps of descent. */
const trained = (backward: Unrolled, steps: number): Program => {
  const {
    states: [s],
  } = descend(([x]) => sum(square(sub(goal, dot(theta, rename(tanh(x), seq, key), key))), [seq, width]), {
    wrt: [start],
    rate: 0.1,
    steps,
    backward,
  });
  const loss: Node = sum(square(s), [batch, seq, width]);
  return rightOf(runPasses(pipeline, programOf({ loss }, { optimizer: sgd({ rate: 1 }) })));
};

const values = (program: Program): readonly Float64Array[] => {
  const noise = (n: number, phase: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase));
  const env = {
    sizes: { batch: 2 },
    inputs: { step: [1], 'seq.lengths': [4, 2] },
    params: { theta: noise(N * N, 1), start: noise(2 * N * W, 2), goal: noise(2 * N * W, 3) },
  };
  return evaluate(rootsOf(program), env).map((v) => v.data);
};

describe('checkpoint', () => {
  it.each([1, 2, 3, 5])('every %i steps gives the loss and the update of unroll', (every) => {
    const expected = values(trained(unroll, 5));
    values(trained(checkpoint(every), 5)).forEach((v, i) =>
      v.forEach((x, j) => expect(x).toBeCloseTo(expected[i]![j]!, 10)),
    );
  });

  it('keeps less alive at once', () => {
    const peak = (backward: Unrolled): number =>
      costOf(schedule(lowerEntry(trained(backward, 16))))({ batch: 1000 }).peakBytes;
    expect(peak(checkpoint(4))).toBeLessThan(0.75 * peak(unroll));
  });
});
