/** The table of inputs: that its rows agree with one another, and that whoever reads it has something for every row. */
import fc from 'fast-check';
import { Project, ts } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { type Axis, bound, missingOf } from '../../dsl/axis.js';
import { batchAxes } from '../../dsl/batch.js';
import { batchOf } from '../../dsl/model.js';
import type { Node } from '../../dsl/node.js';
import { packageRoot } from '../../compiler/package.js';
import {
  allInputs,
  axes,
  type AxisName,
  columnOf,
  columns,
  type EntryName,
  given,
  inputOf,
  type InputRow,
  inputsFor,
  tellsOf,
} from '../../runtime/contract/batch.js';
import { type Dataset, evaluationBatches, history, leaveOneOut, seenMax } from '../../runtime/data/index.js';
import { columnsOf, filled, type Windows } from '../../runtime/data/fill.js';
import { row } from '../../runtime/recommend.js';
import { datasets } from '../data/support.js';

const LENGTH = 7;
const entries: readonly EntryName[] = ['train', 'rank', 'score', 'explain'];
const isAnswer = ({ tells }: InputRow): boolean => tells === 'answer' || tells === 'answerOfRow';
const rows = allInputs().map((one) => [one.name, one] as const);

describe('the table of inputs', () => {
  it('has a name once, and finds its row by it', () => {
    expect(new Set(allInputs().map(({ name }) => name)).size).toBe(allInputs().length);
    for (const one of allInputs()) expect(inputOf(one.name)).toBe(one);
    expect([inputOf('nothing'), tellsOf('nothing')]).toEqual([undefined, 'past']);
  });

  it('has the count of every axis that may end early, as the language names it', () => {
    const made: Readonly<Record<string, Axis>> = batchAxes(LENGTH);
    for (const [name, axis] of Object.entries(made)) {
      const { size } = axes[name as AxisName];
      expect([axis.name, bound(axis)]).toEqual([name, size === 'length' ? LENGTH : size]);
      const missing = missingOf(axis);
      if (axis.extent.kind === 'ragged')
        expect(inputOf(axis.extent.lengths)).toMatchObject({
          axes: [axis.extent.rows],
          dtype: 'i32',
          fill: { from: 'length', of: name },
        });
      else if (missing !== undefined)
        expect(inputOf(missing)).toMatchObject({ axes: [], dtype: 'i32', fill: { from: 'missing' } });
    }
  });

  it.each(rows)('agrees with itself about %s', (_, one) => {
    const sequence = one.axes.includes('seq');
    if (one.tells === 'answer') expect(sequence).toBe(true);
    if (one.tells === 'answerOfRow') expect(sequence).toBe(false);
    if (one.ids !== null) expect(one.dtype).toBe('i32');
    // Who asks for scores knows no answer, and who ranks has the one that is ranked.
    if (isAnswer(one)) expect(one.entries).not.toContain('score');
    if (one.tells === 'answer') expect(one.entries).toEqual(['train']);
    const column = columnOf(one);
    if (one.fill.from === 'event' && one.fill.shift > 0 && columns[column!].next === 'asked')
      expect(isAnswer(one)).toBe(true);
    // What a model may read to score by it must be there while it learns, and while it is judged.
    if (one.entries.includes('score')) expect([...one.entries].sort()).toEqual([...entries].sort());
  });

  it('is the batch of the language, a tensor for each row that a model reads', () => {
    const batch = batchOf(LENGTH) as unknown as Readonly<Record<string, Node>>;
    expect(Object.keys(batch).sort()).toEqual(['batch', 'seq', 'item', ...Object.keys(given)].sort());
    for (const [name, one] of Object.entries<InputRow>(given))
      expect(batch[name]).toMatchObject({
        op: 'input',
        name: one.name,
        dtype: one.dtype,
        axes: [...one.axes].sort().map((a) => ({ name: a })),
      });
  });

  it('speaks to whoever writes a model: types as they are said, and what the rows say of themselves', () => {
    const code = new Project({ tsConfigFilePath: `${packageRoot}/tsconfig.json`, skipAddingFilesFromTsConfig: true });
    const text = `import type { Batch } from './model.js';\nexport const f = (batch: Batch) => [${Object.keys(given)
      .map((name) => `batch.${name}`)
      .join(', ')}, batch.seq];\n`;
    const file = code.createSourceFile(`${packageRoot}/dsl/tried.ts`, text);
    const told = (name: string): readonly [string, string] => {
      const at = code
        .getLanguageService()
        .compilerObject.getQuickInfoAtPosition(file.getFilePath(), text.indexOf(`batch.${name},`) + 'batch.'.length)!;
      return [ts.displayPartsToString(at.displayParts), ts.displayPartsToString(at.documentation)];
    };
    expect(told('nextTimes')).toEqual([
      `(property) nextTimes: Tensor<"batch" | "seq", "i32">`,
      'The same for the next event: the time at which the prediction is asked for.',
    ]);
    for (const [name, one] of Object.entries<InputRow>(given)) {
      const [type, doc] = told(name);
      expect(type).toBe(`(property) ${name}: Tensor<${one.axes.map((a) => `"${a}"`).join(' | ')}, "${one.dtype}">`);
      expect(doc).not.toBe('');
    }
  });
});

/** A batch of windows that end anywhere, some of its rows missing. */
const windowsOf = (data: Dataset, batch: number, length: number): Windows => {
  const users = [...data.users.keys()]
    .filter((user) => data.offsets[user + 1]! - data.offsets[user]! >= 2)
    .slice(0, Math.max(1, batch - 1));
  const ends = Int32Array.from(users, (user) => data.offsets[user + 1]! - 1);
  return {
    columns: columnsOf(data),
    starts: ends.map((end, i) => Math.max(data.offsets[users[i]!]!, end - length)),
    ends,
    batch,
    length,
    seen: { values: new Int32Array(batch * 3), lengths: new Int32Array(batch) },
    popularity: new Float32Array(data.items.length),
  };
};

describe('filling', () => {
  const shapes = { batch: fc.integer({ min: 1, max: 6 }), length: fc.integer({ min: 1, max: 9 }) };

  it.each(entries)(
    'gives %s all that its rows list but what a run counts, each as large as its axes and of its type',
    (entry) => {
      fc.assert(
        fc.property(datasets, fc.record(shapes), (data, { batch, length }) => {
          const windows = windowsOf(data, batch, length);
          const got = filled(entry, windows);
          const wanted = inputsFor(entry).filter(({ fill }) => fill.from !== 'run');
          expect(Object.keys(got)).toEqual(wanted.map(({ name }) => name));
          const size = { batch, length, items: data.items.length, seen: 3 };
          for (const one of wanted) {
            expect(got[one.name]).toBeInstanceOf(one.dtype === 'i32' ? Int32Array : Float32Array);
            expect(got[one.name]!.length).toBe(one.axes.reduce((n, a) => n * size[axes[a].size], 1));
            // No lookup by these is guarded.
            if (one.ids === 'item')
              expect(got[one.name]!.every((id) => Number.isInteger(id) && id >= 0 && id < data.items.length)).toBe(
                true,
              );
          }
        }),
      );
    },
  );

  it('says of each event what its row says: a column, so much later, less what it was at first', () => {
    fc.assert(
      fc.property(datasets, fc.record(shapes), (data, { batch, length }) => {
        const windows = windowsOf(data, batch, length);
        const got = filled('train', windows);
        for (const one of inputsFor('train')) {
          const { fill } = one;
          if (fill.from !== 'event') continue;
          const expected = new Array<number>(one.axes.includes('seq') ? batch * length : batch).fill(0);
          const values = windows.columns[fill.column];
          windows.ends.forEach((end, r) => {
            const start = windows.starts[r]!;
            const value = (event: number): number =>
              values === undefined ? 0 : values[event + fill.shift]! - (fill.since === 'first' ? values[start]! : 0);
            if (!one.axes.includes('seq')) expected[r] = value(end - 1);
            else for (let event = start; event < end; event++) expected[r * length + event - start] = value(event);
          });
          expect([...got[one.name]!]).toEqual(expected);
        }
      }),
    );
  });

  it('gives a request what evaluation gives the same history, asked at the same moment', () => {
    fc.assert(
      fc.property(
        datasets,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('validation', 'test'),
        (data, length, which) => {
          const parts = leaveOneOut(data);
          for (const batch of evaluationBatches(parts, which, {
            batch: 1,
            length,
            seenMax: Math.max(1, seenMax(parts)),
          })) {
            const [user, question] = [batch.users[0]!, batch.questions[0]!];
            const [start, end] = [data.offsets[user]!, parts.held[which].ends[question]!];
            const times = data.times === undefined ? undefined : [...data.times.subarray(start, end)];
            const asked = row(
              { items: [...history(parts, which, question)], times },
              length,
              data.times?.[end] ?? null,
            );
            const { rows: _rows, users: _users, questions: _questions, ...judged } = batch;
            expect(asked).toEqual(
              Object.fromEntries(
                inputsFor('score').map(({ name }) => [name, (judged as Readonly<Record<string, unknown>>)[name]]),
              ),
            );
          }
        },
      ),
    );
  });
});
