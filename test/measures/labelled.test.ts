/** Measures of labels against their definitions: pairs counted one by one, probabilities as they are written. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auc, labelMerit, labelMetrics, logLoss } from '../../runtime/measures/labelled.js';

/** Logits from a few values, so that many are equal, of users in order. */
const judgements = fc
  .array(
    fc.record({ logit: fc.integer({ min: -3, max: 3 }), holds: fc.integer({ min: 0, max: 1 }), gap: fc.boolean() }),
    {
      maxLength: 40,
    },
  )
  .map((events) => {
    let user = 0;
    return {
      logits: events.map(({ logit }) => logit / 2),
      holds: events.map(({ holds }) => holds),
      users: events.map(({ gap }) => (gap ? ++user : user)),
    };
  });

/** The quadratic definition: pairs of an event of each kind, ties being half. */
const pairs = (logits: readonly number[], holds: readonly number[]): number | null => {
  const of = (kind: number): readonly number[] => logits.filter((_, i) => holds[i] === kind);
  const [yes, no] = [of(1), of(0)];
  if (yes.length === 0 || no.length === 0) return null;
  const worth = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
  return yes.flatMap((a) => no.map((b) => worth(a, b))).reduce((x, y) => x + y, 0) / (yes.length * no.length);
};

describe('AUC', () => {
  it('is the share of pairs that are in order, ties being half of one; null of one kind of events', () => {
    fc.assert(
      fc.property(judgements, ({ logits, holds }) => {
        const [got, want] = [auc({ logits, holds }), pairs(logits, holds)];
        if (want === null) expect(got).toBeNull();
        else expect(got).toBeCloseTo(want, 12);
      }),
    );
  });
  it('asks for the order alone, and of the opposite order is what is left', () => {
    fc.assert(
      fc.property(judgements, ({ logits, holds }) => {
        const all = auc({ logits, holds });
        expect(auc({ logits: logits.map((z) => Math.exp(z) - 7), holds })).toBe(all);
        const turned = auc({ logits: logits.map((z) => -z), holds });
        if (all !== null) expect(turned).toBeCloseTo(1 - all, 12);
        const order = [...logits.keys()].reverse();
        const moved = auc({ logits: order.map((i) => logits[i]!), holds: order.map((i) => holds[i]!) });
        if (all !== null) expect(moved).toBeCloseTo(all, 12);
      }),
    );
  });
  it('is 1 where all are told apart, 1/2 where none is, 0 the wrong way round', () => {
    expect(auc({ logits: [3, 1, -1], holds: [1, 1, 0] })).toBe(1);
    expect(auc({ logits: [2, 2, 2], holds: [1, 0, 0] })).toBe(0.5);
    expect(auc({ logits: [-1, 1], holds: [1, 0] })).toBe(0);
    expect([auc({ logits: [1, 2], holds: [1, 1] }), auc({ logits: [], holds: [] })]).toEqual([null, null]);
  });
});

describe('GAUC', () => {
  it('is the mean of users that have both kinds of events, each as often as they have events', () => {
    fc.assert(
      fc.property(judgements, ({ logits, holds, users }) => {
        const own = [...new Set(users)].flatMap((user) => {
          const at = [...users.keys()].filter((i) => users[i] === user);
          const found = pairs(
            at.map((i) => logits[i]!),
            at.map((i) => holds[i]!),
          );
          return found === null ? [] : [[at.length, found] as const];
        });
        const events = own.reduce((n, [length]) => n + length, 0);
        const { GAUC } = labelMetrics({ logits, holds, users });
        if (events === 0) expect(GAUC).toBeNull();
        else expect(GAUC).toBeCloseTo(own.reduce((x, [length, found]) => x + length * found, 0) / events, 12);
      }),
    );
  });
});

describe('the log loss', () => {
  it('is the mean of minus the log of the probability of what came', () => {
    fc.assert(
      fc.property(judgements, ({ logits, holds }) => {
        const p = logits.map((z) => 1 / (1 + Math.exp(-z)));
        const want = p.reduce((x, q, i) => x - Math.log(holds[i] === 1 ? q : 1 - q), 0) / p.length;
        const got = logLoss({ logits, holds });
        if (logits.length === 0) expect(got).toBeNull();
        else expect(got).toBeCloseTo(want, 12);
      }),
    );
  });
  it('is finite however sure a mistake was', () => {
    expect(logLoss({ logits: [1000, -1000], holds: [0, 1] })).toBe(1000);
    expect(logLoss({ logits: [1000], holds: [1] })).toBe(0);
  });
});

it('epochs are chosen by AUC, and by the log loss where there is none', () => {
  const metrics = (AUC: number | null, loss: number | null) => labelMerit({ AUC, GAUC: null, 'log loss': loss });
  expect([metrics(0.7, 0.2), metrics(null, 0.2), metrics(null, null)]).toEqual([0.7, -0.2, null]);
});
