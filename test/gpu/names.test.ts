import { expect, it } from 'vitest';
import { namer } from '../../compiler/targets/gpu/names.js';

it('gives every name once, however often it is wanted and whatever took its numbers', () => {
  const name = namer();
  expect(['value3', 'value', 'value', 'value', 'value', 'value2', 'value2'].map(name)).toEqual([
    'value3',
    'value',
    'value2',
    'value4',
    'value5',
    'value22',
    'value23',
  ]);
  const many = Array.from({ length: 50_000 }, () => name('value'));
  expect(new Set(many).size).toBe(many.length);
});
