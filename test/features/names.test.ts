/** Columns of any name that the language takes: programs may call their inputs otherwise, and callers never know. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  adamw,
  add,
  category,
  embedFeature,
  eventFeature,
  model,
  nextItem,
  numeric,
  recommenderHypers,
  sequenceInput,
  userFeature,
} from 'pcrec';
import { compile } from '../../compiler/compile.js';
import { sizeOfFeature, spelt } from '../../runtime/contract/features.js';
import { inputsById } from '../../runtime/contract/plan.js';
import type { Sizes } from '../../runtime/contract/session.js';
import { open } from '../gpu/sessions.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { opened } from '../wasm/sessions.js';

/** The same model over columns of these names. */
const reading = (event: string, user: string) =>
  model({
    name: 'named',
    hyper: recommenderHypers,
    optimizer: () => adamw({ rate: 0.1 }),
    build: (context) => {
      const { batch } = context;
      const { width, items, input } = sequenceInput(context);
      const told = embedFeature('told', eventFeature(event, numeric(), batch).values, width);
      const asking = embedFeature('asking', userFeature(user, category(), batch), width);
      return nextItem(context, { width, items }, add(add(input, told), asking));
    },
  });

const lossOf = async (device: 'wasm' | 'cpu', event: string, user: string): Promise<readonly number[]> => {
  const { loops, manifest } = rightOf(compile(traced(reading(event, user))));
  const sizes: Sizes = { batch: 2, items: 5, seen: 1, [sizeOfFeature('user', user, 'values')]: 3 };
  const session = device === 'wasm' ? await opened(loops, sizes, { threads: 1 }) : await open(loops, device, sizes);
  const cells = (shape: readonly (number | string)[]): number =>
    shape.reduce<number>((n, s) => n * (typeof s === 'number' ? s : sizes[s]!), 1);
  await session.write(
    Object.fromEntries(
      manifest.states.map(({ name, shape }) => [
        name,
        Float32Array.from({ length: cells(shape) }, (_, i) => Math.sin(i + shape.length)),
      ]),
    ),
  );
  const inputs = Object.fromEntries(
    manifest.entries['train']!.inputs.map(({ name, dtype, shape }) => {
      const value = (i: number): number => (name === 'seq.lengths' ? 3 : name === 'batch.missing' ? 0 : (i * 7) % 3);
      const values = Array.from({ length: cells(shape) }, (_, i) => value(i));
      return [name, dtype === 'i32' ? Int32Array.from(values) : Float32Array.from(values)];
    }),
  );
  const { loss } = await session.run('train', inputs, { seed: 1, step: 1 });
  await session.dispose();
  return [...loss!];
};

it.each(['wasm', 'cpu'] as const)('are given by their own names on %s', async (device) => {
  const plain = await lossOf(device, 'rating', 'age');
  expect(plain.every(Number.isFinite)).toBe(true);
  expect(await lossOf(device, 'note / 20: été', 'age: of-users')).toEqual(plain);
});

it('are left as they are where programs call them so', () => {
  const given = { items: [1], 'event.a b': [2] };
  const buffer = (id: string, name?: string) => ({
    id,
    role: 'input' as const,
    ...(name === undefined ? {} : { name }),
  });
  expect(inputsById([buffer('items')], given)).toBe(given);
  expect(inputsById([buffer('items'), buffer('x_eventab', 'event.a b')], given)).toMatchObject({
    items: [1],
    x_eventab: [2],
  });
});

it('are spelt in letters, digits and single underscores, no two alike', () => {
  const names = fc.string({ unit: fc.constantFrom('a', 'Z', '_', '5', 'f', ' ', '-', ':', 'é') });
  fc.assert(
    fc.property(names, names, (one, other) => {
      expect(sizeOfFeature('user', one, 'values')).toMatch(/^user(_[A-Za-z0-9]+)*_{1,2}values$/);
      if (one !== '') expect(sizeOfFeature('user', one, 'values')).not.toContain('__');
      expect(spelt(one) === spelt(other)).toBe(one === other);
    }),
    { numRuns: 2000 },
  );
  expect([spelt('zip_code'), spelt('a b'), spelt('Zoo_')]).toEqual(['zip_code', 'aZ20Zb', 'ZZooZ5fZ']);
});
