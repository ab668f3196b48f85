/** Whole models in our own WebAssembly, and what becomes of their sums and states. */
import { expect, test } from 'vitest';
import type { HyperValue, Model } from '../../dsl/model.js';
import hstu from '../../models/hstu.js';
import pcrec from '../../models/pcrec.js';
import { wasmText } from '../../compiler/targets/wasm/module.js';
import { behaves, cases, few, loopsOf } from '../support/cpu-models.js';
import { models } from '../support/zoo.js';
import { opened } from './sessions.js';

test('every model of the package is among the cases', () =>
  expect(models.filter((model) => cases.every(([, tried]) => tried !== model)).map(({ name }) => name)).toEqual([]));

test('rows add up what many positions say of few targets; lists of positions are for the rest', () => {
  const listed = (model: Model, over: Readonly<Record<string, HyperValue>>): readonly unknown[] =>
    wasmText(loopsOf(model, over)).plan.entries[0]!.phases.flatMap((p) => p.inverses.map((i) => i.targets));
  expect(listed(few, {})).not.toContain(3);
  // What differs by head is summed over heads before.
  for (const heads of [1, 2]) expect(listed(hstu, { times: true, heads, length: 60, blocks: 1 })).not.toContain(129);
  const drawn = (draws: string): number =>
    listed(hstu, { draws, negatives: 740, blocks: 1 }).filter((t) => t === 'items').length;
  expect(drawn('user') - drawn('position')).toBe(1);
});

test('new values of states take the place of the old ones', () => {
  for (const model of [hstu, pcrec]) {
    const { buffers, updates } = wasmText(loopsOf(model, {})).plan.entries[0]!;
    const over = new Map(buffers.flatMap((b) => (b.over === undefined ? [] : [[b.over, b.id] as const])));
    expect(Object.fromEntries(over)).toEqual(updates);
  }
});

test('the scaled table of items is computed once where states stay, and by no step', () => {
  const { entries } = wasmText(loopsOf(hstu, {})).plan;
  const kept = (name: string): readonly string[] =>
    entries
      .find((e) => e.name === name)!
      .buffers.flatMap((b) => (b.settled === true ? [b.axes.map((a) => a.name).join()] : []));
  expect(kept('train')).toEqual([]);
  for (const name of ['score', 'rank']) expect(kept(name), name).toContain('item,width');
});

behaves(cases, opened);
