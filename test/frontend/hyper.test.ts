import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { renderAll } from '../../compiler/diagnostics.js';
import { hyperValues } from '../../compiler/frontend/hyper.js';
import { boolean, choice, integer, listed, model, names, number } from '../../dsl/model.js';
import { adamw } from '../../dsl/optimizers.js';

const it_ = model({
  name: 'tiny',
  hyper: {
    length: integer(50, 'longest history read', { max: 512 }),
    width: integer(64, 'width of a state'),
    rate: number(0.1, 'learning rate', { min: 0, max: 1 }),
    bias: boolean(true, 'adds a bias'),
    loss: choice(['mean', 'sum'], 'how positions are joined'),
  },
  presets: { large: { width: 256, rate: 0.01 }, broken: { rate: 7 } },
  optimizer: () => {
    throw new Error('unused');
  },
  build: () => {
    throw new Error('unused');
  },
});

const read = (set: readonly string[], preset?: string): unknown => {
  const result = hyperValues(it_ as unknown as Parameters<typeof hyperValues>[0], {
    set,
    ...(preset === undefined ? {} : { preset }),
  });
  return isRight(result)
    ? result.right
    : renderAll(result.left, { colour: false, read: () => undefined, show: (f) => f });
};

describe('hyperparameters', () => {
  it('are the defaults, then the preset, then --set, the last one winning', () => {
    expect(read([])).toEqual({ length: 50, width: 64, rate: 0.1, bias: true, loss: 'mean' });
    expect(read(['rate=0.5', 'width=8', 'width=16', 'bias=no', 'loss=sum'], 'large')).toEqual({
      length: 50,
      width: 16,
      rate: 0.5,
      bias: false,
      loss: 'sum',
    });
  });

  it('are refused with what was wanted, all of them at once', () => {
    expect(
      read(['wdith=3', 'width=0', 'width=1.5', 'length=1000', 'rate=fast', 'bias=maybe', 'loss=max', 'width', 'rate=']),
    ).toMatchInlineSnapshot(`
      "error PC0001: --set width: expected name=value

      error PC0003: --set wdith=3: this model has no hyperparameter 'wdith'
      hint: did you mean 'width'?

      error PC0004: --set width=0: 'width' must be a whole number of at least 1, not '0'
      hint: width: width of a state (default 64)

      error PC0004: --set width=1.5: 'width' must be a whole number of at least 1, not '1.5'
      hint: width: width of a state (default 64)

      error PC0004: --set length=1000: 'length' must be a whole number from 1 to 512, not '1000'
      hint: length: longest history read (default 50)

      error PC0004: --set rate=fast: 'rate' must be a number from 0 to 1, not 'fast'
      hint: rate: learning rate (default 0.1)

      error PC0004: --set bias=maybe: 'bias' must be true or false, not 'maybe'
      hint: bias: adds a bias (default true)

      error PC0004: --set loss=max: 'loss' must be one of mean, sum, not 'max'
      hint: loss: how positions are joined (default mean)

      error PC0004: --set rate=: 'rate' must be a number from 0 to 1, not ''
      hint: rate: learning rate (default 0.1)"
    `);
  });

  it('are refused where no such preset exists, or the preset breaks their bounds', () => {
    expect(read([], 'larg')).toBe(
      "error PC0003: --preset larg: this model has no such preset\nhint: did you mean 'large'?",
    );
    expect(read([], 'xyz')).toContain('hint: presets: large, broken');
    expect(read([], 'broken')).toContain("error PC0004: --preset broken: 'rate' must be a number from 0 to 1, not '7'");
    expect(read(['constructor=1'])).toContain("no hyperparameter 'constructor'");
  });
});

describe('names', () => {
  const named = model({
    name: 'named',
    hyper: { length: integer(5, 'longest'), columns: names('genre', 'columns that are read') },
    optimizer: () => adamw({ rate: 0.1 }),
    build: () => {
      throw new Error('unused');
    },
  });
  const values = (text: string) => hyperValues(named, { set: [`columns=${text}`] });
  it('stand between commas, each once, or there are none', () => {
    expect(values('genre, brand,genre')).toMatchObject({ right: { columns: 'genre, brand,genre' } });
    expect(listed('genre, brand,genre')).toEqual(['genre', 'brand']);
    expect(values('')).toMatchObject({ right: { columns: '' } });
    expect(listed('')).toEqual([]);
  });
  it('are names', () => {
    expect(values('a,7b')).toMatchObject({
      left: [
        { code: 'PC0004', message: "--set columns=a,7b: 'columns' must be names, separated by commas, not 'a,7b'" },
      ],
    });
  });
});
