/**
 * A model trained as a JAX program and by the trainer: the same losses, checkpoints that both open, runs that are killed and resumed
 * on this mesh and on others, in one process and in two.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../compiler/compile.js';
import sasrec from '../../models/sasrec.js';
import type { Metrics } from '../../runtime/metrics.js';
import { pack } from '../../runtime/pack/pack.js';
import { trainer } from '../../runtime/trainer.js';
import { valueOf } from '../data/support.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { python, ran } from './python.js';
import { complaints, epochs, likewise, losses, near, records, same, workplace } from './trainings.js';

// Dropout and drawn negatives too: random numbers must be the trainer's. An item table that three devices do not divide.
const compiled = rightOf(
  compile(traced(sasrec, { width: 8, length: 12, blocks: 1, negatives: 16, dropout: 0.2, rate: 0.01 })),
);
const { at, cache, model, emit, py, started } = workplace(compiled);
const common = ['--shards', at('shards'), '--seed', '5', '--batch', '64', '--epochs', '2'];

const result = (out: string): Metrics => records(out).find(({ kind }) => kind === 'result')!['model'] as Metrics;

const bytesOf = (out: string, name: 'last' | 'best'): Buffer => readFileSync(at(out, `${name}.safetensors`));
const done = (of: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => of.once('exit', (code, signal) => resolve(code ?? signal)));
const until = async (what: () => boolean): Promise<void> => {
  for (let tries = 0; !what(); tries++) {
    if (tries > 1000) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
const savedStep = (out: string): number => {
  const path = join(out, 'last.safetensors');
  return existsSync(path) ? Number(/\\"step\\":(\d+)/.exec(readFileSync(path, 'latin1'))?.[1] ?? 0) : 0;
};

describe.skipIf(python === undefined)('a JAX program', () => {
  beforeAll(async () => {
    emit();
    const node = await model();
    valueOf(await pack(node)({ data: 'sample', out: at('shards'), shardEvents: 3000 })());
    await trainer(node).train({ data: 'sample', seed: 5, batch: 64, epochs: 2, out: at('node') });
    const run = await py([...common, '--out', at('whole')]);
    expect([run.code, complaints(run)]).toEqual([0, []]);
  });

  it('loses what the trainer loses, and tells it in the same records', () => {
    near(losses(at('whole')), losses(at('node')), 1e-5);
    likewise(at('whole'), at('node'));
  });

  it('writes checkpoints that the trainer opens, and opens those of the trainer', async () => {
    const node = trainer(await model());
    const ours = await node.evaluate({ checkpoint: at('whole', 'best.safetensors') });
    same(ours.model, result(at('whole')));
    const { out } = await py([
      'evaluate',
      '--shards',
      at('shards'),
      '--checkpoint',
      at('node', 'best.safetensors'),
      '--json',
    ]);
    same((JSON.parse(out.trim().split('\n').at(-1)!) as { readonly model: Metrics }).model, result(at('node')));
    // And each goes on with a run of the other.
    await node.train({ data: 'sample', resume: true, epochs: 3, out: at('whole') });
    const further = await py(['--shards', at('shards'), '--resume', '--epochs', '3', '--out', at('node')]);
    expect(further.code).toBe(0);
    near(losses(at('node')), losses(at('whole')), 1e-5);
  });

  it('ends in the same bytes when it is killed and resumed', async () => {
    const begun = [...common, '--out', at('uncut'), '--no-test'];
    expect((await py(begun)).code).toBe(0);
    const cut = [...common, '--out', at('cut'), '--no-test'];
    const child = started([...cut, '--checkpoint-steps', '1']);
    const ended = done(child);
    await until(() => savedStep(at('cut')) >= 3);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(savedStep(at('cut'))).toBeLessThan(20);
    expect((await py([...cut, '--resume'])).code).toBe(0);
    for (const name of ['last', 'best'] as const)
      expect(bytesOf('cut', name).equals(bytesOf('uncut', name))).toBe(true);
  });

  it('saves and ends when it is told to, and goes on from there', async () => {
    const out = at('told');
    const child = started([...common, '--out', out, '--no-test', '--checkpoint-steps', '1']);
    const ended = done(child);
    await until(() => savedStep(out) >= 2);
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(records(out).at(-1)).toMatchObject({ kind: 'interrupted', step: savedStep(out) });
    expect((await py([...common, '--out', out, '--no-test', '--resume'])).code).toBe(0);
    expect(bytesOf('told', 'last').equals(bytesOf('uncut', 'last'))).toBe(true);
  });

  it('trains on rows of like lengths, the same way each time, and keeps to it', async () => {
    const of = (out: string, ...more: readonly string[]): readonly string[] => {
      const [seed, batch] = [common.slice(0, 4), common.slice(4, 6)];
      return [...seed, ...batch, '--epochs', '1', '--no-test', '--lengths', '3', '--out', at(out), ...more];
    };
    for (const out of ['like', 'again']) expect((await py(of(out, '--order', 'length'))).code).toBe(0);
    expect(bytesOf('like', 'last').equals(bytesOf('again', 'last'))).toBe(true);
    expect(records(at('like'))[0]!['settings']).toMatchObject({ order: 'length' });
    // The same users, in other batches.
    const [like, plain] = [losses(at('like'))[0]!, losses(at('whole'))[0]!];
    expect(like).not.toBe(plain);
    expect(Math.abs(like / plain - 1)).toBeLessThan(0.1);
    const { code, err } = await py(of('like', '--resume', '--order', 'plain'));
    expect([code, err]).toEqual([2, expect.stringContaining('contradicts the run to resume')]);
  });

  it('multiplies in bfloat16 and works blocks out again, and keeps what it learns as ever', async () => {
    const begun = [...common.slice(0, 6), '--epochs', '1', '--no-test', '--dtype', 'bfloat16', '--out', at('rough')];
    expect((await py(begun)).code).toBe(0);
    const [rough, exact] = [losses(at('rough'))[0]!, losses(at('whole'))[0]!];
    expect(rough).not.toBe(exact);
    expect(Math.abs(rough / exact - 1)).toBeLessThan(0.01);
    await trainer(await model()).evaluate({ checkpoint: at('rough', 'best.safetensors') });
    // One block is like no other.
    const { code, err } = await py([...begun, '--remat', 'blocks']);
    expect([code, err]).toEqual([2, expect.stringContaining('--remat')]);
  });

  it('goes on from what it learned of other data as the trainer does', async () => {
    // Every other item is new to the second data, and comes between those that are known.
    const users = Array.from({ length: 40 }, (_, u) => Array.from({ length: 6 }, (__, i) => 10 + ((u + i * 3) % 20)));
    const [old, grown] = ['old.txt', 'grown.txt'].map((name) => at(name)) as [string, string];
    const text = (of: readonly (readonly number[])[]): string =>
      of.map((items, u) => `${u + 1} ${items.join(' ')}\n`).join('');
    writeFileSync(old, text(users.map((items) => items.map((item) => item - (item % 2)))));
    writeFileSync(grown, text(users));
    const node = await model();
    const [base, data] = [{ data: old, out: at('base') }, { data: grown }] as const;
    await trainer(node).train({ ...base, seed: 9, batch: 16, epochs: 2 });
    const from = at('base', 'last.safetensors');
    await trainer(node).train({ ...data, from, epochs: 2, out: at('from-node') });
    valueOf(await pack(node)({ ...data, out: at('grown') })());
    const { code } = await py(['--shards', at('grown'), '--from', from, '--epochs', '2', '--out', at('from-jax')]);
    expect(code).toBe(0);
    near(losses(at('from-jax')), losses(at('from-node')), 1e-5);
    expect(records(at('from-jax'))[0]!['settings']).toEqual(records(at('from-node'))[0]!['settings']);
  });

  it('goes on in two processes, of which one is killed, and then on another mesh', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, () => {
        const { port: free } = server.address() as { readonly port: number };
        server.close(() => resolve(free));
      });
    });
    const out = at('two');
    const together = ['--coordinator', `localhost:${port}`, '--processes', '2', '--heartbeat', '10'];
    const begun = [...common, '--out', out, '--no-test', '--mesh', 'data=2,table=2', '--checkpoint-steps', '1'];
    const pair = ['0', '1'].map((own) => started([...begun, ...together, '--process', own], 2));
    const ends = pair.map(done);
    await until(() => savedStep(out) >= 8);
    pair[1]!.kill('SIGKILL');
    // Who is left does not wait for ever, and does not say that all went well.
    expect(await Promise.all(ends)).not.toContain(0);
    const { code } = await py([...common, '--out', out, '--no-test', '--resume', '--mesh', 'data=2,table=3'], 6);
    expect(code).toBe(0);
    near(losses(out), losses(at('uncut')), 1e-5);
    const whole = [out, at('uncut')].map((of) => epochs(of).at(-1)!.metrics!);
    expect(Math.abs(whole[0]!['NDCG@10'] - whole[1]!['NDCG@10'])).toBeLessThan(1e-3);
  });

  it('refuses what is wrong in a sentence, with the exit codes of the trainer', async () => {
    const damaged = readFileSync(at('uncut', 'last.safetensors'));
    damaged[damaged.length - 5]! ^= 1;
    mkdirSync(at('damaged'));
    writeFileSync(at('damaged', 'last.safetensors'), damaged);
    mkdirSync(at('other'));
    const index = readFileSync(at('shards', 'index.json'), 'utf8');
    writeFileSync(at('other', 'index.json'), index.replace(compiled.manifest.hash, '2-abc'));
    mkdirSync(at('short'));
    writeFileSync(at('short', 'index.json'), index);
    const of = ['--shards', at('shards')];
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['--shards', at('nowhere')], 1, 'There are no shards in'],
      [['--shards', at('other')], 1, 'another version of `sasrec`'],
      [['--shards', at('short')], 1, 'pack the data again'],
      [[...of, '--resume', '--out', at('damaged')], 1, 'its checksum does not match its contents'],
      [['evaluate', ...of, '--checkpoint', at('none')], 1, 'there is no such file'],
      [[], 2, '--shards'],
      [[...of, '--epochs', '0'], 2, 'a whole number from 1'],
      [[...of, '--protocol', 'hstu'], 2, 'pack the data again'],
      [[...of, '--mesh', 'data=3'], 2, 'asks for 3 devices'],
      [[...of, '--mesh', 'rows=3'], 2, 'data=4,table=2'],
      [[...of, '--resume', '--out', at('uncut'), '--seed', '6'], 2, 'contradicts the run to resume'],
    ];
    for (const [args, code, words] of cases) {
      const { code: got, err } = await py(args);
      expect([got, err.includes(words), err.includes('Traceback')], `${args.join(' ')}: ${err}`).toEqual([
        code,
        true,
        false,
      ]);
    }
  });

  it('exports scores that are the trained ones', async () => {
    const { code, out } = await py([
      'export',
      '--shards',
      at('shards'),
      '--checkpoint',
      at('uncut', 'best.safetensors'),
      '--out',
      at('out'),
    ]);
    expect([code, out]).toEqual([0, expect.stringContaining('Output: scores float32[1, 400]')]);
    const script = `
import jax, json, sys, numpy as np
from jax import export
sys.path.insert(0, ${JSON.stringify(at('jax'))})
import model
from trainer.files import load_tensors
program = export.deserialize(bytearray(open(${JSON.stringify(at('out', 'score.jax'))}, 'rb').read()))
items = np.zeros((1, 12), np.int32); items[0, :3] = [5, 7, 9]
named = {'items': items, 'seq.lengths': np.array([3], np.int32), 'batch.missing': np.int32(0), 'items.missing': np.int32(0)}
state = {n: np.asarray(t) for n, t in load_tensors(__import__('pathlib').Path(${JSON.stringify(at('uncut', 'best.safetensors'))})).tensors.items()}
given = [v for n, v in named.items() if n in model.SCORE and not n.endswith('missing')]
got = program.call(*[v for n in model.SCORE for m, v in named.items() if m == n and not n.endswith('missing')])
want = jax.jit(model.score)(state, named)
print(float(np.abs(np.asarray(got) - np.asarray(want)).max()), np.asarray(got).shape == (1, 400))
`;
    const checked = await ran(['-c', script], cache);
    expect([checked.err, checked.out.trim().split(' ')[1]]).toEqual(['', 'True']);
    expect(Number(checked.out.split(' ')[0])).toBeLessThan(1e-5);
  });
});
