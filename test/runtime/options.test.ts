import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { newSettings, type NumberName, ranges, readNumber, resumedSettings } from '../../runtime/contract/settings.js';
import { checked, known } from '../../runtime/checked.js';
import { toy } from './toy.js';

const { manifest } = toy();
const names = Object.keys(ranges) as NumberName[];

describe('numbers', () => {
  it('are taken inside their range and refused outside it, with the option named', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.oneof(fc.integer(), fc.double()), (name, value) => {
        const { low, high, whole } = ranges[name];
        const fits = value >= low && value <= high && (!whole || Number.isInteger(value));
        const read = readNumber(name)(String(value));
        expect(read).toEqual(fits ? E.right(value) : E.left(expect.stringContaining('--')));
      }),
    );
  });

  it.each(['', ' ', '0x10', '1,5', 'ten', 'NaN', 'Infinity', '1e', '--1'])('are not read from %j', (text) => {
    expect(readNumber('epochs')(text)).toEqual(
      E.left(expect.stringMatching(/^--epochs takes a whole number from 1 to 1000000, not ".*"\.$/)),
    );
  });

  it('are checked when they come from a program, too', () => {
    expect(checked({ epochs: 0 })).toEqual(E.left(expect.stringContaining('--epochs')));
    expect(checked({ epochs: '3' })).toEqual(E.left(expect.stringContaining('--epochs')));
    expect(checked({ checkpointSteps: 1.5 })).toEqual(E.left(expect.stringContaining('--checkpoint-steps')));
    expect(checked({ protocol: 'other' })).toEqual(E.left(expect.stringContaining('standard, hstu')));
    expect(checked({ seed: 0, batch: undefined })).toEqual(E.right({ seed: 0, batch: undefined }));
  });
});

describe('settings', () => {
  it('come from the options, else the model, else the defaults', () => {
    expect(newSettings(manifest, { epochs: 2 })).toEqual(
      E.right({ seed: 42, batch: 64, epochs: 2, patience: 3, protocol: 'standard' }),
    );
  });

  it('have no patience without validation', () => {
    expect(newSettings(manifest, { protocol: 'hstu' })).toMatchObject(E.right({ patience: null }));
    expect(newSettings(manifest, { protocol: 'hstu', patience: 2 })).toEqual(
      E.left(expect.stringContaining('--patience')),
    );
  });

  it('of a resumed run may change its end and nothing else', () => {
    const kept = { seed: 1, batch: 8, epochs: 3, patience: 2, protocol: 'standard' } as const;
    expect(resumedSettings(kept, { epochs: 9, patience: 4, seed: 1 })).toEqual(
      E.right({ ...kept, epochs: 9, patience: 4 }),
    );
    for (const other of [{ seed: 2 }, { batch: 9 }, { protocol: 'hstu' as const }])
      expect(resumedSettings(kept, other)).toEqual(E.left(expect.stringContaining(`--${Object.keys(other)[0]}`)));
  });

  it('of a run that another program made are refused where this one has no such setting', () => {
    const kept = { seed: 1, batch: 8, epochs: 3, patience: 2, protocol: 'standard', order: 'length' } as const;
    expect(resumedSettings(kept, {})).toEqual(E.left(expect.stringContaining('--order length')));
  });
});

describe('options of a program', () => {
  it.each([
    ['train', { epoch: 3 }, "train has no option 'epoch': did you mean 'epochs'?"],
    ['train', { top: 3 }, /^train has no option 'top': /],
    ['evaluate', { epochs: 3 }, /^evaluate has no option 'epochs'/],
    ['recommend', { usr: '1' }, "recommend has no option 'usr': did you mean 'user' or 'users'?"],
    ['recommender.recommend', { device: 'cpu' }, /^recommender\.recommend has no option 'device'/],
    [
      'train',
      { width: 3 },
      /^width is a hyperparameter, compiled in as width=\d+: compile again with `pcrec-compile test\/runtime\/toy\.ts --set width=3`\.$/,
    ],
    ['train', { toString: 3 }, /^train has no option 'toString'/],
    ['train', { data: 7 }, "The option 'data' of train is a string, not 7."],
    ['train', { resume: 'yes' }, 'The option \'resume\' of train is true or false, not "yes".'],
    ['train', { listen: {} }, /is a function of events/],
    ['recommend', { history: [1, 2] }, /is a string, or a list of strings or events/],
    ['recommend', undefined, 'recommend takes an object of options, not undefined.'],
    ['train', 'sample', 'train takes an object of options, not "sample".'],
  ] as const)('%s of %j', (of, options, message) => {
    expect(known(manifest, of)(options as object)).toEqual(
      E.left(typeof message === 'string' ? message : expect.stringMatching(message)),
    );
  });

  it('are taken where they are known', () => {
    const options = {
      data: 'sample',
      epochs: 3,
      signal: new AbortController().signal,
      listen: () => undefined,
      out: undefined,
    };
    expect(known(manifest, 'train')(options)).toEqual(E.right(options));
  });
});
