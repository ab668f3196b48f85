/** Tables that differ in some rows: the pass keeps what they mean, and never forms one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { sparse } from '../../compiler/passes/sparse.js';
import { rootsOf } from '../../compiler/program.js';
import { axis } from '../../dsl/axis.js';
import { batch, environmentFor, item, key, seq, sizes, width } from '../generators/axes.js';
import { expectEqualValues, measured } from '../support/compare.js';
import { programOf, runPass } from '../support/programs.js';

const { map, constant } = build;
const negative = axis('negative', 3);
const real = (name: string, ...axes: Parameters<typeof build.input>[1]) => build.input(name, axes, 'f32');
const ids = (name: string, ...axes: Parameters<typeof build.input>[1]) => build.input(name, axes, 'i32');
const shared = build.param('table', [item, width], { kind: 'normal', std: 1 });
const history = ids('history', batch, seq);
const drawn = ids('drawn', negative);

/** What a user's own table differs by: rows that were met in the history, and rows that were drawn. */
const moved: readonly Node[] = [
  build.scatter(real('moved.history', batch, seq, width), history, item, ['seq']),
  build.scatter(real('moved.again', batch, seq, width), history, item, ['seq']),
  build.scatter(real('moved.drawn', batch, negative, width), drawn, item, ['negative']),
  // What users have in common, one row of each.
  build.scatter(real('moved.users', batch, width), ids('user', batch), item, ['batch']),
];

/** Tables: the shared one, what it differs by, and what is made of two tables. */
type Table = (a: Node, b: Node) => Node;
const makes: readonly Table[] = [
  (a, b) => map('add', a, b),
  (a, b) => map('sub', a, map('mul', constant(0.3), b)),
  (a) => map('neg', a),
  (a, b) => map('mul', a, b),
  (a) => map('div', a, map('add', constant(1), map('mul', shared, shared))),
  (a) => map('mul', a, real('query', batch, width)),
  (a) => map('mul', real('scale', item), a),
  (a) => build.broadcast(a, [batch]),
  (a) => build.broadcast(a, [key]),
];
const tables = fc
  .array(fc.tuple(fc.nat(makes.length - 1), fc.nat(), fc.nat()), { maxLength: 4 })
  .map((steps) =>
    steps
      .reduce<readonly Node[]>(
        (pool, [make, i, j]) => [...pool, makes[make]!(pool[i % pool.length]!, pool[j % pool.length]!)],
        [shared, ...moved],
      )
      .slice(-3),
  );

/** What is read off a table: none of these has both items and width. */
const reads: readonly ((t: Node) => Node)[] = [
  (t) => build.reduce('sum', build.broadcast(t, [batch, width]), ['width']),
  (t) => map('tanh', build.reduce('sum', build.broadcast(map('mul', t, t), [batch, width]), ['width'])),
  (t) => build.gather(t, build.rename(history, 'seq', key), 'item'),
  (t) => build.gather(t, history, 'item'),
  (t) => build.gather(t, drawn, 'item'),
  // Ids that do not exist find nothing, and two of them do not find each other.
  (t) => build.gather(t, map('sub', history, constant(2, 'i32')), 'item'),
  (t) => build.gather(build.reduce('sum', build.broadcast(t, [batch, width]), ['width']), history, 'item'),
];

describe('sparse', () => {
  test('keeps the meaning of what is read off a table, and forms none for each user', () => {
    let rewritten = 0;
    fc.assert(
      fc.property(
        tables,
        fc.array(fc.nat(reads.length - 1), { minLength: 1, maxLength: 3 }),
        sizes,
        fc.nat(),
        (pool, chosen, at, seed) => {
          const roots = chosen.map((k, i) => reads[k]!(pool[i % pool.length]!));
          const before = programOf(Object.fromEntries(roots.map((r, i) => [`out${i}`, r])));
          const after = runPass(sparse, before);
          const env = environmentFor([...rootsOf(before), ...rootsOf(after)], at, seed);
          const want = measured(rootsOf(before), env);
          fc.pre(want.finite && want.scale < 1e6);
          const got = measured(rootsOf(after), env);
          rootsOf(before).forEach((root, i) => {
            expect(rootsOf(after)[i]!.axes).toEqual(root.axes);
            expectEqualValues(got.values[i]!, want.values[i]!, Math.max(want.scale, got.scale), `out${i}`);
          });
          if (rootsOf(before).some((r, i) => r !== rootsOf(after)[i])) rewritten += 1;
          const scattered = topological(rootsOf(after)).filter(
            (n) => n.op === 'scatter' && build.hasAxis(n, 'item') && build.hasAxis(n, 'width'),
          );
          expect(scattered).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
    expect(rewritten).toBeGreaterThan(100);
  });

  test('leaves alone what is as dense as its summands', () => {
    const gradient = build.scatter(real('moved.history', batch, seq, width), history, item, ['batch', 'seq']);
    const program = programOf({ out: map('sub', shared, gradient) });
    expect(rootsOf(runPass(sparse, program))).toEqual(rootsOf(program));
  });

  test('brings no rows to a sequence that is summed without them: there all its positions exist', () => {
    const everywhere = build.scatter(real('moved.everywhere', seq, width), ids('places', seq), item, ['seq']);
    for (const read of reads) {
      const before = programOf({ out: read(build.broadcast(everywhere, [batch])) });
      const after = runPass(sparse, before);
      const env = environmentFor(rootsOf(before), { batch: 3, lengths: [3, 0, 1] }, 5);
      expectEqualValues(measured(rootsOf(after), env).values[0]!, measured(rootsOf(before), env).values[0]!, 1, 'out');
    }
  });

  test('forms the table where something is not linear in it', () => {
    const table = map('tanh', map('sub', build.broadcast(shared, [batch]), moved[0]!));
    const before = programOf({ out: build.reduce('sum', table, ['width']) });
    const after = runPass(sparse, before);
    const env = environmentFor(rootsOf(before), { batch: 2, lengths: [3, 1] }, 5);
    expectEqualValues(measured(rootsOf(after), env).values[0]!, measured(rootsOf(before), env).values[0]!, 1, 'out');
  });
});
