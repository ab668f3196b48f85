/** What a model declares by name: two things of one name, sizes that are none, and what no trainer could open, in words. */
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { describe, expect, it, test } from 'vitest';
import {
  adamw,
  axis,
  dropout,
  embed,
  expand,
  integer,
  linear,
  mean,
  model,
  mul,
  normal,
  number,
  param,
  ragged,
  relu,
  square,
  sum,
  uniform,
  uniformBetween,
  xavierUniform,
} from '../../dsl/index.js';
import { input } from '../../dsl/build.js';
import type { Context, Hypers, Outputs } from '../../dsl/model.js';
import type { Node } from '../../dsl/node.js';
import type { Optimizer } from '../../dsl/optimizer.js';
import { type Tensor, typed } from '../../dsl/tensor.js';
import { compile } from '../../compiler/compile.js';
import { fromDisk, renderAll } from '../../compiler/diagnostics.js';
import { targets } from '../../compiler/emit/targets.js';
import { traced } from '../support/models.js';
import { compiledText, modelText } from './fixtures.js';

/** What the author of a model file reads. */
const complaint = (text: string, set: readonly string[] = []): string => {
  const { folder, compiled: result } = compiledText(text, set);
  return isLeft(result)
    ? renderAll(result.left, { colour: false, read: (file) => fromDisk(join(folder, file)), show: (file) => file })
    : 'nothing';
};

const file = (lines: string, loss: string): string =>
  modelText(`    const width = axis('width', hyper.width);
    const hidden = axis('hidden', 7);
    const table = param('item', [batch.item, width], normal(0.02));
    const x = embed(table, batch.items);
${lines}
    return { loss: mean(square(${loss}), [batch.batch, batch.seq, width]), scores: expand(sum(table, width), batch.batch) };`).replace(
    'import { add',
    'import { linear, relu, uniform, add',
  );

describe('two things of one name', () => {
  it('are refused where both stand: parameters', () => {
    expect(
      complaint(
        file(
          "    const y = linear('ff', relu(linear('ff', x, width, hidden, { bias: false })), hidden, width, { bias: false });",
          'y',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "tiny.ts:14:15: error PC3002: two parameters have the path 'ff.weight': one starts as xavierUniform from 'width' to 'hidden', the other starts as xavierUniform from 'hidden' to 'width'
        12 |     const table = param('item', [batch.item, width], normal(0.02));
        13 |     const x = embed(table, batch.items);
      > 14 |     const y = linear('ff', relu(linear('ff', x, width, hidden, { bias: false })), hidden, width, { bias: false });
           |               ^
        15 |     return { loss: mean(square(y), [batch.batch, batch.seq, width]), scores: expand(sum(table, width), batch.batch) };
      tiny.ts:14:33: the one that starts as xavierUniform from 'width' to 'hidden'
        12 |     const table = param('item', [batch.item, width], normal(0.02));
        13 |     const x = embed(table, batch.items);
      > 14 |     const y = linear('ff', relu(linear('ff', x, width, hidden, { bias: false })), hidden, width, { bias: false });
           |                                 ^
        15 |     return { loss: mean(square(y), [batch.batch, batch.seq, width]), scores: expand(sum(table, width), batch.batch) };
      hint: one path is one parameter: give each a path of its own, or both the same axes and start"
    `);
  });

  it('are refused where both stand: axes', () => {
    expect(
      complaint(
        file(
          "    const other = axis('hidden', 5);\n    const y = mul(x, sum(mul(sum(param('p', [hidden], normal(1)), hidden), param('q', [other], normal(1))), other));",
          'y',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "tiny.ts:14:19: error PC2005: two axes have the name 'hidden': one has 7 positions, the other has 5 positions
        12 |     const table = param('item', [batch.item, width], normal(0.02));
        13 |     const x = embed(table, batch.items);
      > 14 |     const other = axis('hidden', 5);
           |                   ^
        15 |     const y = mul(x, sum(mul(sum(param('p', [hidden], normal(1)), hidden), param('q', [other], normal(1))), other));
      tiny.ts:11:20: the one that has 7 positions
         9 |   build: ({ batch, hyper, phase }) => {
        10 |     const width = axis('width', hyper.width);
      > 11 |     const hidden = axis('hidden', 7);
           |                    ^
        12 |     const table = param('item', [batch.item, width], normal(0.02));
      hint: one name is one size: give each axis a name of its own"
    `);
  });

  it('are refused where both stand: draws', () => {
    expect(
      complaint(
        file(
          "    const y = mul(x, uniform('noise', [width]));\n    const z = mul(y, uniform('noise', [batch.batch]));",
          'z',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "tiny.ts:15:22: error PC3003: two draws have the key 'noise': one is over 'width' (4), the other is over 'batch' (batch less batch.missing)
        13 |     const x = embed(table, batch.items);
        14 |     const y = mul(x, uniform('noise', [width]));
      > 15 |     const z = mul(y, uniform('noise', [batch.batch]));
           |                      ^
        16 |     return { loss: mean(square(z), [batch.batch, batch.seq, width]), scores: expand(sum(table, width), batch.batch) };
      tiny.ts:14:22: the one that is over 'width' (4)
        12 |     const table = param('item', [batch.item, width], normal(0.02));
        13 |     const x = embed(table, batch.items);
      > 14 |     const y = mul(x, uniform('noise', [width]));
           |                      ^
        15 |     const z = mul(y, uniform('noise', [batch.batch]));
      hint: equal keys are equal values: give each draw a key of its own"
    `);
  });
});

describe('a size that is none', () => {
  test.each(['16 / 3', '-3', '0', '0 / 0', '2 ** 40'])('%s is refused at its axis', (size) => {
    const said = complaint(
      file(
        `    const depth = axis('depth', ${size});\n    const y = mul(x, sum(param('p', [depth], normal(1)), depth));`,
        'y',
      ),
    );
    expect(said.split('\n')[0]).toMatch(
      /^tiny\.ts:14:19: error PC2006: the axis 'depth' cannot have \S+ positions: a size is a whole number from 1 to 2,147,483,647$/,
    );
  });

  it('is refused where an axis is written by hand', () => {
    const said = complaint(
      file(
        "    const depth = { name: 'depth', extent: { kind: 'fixed', size: 2.5 } } as const;\n    const y = mul(x, sum(param('p', [depth], normal(1)), depth));",
        'y',
      ),
    );
    expect(said.split('\n')[0]).toBe(
      "tiny.ts:14:19: error PC2006: the axis 'depth' cannot have 2.5 positions: a size is a whole number from 1 to 2,147,483,647",
    );
  });

  it('is refused as a hyperparameter, default included, and so is a name that none can have', () => {
    const plain = file('', 'x');
    expect(
      complaint(plain.replace("width: integer(4, 'width')", "width: integer(4, 'width', { min: -5 })"), ['width=-3']),
    ).toContain("tiny.ts:10:19: error PC2006: the axis 'width' cannot have -3 positions");
    expect(complaint(plain.replace('length: integer(8,', 'length: integer(8.5,'))).toContain(
      "tiny.ts:4:16: error PC1015: the default of 'length' must be a whole number from 1 to 512, not 8.5",
    );
    expect(
      complaint(plain.replace("'longest history read', { max: 512 }", "'longest history read', { min: 0 }"), [
        'length=0',
      ]),
    ).toContain("the axis 'seq' cannot have 0 positions");
    expect(complaint(plain.replace('bias: boolean', "'a=b': boolean"))).toContain(
      "error PC3001: 'a=b' cannot name a hyperparameter",
    );
    expect(complaint(plain.replace('presets: { large:', "presets: { ' ':"))).toContain(
      "error PC3001: ' ' cannot name a preset",
    );
  });
});

type Given = Context<Hypers>;
interface Parts {
  readonly loss?: (x: Tensor<'batch' | 'seq' | 'width'>, given: Given) => Node;
  readonly scores?: (given: Given) => Node;
  readonly optimizer?: Optimizer;
  readonly hyper?: Hypers;
}
/** What the compiler says first of a model whose loss is made of `loss`. */
const said = ({ loss = (x) => x, scores, optimizer = adamw({ rate: 0.1 }), hyper = {} }: Parts): string => {
  const made = model({
    name: 'made',
    hyper: { length: integer(6, 'longest'), ...hyper } as Hypers & { readonly length: ReturnType<typeof integer> },
    optimizer: () => optimizer,
    build: (given): Outputs => {
      const {
        batch: { batch, item, items },
      } = given;
      const width = axis('width', 4);
      const table = param('table', [item, width], normal(1));
      const made = loss(embed(table, items), given as never);
      const over = made.axes.map((a) => axis(a.name, 1));
      return {
        loss: mean(square(typed<string>(made)), over as never) as never,
        scores: typed(scores?.(given as never) ?? expand(sum(table, width), batch)),
      };
    },
  });
  const done = compile(traced(made));
  return isLeft(done) ? done.left[0].message : 'nothing';
};
const width = axis('width', 4);
const times = (x: Tensor<'batch' | 'seq' | 'width'>, other: Node): Node => mul(typed<string>(x), typed<string>(other));

test.each<[string, Parts]>([
  ['nothing', {}],
  [
    "two parameters have the path 'p': one starts as normal(1), the other starts as normal(2)",
    { loss: (x) => times(times(x, param('p', width, normal(1))) as never, param('p', width, normal(2))) },
  ],
  [
    "two parameters have the path 'p': one is over 'width' (4), the other has no axes",
    {
      loss: (x, { phase }) => times(x, phase === 'training' ? param('p', width, normal(1)) : x),
      scores: () =>
        times(
          param('p', [], normal(1)) as never,
          expand(param('p', [], normal(1)), axis('batch', 'batch'), axis('item', 'items')),
        ),
    },
  ],
  [
    "two draws have the key 'd': one is over 'batch' (batch less batch.missing), 'seq' (up to 6 by 'batch' (seq.lengths)), 'width' (4), the other is over 'width' (4)",
    {
      loss: (x, { phase }) =>
        times(dropout('d', 0.5, phase)(x), dropout('d', 0.5, phase)(param('p', width, normal(1)))),
    },
  ],
  [
    "two ragged axes have the lengths 'seq.lengths': one has up to 6 by 'batch' (seq.lengths) positions, the other has up to 3 by 'batch' (seq.lengths) positions",
    {
      loss: (x, { batch }) =>
        times(
          x,
          sum(uniform('u', [batch.batch, { ...ragged('seq', batch.batch, 3), name: 'own' }]), axis('own', 3) as never),
        ),
    },
  ],
  [
    "the parameter 'p' has the axis 'batch', whose size 'batch' is another in each run",
    { loss: (x, { batch }) => times(x, param('p', [batch.batch, batch.seq], normal(1))) },
  ],
  [
    "the axis 'room' has the size 'rooms', which nobody binds",
    { loss: (x) => times(x, sum(uniform('u', [axis('room', 'rooms')]), axis('room', 'rooms'))) },
  ],
  [
    "'own.lengths' is read, and no data give it",
    {
      loss: (x, { batch }) =>
        times(x, sum(uniform('u', [batch.batch, ragged('own', batch.batch, 3)]), axis('own', 3) as never)),
    },
  ],
  [
    "'times', as the trainer gives it, is over 'batch' (batch less batch.missing), 'seq' (up to 6 by 'batch' (seq.lengths)) and is i32; here it is over 'batch' (batch less batch.missing), 'item' (items) and is f32",
    {
      loss: (x, { batch }) =>
        times(x, sum(typed<'item'>(input('times', [batch.batch, batch.item], 'f32')), batch.item)),
    },
  ],
  [
    "'target', as the trainer gives it, is over 'batch' (batch less batch.missing) and is i32; here it is over 'hidden' (3) and is i32",
    {
      loss: (x) =>
        times(
          x,
          sum(
            embed(
              param('three', [axis('item', 3)], normal(1)),
              typed<'hidden', 'i32'>(input('target', [axis('hidden', 3)], 'i32')),
            ) as never,
            axis('hidden', 3) as never,
          ),
        ),
    },
  ],
  [
    "the scores read 'target', which is known only while training",
    {
      scores: ({ batch }) =>
        times(
          expand(embed(sum(param('table', [batch.item, width], normal(1)), width), batch.target), batch.item) as never,
          param('q', [], normal(1)),
        ),
    },
  ],
  [
    "the axis 'seen' has the name of the axis that ranking adds to the scores",
    {
      scores: ({ batch }) =>
        times(
          expand(sum(param('q', [axis('seen', 3)], normal(1)), axis('seen', 3)), batch.batch, batch.item) as never,
          param('r', [], normal(1)),
        ),
    },
  ],
  ["the parameter 'step' has the name of an input", { loss: (x) => times(x, param('step', width, normal(1))) }],
  ["the parameter 'items' has the name of an input", { loss: (x) => times(x, param('items', width, normal(1))) }],
  [
    "the parameter 'seen.lengths' has the name of an input",
    { loss: (x) => times(x, param('seen.lengths', width, normal(1))) },
  ],
  [
    "the parameter 'p.m' has the name of the slot 'm' that adamw keeps for 'p'",
    { loss: (x) => times(times(x, param('p', width, normal(1))) as never, param('p.m', width, normal(1))) },
  ],
  ["own has two slots called 'm'", { optimizer: { ...adamw({ rate: 1 }), name: 'own', slots: ['m', 'm'] } }],
  [
    "own gives the next value of 'table' as f32 over 'item'; the parameter is f32 over 'item' | 'width'",
    {
      optimizer: {
        name: 'own',
        slots: [],
        update: (p) => ({ value: sum(typed<string>(p), width as never), slots: {} }),
      },
    },
  ],
  [
    "own lists a slot 'm' and gives no next value of it",
    { optimizer: { name: 'own', slots: ['m'], update: (p) => ({ value: p, slots: {} }) } },
  ],
  [
    "own gives a slot 'm' that it does not list: slots: []",
    { optimizer: { name: 'own', slots: [], update: (p) => ({ value: p, slots: { m: p } }) } },
  ],
  [
    "the parameter 'p' starts with the deviation -1, which is negative",
    { loss: (x) => times(x, param('p', width, normal(-1))) },
  ],
  [
    "the parameter 'p' starts with NaN, which is no number to start with",
    { loss: (x) => times(x, param('p', width, normal(0 / 0))) },
  ],
  [
    "the parameter 'p' starts between 1 and 0, where nothing is",
    { loss: (x) => times(x, param('p', width, uniformBetween(1, 0))) },
  ],
  [
    "the parameter 'p' starts as xavierUniform says of the axis 'other', which it has not",
    { loss: (x) => times(x, param('p', width, xavierUniform([axis('other', 3)], [width]))) },
  ],
  [
    "'big' has more numbers than can be counted",
    {
      loss: (x) =>
        times(
          x,
          sum(param('big', [axis('a', 2 ** 20), axis('b', 2 ** 20)], normal(1)), [axis('a', 1), axis('b', 1)] as never),
        ),
    },
  ],
  [
    'The model\'s hyperparameter batch is what --batch is unless it is given, and --batch takes a whole number from 1 to 65536, not "0.5".',
    { hyper: { batch: number(0.5, 'a share') } },
  ],
])('%s', (words, parts) => {
  expect(said(parts)).toContain(words);
});

test('one name may be said twice alike', () => {
  expect(said({ loss: (x) => linear('own', relu(linear('own', x, width, width)), width, width) })).toBe('nothing');
  expect(said({ loss: (x, { phase }) => times(dropout('d', 0.5, phase)(x), dropout('d', 0.5, phase)(x)) })).toBe(
    'nothing',
  );
});

test('an axis on both sides of a layer may not meet its own other name', () => {
  expect(() =>
    said({
      loss: (x) =>
        linear('own', typed<string>(times(x, param('p', axis('width.in', 4), normal(1)))), width as never, width),
    }),
  ).toThrow('x has an axis of that name already');
});

test('what 32 bits of addresses cannot hold is refused where it would run, and only there', () => {
  const made = model({
    name: 'big',
    hyper: { length: integer(6, 'longest') },
    optimizer: () => adamw({ rate: 0.1 }),
    build: ({ batch }) => {
      const wide = axis('wide', 2 ** 29);
      const table = param('table', [batch.item, wide], normal(1));
      return {
        loss: mean(sum(embed(table, batch.items), wide), [batch.batch, batch.seq]),
        scores: expand(sum(table, wide), batch.batch),
      };
    },
  });
  const done = compile(traced(made));
  if (isLeft(done)) throw new Error(done.left[0].message);
  const refused = (target: keyof typeof targets): string =>
    pipe(targets[target].check(done.right.loops), (r) => (isLeft(r) ? r.left[0].message : 'nothing'));
  expect(refused('wasm')).toContain('WebAssembly addresses 4 GiB, and one row of this model takes');
  expect(refused('all')).toBe(refused('wasm'));
  expect(refused('gpu')).toBe('nothing');
});
