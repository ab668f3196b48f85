/** Names of users are data: whatever an axis, a parameter, a key or a tensor is called, targets compute what the reference says. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import * as build from '../../dsl/build.js';
import {
  adamw,
  add,
  axis,
  causal,
  dropout,
  embed,
  gather,
  integer,
  last,
  like,
  linear,
  max,
  mean,
  model,
  mul,
  normal,
  param,
  relu,
  square,
  sub,
  sum,
  uniformIndices,
  where,
} from '../../dsl/index.js';
import { nameProblem } from '../../dsl/names.js';
import type { Node } from '../../dsl/node.js';
import { exp } from '../../dsl/elementwise.js';
import { typed } from '../../dsl/tensor.js';
import { withPlainNames } from '../../compiler/loops/names.js';
import { data, open, worst } from '../gpu/sessions.js';
import { type Trial, traced, trialOf } from '../support/models.js';
import { opened } from '../wasm/sessions.js';

interface Called {
  /** The axes of a layer's middle, of a copy of the sequence, and of a few drawn rows. */
  readonly axes: readonly [string, string, string];
  readonly path: string;
  readonly second: string;
  readonly key: string;
  /** What the tensors are called: ids that leave the catalogue, what they find, a sum over the sequence. */
  readonly tensors: readonly [string, string, string];
}
const ordinary: Called = {
  axes: ['hidden', 'key', 'few'],
  path: 'gain',
  second: 'offset',
  key: 'noise',
  tensors: ['ids', 'found', 'mixed'],
};

/** Products, lookups (some beside the catalogue), sums over the past, scatters, dropout: what targets make names of. */
const trial = ({ axes: [middle, copy, few], path, second, key, tensors }: Called): Trial => {
  const names = new Map<Node, string>();
  const called = <N extends Node>(node: N, i: 0 | 1 | 2): N => {
    names.set(node, tensors[i]);
    return node;
  };
  const spec = model({
    name: 'names',
    hyper: { length: integer(6, 'longest') },
    optimizer: () => adamw({ rate: 0.1 }),
    build: ({ batch, phase }) => {
      const [width, hidden, drawn, past] = [axis('width', 8), axis(middle, 5), axis(few, 3), like(copy, batch.seq)];
      const table = param('table', [batch.item, width], normal(1));
      // Ids that no catalogue has: a lookup must look at them.
      const ids = called(add(typed<'batch' | 'seq', 'i32'>(batch.items), 4), 0);
      const found = called(add(embed(table, ids), embed(table, batch.items)), 1);
      const scaled = mul(found, param(path, width, normal(1)));
      const middled = relu(linear('in', scaled, width, hidden as never));
      const spread = linear('out', middled as never, hidden as never, width);
      const others = typed<string>(build.rename(spread as Node, 'seq', past));
      const weights = typed<string>(
        where(
          causal(batch.seq, past as never) as never,
          exp(mul(sum(mul(typed<string>(spread), others), width as never), 0.1)),
          0,
        ),
      );
      const mixed = called(typed<string>(sum(mul(weights, others), past as never)), 2);
      const slots = param(second, drawn, normal(1));
      const looked = gather(
        slots as never,
        uniformIndices(key, drawn, [batch.batch, batch.seq]) as never,
        drawn as never,
      );
      const out = dropout('drop', 0.3, phase)(typed<string>(mul(mixed, typed<string>(looked))));
      const top = max(out, batch.seq as never);
      const loss = add(
        mean(square(sub(out, embed(table, batch.targets))), [batch.batch, batch.seq, width] as never),
        mean(top, [batch.batch, width] as never),
      );
      return {
        loss: loss as never,
        scores: sum(mul(last(typed<'batch' | 'seq' | 'width'>(out), batch.seq, batch.batch), table), width) as never,
      };
    },
  });
  const found = traced(spec);
  for (const [node, name] of names)
    found.provenance.set(node, { name, source: { file: 'names.ts', line: 1, column: 1 } });
  return trialOf(found, 0);
};

/** What differs from the reference: results by name. */
const wrong = async (
  { compiled: { loops }, entry, sizes, random, inputs, states, outputs, updates }: Trial,
  target: 'wasm' | 'gpu',
): Promise<readonly unknown[]> => {
  const session = target === 'wasm' ? await opened(loops, sizes) : await open(loops, 'cpu', sizes);
  try {
    await session.write(
      Object.fromEntries(Object.entries(states).map(([name, values]) => [name, Float32Array.from(values)])),
    );
    const given = data(loops, inputs);
    const got = { ...(await session.run(entry, given, random)), ...(await session.read()) };
    const shown = (await session.inspect(entry, given, random)).map((b) => b.name);
    return [
      ...Object.entries({ ...outputs, ...updates })
        .filter(([name, want]) => !(worst(got[name], Array.from(want), 1e-2) < 1e-3))
        .map(([name]) => name),
      ...Object.keys(states)
        .filter((name) => !shown.includes(name))
        .map((name) => `${name} is not to be seen`),
    ];
  } finally {
    await session.dispose();
  }
};

/** One name everywhere it can stand; the other axes and the other parameter are called almost alike. */
const everywhere = (name: string): Called => ({
  axes: [name, `${name}_2`, `${name}.3`],
  path: name,
  second: `${name}.2`,
  key: name,
  // What a `const` can be called; a parameter or an axis of the same name is something else.
  tensors: ['target', name.replace(/[^\p{L}\p{N}_]/gu, '_'), `${name.replace(/[^\p{L}\p{N}_]/gu, '_')}_2`],
});

/** Words of the targets, of the languages that they write, and of the files. */
const nasty = [
  'chunk',
  'entry',
  'entry1',
  'streams',
  'end',
  'from',
  'at',
  'lanes done',
  'rows',
  'memory',
  'now',
  'once',
  'x.before',
  'seq.lengths.before',
  'mixed.share',
  'found.inner',
  'table.by.width',
  'ids_by_item',
  'items_by_item.starts',
  'ids_by_item.seq',
  'train.loss',
  'train.found',
  'train.rows.1',
  'steps',
  'seen_2',
  'loss',
  'exp',
  'select',
  'width.in',
  'a b',
  'a: b',
  'function',
  'this',
  'program',
  'size',
  'random',
  'out',
  'Math',
  'thread',
  'naïve',
  '日本語',
  `long${'g'.repeat(190)}`,
];

test.each(nasty)(
  'all may be called %s',
  async (name) => {
    const called = trial(everywhere(name));
    expect({ wasm: await wrong(called, 'wasm'), gpu: await wrong(called, 'gpu') }).toEqual({ wasm: [], gpu: [] });
  },
  60_000,
);

test.each<[string, Partial<Called>]>([
  [
    'in what an identifier leaves out',
    { axes: ['a b', 'a_b', 'a-b'], path: 'a.b c', second: 'a.b_c', tensors: ['items', 'targets', 'seen'] },
  ],
  ['in letters that no identifier has', { axes: ['é', 'è', 'ê'], path: 'ü', second: 'ö' }],
  [
    'as programs would number them',
    { axes: ['seq_2', 'seq_3', 'width_2'], path: 'gain.2', second: 'gain.3', tensors: ['gain', 'gain_2', 'd_gain'] },
  ],
  ['and a tensor may be called as an object has things', { tensors: ['constructor', '__proto__', 'toString'] }],
  ['and a tensor as what targets make of it', { tensors: ['items_by_item', 'ids_by_seq_by_item', 'value_by_value'] }],
])(
  'names may differ %s',
  async (_, over) => {
    const called = trial({ ...ordinary, ...over });
    expect({ wasm: await wrong(called, 'wasm'), gpu: await wrong(called, 'gpu') }).toEqual({ wasm: [], gpu: [] });
  },
  60_000,
);

const letter = fc.constantFrom(...'abé日_.:/- 2'.split(''), 'entry', 'chunk', '_by_', '.share', '.before', 'target');
const name = fc
  .array(letter, { minLength: 1, maxLength: 5 })
  .map((parts) => `x${parts.join('')}`.trimEnd())
  .filter((text) => nameProblem(text) === null);

test('random names mean what plain ones do', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 5, maxLength: 5 }),
      fc.constantFrom('wasm' as const, 'gpu' as const),
      async ([a, b, c, path, second], target) => {
        expect(
          await wrong(
            trial({ axes: [a!, b!, c!], path: path!, second: second!, key: a!, tensors: ['target', path!, second!] }),
            target,
          ),
        ).toEqual([]);
      },
    ),
    { numRuns: Number(process.env['RANDOM_RUNS'] ?? 8), seed: 8 },
  );
}, 600_000);

describe('names of programs', () => {
  const loops = trial({ ...ordinary, axes: ['a b', 'chunk', 'entry1'], path: 'streams', second: 'x.before' }).compiled
    .loops;

  it('are plain, and a parameter keeps its own beside', () => {
    const buffers = loops.entries[0]!.buffers;
    expect(
      buffers.every((b) => /^[A-Za-z_][\w.]*$/.test(b.id) && b.axes.every((a) => /^[A-Za-z_][\w.']*$/.test(a.name))),
    ).toBe(true);
    expect(
      buffers
        .filter((b) => b.name !== undefined)
        .map((b) => b.name)
        .sort(),
    ).toEqual(['streams', 'x.before']);
  });

  it('stand where they are plain already', () => {
    const plain = trial(ordinary).compiled.loops;
    expect(withPlainNames(plain)).toBe(plain);
    expect(withPlainNames(loops)).toBe(loops);
  });
});

test.each([
  '',
  ' a',
  'a ',
  '1',
  '3x',
  '-a',
  '.a',
  'a(b',
  'a)b',
  'a;;b',
  'a"b',
  "a'b",
  'a`b',
  'a$b',
  'a\\b',
  'a\nb',
  'a\tb',
  'a\u0000b',
  'a\u200bb',
  'a\u00a0b',
  'a\ud800',
  'a@b',
  'a~b',
  'a*b',
  'a,b',
  'a[0]',
  'a{b',
  'a|b',
  'a=b',
  '__proto__',
  '__metadata__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'NaN',
  'Infinity',
  'x'.repeat(201),
])('%j names nothing', (text) => {
  expect(nameProblem(text)).not.toBeNull();
});
