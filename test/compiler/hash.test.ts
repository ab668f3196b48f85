/** By what checkpoints know a model: its numbers, and neither the lines nor the words of its file. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { renderAll } from '../../compiler/diagnostics.js';
import { compiledText, modelText } from '../frontend/fixtures.js';

const body = `    const width = axis('width', hyper.width);
    const table = param('item', [batch.item, width], normal(0.02));
    const x = mul(embed(table, batch.items), scalar(0.5));
    const loss = mean(square(x), [batch.batch, batch.seq, width]);
    return { loss, scores: expand(sum(table, width), batch.batch) };`;
const text = modelText(body);

const hash = (of: string, set: readonly string[] = []): string => {
  const { compiled: done } = compiledText(of, set);
  if (isLeft(done))
    throw new Error(renderAll(done.left, { colour: false, read: () => undefined, show: (file) => file }));
  return done.right.manifest.hash;
};
const changed = (from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

let before: string | undefined;
const unchanged = (): string => (before ??= hash(text));

it('keeps its hash when its lines move, and its comments change', () => {
  expect(unchanged()).toMatch(/^2-[0-9a-f]{64}$/);
  expect(hash(changed('export default', '// A comment\n// of two lines.\nexport default'))).toBe(unchanged());
  expect(hash(changed('const x = mul(', 'const x =   /* here */ mul(\n      '))).toBe(unchanged());
});

it.each([
  ['a number', changed('scalar(0.5)', 'scalar(0.25)'), []],
  ['a start', changed('normal(0.02)', 'normal(0.03)'), []],
  ['an operation', changed('square(x)', 'add(x, x)'), []],
  ['the path of a parameter', changed("param('item'", "param('source'"), []],
  ['the optimizer', changed('value: p, slots: {} }', 'value: mul(p as Tensor<never>, scalar(0.5)), slots: {} }'), []],
  ['a hyperparameter that is an extent', text, ['width=5']],
  ['a hyperparameter that trains', text, ['rate=0.2']],
] as const)('changes with %s', (_, other, set) => {
  expect(hash(other, set)).not.toBe(unchanged());
});
