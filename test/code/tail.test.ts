/** What rows come to once their positions are read is computed for many rows together: what comes out is what each row has by itself. */
import { describe, expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { rowsTogether } from '../../compiler/cpu/tail.js';
import { axis, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { interpret } from '../gpu/interpret.js';
import { data, differences, worst } from '../gpu/sessions.js';
import * as c from '../native/sessions.js';
import { scanned, type Scanned } from '../support/scanned.js';
import * as wasm from '../wasm/sessions.js';

const openers = { wasm: wasm.opened, ...(c.available ? { native: c.opened } : {}) };
const ITEMS = 77;

const batch = partial('batch', 'batch');
const seq = ragged('seq', batch, 9);
const seen = ragged('seen', batch, 4);
const [width, item] = [axis('width', 6), axis('item', 'items')];
const x = build.input('x', [batch, seq, width], 'f32');
const table = build.input('table', [item, width], 'f32');
const target = build.input('target', [batch], 'i32');
const past = build.input('past', [batch, seen], 'i32');
const times = (a: Node, b: Node, ...over: readonly string[]): Node => build.reduce('sum', build.map('mul', a, b), over);
const user = build.reduce('max', build.map('tanh', x), ['seq']);
const scores = times(user, table, 'width');
const count = (condition: Node, over: string): Node =>
  build.reduce('sum', build.map('select', condition, build.constant(1), build.constant(0)), [over]);
const wanted = build.gather(scores, target, 'item');
/** Its rank among items, of which those met before do not count. */
const rank = build.map(
  'sub',
  count(build.map('ge', scores, wanted), 'item'),
  count(build.map('ge', build.gather(scores, past, 'item'), wanted), 'seen'),
);
/** Zero where a condition on the row says so: what is ruled out is cleared, for rows together as for one. */
const upTo = build.map(
  'select',
  build.map('le', build.index(item), target),
  build.map('sin', scores),
  build.constant(0),
);
/** A second product of what rows have with what they share. */
const back = times(build.map('sigmoid', scores), table, 'item');

/** As many as blocks take, one more, fewer, and many. */
const sizes = [rowsTogether, rowsTogether + 1, 3, 90];
const gone = (rows: number): number => Math.min(2, rows - 1);
const made = (rows: number, roots: readonly Node[]): Scanned => {
  const wave = (n: number, speed: number): readonly number[] =>
    Array.from({ length: n }, (_, i) => Math.sin(i * speed));
  const numbers = (n: number, below: number): readonly number[] =>
    Array.from({ length: n }, (_, i) => (i * 31) % below);
  return scanned(roots, {
    sizes: { batch: rows, items: ITEMS },
    inputs: {
      x: wave(rows * 9 * 6, 3.7),
      table: wave(ITEMS * 6, 1.3),
      target: numbers(rows, ITEMS),
      past: numbers(rows * 4, ITEMS),
      'seq.lengths': Array.from({ length: rows }, (_, i) => 1 + (i % 9)),
      'seen.lengths': numbers(rows, 5),
      'batch.missing': [gone(rows)],
    },
    params: {},
    random: { seed: 1, step: 1 },
  });
};
const scheduledOf = ({ program }: Scanned) => cpuProgram(program, native).entries[0]!.scheduled;
const whole = [rank, build.reduce('sum', upTo, ['item']), back];

describe('rows whose positions are read', () => {
  it('run together, and a thread holds as many of them as run together', () => {
    const { phases, world } = scheduledOf(made(30, whole));
    const together = phases.filter((p) => p.gather?.most === rowsTogether && p.gather.lengths === undefined);
    expect(together.length).toBe(1);
    const held = together[0]!.rows.flat().filter((j) => world.layouts.get(j.output)!.local);
    expect(held.length).toBeGreaterThan(0);
    for (const j of held) expect(world.layouts.get(j.output)!.gathered).toBe(true);
    // Whoever reads positions has run before, row by row.
    expect(phases.findIndex((p) => p.gather?.lengths === 'seq.lengths')).toBeLessThan(phases.indexOf(together[0]!));
  });

  it('run one after the other where somebody reads their sum, or positions again', () => {
    for (const roots of [
      [build.reduce('sum', scores, ['batch'])],
      [build.reduce('sum', build.map('mul', x, back), ['width'])],
    ])
      expect(scheduledOf(made(30, roots)).phases.filter((p) => p.gather?.most === rowsTogether)).toEqual([]);
  });

  describe.each(sizes)('%i of them', (rows) => {
    const all = made(rows, whole);
    const { program, inputs, draw, want } = all;
    /** Rows that are missing hold anything. */
    const existing = (values: ArrayLike<number>): number[] =>
      Array.from(values).slice(0, (values.length / rows) * (rows - gone(rows)));
    it.each(Object.entries(openers))(
      'give on %s what the reference gives, and the same bytes on any number of threads',
      async (_, open) => {
        const given = data(program, inputs);
        const found = [];
        for (const threads of [1, 2, 4]) {
          const session = await open(program, all.sizes, { threads });
          found.push(await session.run('train', given, draw));
          // Once more, over what the first run left.
          expect(await session.run('train', given, draw)).toEqual(found.at(-1));
          await session.dispose();
        }
        const [one, ...others] = found;
        for (const other of others) expect(other).toEqual(one);
        const kept = <A extends Readonly<Record<string, ArrayLike<number>>>>(of: A) =>
          Object.fromEntries(Object.entries(of).map(([name, values]) => [name, existing(values)]));
        expect(differences(kept(one!) as never, kept(want))).toEqual([]);
      },
    );

    it.each(Object.entries(openers))('are looked at on %s', async (_, open) => {
      const session = await open(program, all.sizes, { threads: 1 });
      const looked = await session.inspect('train', data(program, inputs), draw);
      await session.dispose();
      const { world } = scheduledOf(all);
      const values = interpret(program.entries[0]!, all.sizes, inputs, draw);
      const local = looked.filter(
        ({ name }) => world.layouts.get(name)?.gathered === true && values[name] !== undefined,
      );
      expect(local.length).toBeGreaterThan(0);
      for (const { name, data: found } of local) {
        expect(worst(existing(found), existing(values[name]!), 1), name).toBeLessThan(1e-4);
      }
    });
  });
});
