/** What the shared settings of the optimizer do to an update, HSTU's divisor to its attention, and dot products and a mixture of logits to scores. */
import { describe, expect, test } from 'vitest';
import { type HyperValue, model, nextItem, recommenderHypers, recommenderOptimizer, sequenceInput } from 'pcrec';
import hstu from '../../models/hstu.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { expanded } from '../dsl/evaluate.js';
import { environment, programs, traced, trial } from '../support/models.js';
import { certificateOf, disagreements } from '../support/targets.js';

type Settings = Readonly<Record<string, HyperValue>>;

const bare = model({
  name: 'bare',
  hyper: recommenderHypers,
  optimizer: recommenderOptimizer,
  build: (context) => {
    const { input, ...table } = sequenceInput(context);
    return nextItem(context, table, input);
  },
});

const second = (over: Settings) => trial(bare, { dropout: 0, ...over }, 0).updates['embedding.items']!;
// At no rate nothing changes.
const before = second({ rate: 0 });
/** By how much the second update changes each item's vector. */
const change = (over: Settings): readonly number[] => [...second({ rate: 0.5, ...over })].map((v, i) => v - before[i]!);

const close = (wanted: readonly number[]) => wanted.map((v) => expect.closeTo(v, 10));

describe('the shared optimizer', () => {
  const plain = change({});
  test.each<[string, Settings, number]>([
    ['rises over the first updates', { warmUp: 8 }, 2 / 8],
    ['falls along a cosine', { decaySteps: 4 }, 1 / 2],
    ['has fallen at the end of it', { decaySteps: 2 }, 0],
    ['falls once it has risen', { warmUp: 1, decaySteps: 3 }, 1 / 2],
  ])('%s', (_, over, share) => expect(change(over)).toEqual(close(plain.map((v) => v * share))));
  test('takes a share of each parameter, whatever its gradient', () =>
    expect(change({ weightDecay: 0.1 })).toEqual(close(plain.map((v, i) => v - 0.05 * before[i]!))));
  test('is on every target what it means', async () =>
    expect(await disagreements(bare, { warmUp: 1, decaySteps: 9, weightDecay: 0.1 }, [0])).toEqual([]));
  test('refuses a rate that falls before it has risen', () =>
    expect(() => traced(bare, { warmUp: 5, decaySteps: 5 })).toThrow('the second must be greater'));
});

describe('the divisor of HSTU', () => {
  const few = { blocks: 1, dropout: 0 } as const;
  /** Of a history of six and one of two, by one block: a prediction is then its own attention's. */
  const scores = (over: Settings): readonly number[] => {
    const program = programs(hstu, { ...few, ...over })[2]!;
    const roots = expanded([program.outputs['scores']!]);
    const env = environment([program], {
      sizes: { batch: 2, items: 6, seen: 0 },
      inputs: { items: [1, 5, 2, 4, 0, 3, 3, 1, 0, 0, 0, 0], 'seq.lengths': [6, 2] },
    });
    return Array.from(evaluate(roots, env)[0]!.data);
  };
  test('leaves a prediction its certificate', () =>
    expect(certificateOf(hstu, { ...few, divisor: 'read' })).toBe(certificateOf(hstu, few)));
  test('is the length where as much is read, and not where less is', () => {
    const [whole, short] = [scores({}), scores({ divisor: 'read' })];
    expect(short.slice(0, 6)).toEqual(close(whole.slice(0, 6)));
    expect(short.slice(6)).not.toEqual(close(whole.slice(6)));
  });
  test('is on every target what it means', async () =>
    expect(await disagreements(hstu, { ...few, divisor: 'read' })).toEqual([]));
});

describe('a dot product', () => {
  const scores = (over: Settings, sizes: readonly number[]): readonly number[] => {
    const program = programs(bare, { dropout: 0, ...over })[2]!;
    const env = environment([program], {
      sizes: { batch: 1, items: sizes.length, seen: 0 },
      inputs: { items: [1, 0, 0, 0, 0, 0], 'seq.lengths': [1] },
    });
    const table = Array.from(env.params!['embedding.items']!);
    const width = table.length / sizes.length;
    const scaled = table.map((value, at) => value * sizes[Math.floor(at / width)]!);
    const found = { ...env, params: { ...env.params, 'embedding.items': scaled } };
    return Array.from(evaluate(expanded([program.outputs['scores']!]), found)[0]!.data);
  };
  const [same, twice] = [
    [1, 1, 1],
    [1, 1, 2],
  ];
  test('grows with the vector of an item, which a cosine does not', () => {
    const [plain, grown] = [scores({ similarity: 'dot' }, same), scores({ similarity: 'dot' }, twice)];
    expect(grown).toEqual(close([plain[0]!, plain[1]!, 2 * plain[2]!]));
    expect(scores({}, twice)).toEqual(close(scores({}, same)));
  });
  test('is on every target what it means', async () =>
    expect(await disagreements(bare, { similarity: 'dot', temperature: 1, dropout: 0 })).toEqual([]));
});

describe('a mixture of logits', () => {
  const mixed = { similarity: 'mixture', components: 2, dropout: 0 } as const;
  test('leaves a prediction its certificate', () =>
    expect(certificateOf(bare, mixed)).toBe(certificateOf(bare, { dropout: 0 })));
  test.each(['user', 'position'] as const)('is on every target what it means, drawn for each %s', async (draws) =>
    expect(await disagreements(bare, { ...mixed, draws })).toEqual([]),
  );
});
