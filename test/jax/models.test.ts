/** Every model of the zoo as a module for JAX: a step by our derivatives and by JAX's, scores and ranks are the reference's. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cases } from '../support/models.js';
import { close } from '../onnx/sessions.js';
import { ran, scratch, type Stepped, written, type Wanted } from './modules.js';

const python = process.env['JAX_PYTHON']!;
const folder = scratch();
console.log(folder);
const wanted = cases.map(([, model, over], i) => written(join(folder, `case-${i}`), model, over));
const results = ran(
  python,
  cases.map((_, i) => join(folder, `case-${i}`)),
);

const same = (got: Stepped, { outputs, updates }: Wanted): void => {
  expect(close([got.loss], outputs['loss']!, 1e-5)).toEqual([]);
  expect(
    Object.entries(updates).flatMap(([name, want]) =>
      close(got.states[name]!, want, 1e-5)
        .slice(0, 2)
        .map((w) => `${name} ${w}`),
    ),
  ).toEqual([]);
};

describe.each(cases.map(([name], i) => [name, i] as const))('%s', (_, i) => {
  it('steps by our derivatives', () => same(results[i]!.step, wanted[i]!));
  it('steps by those of JAX', () => same(results[i]!.stepByJax, wanted[i]!));
  it('scores and ranks', () => {
    expect(close(results[i]!.scores, wanted[i]!.outputs['scores']!, 1e-5)).toEqual([]);
    expect(close(results[i]!.rank, wanted[i]!.outputs['rank']!, 0)).toEqual([]);
  });
});
