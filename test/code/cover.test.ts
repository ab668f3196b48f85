import { describe, expect, it } from 'vitest';
import { native, wasm128, type Machine } from '../../compiler/code/machine.js';
import { alongLanes, alongRows, type Strip } from '../../compiler/cpu/write/cover.js';

/** The cells that strips compute in a range of `length`, in their order, where what a strip counts are `size` cells. */
const cellsOf = (strips: readonly Strip[], length: number, size: number): readonly number[] => {
  const cells: number[] = [];
  let at = 0;
  const tile = (from: number, count: number): void => {
    for (let i = 0; i < count; i++) cells.push(from + i);
  };
  for (const strip of strips) {
    if (strip.kind === 'single') {
      for (; at < length; at++) tile(at, 1);
      continue;
    }
    if (strip.kind === 'part') {
      for (; at < length; at += strip.count * size) tile(at, Math.min(strip.count * size, length - at));
      continue;
    }
    const step = strip.count * size;
    const last = length - step;
    if (strip.kind === 'overlap' && !strip.always && last < 0) continue;
    const left = length & (step - 1);
    const stop =
      strip.kind === 'overlap' || (strip.kind === 'fuller' && last >= 0 && left > size) ? length : length - (step - 1);
    for (; at < (strip.kind === 'whole' && strip.even ? length : stop); at += step)
      tile(strip.kind === 'whole' ? at : Math.min(at, last), step);
  }
  return cells;
};

const machines: readonly Machine[] = [wasm128, native];
const lengths = Array.from({ length: 150 }, (_, n) => n + 1);

describe('strips', () => {
  it.each(machines)('cover each cell of a range and none outside of it: $name', (machine) => {
    for (const length of lengths)
      for (const known of [length, null]) {
        for (const lanes of machine.lanes)
          for (const [rows, wide] of [
            [1, []],
            [1, machine.wide],
            [machine.rows, []],
          ] as const) {
            const cells = cellsOf(alongLanes({ length: known, rows, wide }, machine), length, lanes);
            expect(new Set(cells), `${length} along ${lanes} lanes`).toEqual(new Set(Array(length).keys()));
          }
        const cells = cellsOf(alongRows({ length: known }, machine), length, 1);
        expect(new Set(cells), `${length} rows`).toEqual(new Set(Array(length).keys()));
      }
  });

  it('need no more tiles than one that is moved back saves', () => {
    // 50 numbers in registers of sixteen: two tiles of two registers, the second over cells of the first.
    const strips = alongLanes({ length: 50, rows: native.rows, wide: [] }, native);
    expect(cellsOf(strips, 50, 16)).toHaveLength(64);
    expect(cellsOf(strips, 50, 16).filter((cell, k, all) => all.indexOf(cell) !== k)).toHaveLength(14);
  });
});
