/** Rows have one colour in all pictures. */
import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../examples/study/page/colours.js';

describe('colours of rows', () => {
  it('are those of their model, whatever stands beside it', () => {
    expect(coloursOf(['hstu', 'pcrec'])).toEqual([0, 1]);
    expect(coloursOf(['pcrec', 'two steps', 'hstu large'])).toEqual([1, 2, 0]);
    expect(coloursOf(['sasrec', 'mixing'])).toEqual([3, 2]);
  });
  it('are different as long as there are some left', () => {
    const many = ['pcrec', 'pcrec large', 'hstu', 'f tanh', 'f relu', 'gru4rec', 'llama', 'mixing'];
    expect(new Set(coloursOf(many)).size).toBe(many.length);
    expect(coloursOf(Array.from({ length: 12 }, (_, i) => `f ${i}`)).every((c) => c >= 0 && c < 8)).toBe(true);
  });
});
