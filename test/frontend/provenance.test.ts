import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { hyperValues, open, trace, type Traced } from '../../compiler/frontend/index.js';
import { renderAll } from '../../compiler/diagnostics.js';
import { argsOf } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { type Files, modelText, project } from './fixtures.js';

const traced = (body: string, more: Files = {}): { readonly traced: Traced; readonly folder: string } => {
  const folder = project({ 'tiny.ts': modelText(body), ...more });
  const opened = open(join(folder, 'tiny.ts'));
  if (isLeft(opened)) throw new Error(renderAll(opened.left));
  const values = hyperValues(opened.right.model, { set: [] });
  if (isLeft(values)) throw new Error(renderAll(values.left));
  const result = trace(opened.right, values.right);
  if (isLeft(result)) throw new Error(renderAll(result.left));
  return { traced: result.right, folder };
};

const below = (node: Node, seen = new Set<Node>()): ReadonlySet<Node> => {
  if (!seen.has(node)) {
    seen.add(node);
    argsOf(node).forEach((a) => below(a, seen));
  }
  return seen;
};

/** Names given to the nodes below the loss, and the text at each one's source. */
const seenIn = ({
  traced: { training, provenance },
  folder,
}: ReturnType<typeof traced>): Readonly<Record<string, string>> => {
  const entries = [...below(training.loss)].flatMap((node): [string, string][] => {
    const { name, source } = provenance.get(node) ?? {};
    if (name === undefined || source === undefined) return [];
    const line = readFileSync(join(folder, source.file), 'utf8').split('\n')[source.line - 1]!;
    return [[name, line.slice(source.column - 1)]];
  });
  return Object.fromEntries(entries.sort());
};

const scores = 'scores: expand(scalar(0), batch.batch, batch.item)';

describe('provenance', () => {
  it('gives a node the name of its const and the span of the expression that made it', () => {
    const it = traced(`    const width = axis('width', hyper.width);
    const table = param('item', [batch.item, width], normal(0.02));
    const x = embed(table, batch.items);
    const loss = mean(square(x), [batch.batch, batch.seq, width]);
    return { loss, ${scores} };`);
    expect(seenIn(it)).toEqual({
      table: "param('item', [batch.item, width], normal(0.02));",
      x: 'embed(table, batch.items);',
      loss: 'mean(square(x), [batch.batch, batch.seq, width]);',
    });
  });

  it('knows every node below the outputs, those of library functions by the call that made them', () => {
    const {
      traced: { training, provenance },
    } = traced(`    const width = axis('width', hyper.width);
    const table = param('item', [batch.item, width], normal(0.02));
    const loss = mean(square(embed(table, batch.items)), [batch.batch, batch.seq, width]);
    return { loss, ${scores} };`);
    const nodes = [...below(training.loss)];
    expect(nodes.length).toBeGreaterThan(4);
    nodes.forEach((node) => expect(provenance.get(node)?.source.file).toBe('tiny.ts'));
    const squared = nodes.find((n) => n.op === 'map' && n.fn === 'mul')!;
    expect(provenance.get(squared)!.source).toEqual({ file: 'tiny.ts', line: 12, column: 23 });
  });

  it('gives each stage of a pipe its own span', () => {
    const it = traced(`    const width = axis('width', hyper.width);
    const table = param('item', [batch.item, width], normal(0.02));
    const loss = pipe(
      embed(table, batch.items),
      square,
      (x) => x,
      mean([batch.batch, batch.seq, width]),
    );
    return { loss, ${scores} };`);
    const { training, provenance } = it.traced;
    const lines = [...below(training.loss)].map((n) => [n.op, provenance.get(n)?.source.line]);
    expect(lines).toContainEqual(['gather', 13]);
    expect(lines).toContainEqual(['map', 14]);
    expect(lines).toContainEqual(['reduce', 16]);
  });

  it('names arrays, tuples, records and destructured results', () => {
    const it = traced(`    const width = axis('width', hyper.width);
    const layers = [1, 2].map((n) => param('p' + n, [width], normal(0.02)));
    const pair = { a: mul(layers[0]!, 2), b: mul(layers[1]!, 3) };
    const { a: first, b } = { a: mul(pair.a, 2), b: mul(pair.b, 2) };
    const [left, , right] = [mul(first, 3), 0, mul(b, 3)] as const;
    const loss = sum(add(left, right), [width]);
    return { loss, ${scores} };`);
    expect(Object.keys(seenIn(it))).toEqual([
      'b',
      'first',
      'layers_0',
      'layers_1',
      'left',
      'loss',
      'pair_a',
      'pair_b',
      'right',
    ]);
  });

  it('follows relative imports and names each file relative to the project', () => {
    const it = traced(
      `    const width = axis('width', hyper.width);
    const loss = sum(twice(param('p', [width], normal(0.02))), [width]);
    return { loss, ${scores} };`.replace('twice', '(twice as <A extends string>(x: Tensor<A>) => Tensor<A>)'),
      {
        'lib/twice.ts': `import { mul, type Tensor } from 'pcrec';
export const twice = <A extends string>(x: Tensor<A>): Tensor<A> => {
  const doubled = mul(x, 2);
  return doubled;
};
`,
        'tiny.ts': `import { twice } from './lib/twice.js';\n${modelText(`    const width = axis('width', hyper.width);
    const loss = sum(twice(param('p', [width], normal(0.02))), [width]);
    return { loss, ${scores} };`)}`,
      },
    );
    expect(seenIn(it)['doubled']).toBe('mul(x, 2);');
    const { training, provenance } = it.traced;
    expect([...below(training.loss)].map((n) => provenance.get(n)?.source.file)).toContain('lib/twice.ts');
  });

  it('names the outputs where the model did not', () => {
    const {
      traced: { training, inference, provenance },
    } = traced(`    const width = axis('width', hyper.width);
    return { loss: sum(param('p', [width], normal(0.02)), [width]), ${scores} };`);
    expect(provenance.get(training.loss)?.name).toBe('loss');
    expect(provenance.get(inference.scores)?.name).toBe('scores');
  });

  it('calls what has no name after the constant that it is part of, else after the function that was called', () => {
    const {
      traced: { training, provenance },
    } = traced(`    const width = axis('width', hyper.width);
    const table = param('item', [batch.item, width], normal(0.02));
    const energy = mul(square(embed(table, batch.items)), 0.5);
    const { total } = { total: sum(add(energy, 1), [batch.seq, width]) };
    return { loss: mean(total, [batch.batch]), ${scores} };`);
    const called = [...below(training.loss)].flatMap((n) =>
      n.op === 'map' || n.op === 'reduce' || n.op === 'gather'
        ? [[n.op === 'map' ? n.fn : n.op, provenance.get(n)?.name ?? provenance.get(n)?.label]]
        : [],
    );
    expect(called).toContainEqual(['gather', 'energy']);
    expect(called).toContainEqual(['mul', 'energy']);
    expect(called).toContainEqual(['add', 'add']);
    expect(called).toContainEqual(['reduce', 'total']);
    expect(provenance.get(training.loss)).toMatchObject({ name: 'loss', label: 'mean' });
  });

  it('keeps optional chains, constructors and immediately called functions as they were', () => {
    const {
      traced: { training },
    } = traced(`    const width = axis('width', hyper.width);
    const nothing = undefined as { f: () => { x: number } } | undefined;
    const n = nothing?.f().x ?? new Map([['k', 3]]).get('k')!;
    const loss = (() => sum(mul(param('p', [width], normal(0.02)), n), [width]))();
    return { loss, ${scores} };`);
    expect([...below(training.loss)].some((node) => node.op === 'constant' && node.value === 3)).toBe(true);
  });
});
