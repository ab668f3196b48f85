/** What a comparison makes of its command line and of given results; that it runs is told by test/e2e/compare.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../../runtime/world.js';
import { command, describe as describeCommand, optionsOf } from '../../runtime/compare/command.js';
import { compare } from '../../runtime/compare/compare.js';
import { type Comparison, comparisonOf } from '../../runtime/compare/comparison.js';
import type { CompareEvent } from '../../runtime/compare/events.js';
import { labelOf, wantedModels } from '../../runtime/compare/models.js';
import { planOf, reportPlanOf } from '../../runtime/compare/plan.js';
import { timeLeft } from '../../runtime/compare/remaining.js';
import { comparisonReport } from '../../runtime/compare/report.js';
import { differences, parse, type RunIdentity, type RunResult } from '../../runtime/compare/result.js';
import { runFolder, write } from '../../runtime/compare/store.js';
import { view } from '../../runtime/compare/view.js';
import { worths } from '../../runtime/metrics.js';
import { pairedTest } from '../../runtime/significance.js';

const right = <A>(e: E.Either<string, A>): A => {
  if (E.isLeft(e)) throw new Error(e.left);
  return e.right;
};
const left = (e: E.Either<string, unknown>): string => (E.isLeft(e) ? e.left : 'no error');

/** A world without a terminal, that remembers what it was told. */
const worldOf = (said: { out: string; err: string }): World => {
  const sink = (name: 'out' | 'err') =>
    ({
      write: (text: string) => {
        said[name] += text;
        return true;
      },
    }) as unknown as World['out'];
  return {
    in: new PassThrough(),
    out: sink('out'),
    err: sink('err'),
    onSignal: () => () => undefined,
    exit: () => undefined,
    now: () => 0,
  };
};

const settings = { batch: 64, epochs: 5, patience: 3, protocol: 'standard' } as const;
const popularity = { 'HR@10': 0.1, 'NDCG@10': 0.05, 'HR@50': 0.3, 'NDCG@50': 0.09, MRR: 0.04 };

/** A run whose test metrics are `ndcg` and multiples of it, and whose users have these ranks. */
const result = (
  model: string,
  seed: number,
  ndcg: number,
  ranks: readonly number[],
  over: Partial<RunIdentity> = {},
): RunResult => ({
  format: 'pcrec-comparison-1',
  identity: { model, manifest: `hash of ${model}`, data: 'digest', settings: { ...settings, seed }, ...over },
  outcome: {
    data: { name: 'few', users: 4, items: 90, interactions: 40, meanLength: 10 },
    hyper: { width: 8, rate: model === 'pcrec' ? 0.002 : 0.001 },
    parameters: 1234,
    epochs: 5,
    best: 4,
    chosen: popularity,
    test: { 'HR@10': 1.5 * ndcg, 'NDCG@10': ndcg, 'HR@50': 1.9 * ndcg, 'NDCG@50': 1.2 * ndcg, MRR: ndcg / 2 },
    popularity,
    ranks,
  },
  measured: { backend: 'wasm', seconds: [3, 1, 2] },
});

const results = [
  result('hstu', 1, 0.2, [1, 20, 3, 60]),
  result('hstu', 2, 0.3, [2, 11, 9, 70]),
  result('sasrec', 1, 0.1, [5, 30, 8, 80]),
  result('sasrec', 2, 0.14, [90, 8, 30, 80]),
  result('pcrec', 1, 0.4, [1, 2, 4, 10]),
  result('pcrec', 2, 0.5, [1, 1, 40, 6]),
];
const order = ['hstu', 'sasrec', 'pcrec'];
const made = (): Comparison => right(comparisonOf(results, order, null));

describe('a comparison of results', () => {
  it('gives mean and standard deviation over seeds', () => {
    const [hstu, sasrec, pcrec] = made().rows;
    expect(hstu).toMatchObject({ model: 'hstu', parameters: 1234, seeds: [1, 2], epochs: { mean: 5, sd: 0 } });
    expect(hstu!.metrics['NDCG@10'].mean).toBeCloseTo(0.25, 12);
    expect(hstu!.metrics['NDCG@10'].sd).toBeCloseTo(Math.sqrt(0.005), 12);
    expect(sasrec!.metrics['HR@50'].mean).toBeCloseTo(0.228, 12);
    expect(pcrec!.metrics['MRR'].mean).toBeCloseTo(0.225, 12);
    expect(made().popularity).toEqual(popularity);
  });

  it('gives lists of other lengths from the ranks that are kept, and says nothing of popularity, whose are not', () => {
    const comparison = right(comparisonOf(results, order, null, [2, 5]));
    const [hstu] = comparison.rows;
    // Ranks 1 20 3 60, then 2 11 9 70.
    expect(hstu!.more).toEqual({
      'HR@2': { mean: 0.25, sd: 0 },
      'NDCG@2': { mean: expect.closeTo((0.25 + 0.25 / Math.log2(3)) / 2, 12), sd: expect.any(Number) },
      'HR@5': { mean: 0.375, sd: expect.closeTo(Math.sqrt(0.03125), 12) },
      'NDCG@5': { mean: expect.closeTo((0.375 + 0.25 / Math.log2(3)) / 2, 12), sd: expect.any(Number) },
    });
    const [head, ...rows] = comparisonReport(comparison, results, true)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(head).toContain('| MRR | HR@2 | NDCG@2 | HR@5 | NDCG@5 |');
    expect(rows.find((row) => row.startsWith('| popularity'))).toMatch(/\| – \| – \| – \| – \|$/);
    expect(made().rows.every((row) => !('more' in row))).toBe(true);
  });

  it('tests the others per user, averaged over seeds, against the baseline with the best mean', () => {
    const gain = (rank: number): number => (rank <= 10 ? 1 / Math.log2(1 + rank) : 0);
    const mean = (a: number, b: number): number => (gain(a) + gain(b)) / 2;
    const differencesByHand = [
      mean(1, 1) - mean(1, 2),
      mean(2, 1) - mean(20, 11),
      mean(4, 40) - mean(3, 9),
      mean(10, 6) - mean(60, 70),
    ];
    const { baseline, verdicts } = made();
    expect(baseline).toBe('hstu');
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]!.difference).toBeCloseTo(differencesByHand.reduce((a, b) => a + b) / 4, 12);
    expect(verdicts[0]!.p).toBeCloseTo(pairedTest(differencesByHand)!.p, 12);
    expect(verdicts[0]!.df).toBe(3);
    expect(verdicts[0]!.adjusted).toBe(verdicts[0]!.p);
  });

  it('takes other baselines, corrects for several comparisons, and refuses a stranger', () => {
    const { baseline, verdicts } = right(comparisonOf(results, order, ['sasrec']));
    expect(baseline).toBe('sasrec');
    expect(verdicts.map(({ model }) => model)).toEqual(['hstu', 'pcrec']);
    const least = Math.min(...verdicts.map(({ p }) => p));
    expect(Math.min(...verdicts.map(({ adjusted }) => adjusted))).toBeCloseTo(2 * least, 12);
    expect(left(comparisonOf(results, order, ['bert4rec']))).toBe(
      '--baselines names bert4rec, and the models are hstu, sasrec, pcrec.',
    );
    expect(right(comparisonOf(results, order, order)).verdicts).toEqual([]);
    expect(
      right(
        comparisonOf(
          results.filter(({ identity }) => identity.model === 'pcrec'),
          ['pcrec'],
          null,
        ),
      ).baseline,
    ).toBeNull();
  });

  it('takes the figure of a user over all items that a split wants of one, whoever has more', () => {
    const split = { split: 'what was held out' };
    const several = (of: RunResult, starts: readonly number[], over: Partial<RunIdentity> = split): RunResult => ({
      ...of,
      identity: { ...of.identity, ...over },
      outcome: { ...of.outcome, starts, split: 'Split: by time.' },
    });
    const all = results.map((of) => several(of, [0, 1, 4]));
    const found = right(comparisonOf(all, order, null, [5]));
    expect(found).toMatchObject({ users: 2, split: 'Split: by time.' });
    expect(comparisonReport(found, all)).toContain(
      'Tested on 2 users, full ranking, seen items left out.\nSplit: by time.\n',
    );
    // Users of one item and of three, of which a list of ten holds what it can at best: ranks 1 | 20 3 60, then 2 | 11 9 70.
    const ideal = 1 + 1 / Math.log2(3) + 1 / 2;
    const [hstu, pcrec] = [
      [(1 + 1 / Math.log2(3)) / 2, (1 / 2 + 1 / Math.log2(10)) / ideal / 2],
      [(1 + 1) / 2, (1 / Math.log2(3) + 1 / Math.log2(5) + 1 / Math.log2(11) + 1 + 1 / Math.log2(7)) / ideal / 2],
    ];
    expect(found.verdicts[0]!.difference).toBeCloseTo((pcrec![0]! - hstu![0]! + pcrec![1]! - hstu![1]!) / 2, 12);
    expect(found.rows[0]!.more!['HR@5']!.mean).toBeCloseTo((1 + 0.5) / 2, 12);
    const other = [...all.slice(0, 5), several(results[5]!, [0, 1, 4], { split: 'something else' })];
    expect(left(comparisonOf(other, order, null))).toContain('(another split)');
  });

  it('does not depend on the order in which runs were finished', () => {
    expect(JSON.stringify(right(comparisonOf([...results].reverse(), order, null)))).toBe(JSON.stringify(made()));
  });

  it('refuses results of different comparisons, naming the files and what differs', () => {
    const other = (over: Partial<RunIdentity>) =>
      left(comparisonOf([...results.slice(0, 5), result('pcrec', 2, 0.5, [1, 1, 1, 1], over)], order, null));
    expect(other({ data: 'another' })).toMatch(
      /^pcrec\.2\.json and hstu\.1\.json are not of one comparison \(other data\)\. Choose with --models and --seeds/,
    );
    expect(other({ settings: { ...settings, epochs: 9, seed: 2 } })).toContain('(epochs 9, not 5)');
    expect(other({ manifest: 'compiled anew' })).toContain(
      'pcrec.2.json and pcrec.1.json are not of one comparison (another model file, compiler or hyperparameter)',
    );
    expect(left(comparisonOf([...results.slice(0, 5), result('pcrec', 2, 0.5, [1, 1, 1])], order, null))).toContain(
      '(3 ranks, not 4)',
    );
    expect(left(comparisonOf([], order, null))).toContain('no result');
  });

  it('names hyperparameters that are not the same for all', () => {
    expect(made().differing).toEqual({ rate: { hstu: 0.001, sasrec: 0.001, pcrec: 0.002 } });
  });
});

describe('the report', () => {
  it('is a table for a terminal', () => {
    expect(comparisonReport(made(), results)).toMatchInlineSnapshot(`
      "few: 4 users, 90 items, 40 interactions. Tested on 4 users, full ranking, seen items left out.
      Protocol standard: epochs chosen on validation, tested once. Batch 64, at most 5 epochs, patience 3. Mean ± standard deviation over seeds.

      model       parameters  s/epoch  epochs  seeds            HR@10          NDCG@10            HR@50          NDCG@50              MRR
      hstu             1,234      2.0   5 ± 0      2  0.3750 ± 0.1061  0.2500 ± 0.0707  0.4750 ± 0.1344  0.3000 ± 0.0849  0.1250 ± 0.0354
      sasrec           1,234      2.0   5 ± 0      2  0.1800 ± 0.0424  0.1200 ± 0.0283  0.2280 ± 0.0537  0.1440 ± 0.0339  0.0600 ± 0.0141
      pcrec            1,234      2.0   5 ± 0      2  0.6750 ± 0.1061  0.4500 ± 0.0707  0.8550 ± 0.1344  0.5400 ± 0.0849  0.2250 ± 0.0354
      popularity                                               0.1000           0.0500           0.3000           0.0900           0.0400

      Not the same for all: rate (hstu 0.001, sasrec 0.001, pcrec 0.002).

      NDCG@10 of each user, averaged over seeds, against hstu, the best baseline: paired t-test over 4 users, Holm's correction for 1 comparison.

      model  Δ NDCG@10      95 % interval     t       p  p (Holm)
      pcrec    +0.2844  −0.3743 … +0.9430  1.37  0.2631    0.2631  not significant"
    `);
  });

  it('is the same in Markdown', () => {
    const text = comparisonReport(made(), results, true);
    expect(text).toContain('| hstu | 1,234 | 2.0 | 5 ± 0 | 2 | 0.3750 ± 0.1061 | 0.2500 ± 0.0707 |');
    expect(text).toContain('| popularity |  |  |  |  | 0.1000 | 0.0500 | 0.3000 | 0.0900 | 0.0400 |');
    const tables = text
      .split('\n\n')
      .filter((part) => part.startsWith('|'))
      .map((part) => part.split('\n').map((line) => line.replaceAll(/[^|]/g, '').length));
    expect(tables).toHaveLength(2);
    tables.forEach((bars) => expect(new Set(bars).size).toBe(1));
  });

  it('shows no deviation of one seed, and says where seeds differ', () => {
    const text = comparisonReport(right(comparisonOf(results.slice(1), order, null)), results.slice(1));
    expect(text).toMatch(/^hstu +1,234 +2\.0 +5 +1 +0\.4500 +0\.3000 /m);
    expect(text).toContain('Not the same seeds for all: hstu 2, sasrec 1 2, pcrec 1 2.');
  });
});

describe('a result on disk', () => {
  const text = JSON.stringify(results[0]);

  it('comes back as it was', () => {
    expect(right(parse(text))).toEqual(results[0]);
    expect([...worths('NDCG@10', results[0]!.outcome.ranks)]).toEqual([1, 0, 0.5, 0]);
  });

  it.each([
    ['cut short', text.slice(0, 100), /^it is not JSON \(/],
    ['of another format', '{"format":"mine"}', /^its format is "mine" and not pcrec-comparison-1$/],
    ['no object', '[1]', /^its format is "unknown"/],
    ['without ranks', text.replace('"ranks"', '"rank"'), /^`outcome\.ranks` is missing$/],
    ['with a rank of 0', text.replace('[1,20,', '[0,20,'), /^`outcome\.ranks` is not what it should be$/],
    [
      'with users of no rank',
      text.replace('"ranks"', '"starts":[0,2,2,4],"ranks"'),
      /^`outcome\.starts` is not what it should be$/,
    ],
    [
      'with users beyond the ranks',
      text.replace('"ranks"', '"starts":[0,2,5],"ranks"'),
      /^`outcome\.starts` is not what it should be$/,
    ],
    ['without a measure', text.replaceAll('"MRR"', '"mrr"'), /^`outcome\.test` is not what it should be$/],
  ])('is refused with the reason where it is %s', (_, content, why) => {
    expect(left(parse(content))).toMatch(why);
  });

  it('belongs to one comparison alone', () => {
    const { identity } = results[0]!;
    expect(differences(identity, identity)).toEqual([]);
    expect(
      differences(identity, { ...identity, settings: { ...identity.settings, patience: null, batch: 32 } }),
    ).toEqual(['batch 64, not 32', 'patience 3, not null']);
    expect(runFolder('out', identity)).not.toBe(runFolder('out', { ...identity, manifest: 'other' }));
    expect(runFolder('out', identity)).toMatch(/^out\/runs\/hstu\.1\.[0-9a-f]{12}$/);
  });
});

describe('the command line', () => {
  const planned = (...argv: readonly string[]) =>
    planOf(
      optionsOf(
        describeCommand()
          .exitOverride()
          .parse([...argv], { from: 'user' })
          .opts(),
      ),
    );

  it("becomes a plan, with the trainer's defaults", () => {
    const plan = right(
      planned(
        '--models',
        'hstu, pcrec@adaptive',
        '--length',
        '20',
        '--set',
        'negatives=16',
        '--set',
        'pcrec@adaptive:steps=3',
      ),
    );
    expect(plan).toMatchObject({
      seeds: [1, 2, 3],
      baselines: null,
      training: { epochs: 100, batch: 128, patience: 10, protocol: 'standard' },
      device: { device: 'auto' },
      source: { data: 'sample' },
      out: 'results',
    });
    expect(plan.models.map(({ label, preset, set }) => ({ label, preset, set }))).toEqual([
      { label: 'hstu', preset: undefined, set: ['length=20', 'negatives=16'] },
      { label: 'pcrec@adaptive', preset: 'adaptive', set: ['length=20', 'negatives=16', 'steps=3'] },
    ]);
    expect(right(planned('--models', 'hstu', '--protocol', 'hstu')).training.patience).toBeUndefined();
  });

  it('is what `compare` takes without one', () => {
    const told = right(planOf({ models: ['hstu'], seeds: [4], batch: 32, out: 'elsewhere' }));
    expect(planned('--models', 'hstu', '--seeds', '4', '--batch', '32', '--out', 'elsewhere')).toEqual(E.right(told));
    expect(right(reportPlanOf({ report: true, models: ['./gone/mine.ts'] }))).toEqual({
      models: ['mine'],
      seeds: null,
      baselines: null,
      cutoffs: [],
      out: 'results',
    });
    expect(right(planned('--models', 'hstu', '--cutoffs', '20,5,20')).cutoffs).toEqual([5, 20]);
  });

  it("takes the trainer's options about data, and a split", () => {
    const plan = right(
      planned(
        ...'--models hstu --data events.csv --columns rating,action --min-user 5 --drop-repeats'.split(' '),
        ...'--items a.csv --items b.npy --no-cache --split time:0.9'.split(' '),
      ),
    );
    expect(plan.split).toBe('time:0.9');
    expect(plan.source).toEqual({
      data: 'events.csv',
      columns: 'rating,action',
      minUser: 5,
      dropRepeats: true,
      items: ['a.csv', 'b.npy'],
      cache: false,
    });
    expect(right(planned('--models', 'hstu')).split).toBeUndefined();
  });

  it('takes files of models anywhere, under their own names', () => {
    expect(right(wantedModels(['examples/swiglu.ts', './models/hstu.ts@small'], [])).map(({ label }) => label)).toEqual(
      ['swiglu', 'hstu@small'],
    );
    expect(labelOf('../somewhere/mine.mts@small')).toBe('mine@small');
  });

  it.each([
    [[], /--models says which models to compare: bert4rec, /],
    [
      ['--models', 'hst'],
      /There is no model 'hst'\. Did you mean 'hstu'\? There are bert4rec, .*hstu, .*give the path of its file, such as \.\/hst\.ts\./,
    ],
    [['--models', 'zebra'], /There is no model 'zebra'\. There are bert4rec, /],
    [['--models', 'hstu,./mien.ts'], /There is no model file \.\/mien\.ts\./],
    [['--models', 'hstu,models/hstu.ts'], /--models names hstu twice/],
    [
      ['--models', 'hstu,sasrec', '--set', 'sasre:heads=1'],
      /--set sasre:heads=1 is for a model that --models does not name\. Did you mean 'sasrec'\?/,
    ],
    [['--models', 'hstu', '--seeds', '1,two'], /--seeds .* whole numbers .* "two" is none/],
    [['--models', 'hstu', '--seeds', '1,1'], /--seeds takes seeds that differ/],
    [['--models', 'hstu', '--epochs', '0'], /--epochs takes a whole number from 1/],
    [['--models', 'hstu', '--threads', 'all'], /--threads takes a whole number/],
    [
      ['--models', 'hstu,pcrec', '--baselines', 'hst'],
      /--baselines names hst, and the models are hstu, pcrec\. Did you mean 'hstu'\?/,
    ],
    [['--models', 'hstu', '--protocol', 'hstu', '--patience', '3'], /--patience needs validation/],
    [['--models', 'hstu', '--protocol', 'hstu', '--split', 'last:2'], /--protocol hstu says itself what is held out/],
    [['--report', '--json', '--markdown'], /cannot be used with/],
    [['--modles', 'hstu'], /unknown option '--modles'/],
    [['hstu'], /too many arguments/],
  ] as const)('refuses %j in a sentence, with exit code 2', async (argv, why) => {
    const said = { out: '', err: '' };
    expect(await command(argv, worldOf(said))).toBe(2);
    expect(said.err).toMatch(why);
    expect(said.err).toContain('(--help tells the options)');
    expect(said.out).toBe('');
  });

  it('shows examples with its help', async () => {
    const said = { out: '', err: '' };
    expect(await command(['--help'], worldOf(said))).toBe(0);
    expect(said.out).toContain('pcrec-compare --data ml-1m/ratings.dat --models hstu,sasrec,pcrec');
  });
});

describe('a comparison that trains nothing', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pcrec-compare-'));
    for (const result of results)
      await write(join(folder, `${result.identity.model}.${result.identity.settings.seed}.json`), result)();
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reports what is there: as a program asks, as text, as JSON', async () => {
    const { comparison, interrupted, failures } = await compare({ report: true, out: folder, models: order });
    expect(comparison).toEqual(made());
    expect({ interrupted, failures }).toEqual({ interrupted: false, failures: [] });
    const [text, json] = [
      { out: '', err: '' },
      { out: '', err: '' },
    ];
    expect(await command(['--report', '--models', order.join(), '--out', folder], worldOf(text))).toBe(0);
    expect(text).toEqual({ out: `${comparisonReport(made(), results)}\n`, err: '' });
    expect(await command(['--report', '--models', order.join(), '--out', folder, '--json'], worldOf(json))).toBe(0);
    expect(json.out.split('\n')).toHaveLength(2);
    expect(JSON.parse(json.out)).toEqual({ kind: 'comparison', ...made() });
  });

  it('says what there is where it finds nothing, to people and to programs', async () => {
    const words = 'There is no result of these models and seeds in ' + folder + ': there are hstu seed 1, ';
    await expect(compare({ report: true, out: folder, models: ['llama'] })).rejects.toThrow(words);
    const said = { out: '', err: '' };
    expect(await command(['--report', '--models', 'llama', '--out', folder, '--json'], worldOf(said))).toBe(1);
    expect(said.err).toContain(`Error: ${words}`);
    expect(JSON.parse(said.out)).toMatchObject({ kind: 'failed', message: expect.stringContaining(words) as string });
    await expect(compare({ models: ['hstu'], seeds: [0.5] })).rejects.toThrow('--seed takes a whole number');
  });
});

describe('what is shown while it goes', () => {
  const shown = (...events: readonly CompareEvent[]): string => {
    const said = { out: '', err: '' };
    const show = view(worldOf(said), () => 0);
    events.forEach(show);
    return said.err;
  };
  const run = { number: 2, model: 'pcrec', seed: 1 };

  it('is a line for each thing that is done', () => {
    const { outcome, measured } = results[4]!;
    expect(
      shown(
        { kind: 'data', reading: ['Read as table.'], warnings: ['Odd times.'] },
        { kind: 'compiling', model: 'pcrec' },
        { kind: 'compiled', model: 'pcrec', notes: '' },
        {
          kind: 'runs',
          out: 'results',
          runs: [
            { model: 'hstu', seed: 1, epochs: 5, done: { model: 'hstu', epochs: 5, seconds: 2 } },
            { model: 'pcrec', seed: 1, epochs: 5, done: null },
          ],
        },
        { kind: 'aside', ...run, file: 'results/pcrec.1.json', folder: 'results/previous', why: ['other data'] },
        { kind: 'run', ...run, event: { kind: 'warning', message: 'odd.' } },
        { kind: 'finished', ...run, outcome, measured },
        { kind: 'failed', model: 'pcrec', seed: 2, message: 'no device.' },
        { kind: 'interrupted', finished: 1, runs: 2 },
      ).split('\n'),
    ).toEqual([
      'Read as table.',
      'Warning: Odd times.',
      'compiling pcrec',
      '1 of 2 runs is finished already, in results.',
      'Warning: results/pcrec.1.json belongs to another comparison (other data); it is in results/previous now, and that run is done again.',
      'Warning: run 2/2, pcrec seed 1: odd.',
      'run 2/2, pcrec seed 1: test NDCG@10 0.4000, of epoch 4 of 5, 6 s',
      'Error: pcrec with seed 2: no device.',
      'Interrupted, with 1 of 2 runs finished; the same command goes on from here.',
      '',
    ]);
  });
});

describe('the time that is left', () => {
  it('is not guessed before anything is known', () => {
    expect(timeLeft([], { model: 'a', epochs: 0, seconds: null }, ['b'], 10)).toBeNull();
  });

  it('takes other models for like this one until they have run', () => {
    // 7.5 of 10 epochs at 2 s, then two runs of 10 epochs at 2 s.
    expect(timeLeft([], { model: 'a', epochs: 2.5, seconds: 2 }, ['b', 'a'], 10)).toBeCloseTo(55, 12);
  });

  it('learns from finished runs how long their like train', () => {
    const past = [
      { model: 'a', epochs: 4, seconds: 1 },
      { model: 'b', epochs: 6, seconds: 5 },
    ];
    expect(timeLeft(past, { model: 'a', epochs: 3, seconds: 1 }, ['b'], 10)).toBeCloseTo(1 + 30, 12);
    // One that has outlasted its like goes on for an epoch at least, but not past the last.
    expect(timeLeft(past, { model: 'a', epochs: 8, seconds: 1 }, [], 10)).toBeCloseTo(1, 12);
    expect(timeLeft(past, { model: 'a', epochs: 10, seconds: 1 }, [], 10)).toBe(0);
  });
});
