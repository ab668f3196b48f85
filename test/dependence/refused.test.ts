/** Models that see their own answers, and the words in which they are refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import type { Files } from '../frontend/fixtures.js';
import { certificateOf, compiled, modelText } from './support.js';

/** A model of this repository, without the words above it: places in it stay where they are when those change. */
const code = (model: string): string =>
  readFileSync(join(packageRoot, `models/${model}.ts`), 'utf8').replace(/^\/\*\*[^]*?\*\/\n/, '');

const refused = (text: string, files: Files = {}): string => {
  const { code, err } = compiled(text, { files });
  expect(code).toBe(1);
  return err;
};

describe('training on all positions is refused', () => {
  it('of PCRec with the whole horizon', () => {
    const text = code('pcrec');
    const leaking = text
      .replace('infer(context,', "infer({ ...context, hyper: { ...hyper, horizon: 'last' } },")
      .replace('pcrec/models/hstu', './hstu.js');
    expect(leaking).toContain("horizon: 'last' } }");
    expect(refused(leaking, { 'hstu.ts': code('hstu') })).toMatchInlineSnapshot(`
      "hstu.ts:81:20: error PC5001: all positions are trained, but the prediction at position t reads all positions of 'items': it sees what it is to predict. The way of the leak:
        losses  tried.ts:49  reads all positions
        s_2     tried.ts:48  reads all positions
        s_1     hstu.ts:81   reads all positions
        input   tried.ts:45  reads position t
        items
        79 |     const depth = axis('depth', hyper.width / hyper.heads);
        80 |
      > 81 |     const normed = layerNorm(x, width);
           |                    ^
        82 |     const project = (name: string) =>
      hint: let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)
      more: pcrec-compile --explain-error PC5001"
    `);
  });

  it('of attention without a mask', () => {
    expect(
      refused(
        modelText(`
  const scores = dot(input, rename(input, seq, key), width);
  const weights = softmax(scores, key);
  const read = dot(weights, rename(input, seq, key), key);
  const state = add(input, read);`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:12:16: error PC5001: all positions are trained, but the prediction at position t reads all positions of 'items': it sees what it is to predict. The way of the leak:
      losses  tried.ts:14  reads all positions
      state   tried.ts:13  reads all positions
      read    tried.ts:12  reads all positions
      input   tried.ts:7   reads position t
      items
      10 |   const scores = dot(input, rename(input, seq, key), width);
      11 |   const weights = softmax(scores, key);
    > 12 |   const read = dot(weights, rename(input, seq, key), key);
         |                ^
      13 |   const state = add(input, read);
    hint: let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)
    more: pcrec-compile --explain-error PC5001"
  `);
  });

  it('of a shift from the future', () => {
    expect(
      refused(
        modelText(`
  const following = shift(input, seq, -1);
  const state = linear('mix', add(input, following), width, width);`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:10:21: error PC5001: all positions are trained, but the prediction at position t reads positions t to t + 1 of 'items': it sees what it is to predict. The way of the leak:
      losses     tried.ts:12  reads positions t to t + 1
      state      tried.ts:11  reads positions t to t + 1
      following  tried.ts:10  reads position t + 1
      input      tried.ts:7   reads position t
      items
       8 |   const key = like('key', seq);
       9 |
    > 10 |   const following = shift(input, seq, -1);
         |                     ^
      11 |   const state = linear('mix', add(input, following), width, width);
    hint: let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)
    more: pcrec-compile --explain-error PC5001"
  `);
  });

  it('of a mean over the whole sequence', () => {
    expect(
      refused(
        modelText(`
  const weights = softmax(sum(input, width), seq);
  const taste = dot(weights, input, seq);
  const state = add(input, taste);`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:11:17: error PC5001: all positions are trained, but the prediction at position t reads all positions of 'items': it sees what it is to predict. The way of the leak:
      losses  tried.ts:13  reads all positions
      state   tried.ts:12  reads all positions
      taste   tried.ts:11  reads all positions
      input   tried.ts:7   reads position t
      items
       9 |
      10 |   const weights = softmax(sum(input, width), seq);
    > 11 |   const taste = dot(weights, input, seq);
         |                 ^
      12 |   const state = add(input, taste);
    hint: let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)
    more: pcrec-compile --explain-error PC5001"
  `);
  });

  it('of a model that reads both ways', () => {
    expect(
      refused(
        modelText(`
  const before = softmaxAttention(input, rename(input, seq, key), rename(input, seq, key), width, key, causal(seq, key));
  const after = softmaxAttention(input, rename(input, seq, key), rename(input, seq, key), width, key, causal(key, seq));
  const state = add(before, after);`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:11:17: error PC5001: all positions are trained, but the prediction at position t reads all positions of 'items': it sees what it is to predict. The way of the leak:
      losses  tried.ts:13  reads all positions
      state   tried.ts:12  reads all positions
      after   tried.ts:11  reads positions >= t
      input   tried.ts:7   reads position t
      items
       9 |
      10 |   const before = softmaxAttention(input, rename(input, seq, key), rename(input, seq, key), width, key, causal(seq, key));
    > 11 |   const after = softmaxAttention(input, rename(input, seq, key), rename(input, seq, key), width, key, causal(key, seq));
         |                 ^
      12 |   const state = add(before, after);
    hint: let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)
    more: pcrec-compile --explain-error PC5001"
  `);
  });

  it('of answers of other positions, and of the answer of the row', () => {
    expect(
      refused(
        modelText(`
  const following = shift(embed(items, given.targets), seq, -1);
  const state = add(input, following);`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:10:21: error PC5002: all positions are trained, but the prediction at position t reads positions t to t + 1 of 'targets': of the answers it may meet its own alone. The way of the leak:
      losses     tried.ts:12  reads positions t to t + 1
      state      tried.ts:11  reads position t + 1
      following  tried.ts:10  reads position t + 1
      targets
       8 |   const key = like('key', seq);
       9 |
    > 10 |   const following = shift(embed(items, given.targets), seq, -1);
         |                     ^
      11 |   const state = add(input, following);
    hint: an answer belongs in the loss of its own position, and nowhere else
    more: pcrec-compile --explain-error PC5002"
  `);
    expect(
      refused(
        modelText(`
  const state = add(input, expand(embed(items, given.target), seq));`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:10:35: error PC5002: all positions are trained, but the prediction at position t reads 'target', the answer of its row. The way of the leak:
      losses  tried.ts:11
      state   tried.ts:10
      target
       8 |   const key = like('key', seq);
       9 |
    > 10 |   const state = add(input, expand(embed(items, given.target), seq));
         |                                   ^
      11 |   return nextItem(context, { width, items }, state, 'all');
    hint: an answer belongs in the loss of its own position, and nowhere else
    more: pcrec-compile --explain-error PC5002"
  `);
  });
});

describe('a prediction that reads its own answer is refused', () => {
  it('added to the input while training', () => {
    expect(
      refused(
        modelText(`
  const told = add(input, context.phase === 'training' ? embed(items, given.targets) : 0);
  const state = linear('mix', told, width, width);`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:10:16: error PC5002: the prediction at position t reads position t of 'targets', the very answer that it is compared with. The way of the leak:
      loss     tried.ts:12  reads all positions
      losses   tried.ts:12  reads position t
      state    tried.ts:11  reads position t
      told     tried.ts:10  reads position t
      targets
       8 |   const key = like('key', seq);
       9 |
    > 10 |   const told = add(input, context.phase === 'training' ? embed(items, given.targets) : 0);
         |                ^
      11 |   const state = linear('mix', told, width, width);
    hint: the loss alone may read an answer, as what the prediction is compared with: leave it out of everything that the prediction is made of, in both phases
    more: pcrec-compile --explain-error PC5002"
  `);
  });

  it('in a gate, trained on the last position', () => {
    expect(
      refused(
        modelText(
          `
  const gate = softmax(linear('gate', embed(items, given.target), width, width), width);
  const state = mul(input, context.phase === 'training' ? expand(gate, seq) : 1);`,
          'last',
        ),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:11:17: error PC5002: the prediction reads 'target', the very answer that it is compared with. The way of the leak:
      loss    tried.ts:12
      state   tried.ts:11
      gate    tried.ts:10
      target
       9 |
      10 |   const gate = softmax(linear('gate', embed(items, given.target), width, width), width);
    > 11 |   const state = mul(input, context.phase === 'training' ? expand(gate, seq) : 1);
         |                 ^
      12 |   return nextItem(context, { width, items }, state, 'last');
    hint: the loss alone may read an answer, as what the prediction is compared with: leave it out of everything that the prediction is made of, in both phases
    more: pcrec-compile --explain-error PC5002"
  `);
  });

  it('in the place of the history', () => {
    expect(
      refused(
        modelText(`
  const state = context.phase === 'training' ? linear('guess', embed(items, given.targets), width, width) : input;`),
      ),
    ).toMatchInlineSnapshot(`
    "tried.ts:11:10: error PC5004: the loss reads the answers and nothing of the history, of which the scores are made
       9 |
      10 |   const state = context.phase === 'training' ? linear('guess', embed(items, given.targets), width, width) : input;
    > 11 |   return nextItem(context, { width, items }, state, 'all');
         |          ^
      12 | } });
    hint: in the phase 'training' too, let the loss compare the answers with what is predicted from the history
    more: pcrec-compile --explain-error PC5004"
  `);
  });
});

it('refuses answers that meet the data only after positions are summed away', () => {
  const text = modelText('  const state = input;')
    .replace('return nextItem', 'const { scores } = nextItem')
    .replace(
      "'all');\n",
      "'all');\n  const loss = mean(dot(mean(state, seq), mean(embed(items, given.targets), seq), width), batch);\n  return { loss, scores };\n",
    );
  expect(refused(text)).toMatchInlineSnapshot(`
    "tried.ts:11:25: error PC5001: all positions are trained, but the prediction at position t reads all positions of 'items': it sees what it is to predict. The way of the leak:
      loss   tried.ts:11  reads all positions
      input  tried.ts:7   reads position t
      items
       9 |   const state = input;
      10 |   const { scores } = nextItem(context, { width, items }, state, 'all');
    > 11 |   const loss = mean(dot(mean(state, seq), mean(embed(items, given.targets), seq), width), batch);
         |                         ^
      12 |   return { loss, scores };
    hint: let position t read positions <= t alone: a mask causal(seq, key) where keys are summed over, horizon prefix(seq) in descend; or train on the last position of each row (horizon last)
    more: pcrec-compile --explain-error PC5001"
  `);
});

describe('what is no leak', () => {
  it('is the same model trained on the last position of each row', () => {
    const both = compiled(
      modelText(
        `
  const read = softmaxAttention(input, rename(input, seq, key), rename(input, seq, key), width, key, causal(key, seq));
  const state = add(input, read);`,
        'last',
      ),
    );
    expect([both.code, certificateOf(both)]).toEqual([
      0,
      'one prediction a row, which may read all of its positions; rows independent',
    ]);
  });

  it('is a state that knows how long its row is, but the certificate says so', () => {
    const counted = compiled(modelText('  const state = div(input, count(input, seq));'));
    expect([counted.code, certificateOf(counted)]).toEqual([
      0,
      'prediction at t reads position t of items, and how long its row is; rows independent',
    ]);
  });

  it('is a state that meets other rows, but the certificate says so', () => {
    const normed = compiled(
      modelText(`
  const centre = mean(input, batch);
  const state = sub(input, centre);`),
    );
    expect([normed.code, certificateOf(normed)]).toEqual([
      0,
      'prediction at t reads position t of items, and how long its row is; rows read one another (items, seq.lengths)',
    ]);
  });
});

it('refuses scores that read an answer, of all positions too', () => {
  const direct = modelText('  const state = add(input, embed(items, given.targets));');
  expect(refused(direct)).toContain("the prediction at position t reads position t of 'targets'");
  expect(
    refused(direct.replace('given.targets', "context.phase === 'training' ? given.items : given.targets")),
  ).toContain("error PC5003: the scores read 'targets', which is known only while training");
  const text = modelText('  const state = input;')
    .replace('return nextItem', 'const { loss } = nextItem')
    .replace("'all');\n", "'all');\n  return { loss, scores: dot(embed(items, given.target), items, width) };\n");
  expect(refused(text)).toMatchInlineSnapshot(`
    "tried.ts:11:26: error PC5003: the scores read 'target', which is known only while training
       9 |   const state = input;
      10 |   const { loss } = nextItem(context, { width, items }, state, 'all');
    > 11 |   return { loss, scores: dot(embed(items, given.target), items, width) };
         |                          ^
      12 | } });
    hint: in the phase 'inference' a model has the history alone
    more: pcrec-compile --explain-error PC5003"
  `);
});
