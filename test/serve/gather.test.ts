/** Whoever is asked for with whom: everybody has their own answer, nobody is answered twice, and the bounds hold. */
import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { type Answerer, type Bounds, gatherer } from '../../runtime/serve/gather.js';

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const now = (): number => performance.now();
const usual: Bounds = { batch: 4, delay: 1, queue: 100, timeout: 10_000 };

/** Doubles numbers, and keeps how many it was asked at once. */
const doubling = (wait: () => Promise<unknown> = () => Promise.resolve()) => {
  const sizes: number[] = [];
  const answerer: Answerer<number, number> = {
    ask: async (questions) => {
      sizes.push(questions.length);
      await wait();
      return E.right(questions.map((q) => 2 * q));
    },
    ready: () => Promise.resolve(true),
  };
  return { answerer, sizes };
};
/** One that answers when it is told to. */
const held = () => {
  const lets: (() => void)[] = [];
  const made = doubling(
    () =>
      new Promise<void>((resolve) => {
        lets.push(resolve);
      }),
  );
  return { ...made, go: () => lets.shift()?.() };
};

describe('a gatherer', () => {
  it('gives everybody their own answer, in batches that are not too large, in whatever order they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gap: fc.nat(3), value: fc.integer() }), { minLength: 1, maxLength: 40 }),
        fc.record({
          batch: fc.integer({ min: 1, max: 9 }),
          delay: fc.constantFrom(0, 1, 3),
          queue: fc.constant(100),
          timeout: fc.constant(10_000),
        }),
        fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
        async (arrivals, bounds, speeds) => {
          const made = speeds.map((ms) => doubling(() => pause(ms)));
          const all = gatherer(
            made.map(({ answerer }) => answerer),
            bounds,
            now,
          );
          const answers: Promise<unknown>[] = [];
          for (const { gap, value } of arrivals) {
            if (gap > 1) await pause(gap - 1);
            answers.push(all.ask(value));
          }
          expect(await Promise.all(answers)).toEqual(arrivals.map(({ value }) => E.right(2 * value)));
          const sizes = made.flatMap((m) => m.sizes);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(bounds.batch);
          expect(sizes.reduce((a, b) => a + b, 0)).toBe(arrivals.length);
          await all.end();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gathers what comes together, and what comes while all are busy', async () => {
    const { answerer, sizes, go } = held();
    const all = gatherer([answerer], usual, now);
    const first = [1, 2].map((q) => all.ask(q));
    while (sizes.length === 0) await pause(1);
    expect(sizes).toEqual([2]);
    const rest = [3, 4, 5, 6, 7].map((q) => all.ask(q));
    await pause(20);
    expect([sizes, all.waiting()]).toEqual([[2], 5]);
    go();
    expect(await Promise.all(first)).toEqual([E.right(2), E.right(4)]);
    await pause(20);
    go();
    await pause(20);
    go();
    expect(await Promise.all(rest)).toEqual([6, 8, 10, 12, 14].map((a) => E.right(a)));
    expect(sizes).toEqual([2, 4, 1]);
  });

  it('refuses what would wait beyond its queue, and says when to come again', async () => {
    const { answerer, go } = held();
    const all = gatherer([answerer], { ...usual, batch: 1, queue: 2 }, now);
    const taken = [all.ask(1)];
    await pause(10);
    taken.push(all.ask(2), all.ask(3));
    const refused = await all.ask(4);
    expect(refused).toMatchObject({ left: { kind: 'full' } });
    expect(E.isLeft(refused) && refused.left.kind === 'full' && Number.isInteger(refused.left.after)).toBe(true);
    for (let i = 0; i < 3; i++) {
      go();
      await pause(10);
    }
    expect(await Promise.all(taken)).toEqual([2, 4, 6].map((a) => E.right(a)));
    expect(all.waiting()).toBe(0);
  });

  it('lets nobody wait longer than it may, and scores nothing for those who have gone', async () => {
    const { answerer, sizes, go } = held();
    let clock = 0;
    const all = gatherer([answerer], { ...usual, delay: 0, timeout: 40 }, () => clock);
    const first = all.ask(1);
    while (sizes.length === 0) await pause(1);
    const late = all.ask(2);
    clock = 50;
    expect(await late).toEqual(E.left({ kind: 'late' }));
    const left = all.ask(3, () => true);
    go();
    expect(await first).toEqual(E.right(2));
    expect(await left).toEqual(E.left({ kind: 'late' }));
    expect(sizes).toEqual([1]);
  });

  it('says why a batch failed to all of it, and goes on', async () => {
    let fails = true;
    const all = gatherer<number, number>(
      [
        {
          ask: async (questions) => (fails ? E.left('the device was lost') : E.right([...questions])),
          ready: () => Promise.resolve(true),
        },
      ],
      usual,
      now,
    );
    expect(await Promise.all([all.ask(1), all.ask(2)])).toEqual(
      [1, 2].map(() => E.left({ kind: 'failed', why: 'the device was lost' })),
    );
    fails = false;
    expect(await all.ask(3)).toEqual(E.right(3));
  });

  it('asks one that died no more until it is there again, and closes when none is left', async () => {
    let revive: (again: boolean) => void = () => undefined;
    const dying = {
      asked: 0,
      ask: async (questions: readonly number[]) => {
        dying.asked++;
        return dying.asked === 1 ? E.left('died') : E.right([...questions]);
      },
      ready: () =>
        dying.asked === 1
          ? new Promise<boolean>((resolve) => {
              revive = resolve;
            })
          : Promise.resolve(false),
    };
    const all = gatherer<number, number>([dying], usual, now);
    expect(await all.ask(1)).toMatchObject({ left: { kind: 'failed' } });
    const waits = all.ask(2);
    await pause(20);
    expect(dying.asked).toBe(1);
    revive(true);
    expect(await waits).toEqual(E.right(2));
    await pause(5);
    expect(all.alive()).toBe(0);
    expect(await all.ask(3)).toEqual(E.left({ kind: 'closed' }));
  });

  it('ends when all that was taken is answered', async () => {
    const { answerer, go } = held();
    const all = gatherer([answerer], { ...usual, batch: 1 }, now);
    const taken = [1, 2].map((q) => all.ask(q));
    let over = false;
    const end = all.end().then(() => {
      over = true;
    });
    expect(await all.ask(3)).toEqual(E.left({ kind: 'closed' }));
    await pause(10);
    go();
    await pause(10);
    expect(over).toBe(false);
    go();
    expect(await Promise.all(taken)).toEqual([E.right(2), E.right(4)]);
    await end;
    await gatherer([doubling().answerer], usual, now).end();
  });
});
