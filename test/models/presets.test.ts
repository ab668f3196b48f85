/** Every preset of every model says something that the language accepts: sizes that divide, options that go together. */
import { expect, test } from 'vitest';
import { batchOf, type HyperValue, type Model } from 'pcrec';
import bert4rec from 'pcrec/models/bert4rec';
import gru4rec from 'pcrec/models/gru4rec';
import hstu from 'pcrec/models/hstu';
import llama from 'pcrec/models/llama';
import mamba4rec from 'pcrec/models/mamba4rec';
import pcrec from 'pcrec/models/pcrec';
import pcrecSimple from 'pcrec/models/pcrec-simple';
import sasrec from 'pcrec/models/sasrec';
import ttt4rec from 'pcrec/models/ttt4rec';

const models: readonly Model[] = [bert4rec, gru4rec, hstu, llama, mamba4rec, pcrec, pcrecSimple, sasrec, ttt4rec];
const cases = models.flatMap((model) => Object.keys(model.presets).map((preset) => [model.name, preset, model] as const));

test('every model comes in two sizes', () => models.forEach(({ presets }) => expect(Object.keys(presets)).toEqual(expect.arrayContaining(['base', 'large']))));

test.each(cases)('%s, preset %s', (_, preset, model) => {
  const defaults = Object.fromEntries(Object.entries(model.hyper).map(([name, { value }]): [string, HyperValue] => [name, value]));
  const hyper = { ...defaults, ...model.presets[preset] } as Readonly<Record<string, HyperValue>>;
  for (const phase of ['training', 'inference'] as const) {
    const { loss, scores } = model.build({ hyper, batch: batchOf(Number(hyper['length'])), phase });
    expect(loss.axes).toEqual([]);
    expect(scores.axes.map((a) => a.name).sort()).toEqual(['batch', 'item']);
  }
});
