/** The live line: the course of the loss, and where it is shown. */
import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../runtime/report/tensorboard.js';
import { sparkline, traced, untraced } from '../../runtime/spark.js';
import { painter, ticker } from '../../runtime/view.js';

const follow = (values: readonly number[]) => values.reduce((trace, value) => traced(trace, value), untraced);

describe('a trace', () => {
  it('keeps means of equally many values, few of them, and loses none', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 400 }), (values) => {
        const { means, each, sum, count } = follow(values);
        expect(means.length).toBeLessThanOrEqual(12);
        expect(means.length * each + count).toBe(values.length);
        expect(Math.abs(means.reduce((a, b) => a + each * b, sum) - values.reduce((a, b) => a + b, 0))).toBeLessThan(
          1e-6,
        );
        means.forEach((mean, i) => {
          const own = values.slice(i * each, (i + 1) * each);
          expect(mean).toBeCloseTo(own.reduce((a, b) => a + b, 0) / each, 8);
        });
      }),
    );
  });

  it('is drawn from its lowest to its highest', () => {
    expect(sparkline([4, 3, 2, 1])).toBe('█▆▃▁');
    expect(sparkline([2, 2])).toBe('▁▁');
    expect(sparkline([])).toBe('');
  });
});

describe('progress', () => {
  const stream = (isTTY: boolean, columns = 80) => {
    let text = '';
    const of = Object.assign(new PassThrough(), {
      isTTY,
      columns,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
    });
    of.on('data', (chunk: Buffer) => void (text += chunk.toString()));
    return { of, text: () => text };
  };
  const told = (isTTY: boolean, environment: Record<string, string>, columns = 80): string => {
    const { of, text } = stream(isTTY, columns);
    let time = 0;
    const { tick, wipe } = ticker(of, () => time, environment);
    const course = follow([3, 2, 1]);
    for (let done = 1; done <= 3; done++) {
      time += 31_000;
      tick({ label: 'epoch 1', done, of: 3, detail: 'loss 1.0000', course });
    }
    wipe();
    return text();
  };

  it('is a bar with the course of the loss on a terminal, shorter on a narrow one, and cut off where that ends', () => {
    const [wide, narrow] = [told(true, {}, 120), told(true, {}, 80)];
    for (const text of [wide, narrow]) {
      expect(text).toContain('█▅▁ loss 1.0000');
      // Lines are not wrapped.
      expect(text).toContain('\u001b[?7l');
    }
    expect([wide, narrow].map((text) => /=+(?= 3\/3)/.exec(text)![0].length)).toEqual([24, 10]);
  });

  it.each([
    ['no terminal', false, {}],
    ['a terminal of a CI', true, { CI: 'true' }],
    ['a terminal that cannot go back', true, { TERM: 'dumb' }],
  ])('is plain lines on %s', (_, isTTY, environment) => {
    expect(told(isTTY, environment)).toBe(
      'epoch 1 1/3  loss 1.0000\nepoch 1 2/3  loss 1.0000\nepoch 1 3/3  loss 1.0000\n',
    );
  });

  it('has no colours where NO_COLOR says so, or where there is no terminal', () => {
    expect(painter(stream(true).of, {}).red('x')).not.toBe('x');
    expect(painter(stream(true).of, { NO_COLOR: '1' }).red('x')).toBe('x');
    expect(painter(stream(true).of, { NO_COLOR: '' }).red('x')).not.toBe('x');
    expect(painter(stream(false).of, {}).red('x')).toBe('x');
  });
});

it('sums as the catalogue of CRCs has it', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});
