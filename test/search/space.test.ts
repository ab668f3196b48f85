/** Spaces, the points drawn from them, and successive halving: laws, and what is refused. */
import * as E from 'fp-ts/lib/Either.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HyperList } from '../../runtime/contract/hypers.js';
import { ordered, rungsOf, standing } from '../../runtime/search/halving.js';
import { pointsOf, spaceOf } from '../../runtime/search/space.js';

const hyper: HyperList['hyper'] = {
  rate: { kind: 'number', value: 0.001, doc: '', min: 0 },
  dropout: { kind: 'number', value: 0.2, doc: '', min: 0, max: 1 },
  heads: { kind: 'integer', value: 2, doc: '', min: 1 },
  times: { kind: 'boolean', value: false, doc: '' },
  loss: { kind: 'choice', value: 'softmax', doc: '', choices: ['softmax', 'bce'] },
};
const right = <A>(e: E.Either<string, A>): A => {
  if (E.isLeft(e)) throw new Error(e.left);
  return e.right;
};
const space = (text: string) => right(spaceOf(text, hyper));

describe('a space', () => {
  it.each([
    ['rte=1..2', "--space names rte, which is no hyperparameter of the model: did you mean 'rate'?"],
    [
      'rate',
      '--space takes NAME=VALUES with commas between them, not "rate": VALUES are A..B, log:A..B, or values with | between them.',
    ],
    ['', '--space says where to look'],
    ['rate=2..1', '--space rate: 2..1 is empty: the lower end comes first.'],
    ['rate=log:0..1', '--space rate: log:0..1 has no logarithm: the lower end is above 0.'],
    ['rate=log:3', '--space rate: "log:3" is no range'],
    ['dropout=0..2', '--space dropout: "2" cannot be tried: it is at most 1.'],
    ['heads=1..2.5', '--space heads: "2.5" cannot be tried: it is a whole number.'],
    ['heads=1|x', '--space heads: "x" cannot be tried: it is a whole number.'],
    ['loss=softmax|hinge', '--space loss: "hinge" cannot be tried: it is one of softmax, bce.'],
    ['rate=..', '--space rate: "" cannot be tried: it is a number.'],
    ['times=1..2', '--space times: "1..2" cannot be tried: it is true or false.'],
    ['rate=1|2,rate=3|4', '--space names a hyperparameter twice: give all its values at once.'],
    ['constructor=1|2', '--space names constructor, which is no hyperparameter of the model'],
  ])('refuses %s', (text, why) => {
    const found = spaceOf(text, hyper);
    expect(E.isLeft(found) ? found.left : 'taken').toContain(why);
  });

  it('takes a number that is written in two ways as one', () => {
    expect(
      pointsOf(space('rate=0.001|1e-3|2e-3'), 1, 9)
        .map(({ rate }) => rate)
        .sort(),
    ).toEqual(['0.001', '0.002']);
  });

  it('gives points within it, of the right kind, of which a seed gives the same first ones', () => {
    const of = space('rate=log:1e-4..1e-2,dropout=0..0.5,heads=1..4,times=true|false,loss=softmax|bce');
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 1, max: 40 }), (seed, wanted) => {
        const points = pointsOf(of, seed, wanted);
        expect(points).toHaveLength(wanted);
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(wanted);
        expect(pointsOf(of, seed, wanted + 5).slice(0, wanted)).toEqual(points);
        points.forEach(({ rate, dropout, heads, times, loss }) => {
          expect(Number(rate)).toBeGreaterThanOrEqual(1e-4);
          expect(Number(rate)).toBeLessThanOrEqual(1e-2);
          expect(Number(dropout)).toBeLessThanOrEqual(0.5);
          expect(['1', '2', '3', '4']).toContain(heads);
          expect(['true', 'false']).toContain(times);
          expect(['softmax', 'bce']).toContain(loss);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('is filled evenly: whole numbers and choices alike, logarithms by powers of ten', () => {
    const many = pointsOf(space('rate=log:1e-4..1e-2,dropout=0..1,heads=1..4'), 3, 2000);
    const share = (holds: (point: Readonly<Record<string, string>>) => boolean): number =>
      many.filter(holds).length / many.length;
    expect(share(({ rate }) => Number(rate) < 1e-3)).toBeCloseTo(0.5, 1);
    expect(share(({ dropout }) => Number(dropout) < 0.25)).toBeCloseTo(0.25, 1);
    ['1', '2', '3', '4'].forEach((heads) => expect(share((point) => point['heads'] === heads)).toBeCloseTo(0.25, 1));
  });

  it('has no more points than it has', () => {
    expect(pointsOf(space('heads=1|2|4,times=true|false'), 1, 30)).toHaveLength(6);
  });
});

describe('successive halving', () => {
  it('trains ever fewer ever longer, the last for all epochs', () => {
    expect(rungsOf(30, 100)).toEqual([
      { trials: 30, epochs: 3 },
      { trials: 10, epochs: 11 },
      { trials: 3, epochs: 33 },
      { trials: 1, epochs: 100 },
    ]);
    expect(rungsOf(30, 3)).toEqual([
      { trials: 30, epochs: 1 },
      { trials: 10, epochs: 3 },
    ]);
    expect(rungsOf(2, 50)).toEqual([{ trials: 2, epochs: 50 }]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (trials, epochs) => {
        const rungs = rungsOf(trials, epochs);
        expect(rungs[0]!.trials).toBe(trials);
        expect(rungs.at(-1)!.epochs).toBe(epochs);
        rungs.slice(1).forEach((rung, i) => {
          expect(rung.trials).toBeLessThan(rungs[i]!.trials);
          expect(rung.trials).toBeGreaterThan(0);
          expect(rung.epochs).toBeGreaterThan(rungs[i]!.epochs);
        });
      }),
    );
  });

  it('goes on with the best, in one order whatever the order in which they were done, and with none that failed', () => {
    const scores = fc.uniqueArray(
      fc.record({ trial: fc.nat(40), value: fc.option(fc.constantFrom(0, 0.1, 0.2, 0.3), { nil: null }) }),
      { selector: ({ trial }) => trial, minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 8 }), (all, trials) => {
        const on = standing({ trials, epochs: 9 }, all);
        expect(standing({ trials, epochs: 9 }, all.toReversed())).toEqual(on);
        const value = (trial: number) => all.find((score) => score.trial === trial)!.value;
        expect(on.every((trial) => value(trial) !== null)).toBe(true);
        const out = all.filter(({ trial }) => !on.includes(trial)).map(({ value: of }) => of ?? -1);
        if (on.length > 0)
          expect(Math.min(...on.map((trial) => value(trial)!))).toBeGreaterThanOrEqual(Math.max(-1, ...out));
        expect(ordered(all)).toHaveLength(all.length);
      }),
    );
  });
});
