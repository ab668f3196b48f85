import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../runtime/events.js';
import { line, log, logFile, startLog } from '../../runtime/log.js';
import { metrics } from '../../runtime/metrics.js';
import type { Settings } from '../../runtime/contract/settings.js';
import { beginning, best, closed, ending, merit, stepped } from '../../runtime/progress.js';

const settings: Settings = { seed: 1, batch: 8, epochs: 6, patience: 2, protocol: 'standard' };
/** A history of one-step epochs whose single user had these ranks. */
const after = (ranks: readonly number[]) =>
  ranks.reduce((progress, rank) => closed(stepped(progress, rank, 0), metrics([rank])), beginning);
const ranks = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 });

describe('progress', () => {
  it('takes the earliest of equally good epochs', () => {
    expect(best(after([3, 2, 2, 4]))?.epoch).toBe(2);
    fc.assert(
      fc.property(ranks, (list) => {
        expect(best(after(list))?.epoch).toBe(list.length === 0 ? undefined : list.indexOf(Math.min(...list)) + 1);
      }),
    );
  });

  it('ends by patience exactly when the best is that old, and by epochs at the latest', () => {
    expect(ending(settings, after([3, 2, 2]))).toBeUndefined();
    expect(ending(settings, after([3, 2, 2, 2]))).toBe('patience');
    expect(ending({ ...settings, patience: null }, after([1, 2, 3, 4, 5]))).toBeUndefined();
    fc.assert(
      fc.property(ranks, fc.integer({ min: 1, max: 4 }), (list, patience) => {
        const why = ending({ ...settings, patience }, after(list));
        if (list.length >= 6) expect(why).toBe('epochs');
        else
          expect(why === 'patience').toBe(
            list.length > 0 && list.length - (list.indexOf(Math.min(...list)) + 1) >= patience,
          );
      }),
    );
  });

  it('averages the losses of an epoch and starts the next from nothing', () => {
    const epoch = closed(stepped(stepped(beginning, 1, 2), 4, 1), metrics([1]));
    expect(epoch).toMatchObject({
      step: 2,
      epoch: 1,
      batch: 0,
      loss: 0,
      unconverged: 0,
      history: [{ epoch: 1, step: 2, loss: 2.5, unconverged: 3 }],
    });
    expect(epoch.history.map(merit)).toEqual([1]);
  });
});

describe('the log', () => {
  const epoch = (n: number): Event => ({
    kind: 'epoch',
    epoch: n,
    step: n,
    loss: 1,
    unconverged: 0,
    part: 'validation',
    metrics: metrics([1]),
    best: true,
    seconds: 1,
  });
  const step: Event = { kind: 'step', step: 1, epoch: 1, batch: 1, batches: 1, loss: 1, stepsPerSecond: 1 };

  it('forgets what the checkpoint does not vouch for, and a line cut short', async () => {
    const out = await mkdtemp(join(tmpdir(), 'pcrec-'));
    await startLog(out, 0)();
    [epoch(1), step, epoch(2), epoch(3)].forEach(log(out));
    appendFileSync(logFile(out), line(epoch(4)).slice(0, -20));
    await startLog(out, 2)();
    expect(await readFile(logFile(out), 'utf8')).toBe(line(epoch(1)) + line(epoch(2)));
    await startLog(out, 0)();
    expect(await readFile(logFile(out), 'utf8')).toBe('');
    await rm(out, { recursive: true });
  });
});
