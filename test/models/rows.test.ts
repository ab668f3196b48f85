/** Three users are three users, in a batch of three or at the start of a larger one: one loss, and one step on every state. */
import { expect, it } from 'vitest';
import { programsOf } from '../../compiler/compile.js';
import { rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { cases, columnSizes, environment, plain, traced } from '../support/models.js';

const users = 3;
const lengths = [6, 1, 4, 2, 5];
const scale = (batch: number) => ({
  sizes: { batch, items: 11, seen: 1, ...columnSizes },
  inputs: {
    'seq.lengths': lengths.slice(0, batch),
    'seen.lengths': lengths.slice(0, batch).map(() => 0),
    'batch.missing': [batch - users],
  },
});

it.each(cases)('%s', (_, model, over) => {
  const program = plain(programsOf(traced(model, over))[0]!);
  const roots = rootsOf(program);
  const [alone, among] = [users, lengths.length].map((batch) => evaluate(roots, environment([program], scale(batch))));
  expect(alone!.map((v) => [...v.data])).toEqual(among!.map((v) => [...v.data]));
});
