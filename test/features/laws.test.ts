/** Laws of features: constants say the same as a state that is given; the order of a vocabulary says nothing; missing is nothing. */
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node, Param } from '../../dsl/node.js';
import sasrecf from '../../models/sasrecf.js';
import { substitute, topological } from '../../compiler/graph.js';
import { type Program, rootsOf, withRoots } from '../../compiler/program.js';
import { pipeline } from '../../compiler/pipeline.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { hashKey, mix } from '../../runtime/contract/random.js';
import { type Dataset, dataset, leaveOneOut } from '../../runtime/data/index.js';
import { recoded, valuesOf } from '../../runtime/data/recode.js';
import { catalogued, eventValues, givenStates, learnt, met, sizesOf } from '../../runtime/features.js';
import { columns, environment, plain, programs } from '../support/models.js';
import { runPass } from '../support/programs.js';
import { compiled, eventful, ok } from './compiled.js';
import { actions, categoryOf, data, genres, plainData } from './data.js';

const isGiven = (n: Node): n is Param => n.op === 'param' && n.init.kind === 'given';
const givenIn = (program: Program): readonly Param[] => topological(rootsOf(program)).filter(isGiven);

/** The numbers as an expression: at each position the one that stands there. */
const spelt = (axes: Param['axes'], numbers: ArrayLike<number>, shape: readonly number[]): Node =>
  Array.from(numbers).reduce<Node>(
    (sum, value, at) => {
      let rest = at;
      const places = shape.map((_, k) => {
        const size = shape.slice(k + 1).reduce((n, s) => n * s, 1);
        const place = Math.floor(rest / size);
        rest %= size;
        return place;
      });
      const here = axes.reduce<Node>(
        (x, axis, k) =>
          build.map(
            'select',
            build.map('eq', build.index(axis), build.constant(places[k]!, 'i32')),
            x,
            build.constant(0),
          ),
        build.constant(value),
      );
      return build.map('add', sum, here);
    },
    build.broadcast(build.constant(0), axes),
  );

describe('a model with features', () => {
  const over = { blocks: 1, ...columns, vectors: '' };
  it.each([0, 1, 2])('is the model in which they are spelt as constants, entry %i', (entry) => {
    const program = programs(sasrecf, over)[entry]!;
    const env = environment([plain(program)]);
    const given = givenIn(program);
    expect(given.map(({ path }) => path).sort()).toEqual(['item.genre', 'item.tags', 'item.year', 'items.met']);
    const constants = new Map<Node, Node>(
      given.map((p) => [
        p,
        spelt(
          p.axes,
          env.params![p.path]!,
          p.axes.map((a) => env.sizes[(a.extent as { size: string }).size]!),
        ),
      ]),
    );
    const same = withRoots(program, substitute(rootsOf(program), constants));
    expect(givenIn(same)).toEqual([]);
    const [a, b] = [plain(program), plain(same)];
    const [want, got] = [a, b].map((p) => evaluate(rootsOf(p), env));
    expect(Object.keys(b.updates)).toEqual(Object.keys(a.updates));
    expect(Object.keys(a.updates).some((path) => path.startsWith('item'))).toBe(false);
    want!.forEach((value, i) => value.data.forEach((x, k) => expect(got![i]!.data[k]).toBeCloseTo(x, 9)));
  });

  it('is the same after every pass, whatever codes the values have, where the tables are in the same order', () => {
    const program = plain(programs(sasrecf, over)[0]!);
    const env = environment([program]);
    const size = env.sizes['item_genre_values']!;
    // 0 stays what is missing.
    const moved = Array.from({ length: size }, (_, code) => (code === 0 ? 0 : 1 + (code % (size - 1))));
    const width = env.params!['feature.genre']!.length / size;
    const table = (path: string): readonly number[] => {
      const old = Array.from(env.params![path]!);
      const fresh = [...old];
      // Axes by name: genre before width.
      moved.forEach((to, from) => {
        for (let w = 0; w < width; w++) fresh[to * width + w] = old[from * width + w]!;
      });
      return fresh;
    };
    const paths = Object.keys(env.params!).filter((path) => path.startsWith('feature.genre'));
    expect(paths).toEqual(['feature.genre', 'feature.genre.m', 'feature.genre.v']);
    const other = {
      ...env,
      params: {
        ...env.params,
        ...Object.fromEntries(paths.map((path) => [path, table(path)])),
        'item.genre': Array.from(env.params!['item.genre']!, (code) => moved[code]!),
      },
    };
    const [want, got] = [env, other].map((e) => evaluate([program.outputs['loss']!], e)[0]!.data[0]!);
    expect(got).toBeCloseTo(want!, 10);
  });

  it('embeds what is missing as zeros, and sends its table no gradient for it', () => {
    const program = plain(programs(sasrecf, { blocks: 1, categories: 'genre' })[0]!);
    const env = environment([program]);
    const nobody = { ...env, params: { ...env.params, 'item.genre': Array.from(env.params!['item.genre']!, () => 0) } };
    const table = program.updates['feature.genre.m']!;
    const moments = evaluate([table], nobody)[0]!.data;
    // The first moment of AdamW decays by 0.9 where there is no gradient.
    moments.forEach((x, i) => expect(x).toBeCloseTo(0.9 * env.params!['feature.genre.m']![i]!, 10));
    const none = withRoots(program, rootsOf(program));
    const other = {
      ...nobody,
      params: { ...nobody.params, 'feature.genre': Array.from(env.params!['feature.genre']!, (x) => x + 1) },
    };
    expect(evaluate([none.outputs['loss']!], other)[0]!.data).toEqual(
      evaluate([none.outputs['loss']!], nobody)[0]!.data,
    );
  });

  it('teaches nothing by items that training never met: what is known of them changes no update', () => {
    const program = plain(programs(sasrecf, { blocks: 1, categories: 'genre' })[0]!);
    const env = environment([program]);
    const [last, only] = [env.params!['items.met']!.length - 1, env.sizes['item_genre_values']! - 1];
    const elsewhere = (ids: ArrayLike<number>): readonly number[] => Array.from(ids, (id) => (id === last ? 0 : id));
    const known = (genre: number) => ({
      ...env,
      inputs: {
        ...env.inputs,
        items: elsewhere(env.inputs!['items']!),
        targets: elsewhere(env.inputs!['targets']!),
      },
      params: {
        ...env.params,
        'items.met': Array.from({ length: last + 1 }, (_, i) => Number(i < last)),
        'item.genre': Array.from({ length: last + 1 }, (_, i) => (i < last ? i % only : genre)),
      },
    });
    const values = (genre: number) => evaluate(rootsOf(program), known(genre)).map(({ data }) => data);
    expect(values(only)).toEqual(values(0));
    expect(values(only)[0]![0]).toBeGreaterThan(0);
  });

  it('keeps its states through all passes as what no step changes', () => {
    for (const program of programs(sasrecf, over)) {
      const done = pipeline.reduce((p, pass) => runPass(pass, p), program);
      expect(Object.keys(done.updates).filter((path) => givenIn(program).some((p) => p.path === path))).toEqual([]);
    }
  });
});

describe('what data say', () => {
  const model = compiled(sasrecf, { ...columns, blocks: 1 });
  const events = compiled(eventful);
  const order = fc.nat().map((seed) => (names: readonly string[]) => {
    const key = (name: string): number => mix(hashKey(name) ^ seed);
    return [...names].sort((a, b) => key(a) - key(b));
  });

  it('does not depend on the order of vocabularies', () => {
    const said = (of: ReturnType<typeof data>) => {
      const parts = leaveOneOut(catalogued(model.manifest, of));
      const [items, told] = [ok(learnt(model.manifest, parts)), ok(learnt(events.manifest, leaveOneOut(of)))];
      return {
        hash: of.hash,
        items,
        told,
        sizes: sizesOf(items),
        states: givenStates(model.manifest, items, parts),
        values: [...eventValues(told, of.events)],
      };
    };
    const want = said(data());
    expect(want.sizes).toMatchObject({ item_text_width: 3 });
    fc.assert(
      fc.property(order, (permuted) => {
        expect(said(data(permuted))).toEqual(want);
      }),
      { numRuns: 20 },
    );
  });

  it('is known by name to a checkpoint that learnt another vocabulary, and missing where training never saw it', () => {
    const column = categoryOf(['x', 'war', 'noir'], ['war', 'x', undefined, 'noir']);
    expect([...recoded(column, ['noir', 'war']).values]).toEqual([2, 0, 0, 1]);
    expect(valuesOf(column)).toEqual(['noir', 'war', 'x']);
    expect(valuesOf(column, (row) => row !== 1)).toEqual(['noir', 'war']);
    const lexicon = { items: {}, events: { action: { kind: 'category', vocabulary: ['buy', 'view'] } as const } };
    const values = eventValues(lexicon, data().events).get('action')!;
    const column2 = data().events!.get('action') as ReturnType<typeof categoryOf>;
    expect([...values]).toEqual(
      Array.from(column2.values, (v) => (v === 0 ? 0 : 1 + ['buy', 'view'].indexOf(actions[v - 1]!))),
    );
  });

  it('is learnt from training alone: neither held-out events nor items that only they are of', () => {
    const of = data();
    const parts = leaveOneOut(of);
    const held = new Set(
      of.users
        .map((_, u) => parts.trainingEnds[u]!)
        .flatMap((end, u) => {
          const last = of.offsets[u + 1]!;
          return Array.from({ length: last - end }, (_, i) => end + i);
        }),
    );
    const ratings = (of.events!.get('rating') as { values: Float64Array }).values;
    const known = [...ratings].filter((x, i) => !held.has(i) && !Number.isNaN(x));
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    const found = ok(learnt(events.manifest, parts))!.events['rating'];
    expect(found).toMatchObject({ kind: 'number', mean: expect.closeTo(mean, 12) });
    const seen = met(parts);
    expect([...seen]).toEqual(
      of.items.map((_, item) => Number([...of.sequence].some((x, i) => x === item && !held.has(i)))),
    );
  });

  it('has a hash of its own, and none other where there is none', () => {
    expect(data().hash).not.toBe(plainData().hash);
    const { hash, ...parts } = plainData();
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(parts).not.toHaveProperty('features');
  });

  it('is refused where a column has not one value a row, or codes that its vocabulary has not', () => {
    const { hash: _hash, ...parts } = data();
    const made = (features: Dataset['features'], events: Dataset['events'] = undefined) =>
      dataset({ ...parts, ...(features && { features }), ...(events && { events }) });
    const short = new Map([['year', { kind: 'number', values: new Float64Array(3) } as const]]);
    expect(() => made(short)).toThrow("the column 'year' of items is not one number for each of 11 rows");
    expect(() => made(undefined, short)).toThrow("the column 'year' of events is not one number for each of");
    const codes = { kind: 'category', vocabulary: ['x'], values: new Int32Array(11).fill(2) } as const;
    expect(() => made(new Map([['genre', codes]]))).toThrow("the column 'genre' of items is not one category");
  });

  it('is asked for by name: a column that is not there is named with those that are', () => {
    const without = learnt(model.manifest, leaveOneOut(plainData()));
    expect(isLeft(without) && without.left).toBe(
      "The model sasrecf reads the column 'genre' of items as a category, and the table of items of small has none: give a table of items with that column, or compile the model for other columns.",
    );
    const odd = compiled(sasrecf, { categories: 'year', blocks: 1 });
    const wrong = learnt(odd.manifest, leaveOneOut(data()));
    expect(isLeft(wrong) && wrong.left).toContain(
      "reads the column 'year' of items as a category, and in small it is a number: say what it is (--item-columns year:category), or compile the model for other columns.",
    );
    const brand = compiled(sasrecf, { categories: 'brand', blocks: 1 });
    const missing = learnt(brand.manifest, leaveOneOut(data()));
    expect(isLeft(missing) && missing.left).toContain(
      'the table of items of small has genre (category), tags (list of categories), year (number), text (vector), title (text)',
    );
  });
  it('has every genre in its vocabulary that training met', () => {
    const parts = leaveOneOut(catalogued(model.manifest, data()));
    expect(parts.dataset.items.slice(-2)).toEqual(['y', 'z']);
    expect(ok(learnt(model.manifest, parts))!.items['genre']).toEqual({
      kind: 'category',
      vocabulary: [...genres].sort(),
    });
  });
});
