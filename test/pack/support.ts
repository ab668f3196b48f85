/** A model that reads whatever a batch can hold, and data that tell it: what is packed of them, and what the trainer's own batches are. */
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import { allInputs, type InputRow } from '../../runtime/contract/batch.js';
import { clockRows, eventRows, labelRows, userRow } from '../../runtime/contract/features.js';
import { requestRow } from '../../runtime/contract/request.js';
import type { Manifest, StateInfo } from '../../runtime/contract/session.js';
import { dataset, type Dataset } from '../../runtime/data/index.js';
import { peopled } from '../features/data.js';

/** With what was asked before each event, as vectors. */
export const everything = (): Dataset => {
  const { hash: _, ...parts } = peopled();
  const asked = {
    kind: 'lookup',
    width: 2,
    vectors: Float32Array.of(1, 2, 3, 4, 5, 6),
    values: Int32Array.from(parts.sequence, (__, i) => (i * 7) % 4),
  } as const;
  return dataset({ ...parts, events: new Map([...parts.events!, ['instruction', asked]]) });
};

const rows: readonly InputRow[] = [
  ...Object.values(eventRows({ name: 'action', kind: 'category' })),
  ...Object.values(eventRows({ name: 'rating', kind: 'number' })),
  ...Object.values(labelRows({ column: 'rating', test: { kind: 'atLeast', value: 4 } })),
  ...Object.values(labelRows({ column: 'action', test: { kind: 'among', values: ['buy', 'cart'] } })),
  ...Object.values(clockRows('hour')),
  ...Object.values(clockRows('weekday')),
  ...(['category', 'categories', 'number', 'vector'] as const).map((kind, i) =>
    userRow({ name: ['gender', 'likes', 'age', 'taste'][i]!, kind }),
  ),
  requestRow('instruction'),
];

const given: StateInfo = {
  name: 'item.text',
  dtype: 'f32',
  axes: ['item', 'text'],
  shape: ['items', 'item_text_width'],
  init: { kind: 'given', feature: { name: 'text', kind: 'vector' } },
  role: 'given',
};

const info = ({ name, axes, dtype }: InputRow) => ({ name, dtype, axes, shape: axes });

/** `last`: it learns from one target a row, so its windows end anywhere. */
export const reader = (horizon: 'all' | 'last', label?: Manifest['label']): Pick<CompiledModel, 'manifest'> => {
  const all = [...allInputs(), ...rows].filter(({ tells }) => horizon === 'all' || tells !== 'answer');
  const entry = (of: 'train' | 'rank') => ({
    inputs: all.filter(({ entries }) => entries.includes(of)).map(info),
    outputs: [],
  });
  return {
    manifest: {
      format: 1,
      model: 'reader',
      source: 'reader.ts',
      hyper: {},
      length: 5,
      states: [given],
      entries: { train: entry('train'), rank: entry('rank') },
      rows,
      hash: '2-0123',
      ...(label === undefined ? {} : { label }),
    },
  };
};
