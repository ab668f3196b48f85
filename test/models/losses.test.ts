/** The losses of the shared recommender by its settings: certificates, every target, and what is refused. */
import { describe, expect, test } from 'vitest';
import { type HyperValue, model, nextItem, recommenderHypers, recommenderOptimizer, sequenceInput } from 'pcrec';
import bert4rec from '../../models/bert4rec.js';
import pcrecSimple from '../../models/pcrec-simple.js';
import sasrec from '../../models/sasrec.js';
import { traced } from '../support/models.js';
import { certificateOf, disagreements } from '../support/targets.js';

/** Nothing between the input and the loss, which is what is tried: of all positions, or of each row's last. */
const bare = (at: 'all' | 'last') =>
  model({
    name: 'bare',
    hyper: recommenderHypers,
    optimizer: recommenderOptimizer,
    build: (context) => {
      const { input, ...table } = sequenceInput(context, { positions: false });
      return nextItem(context, table, input, at);
    },
  });

const alone = '; rows independent';
// What a loss holds against an answer are other rows' answers, where these reach so far; the prediction is what it was.
const beside = ', and how long its row is; rows read one another (seq.lengths)';
const each = 'prediction at t reads position t of items';
const ofRow = 'one prediction a row, which may read all of its positions';
const cases: readonly (readonly [string, 'all' | 'last', Readonly<Record<string, HyperValue>>, string])[] = [
  ['gBCE', 'all', { loss: 'gbce' }, each + alone],
  ['full softmax', 'all', { loss: 'fullSoftmax' }, each + alone],
  ['BCE against answers of other rows', 'all', { loss: 'bce', against: 'batch' }, each + beside],
  ['softmax against both, corrected', 'all', { against: 'mixed', logQ: true, draws: 'position' }, each + beside],
  ['one prediction a row, corrected', 'last', { against: 'mixed', logQ: true }, ofRow + alone],
  ['one prediction a row, each with negatives of its own', 'last', { draws: 'position' }, ofRow + alone],
];

describe.each(cases)('%s', (_, at, over, certificate) => {
  test('has its certificate', () => expect(certificateOf(bare(at), over)).toBe(certificate));
  test('is on every target what it means', async () => expect(await disagreements(bare(at), over, [0])).toEqual([]));
});

test('models whose losses are of another kind have them too', () => {
  const over = { blocks: 1, against: 'mixed', logQ: true } as const;
  const causal = 'prediction at t reads positions <= t of items';
  expect(certificateOf(sasrec, over)).toBe(causal + beside);
  expect(certificateOf(pcrecSimple, over)).toBe(causal + beside);
  expect(certificateOf(bert4rec, over)).toBe(`${ofRow}; rows read one another (items, seq.lengths)`);
});

test('hidden positions and the end of a history each draw negatives of their own', async () =>
  expect(await disagreements(bert4rec, { blocks: 1, draws: 'position' }, [0])).toEqual([]));

test.each([
  [{ loss: 'bce', logQ: true }, 'logQ corrects a softmax over a sample'],
  [{ loss: 'fullSoftmax', against: 'batch' }, 'in a full softmax all items stand against the target'],
  [{ loss: 'gbce', against: 'mixed' }, 'gbce is calibrated for items drawn uniformly'],
] as const)('%j is refused in words', (over, words) => expect(() => traced(sasrec, over)).toThrow(words));
