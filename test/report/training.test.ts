/** What a training leaves: its page, its event file, its table. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import type { Event } from '../../runtime/events.js';
import { metrics } from '../../runtime/metrics.js';
import { pictures } from '../../runtime/report/pictures.js';
import { storyOf, records } from '../../runtime/report/story.js';
import { trainingPage } from '../../runtime/report/training.js';
import { trainer } from '../../runtime/trainer.js';
import { toy } from '../runtime/toy.js';
import { eventsIn } from './tfrecords.js';

const folder = mkdtempSync(join(tmpdir(), 'pcrec-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = toy({ width: 8 });
const { train } = trainer(model);
const log = (out: string): readonly Event[] => records(readFileSync(join(out, 'metrics.jsonl'), 'utf8'));
const pageOf = (out: string): Document =>
  parseHTML(readFileSync(join(out, 'report.html'), 'utf8')).document as unknown as Document;
/** The cells of the table of this caption, its head first. */
const cells = (document: Document, caption: string): readonly (readonly string[])[] => {
  const found = [...document.querySelectorAll('table')].find(
    (t) => t.querySelector('caption')!.textContent === caption,
  );
  return [...(found?.querySelectorAll('tr') ?? [])].map((row) =>
    [...row.querySelectorAll('th, td')].map((c) => c.textContent ?? ''),
  );
};

describe('the page of a training', () => {
  it('has the figures of the log, beside baselines, by history and popularity, and how to have them again', async () => {
    const out = join(folder, 'page');
    const { test, history } = await train({ out, data: 'sample', epochs: 3, batch: 64, seed: 7 });
    const document = pageOf(out);
    expect(document.querySelector('h1')!.textContent).toBe('toy on sample');
    const [head, own, popularity, markov] = cells(
      document,
      'Full ranking of all items, beside rankings by counts alone',
    );
    expect(head).toEqual(['', 'HR@10', 'NDCG@10', 'HR@50', 'NDCG@50', 'MRR']);
    expect(own).toEqual(['toy', ...Object.values(test!.model).map((x) => x.toFixed(4))]);
    expect(popularity).toEqual(['popularity', ...Object.values(test!.popularity).map((x) => x.toFixed(4))]);
    expect(markov).toEqual(['Markov chain', ...Object.values(test!.markov).map((x) => x.toFixed(4))]);
    expect(
      cells(document, 'Each epoch, on validation')
        .slice(1)
        .map((row) => row[2]),
    ).toEqual(history.map(({ loss }) => loss.toFixed(5)));
    // Users, and wanted items, each in one bucket.
    for (const caption of ['By length of history', 'By times the wanted item occurs in training']) {
      const rows = cells(document, caption).slice(1);
      expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(test!.users);
      const mean = rows.reduce((sum, row) => sum + Number(row[1]) * Number(row[2]), 0) / test!.users;
      expect(mean).toBeCloseTo(test!.model['NDCG@10'], 3);
    }
    const again = document.querySelector('pre')!.textContent!;
    expect(again).toContain('pcrec-compile test/runtime/toy.ts --set width=8 --set epochs=12');
    expect(again).toContain('--data sample --seed 7 --batch 64 --epochs 3 --patience 3');
    expect(document.body.textContent).toContain(model.manifest.hash);
    // What is printed and logged has not changed for it.
    expect(test).not.toHaveProperty('figures');
    expect(log(out).at(-1)).toMatchObject({ kind: 'result' });
    expect(log(out).at(-1)).not.toHaveProperty('figures');
  });

  it('has pictures that say in words what they show, and the same as tables', () => {
    const svgs = [...pageOf(join(folder, 'page')).querySelectorAll('svg')];
    expect(svgs.length).toBeGreaterThanOrEqual(6);
    svgs.forEach((svg) => {
      expect(svg.getAttribute('role')).toBe('img');
      expect(svg.getAttribute('aria-label')!.length).toBeGreaterThan(20);
      expect(svg.outerHTML).not.toContain('NaN');
    });
    expect(pageOf(join(folder, 'page')).querySelectorAll('details table').length).toBeGreaterThanOrEqual(3);
  });

  it('takes names for names, whatever is in them, with pictures and without', async () => {
    const bad = `"><img src=x onerror=alert(1)><script>'&amp;`;
    const [start, ...rest] = log(join(folder, 'page')) as [Extract<Event, { kind: 'start' }>, ...Event[]];
    const story = storyOf([
      {
        ...start,
        model: bad,
        reading: [bad],
        statistics: { ...start.statistics, name: bad },
        data: { ...start.data, source: bad },
      },
      ...rest,
    ])!;
    const figures = ['model', 'popularity', 'markov'].flatMap((of) =>
      [0, 1].map(
        (from) => ({ of, measure: 'NDCG', cutoff: 10, by: 'history', from, to: from, count: 3, value: 0.5 }) as const,
      ),
    );
    const found = {
      manifest: { ...model.manifest, source: bad, hyper: { [bad]: bad } },
      begun: { device: 'auto' },
      figures,
      apart: undefined,
      kernels: [{ name: bad, source: bad, comment: '', ms: 1, calls: 1, operations: 1, bytes: 1 }],
    };
    const drawn = (await pictures())!;
    for (const given of [drawn, undefined]) {
      const { document } = parseHTML(trainingPage(story, found, given));
      expect(document.querySelectorAll('img, script, [onerror]').length).toBe(0);
      expect(document.querySelector('h1')!.textContent).toBe(`${bad} on ${bad}`);
      expect(document.querySelectorAll('svg').length > 0).toBe(given !== undefined);
      expect(document.body.textContent.includes('npm install @observablehq/plot')).toBe(given === undefined);
      expect(document.querySelectorAll('table').length).toBeGreaterThan(4);
    }
  });

  it('is left by a run that held nothing out, and not by one that leaves the test alone', async () => {
    const all = join(folder, 'all');
    await train({ out: all, data: 'sample', epochs: 1, trainOn: 'all' });
    expect(pageOf(all).body.textContent).toContain('nothing was held out');
    const untested = join(folder, 'untested');
    const found = await train({ out: untested, data: 'sample', epochs: 1, test: false });
    expect(found).toMatchObject({ interrupted: false, test: null });
    expect(log(untested).at(-1)).toMatchObject({ kind: 'trained', heldOut: true });
    expect(existsSync(join(untested, 'report.html'))).toBe(false);
    // Going on without a word of that, it is tested, once.
    expect((await train({ out: untested, resume: true })).test).not.toBeNull();
    expect(existsSync(join(untested, 'report.html'))).toBe(true);
  });

  it('cannot be written, and the run is none the worse', async () => {
    const out = join(folder, 'page', 'report.html');
    // A folder that is a file: the run itself cannot be kept there.
    await expect(train({ out, data: 'sample', epochs: 1 })).rejects.toThrow();
  });
});

describe('other keepers', () => {
  it('are an event file for each session, whose records are whole, and a table', async () => {
    const out = join(folder, 'kept');
    const csv = join(folder, 'no', 'such', 'folder', 'kept.csv');
    await train({ out, data: 'sample', epochs: 1, tensorboard: true, csv });
    const { history, test } = await train({ out, epochs: 2, resume: true, tensorboard: true, csv });
    const files = readdirSync(out)
      .filter((name) => name.includes('tfevents'))
      .sort();
    expect(files).toEqual(['events.out.tfevents.0000.pcrec', 'events.out.tfevents.0001.pcrec']);
    const [first, second] = files.map((name) => eventsIn(readFileSync(join(out, name))));
    expect(first![0]!.version).toBe('brain.Event:2');
    // The second session forgets whatever the first told of later steps.
    expect(second![1]).toMatchObject({ session: 1, step: history[0]!.step + 1 });
    const told = [...first!, ...second!].flatMap((event) =>
      event.values['validation/NDCG_at_10'] === undefined ? [] : [event],
    );
    expect(told.map(({ step }) => step)).toEqual(history.map(({ step }) => step));
    told.forEach(({ values }, i) =>
      expect(values['validation/NDCG_at_10']).toBeCloseTo(history[i]!.metrics!['NDCG@10'], 6),
    );
    expect(second!.at(-1)!.values['test/MRR']).toBeCloseTo(test!.model.MRR, 6);

    const rows = parse(readFileSync(csv, 'utf8'), { columns: true }) as Record<string, string>[];
    expect(rows.map(({ of, part }) => `${of} ${part}`)).toEqual([
      'toy validation',
      'toy validation',
      'toy test',
      'popularity test',
      'markov test',
    ]);
    expect(rows.slice(0, 2).map((row) => Number(row['NDCG@10']))).toEqual(history.map((e) => e.metrics!['NDCG@10']));
    expect(Number(rows[2]!['MRR'])).toBe(test!.model.MRR);
  });

  it('are read by TensorBoard, where it is there', () => {
    const out = join(folder, 'kept');
    const read = `
import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1]); a.Reload()
print(json.dumps({t: [[s.step, s.value] for s in a.Scalars(t)] for t in a.Tags()['scalars']}))`;
    const found = spawnSync('python3', ['-c', read, out], { encoding: 'utf8' });
    if (found.status !== 0) {
      console.warn('Event files, read by TensorBoard: skipped. There is no python3 with tensorboard.');
      return;
    }
    const scalars = JSON.parse(found.stdout) as Record<string, [number, number][]>;
    const epochs = log(out).filter((event) => event.kind === 'epoch');
    expect(scalars['validation/MRR']!.map(([step]) => step)).toEqual(epochs.map(({ step }) => step));
    scalars['train/epoch_loss']!.forEach(([, loss], i) => expect(loss).toBeCloseTo(epochs[i]!.loss, 4));
  });

  it('move aside with the run that they are of', async () => {
    const out = join(folder, 'kept');
    await train({ out, data: 'sample', epochs: 1, tensorboard: true });
    const events = (at: string): readonly string[] => readdirSync(at).filter((name) => name.includes('tfevents'));
    expect([events(out).length, events(join(out, 'previous')).length]).toEqual([1, 2]);
    expect(existsSync(join(out, 'previous', 'report.html'))).toBe(true);
    await train({ out, data: 'sample', epochs: 1 });
    expect([events(out).length, events(join(out, 'previous')).length]).toEqual([0, 1]);
  });

  it('say once that a table cannot be written, and the run goes on', async () => {
    const said: string[] = [];
    writeFileSync(join(folder, 'file'), '');
    const { test } = await train({
      out: join(folder, 'unwritten'),
      data: 'sample',
      epochs: 2,
      csv: join(folder, 'file', 'folder.csv'),
      listen: (event) => void (event.kind === 'warning' && said.push(event.message)),
    });
    expect(said.filter((message) => message.includes('folder.csv'))).toEqual([
      expect.stringContaining('could not be written: a part of its path is not a folder.'),
    ]);
    expect(test).not.toBeNull();
  });
});

it('reads a log whose last line was cut short', () => {
  const event = { kind: 'epoch', epoch: 1, metrics: metrics([1]) };
  expect(records(`${JSON.stringify(event)}\n{"kind":"epo`)).toEqual([event]);
});
