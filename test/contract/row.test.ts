/**
 * A new input is one row. Here the table has two that the package has not, before anybody reads it: the last item of each row, by
 * whose ids a model looks things up, and how long after the row's first event each answer comes, which is part of the answer.
 */
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, it, vi } from 'vitest';
import type { InputRow } from '../../runtime/contract/batch.js';

vi.mock('../../runtime/contract/batch.js', async (original) => {
  const real: { readonly given: object; readonly inputs: object } = await original();
  const added: Readonly<Record<string, InputRow>> = {
    lastItem: {
      name: 'items.last',
      axes: ['batch'],
      dtype: 'i32',
      tells: 'past',
      ids: 'item',
      entries: ['train', 'rank', 'score', 'explain'],
      fill: { from: 'event', column: 'items', shift: 0 },
    },
    answerTimes: {
      name: 'targets.times',
      axes: ['batch', 'seq'],
      dtype: 'i32',
      tells: 'answer',
      ids: null,
      entries: ['train'],
      fill: { from: 'event', column: 'times', shift: 1, since: 'first' },
    },
  };
  Object.assign(real.given, added);
  Object.assign(real.inputs, added);
  return real;
});

const { add, adamw, axis, dot, embed, expand, integer, mean, model, mul, neg, normal, param, softplus, toF32 } =
  await import('../../dsl/index.js');
const { compile } = await import('../../compiler/compile.js');
const { call, withColumns } = await import('../../runtime/entries.js');
const { feedOf } = await import('../../runtime/feed.js');
const { row } = await import('../../runtime/recommend.js');
const { fromHistories, leaveOneOut } = await import('../../runtime/data/index.js');
const { newSettings } = await import('../../runtime/contract/settings.js');
const { traced } = await import('../support/models.js');
type Tensor<A extends string, D extends 'f32' | 'i32' = 'f32'> = import('../../dsl/index.js').Tensor<A, D>;
type Model = import('../../dsl/model.js').Model;
type Data = import('../../runtime/contract/session.js').Data;
type Session = import('../../runtime/contract/session.js').Session;

interface Added {
  readonly lastItem: Tensor<'batch', 'i32'>;
  readonly answerTimes: Tensor<'batch' | 'seq', 'i32'>;
}

/** The state of a position is its item's row and the row of the last item; `cheating` adds to it when its answer comes. */
const made = (cheating: boolean): Model =>
  model({
    name: 'tried',
    hyper: { length: integer(6, 'longest') },
    optimizer: () => adamw({ rate: 0.1 }),
    build: ({ batch: { batch, seq, item, items, targets, ...more }, phase }) => {
      const { lastItem, answerTimes } = more as unknown as Added;
      const width = axis('width', 4);
      const table = param('table', [item, width], normal(1));
      const own = embed(table, items);
      const state =
        phase === 'training' && cheating ? add(own, mul(toF32(answerTimes), param('late', [width], normal(1)))) : own;
      const last = embed(table, lastItem);
      return {
        loss: mean(softplus(neg(dot(state, embed(table, targets), width))), [batch, seq]),
        scores: dot(expand(last, item), table, width),
      };
    },
  });

const compiled = (cheating: boolean) => compile(traced(made(cheating)));
const rightOf = <A>(
  of: { readonly _tag: 'Right'; readonly right: A } | { readonly _tag: 'Left'; readonly left: unknown },
): A => {
  if (of._tag === 'Left') throw new Error(JSON.stringify(of.left));
  return of.right;
};

it('is read, looked up without a guard, filled, and given to evaluation and to requests', async () => {
  const { manifest, loops } = rightOf(compiled(false));
  const named = (entry: string) => manifest.entries[entry]!.inputs.map(({ name }) => name);
  expect([named('score'), named('rank')].map((names) => names.includes('items.last'))).toEqual([true, true]);
  expect(manifest.entries['score']!.inputs.find(({ name }) => name === 'items.last')).toMatchObject({
    dtype: 'i32',
    axes: ['batch'],
    shape: ['batch'],
  });
  expect(JSON.stringify(loops.entries.find(({ name }) => name === 'score'))).not.toContain('"guard"');

  const data = fromHistories(
    'small',
    Array.from({ length: 5 }, (_, u) => ({ user: `u${u}`, items: ['a', 'b', 'c', 'd', 'e'].slice(0, 3 + (u % 3)) })),
  );
  const settings = rightOf(newSettings(manifest, { batch: 3 }));
  const feed = rightOf(feedOf(manifest, leaveOneOut(data), settings));
  const taken: Readonly<Record<string, Data>>[] = [];
  const session = {
    backend: 'none',
    run: async (_entry: string, inputs: Readonly<Record<string, Data>>) => {
      taken.push(inputs);
      return {};
    },
  } as unknown as Session;
  for (const { inputs } of feed.evaluation('test').all)
    rightOf(await call({ manifest, session }, 'rank', inputs, { seed: 1, step: 0 })());
  expect(taken.map((given) => [...given['items.last']!])).toEqual([
    [1, 2, 3],
    [1, 2, 0],
  ]);
  rightOf(
    await call({ manifest, session }, 'score', row({ items: [4, 0, 2], times: undefined }, 6, null), {
      seed: 1,
      step: 0,
    })(),
  );
  expect([...taken.at(-1)!['items.last']!]).toEqual([2]);
});

it('is held to what it tells, and asked of the data', () => {
  const refused = compiled(true);
  expect(isLeft(refused) && refused.left[0].message).toMatch(
    /the very answer that it is compared with|of the answers it may meet its own alone/,
  );
  const manifest = {
    ...rightOf(compiled(false)).manifest,
    entries: {
      train: { inputs: [{ name: 'targets.times', dtype: 'i32' as const, axes: [], shape: [] }], outputs: [] },
    },
  };
  expect(withColumns(manifest, { name: 'timeless', sequence: new Int32Array(0) })).toMatchObject({
    left: expect.stringContaining('reads the times of events, and the data timeless have none'),
  });
});
