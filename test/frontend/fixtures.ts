/** Model files in a folder of their own, written for one test. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chain } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { onTestFinished } from 'vitest';
import { compile } from '../../compiler/compile.js';
import { hyperValues, open, trace } from '../../compiler/frontend/index.js';

export type Files = Readonly<Record<string, string>>;

/** A folder with these files; it goes when the test is over. */
export const project = (files: Files): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pcrec-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  Object.entries({ 'package.json': '{}', ...files }).forEach(([name, text]) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  });
  return folder;
};

/** The model `tiny.ts` of this text, opened, traced and compiled; its folder, for messages that show lines. */
export const compiledText = (
  text: string,
  set: readonly string[] = [],
): { readonly folder: string; readonly compiled: ReturnType<typeof compile> } => {
  const folder = project({ 'tiny.ts': text });
  const compiled = pipe(
    open(join(folder, 'tiny.ts')),
    chain((opened) =>
      pipe(
        hyperValues(opened.model, { set }),
        chain((values) => trace(opened, values)),
      ),
    ),
    chain((model) => compile(model)),
  );
  return { folder, compiled };
};

/** Lines 1 to 3 of every model text here. */
export const imports = `import { add, axis, boolean, choice, embed, expand, integer, mean, model, mul, normal, number, param, scalar, square, sum } from 'pcrec';
import type { Tensor } from 'pcrec';
import { flow, pipe } from 'fp-ts/lib/function.js';
`;

export const rest = `
  hyper: { length: integer(8, 'longest history read', { max: 512 }), width: integer(4, 'width'), rate: number(0.1, 'learning rate', { min: 0, max: 1 }),
    bias: boolean(true, 'adds a bias'), loss: choice(['mean', 'sum'], 'how positions are joined') },
  presets: { large: { width: 64 } },
  optimizer: () => ({ name: 'none', slots: [], update: (p, g) => ({ value: p, slots: {} }) }),`;

/** A model whose `build` has this body; it must return outputs. The body starts at line 10. */
export const modelText = (
  body: string,
  name = 'tiny',
): string => `${imports}export default model({ name: '${name}',${rest}
  build: ({ batch, hyper, phase }) => {
${body}
  } });
`;

export const plainBody = `    const width = axis('width', hyper.width);
    const table = param('item', [batch.item, width], normal(0.02));
    const x = embed(table, batch.items);
    const loss = mean(square(x), [batch.batch, batch.seq, width]);
    return { loss, scores: expand(scalar(0), batch.batch, batch.item) };`;
