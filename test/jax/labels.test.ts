/** A model that predicts a label, trained as a JAX program and by the trainer: the same losses, the same figures of the label, checkpoints that both open. */
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.js';
import wukong from '../../models/wukong.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { labelMeasures, type LabelMetrics, labelMetrics } from '../../runtime/measures/labelled.js';
import { pack } from '../../runtime/pack/pack.js';
import type { LabelFigures } from '../../runtime/telling.js';
import { trainer } from '../../runtime/trainer.js';
import { valueOf } from '../data/support.js';
import { narrow, traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { program, python, ran } from './python.js';
import { complaints, epochs, likewise, losses, near, records, same, type Told, workplace } from './trainings.js';

// Dropout: random numbers must be the trainer's. A threshold that JavaScript and Python spell differently (0.00001 and 1e-05).
const compiled = rightOf(
  compile(
    traced(wukong, {
      ...narrow,
      width: 8,
      length: 12,
      blocks: 2,
      dropout: 0.1,
      rate: 0.01,
      atLeast: 0.00001,
      userLists: 'likes',
    }),
  ),
);
const { at, model, emit, py } = workplace(compiled);

/** Items are liked by how they rank in everybody's taste and in the user's own; every ninth rating is not told. */
const ratings = (users: number, items: number): string => {
  const rows = Array.from({ length: users }, (_, user) => {
    const numbers = stream(3, user, 'ratings');
    const length = 8 + Math.floor(8 * uniformAt(numbers, 0));
    return Array.from({ length }, (__, i) => {
      const item = Math.floor(items * uniformAt(numbers, 2 * i + 1));
      const liked = Math.sin(item) + Math.cos(item * (user % 3)) + uniformAt(numbers, 2 * i + 2) - 0.5;
      return `u${user},i${item},${(user + i) % 9 === 0 ? '' : liked.toFixed(3)},${1_600_000_000 + 5000 * i + user}\n`;
    });
  });
  return `user,item,rating,time\n${rows.flat().join('')}`;
};

/** Of two users in three it is known what they like, one thing or two. */
const likes = (users: number): string =>
  `user,likes\n${Array.from({ length: users }, (_, u) => `u${u},${['war', 'war|noir', ''][u % 3]}\n`).join('')}`;

const read = { data: at('ratings.csv'), users: at('users.csv'), columns: 'rating' } as const;
const data = { ...read, split: 'last:2' } as const;
const run = { seed: 5, batch: 32, epochs: 3 } as const;
const common = ['--shards', at('shards'), '--seed', '5', '--batch', '32'];

const resultOf = (told: readonly Told[]): Told & { readonly label: LabelFigures } =>
  told.find(({ kind }) => kind === 'result') as Told & { readonly label: LabelFigures };
const sameLabels = (got: LabelFigures, want: LabelFigures): void => {
  expect(got).toMatchObject({ label: want.label, events: want.events, holds: want.holds, items: want.items });
  same(got.model, want.model);
};
const evaluated = async (args: readonly string[], devices = 1): Promise<LabelFigures> => {
  const { out, err } = await py(['evaluate', '--shards', at('shards'), ...args, '--json'], devices);
  expect(err).toBe('');
  return resultOf(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told),
  ).label;
};

describe.skipIf(python === undefined)('a JAX program of a model that predicts a label', () => {
  beforeAll(async () => {
    writeFileSync(data.data, ratings(120, 50));
    writeFileSync(data.users, likes(120));
    emit();
    const node = await model();
    valueOf(await pack(node)({ ...data, out: at('shards'), shardEvents: 400 })());
    await trainer(node).train({ ...data, ...run, out: at('node') });
    const trained = await py([...common, '--epochs', '3', '--out', at('jax-run')]);
    expect([trained.code, complaints(trained)]).toEqual([0, []]);
  });

  it('loses what the trainer loses, and judges its epochs and the test by the same figures of the label', () => {
    near(losses(at('jax-run')), losses(at('node')), 1e-4);
    likewise(at('jax-run'), at('node'));
    const [ours, its] = [at('node'), at('jax-run')].map(epochs) as [
      ReturnType<typeof epochs>,
      ReturnType<typeof epochs>,
    ];
    its.forEach(({ metrics, label }, i) => {
      expect(metrics).toBeNull();
      same(label!, ours[i]!.label!);
    });
    const best = (of: typeof ours) => of.map((epoch) => (epoch as unknown as { readonly best: boolean }).best);
    expect(best(its)).toEqual(best(ours));
    const [want, got] = [at('node'), at('jax-run')].map((out) => resultOf(records(out)));
    sameLabels(got!.label, want!.label);
    expect(want!.label.model.GAUC).not.toBeNull();
    // Nothing is ranked.
    const { label: _, seconds: __, ...rest } = got!;
    expect(rest).toEqual(Object.fromEntries(Object.keys(rest).map((name) => [name, want![name]])));
    expect(rest['model']).toMatchObject({ MRR: null });
  });

  it('writes checkpoints that the trainer judges alike and goes on with, and the other way round', async () => {
    const node = trainer(await model());
    const theirs = await node.evaluate({ checkpoint: at('jax-run', 'best.safetensors') });
    sameLabels(resultOf(records(at('jax-run'))).label, theirs.label!);
    sameLabels(await evaluated(['--checkpoint', at('node', 'best.safetensors')]), resultOf(records(at('node'))).label);
    const validation = await node.evaluate({ checkpoint: at('jax-run', 'last.safetensors'), part: 'validation' });
    // On two devices and in batches of other sizes too.
    const parts = ['--part', 'validation', '--checkpoint', at('jax-run', 'last.safetensors'), '--batch', '50'];
    sameLabels(await evaluated([...parts, '--lengths', '2', '--mesh', 'table=2'], 2), validation.label!);
    await node.train({ resume: true, epochs: 4, out: at('jax-run') });
    expect((await py(['--shards', at('shards'), '--resume', '--epochs', '4', '--out', at('node')])).code).toBe(0);
    near(losses(at('node')), losses(at('jax-run')), 1e-4);
    same(epochs(at('node'))[3]!.label!, epochs(at('jax-run'))[3]!.label!);
  });

  it('tells people what it predicts, by what it chooses, and how well it did beside the item mean', async () => {
    const { out } = await py([...common, '--epochs', '1', '--patience', '1', '--out', at('told')]);
    expect(out).toContain('Predicts whether rating >= 0.00001 of the next event, given its item.');
    expect(out).toContain('until 1 epoch brings no better AUC');
    expect(out).toMatch(/epoch +loss +AUC +GAUC +log loss +seconds {2}on validation/);
    expect(out).toMatch(/Whether rating >= 0.00001, of \d+ events, of which it holds of \d+:/);
    expect(out).toMatch(/item mean +0\.\d{4}/);
    expect(out).not.toContain('ranking');
  });

  it('has no figures where nothing is held out, and takes the last epoch', async () => {
    valueOf(await pack(await model())({ ...read, trainOn: 'all', out: at('all') })());
    const { code } = await py(['--shards', at('all'), ...common.slice(2), '--epochs', '2', '--out', at('whole')]);
    expect(code).toBe(0);
    expect(epochs(at('whole')).map(({ metrics, label }) => [metrics, label])).toEqual([
      [null, undefined],
      [null, undefined],
    ]);
    expect(records(at('whole')).at(-1)).toMatchObject({ kind: 'trained', epoch: 2 });
  });

  it('exports scores, which are given what is known of a user', async () => {
    const of = ['--shards', at('shards'), '--checkpoint', at('jax-run', 'best.safetensors'), '--out', at('out')];
    const { code, out } = await py(['export', ...of]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/user\.likes int32\[1, 2\].*Output: scores float32\[1, 50\]/),
    ]);
  });

  it('measures whatever may be told as the trainer does', async () => {
    const events = fc.array(
      fc.record({ logit: fc.integer({ min: -6, max: 6 }), holds: fc.boolean(), user: fc.integer({ min: 0, max: 4 }) }),
      { maxLength: 30 },
    );
    const cases = fc.sample(events, { numRuns: 200, seed: 1 }).map((all) => {
      const sorted = [...all].sort((a, b) => a.user - b.user);
      return {
        logits: sorted.map(({ logit }) => 1.7 * logit),
        holds: sorted.map(({ holds }) => Number(holds)),
        users: sorted.map(({ user }) => user),
      };
    });
    writeFileSync(at('cases.json'), JSON.stringify(cases));
    const script = `
import json, sys, numpy as np
from trainer.measures import Judgements, label_metrics
of = [Judgements(np.array(c["logits"], float), np.array(c["holds"], bool), np.array(c["users"], np.int64)) for c in json.load(open(sys.argv[1]))]
print(json.dumps([label_metrics(one) for one in of]))
`;
    const { out, err } = await ran(['-c', script, at('cases.json')], { PYTHONPATH: program });
    expect(err).toBe('');
    const got = JSON.parse(out) as readonly LabelMetrics[];
    const seen = new Set<string>();
    cases.map(labelMetrics).forEach((want, i) =>
      labelMeasures.forEach((name) => {
        seen.add(`${name} ${want[name] === null}`);
        if (want[name] === null) expect(got[i]![name]).toBeNull();
        else expect(got[i]![name]).toBeCloseTo(want[name], 12);
      }),
    );
    // Each of them was told, and was not.
    expect(seen.size).toBe(2 * labelMeasures.length);
  });
});
