import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../runtime/events.js';
import { metrics } from '../../runtime/metrics.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { trainer } from '../../runtime/trainer.js';
import type { TrainOptions } from '../../runtime/options.js';
import { toy, type Toy } from './toy.js';

let folder = '';
let data = '';
let counter = 0;
const fresh = () => join(folder, `run-${counter++}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  data = join(folder, 'chains.txt');
  // Users who walk along a ring of 30 items, sometimes jumping: the last item tells the next.
  const random = stream(3, 0, 'chains');
  let drawn = 0;
  const draw = (n: number) => Math.floor(uniformAt(random, drawn++) * n);
  const walk = () =>
    Array.from({ length: 12 }, () => 0).reduce<number[]>(
      (path) => [...path, draw(5) === 0 ? draw(30) : ((path.at(-1) as number) + 1) % 30],
      [draw(30)],
    );
  await writeFile(
    data,
    Array.from(
      { length: 60 },
      (_, user) =>
        `${user + 1} ${walk()
          .map((at) => at + 1)
          .join(' ')}\n`,
    ).join(''),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const run = (options: TrainOptions = {}, of: Toy = {}) =>
  trainer(toy({ width: 8, ...of })).train({ data, epochs: 4, batch: 16, ...options });
const bytes = (path: string) => readFile(path);
const records = async (out: string) =>
  (await readFile(join(out, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
const timeless = (events: readonly Event[]) =>
  events.filter(({ kind }) => kind === 'epoch' || kind === 'result').map(({ ...event }) => ({ ...event, seconds: 0 }));

describe('training', () => {
  it('learns, and beats popularity on data where the last item tells the next', async () => {
    const out = fresh();
    const { test, history, backend } = await run({ out, epochs: 8, patience: 8 });
    expect(history.at(-1)?.loss).toBeLessThan(0.8 * (history[0]?.loss ?? 0));
    expect(test?.users).toBe(60);
    expect(test?.model['NDCG@10']).toBeGreaterThan(0.5);
    expect(test?.model['NDCG@10']).toBeGreaterThan(2 * (test?.popularity['NDCG@10'] ?? 1));
    expect(backend).toBe('toy (plain arithmetic)');
  });

  it('tests the epoch that was best on validation, once', async () => {
    const out = fresh();
    const { history, test, ranks } = await run({ out, epochs: 8, patience: 2 });
    const best = history.reduce((a, b) => (b.metrics!['NDCG@10'] > a.metrics!['NDCG@10'] ? b : a));
    expect(test?.epoch).toBe(best.epoch);
    expect(metrics(ranks ?? [])).toEqual(test?.model);
    expect((await records(out)).filter(({ kind }) => kind === 'result')).toHaveLength(1);
    // The same figures come from the file that was kept.
    const again = await trainer(toy({ width: 8 })).evaluate({ out });
    expect(again.model).toEqual(test?.model);
    expect(metrics(again.ranks)).toEqual(test?.model);
    expect((await trainer(toy({ width: 8 })).evaluate({ out, part: 'validation' })).model).toEqual(best.metrics);
  });

  it('stops when patience ends, that many epochs after the best', async () => {
    const { history } = await run({ out: fresh(), epochs: 100, patience: 2 });
    const merits = history.map(({ metrics }) => metrics!['NDCG@10']);
    const best = merits.indexOf(Math.max(...merits)) + 1;
    expect(history.length).toBeLessThan(100);
    expect(history.length).toBe(best + 2);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const [a, b, c] = [await run({ out: fresh() }), await run({ out: fresh() }), await run({ out: fresh(), seed: 1 })];
    expect(await bytes(a.last)).toEqual(await bytes(b.last));
    expect(await bytes(a.best)).toEqual(await bytes(b.best));
    expect(await bytes(a.last)).not.toEqual(await bytes(c.last));
  });

  it('keeps the optimistic protocol apart: no validation, and its name in the result', async () => {
    const out = fresh();
    const { test } = await run({ out, protocol: 'hstu', epochs: 3 });
    const epochs = (await records(out)).filter((e) => e.kind === 'epoch');
    expect(epochs.every((e) => e.part === 'test')).toBe(true);
    expect(test?.protocol).toBe('hstu');
    expect(test?.model['NDCG@10']).toBe(Math.max(...epochs.map((e) => e.metrics!['NDCG@10'])));
  });

  it('moves an earlier run aside and does not destroy it', async () => {
    const out = fresh();
    const first = await bytes((await run({ out, epochs: 1 })).last);
    await run({ out, epochs: 1, seed: 9 });
    expect(await bytes(join(out, 'previous', 'last.safetensors'))).toEqual(first);
    expect(await bytes(join(out, 'last.safetensors'))).not.toEqual(first);
  });
});

describe('two trainings of one folder', () => {
  it('are one training and a refusal, and the folder holds what the one alone would have left', async () => {
    const [out, alone] = [fresh(), fresh()];
    await run({ out: alone });
    const second: Promise<unknown>[] = [];
    const first = run({
      out,
      listen: ({ kind }) => {
        if (kind === 'start') second.push(run({ out, seed: 7 }).catch((error: unknown) => String(error)));
      },
    });
    await first;
    expect(await Promise.all(second)).toEqual([expect.stringContaining(`Another training is at work in ${out}`)]);
    for (const name of ['last.safetensors', 'best.safetensors'])
      expect(await bytes(join(out, name))).toEqual(await bytes(join(alone, name)));
    expect(existsSync(join(out, 'previous')) || existsSync(join(out, 'training.lock'))).toBe(false);
  });
});

describe('an interrupted run', () => {
  it('resumes bit for bit from any step, saved at any step', async () => {
    const whole = await run({ out: fresh() });
    const [last, best, told] = [await bytes(whole.last), await bytes(whole.best), timeless(await records(whole.out))];
    // 60 users make 4 batches an epoch, 16 steps in all.
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 16 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        async (stops, checkpointSteps) => {
          const out = fresh();
          for (const stop of [...stops].sort((a, b) => a - b)) {
            const controller = new AbortController();
            const listen = (e: Event) => {
              if (e.kind === 'step' && e.step >= stop) controller.abort();
            };
            const { interrupted, test } = await run({
              out,
              resume: true,
              checkpointSteps,
              signal: controller.signal,
              listen,
            });
            expect(interrupted).toBe(true);
            expect(test).toBeNull();
          }
          const { interrupted } = await run({ out, resume: true, checkpointSteps });
          expect(interrupted).toBe(false);
          expect((await bytes(join(out, 'last.safetensors'))).equals(last)).toBe(true);
          expect((await bytes(join(out, 'best.safetensors'))).equals(best)).toBe(true);
          expect(timeless(await records(out))).toEqual(told);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('may be given more epochs, as if it had had them from the beginning', async () => {
    const long = await run({ out: fresh(), epochs: 3, patience: 9 });
    const out = fresh();
    await run({ out, epochs: 1, patience: 9 });
    const more = await run({ out, epochs: 3, resume: true });
    expect(await bytes(more.last)).toEqual(await bytes(long.last));
  });

  it('is not resumed as another run, on other data, or from a damaged file', async () => {
    const out = fresh();
    const { last } = await run({ out, epochs: 1 });
    await expect(run({ out, resume: true, seed: 5 })).rejects.toThrow(/--seed 5 contradicts/);
    await expect(run({ out, resume: true, data: 'sample' })).rejects.toThrow(/trained on other data/);
    await expect(run({ out, resume: true }, { hash: 'f'.repeat(64) })).rejects.toThrow(/another version/);
    await writeFile(last, (await bytes(last)).subarray(0, -4));
    await expect(run({ out, resume: true })).rejects.toThrow(
      /last\.safetensors cannot be used: .* 4 bytes|should hold/,
    );
  });
});

describe('a run that fails', () => {
  it('names the step and the tensor that first stopped being finite, and keeps the last good checkpoint', async () => {
    const out = fresh();
    // The loss of step 7 is still finite; that of step 8 is not, and step 4 is what there is on disk.
    await expect(run({ out, epochs: 3 }, { poison: 7 })).rejects.toThrow(
      /stopped being finite at step 8\. The first tensor that is not finite is `gradient` at step 7 \(epoch 2\).*The last good checkpoint, of step 4/,
    );
    // The poison is no part of the manifest, so the healthy model goes on from there.
    const whole = await run({ out: fresh(), epochs: 3 });
    expect(await bytes((await run({ out, epochs: 3, resume: true })).last)).toEqual(await bytes(whole.last));
  });

  it('never saves spoilt states, not even right after the step that spoilt them', async () => {
    const out = fresh();
    await expect(run({ out, checkpointSteps: 1 }, { poison: 6 })).rejects.toThrow(/`gradient` at step 6/);
    await expect(
      trainer(toy({ width: 8 })).evaluate({ out, checkpoint: join(out, 'last.safetensors') }),
    ).resolves.toMatchObject({ step: 5 });
  });

  it('says what the device said, and where to go on', async () => {
    await expect(run({ out: fresh() }, { lost: 3 })).rejects.toThrow(
      /failed in `train` at step 3: the device was lost.*--resume/,
    );
    await expect(run({ out: fresh(), device: 'webgpu' })).rejects.toThrow(/webgpu is not here/);
  });

  it('warns of solves that did not converge, and counts them', async () => {
    const warnings: Event[] = [];
    const { history } = await run(
      {
        out: fresh(),
        epochs: 2,
        listen: (e) => {
          if (e.kind === 'warning') warnings.push(e);
        },
      },
      { unconverged: 2 },
    );
    expect(history.map(({ unconverged }) => unconverged)).toEqual([8, 8]);
    expect(warnings).toMatchObject([{ message: expect.stringContaining('8 implicit solves of epoch 1') as string }]);
  });

  it.each([
    [{ data: '/no/such/file' }, /no such file/],
    [{ epochs: 0 }, /--epochs takes/],
    [{ device: 'tpu' as 'cpu' }, /--device takes one of auto/],
  ])('refuses %j', async (options, message) => {
    await expect(run({ out: fresh(), ...options })).rejects.toThrow(message);
  });
});

describe('recommendation', () => {
  it('continues a history of somebody who was never seen, by id, without the data', async () => {
    const out = fresh();
    await run({ out, epochs: 8, patience: 8 });
    const { recommend } = trainer(toy({ width: 8 }));
    const hits = await Promise.all(
      [3, 11, 20].map(async (at) =>
        (await recommend({ out, history: [String(at - 1), String(at)], top: 3 })).items
          .map(({ id }) => id)
          .includes(String(at + 1)),
      ),
    );
    expect(hits).toEqual([true, true, true]);
    const found = await recommend({ out, history: '4, 5', top: 28 });
    expect(found.history.map(({ id }) => id)).toEqual(['4', '5']);
    expect(found.items.map(({ id }) => id)).not.toContain('4');
    expect(found.items.map(({ score }) => score)).toEqual(found.items.map(({ score }) => score).sort((a, b) => b - a));
    expect(new Set(found.items.map(({ id }) => id)).size).toBe(28);
  });

  it('finds users of the data again through the checkpoint, and says who is unknown', async () => {
    const out = fresh();
    await run({ out, epochs: 1 });
    const { recommend } = trainer(toy({ width: 8 }));
    const line = (await readFile(data, 'utf8')).split('\n')[6]?.split(' ') ?? [];
    expect((await recommend({ out, user: '7' })).history.map(({ id }) => id)).toEqual(line.slice(1));
    await expect(recommend({ out, user: '700' })).rejects.toThrow(/no user "700" in the data chains; the nearest are/);
    await expect(recommend({ out, history: '4, 4000' })).rejects.toThrow(/knows no item "4000"/);
    await expect(recommend({ out, history: ' , ' })).rejects.toThrow(/history is empty/);
    await expect(recommend({ out })).rejects.toThrow(/one of --user and --history/);
  });
});
