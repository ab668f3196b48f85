/** Every preset of every model says something that the language accepts: sizes that divide, options that go together. */
import { expect, test } from 'vitest';
import { batchOf, type HyperValue } from 'pcrec';
import { models } from '../support/zoo.js';

const cases = models.flatMap((model) =>
  Object.keys(model.presets).map((preset) => [model.name, preset, model] as const),
);

test('every model comes in two sizes', () =>
  models.forEach(({ presets }) => expect(Object.keys(presets)).toEqual(expect.arrayContaining(['base', 'large']))));

test.each(cases)('%s, preset %s', (_, preset, model) => {
  const defaults = Object.fromEntries(
    Object.entries(model.hyper).map(([name, { value }]): [string, HyperValue] => [name, value]),
  );
  const hyper = { ...defaults, ...model.presets[preset] } as Readonly<Record<string, HyperValue>>;
  for (const phase of ['training', 'inference'] as const) {
    const { loss, scores } = model.build({ hyper, batch: batchOf(Number(hyper['length'])), phase });
    expect(loss.axes).toEqual([]);
    expect(scores.axes.map((a) => a.name).sort()).toEqual(['batch', 'item']);
  }
});
