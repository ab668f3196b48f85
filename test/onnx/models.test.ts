/** Every model of the zoo in ONNX Runtime: its scores are the reference's. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { onnxModel } from '../../compiler/targets/onnx/index.js';
import { cases, trialOf, traced } from '../support/models.js';
import { ran } from './sessions.js';

it.each(cases)('%s scores as it should', async (_, model, over) => {
  const { compiled, sizes, inputs, states, outputs } = trialOf(traced(model, over), 2);
  const written = onnxModel(compiled.programs.find((p) => p.entry === 'score')!, compiled.manifest);
  if (isLeft(written)) throw new Error(JSON.stringify(written.left));
  const got = await ran(written.right, { sizes, data: { ...inputs, ...states } });
  const want = outputs['scores']!;
  expect(got['scores']!.shape).toEqual([sizes['batch'], sizes['items']]);
  want.forEach((x, i) => expect(Math.abs(x - got['scores']!.data[i]!)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(x))));
});
