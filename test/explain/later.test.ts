/** What a folder keeps to explain by: made of it later is made of it at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryInfo, explainableOf, explanationOf } from '../../compiler/compile.js';
import { explainableText, explainingOf } from '../../compiler/explained-later.js';
import { interner } from '../../compiler/graph.js';
import { withPlainNames } from '../../compiler/loops/names.js';
import { pack, unpack } from '../../compiler/packed.js';
import hstu from '../../models/hstu.js';
import gru4rec from '../../models/gru4rec.js';
import pcrecSimple from '../../models/pcrec-simple.js';
import pcrec from '../../models/pcrec.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { trainedOf } from './support.js';

describe('packed graphs', () => {
  const notes = new WeakMap<object, object>();
  const back = (value: object): unknown => unpack(pack(value, notes), () => {});

  it('are the values that they were', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.double(),
        fc.constantFrom(-0, Infinity, -Infinity, NaN),
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any')),
        fc.dictionary(fc.string(), tie('any'), { noNullPrototype: true }),
      ),
    })).any;
    fc.assert(fc.property(fc.array(value), (list) => void expect(back(list)).toEqual(list)));
  });
  it('keep what is one object one, whether or not it has a note', () => {
    const axis = { name: 'a' };
    notes.set(axis, { source: { line: 7 } });
    const found = new Map<object, object>();
    const [first, { axes }] = unpack(pack([axis, { axes: [axis, axis] }], notes), (of, note) =>
      found.set(of, note),
    ) as [object, { axes: object[] }];
    expect(axes.every((a) => a === first)).toBe(true);
    expect([...found]).toEqual([[first, { source: { line: 7 } }]]);
  });
});

describe.each([
  ['hstu', hstu, { blocks: 1 }],
  ['gru4rec', gru4rec, {}],
  ['pcrec', pcrec, { blocks: 1 }],
  ['pcrec-simple', pcrecSimple, {}],
] as const)('what explains %s', (_, model, over) => {
  it('is the same made of the text as made of the model, and the text is', () => {
    const all = { length: 6, width: 4, ...over };
    const of = () => explainableOf(traced(model, all), trainedOf(model, all));
    const explainable = of();
    const { origins } = explainable;
    const entry = rightOf(explanationOf(explainable, { updates: {}, interned: interner(), origins }));
    const text = explainableText(explainable);
    const later = rightOf(explainingOf(text));
    expect(later.loops).toEqual(withPlainNames({ model: explainable.model, entries: [entry] }));
    expect(later.entry).toEqual(entryInfo(entry));
    expect(explainableText(of())).toBe(text);
  });
});
