/** Users stay apart inside descend and fixedPoint, whatever the types let through. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { add, axis, descend, expand as spread, fixedPoint, mean, mul, normal, param, square, sub, sum } from 'pcrec';
import { expand } from '../../compiler/passes/expand.js';
import { programOf } from '../support/programs.js';
import type { Node } from '../../dsl/node.js';

const batch = axis('batch', 'batch');
const width = axis('width', 3);
const start = param('start', [batch, width], normal(1));
const refusal = (root: Node): string => {
  const result = expand.run(programOf({ out: root }));
  return isLeft(result) ? result.left.map((d) => d.message).join() : 'accepted';
};

describe('rows', () => {
  it('refuses an energy that compares users with their mean', () => {
    const {
      states: [s],
    } = descend(([x]) => sum(square(sub(x, mean(x, batch))), width), { wrt: [start], rate: 0.1, steps: 1 });
    expect(refusal(s)).toBe(
      "users are mixed inside descend: an expression takes the sum over 'batch', and its states enter it",
    );
  });

  it('refuses a step that adds what all users are', () => {
    const { value } = fixedPoint(start, (x) => add(mul(x, 0.5), spread(mean(x, batch), batch)), {
      solver: { kind: 'picard', damping: 0 },
      stop: { fixed: 3 },
    });
    expect(refusal(value)).toContain('users are mixed inside fixedPoint');
  });

  it('accepts what users share without their states', () => {
    const shared = mean(start, batch);
    const {
      states: [s],
    } = descend(([x]) => sum(square(sub(x, shared)), width), { wrt: [start], rate: 0.1, steps: 1 });
    expect(refusal(s)).toBe('accepted');
  });
});
