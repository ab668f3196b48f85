import { join } from 'node:path';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { fromDisk, renderAll } from '../../compiler/diagnostics.js';
import { hyperValues, modelPath, open, trace } from '../../compiler/frontend/index.js';
import { imports, modelText, plainBody, project, rest } from './fixtures.js';

/** What the author reads for a model file with this text, without colour. */
const complaint = (text: string, more: Readonly<Record<string, string>> = {}, patience = 60): string => {
  const folder = project({ 'tiny.ts': text, ...more });
  const opened = open(join(folder, 'tiny.ts'), { patience });
  const said = (diagnostics: Parameters<typeof renderAll>[0]) =>
    renderAll(diagnostics, { colour: false, read: (file) => fromDisk(join(folder, file)), show: (file) => file });
  if (isLeft(opened)) return said(opened.left);
  const values = hyperValues(opened.right.model, { set: [] });
  if (isLeft(values)) return said(values.left);
  const traced = trace(opened.right, values.right);
  return isLeft(traced) ? said(traced.left) : 'nothing';
};

describe('opening a model file', () => {
  it('accepts a default export, and the only named one', () => {
    expect(complaint(modelText(plainBody))).toBe('nothing');
    expect(complaint(modelText(plainBody).replace('export default', 'export const it ='))).toBe('nothing');
  });

  it('reports type errors as its own, with the code', () => {
    expect(complaint(modelText(plainBody.replace('hyper.width', 'hyper.wdith')))).toMatchInlineSnapshot(`
      "tiny.ts:10:39: error PC1002: Property 'wdith' does not exist on type 'Values<{ length: Hyper<number>; width: Hyper<number>; rate: Hyper<number>; bias: Hyper<boolean>; loss: Hyper<"mean" | "sum">; }>'. Did you mean 'width'? (TS2551)
         8 |   optimizer: () => ({ name: 'none', slots: [], update: (p, g) => ({ value: p, slots: {} }) }),
         9 |   build: ({ batch, hyper, phase }) => {
      > 10 |     const width = axis('width', hyper.wdith);
           |                                       ^
        11 |     const table = param('item', [batch.item, width], normal(0.02));"
    `);
  });

  it('explains a wrong axis without the types behind tensors', () => {
    const said = complaint(modelText(plainBody.replace('[batch.batch, batch.seq, width]', '[batch.seq, width]')));
    expect(said).not.toMatch(/AXES|DTYPE/);
    expect(said).toMatchInlineSnapshot(`
      "tiny.ts:9:3: error PC1016: build returns a Tensor<"batch", "f32"> as 'loss'
         7 |   presets: { large: { width: 64 } },
         8 |   optimizer: () => ({ name: 'none', slots: [], update: (p, g) => ({ value: p, slots: {} }) }),
      >  9 |   build: ({ batch, hyper, phase }) => {
           |   ^
        10 |     const width = axis('width', hyper.width);
      hint: return { loss, scores }: loss is one number, Tensor<never>; scores has one for each item of each user, Tensor<'batch' | 'item'>; nextItem(...) gives both"
    `);
  });

  it('waits no longer than it has patience, for the file and for its build', () => {
    const without = 'the model has not come to an end after 1 second: a loop without an end?';
    expect(complaint(`${modelText(plainBody)}\nfor (;;) ;`, {}, 1)).toContain(without);
    expect(complaint(modelText(`for (let i = 0; i >= 0; ) i += 1;\n${plainBody}`), {}, 1)).toContain(without);
  });

  it('knows what else a model takes of fp-ts', () => {
    const wrong = "import { getMonoid } from 'fp-ts/lib/function.js';\nconst m: number = getMonoid;";
    expect(complaint(`${wrong}\n${modelText(plainBody)}\nexport const used = m;`)).toContain(
      "is not assignable to type 'number'",
    );
    expect(
      complaint(`import { m } from './wrong.js';\n${modelText(plainBody)}\nexport const used = m;`, {
        'wrong.ts':
          "import { getMonoid } from 'fp-ts/lib/function.js';\nexport const m = getMonoid({ empty: 0, concat: 'no' })();\n",
      }),
    ).toContain('wrong.ts:2:');
  });

  it('reports type errors of relative imports, and no others', () => {
    const said = complaint(`import { wrong } from './wrong.js';\n${modelText(plainBody)}\nexport const used = wrong;`, {
      'wrong.ts': "export const wrong: number = 'text';\n",
      'unrelated.ts': "export const other: number = 'text';\n",
    });
    expect(said).toContain("wrong.ts:1:14: error PC1002: Type 'string' is not assignable to type 'number'. (TS2322)");
    expect(said).not.toContain('unrelated');
  });

  it('reports a file that does not parse once, where it breaks', () => {
    const said = complaint(modelText(plainBody.replace('hyper.width);', 'hyper.width;')));
    expect(said).toContain('tiny.ts:10:44: error');
    expect(said.match(/error/g)).toHaveLength(1);
  });

  it('maps what the language refuses to the innermost call of the model', () => {
    const said = complaint(
      modelText(
        plainBody.replace('mean(square(x), [', "mean(square(x), [axis('elsewhere', 3) as unknown as typeof width, "),
      ),
    );
    expect(said).toMatchInlineSnapshot(`
      "tiny.ts:13:18: error PC2001: there is no axis 'elsewhere' here: the axes are 'batch' | 'seq' | 'width'
        11 |     const table = param('item', [batch.item, width], normal(0.02));
        12 |     const x = embed(table, batch.items);
      > 13 |     const loss = mean(square(x), [axis('elsewhere', 3) as unknown as typeof width, batch.batch, batch.seq, width]);
           |                  ^
        14 |     return { loss, scores: expand(scalar(0), batch.batch, batch.item) };"
    `);
  });

  it('maps any other exception to the line that threw, without a stack', () => {
    const said = complaint(
      modelText(`    const nothing = undefined as unknown as { readonly gone: { readonly size: number } };
    const size = nothing.gone.size;
${plainBody}`),
    );
    expect(said).toMatchInlineSnapshot(`
      "tiny.ts:11:26: error PC1007: TypeError: Cannot read properties of undefined (reading 'gone')
         9 |   build: ({ batch, hyper, phase }) => {
        10 |     const nothing = undefined as unknown as { readonly gone: { readonly size: number } };
      > 11 |     const size = nothing.gone.size;
           |                          ^
        12 |     const width = axis('width', hyper.width);"
    `);
    const thrown = complaint(
      `${imports}const f = (): never => {\n  throw new Error('not today');\n};\nf();\nexport default 1;`,
    );
    expect(thrown).toContain('tiny.ts:5:9: error PC1007: Error: not today');
    expect(complaint(`${imports}throw 'words';`)).toContain('error PC1007: tiny.ts: the model threw words');
  });

  it('says where in a pipe a stage failed', () => {
    const said = complaint(
      modelText(
        plainBody.replace(
          'const loss = mean(square(x), [batch.batch, batch.seq, width]);',
          `const wrong = axis('elsewhere', 3) as unknown as typeof width;
    const loss = pipe(
      square(x),
      sum([wrong]),
      mean([batch.batch, batch.seq]),
    );`,
        ),
      ),
    );
    expect(said).toContain("tiny.ts:16:7: error PC2001: there is no axis 'elsewhere' here");
  });

  it('says so where there is no model, or several, or one without a name or a length', () => {
    expect(complaint(`${imports}export const f = 1, g = 2;`)).toMatchInlineSnapshot(`
      "error PC1012: tiny.ts exports no model (it exports f, g)
      hint: export one: export default model({ name: 'mine', hyper: { ... }, optimizer: ..., build: ... })"
    `);
    expect(complaint('export {};')).toContain('tiny.ts exports no model (it exports nothing)');
    const two = `${modelText(plainBody).replace('export default', 'export const a =')}export const b = { ...a, name: 'other' };`;
    expect(complaint(two)).toMatchInlineSnapshot(`
      "error PC1013: tiny.ts exports 2 models: a, b
      hint: a model file has one model: make one of them the default export, or give each its own file"
    `);
    expect(complaint(modelText(plainBody, 'no spaces please'))).toContain("'no spaces please' cannot name a model");
    expect(
      complaint(
        `${imports}export default { ...model({ name: 'tiny',${rest} build: () => { throw new Error('no'); } }), hyper: {} };`,
      ),
    ).toContain("no integer hyperparameter 'length'");
  });

  it('says so where an import is not there', () => {
    expect(
      complaint(`import { x } from './gone.js';\n${modelText(plainBody)}\nexport const y: unknown = x;`),
    ).toContain("Cannot find module './gone.js'");
  });

  it('reads the options of the nearest tsconfig.json', () => {
    const loose = modelText(plainBody)
      .replace('(p, g) =>', '(p: any, g) =>')
      .replace('build: ({', 'build: (x: never, y) => 0 as never, other: ({');
    expect(complaint(loose)).toContain('error');
    expect(complaint(`const f = (x) => x;\n${modelText(plainBody)}\nexport const used = f(1);`)).toContain('TS7006');
    expect(
      complaint(`const f = (x) => x;\n${modelText(plainBody)}\nexport const used = f(1);`, {
        'tsconfig.json':
          '{ "compilerOptions": { "module": "nodenext", "strict": true, "noImplicitAny": false, "target": "es2022", "types": [] } }',
      }),
    ).toBe('nothing');
    expect(
      complaint(modelText(plainBody), { 'tsconfig.json': '{ "compilerOptions": { "target": "es1066" } }' }),
    ).toContain("TypeScript: Argument for '--target' option");
  });

  it('knows what the settings bring into every file, wherever it is named', () => {
    const browser = {
      'tsconfig.json':
        '{ "compilerOptions": { "module": "nodenext", "strict": true, "target": "es2022", "lib": ["es2022", "dom"], "types": [] } }',
    };
    const naming = (field: string): string =>
      `${modelText(plainBody)}\nexport const named = (e: HTMLElement): string => e.${field};`;
    expect(complaint(naming('id'))).toContain("Cannot find name 'HTMLElement'");
    expect(complaint(naming('id'), browser)).toBe('nothing');
    const wrong = complaint(naming('idd'), browser);
    expect(wrong).toContain("Property 'idd' does not exist on type 'HTMLElement'");
    expect(wrong).not.toContain('Cannot find name');
  });
});

describe('the path of a model', () => {
  it('is refused where there is no such model file', () => {
    const folder = project({ 'tiny.ts': '', 'model.py': '' });
    const said = (path: string): string => {
      const result = modelPath(path, folder);
      return isRight(result)
        ? 'nothing'
        : renderAll(result.left, { colour: false, read: () => undefined, show: (f) => f });
    };
    expect(said('tiny.ts')).toBe('nothing');
    expect(said('tiny')).toBe('error PC0002: there is no file tiny\nhint: did you mean tiny.ts?');
    expect(said('gone.ts')).toBe('error PC0002: there is no file gone.ts');
    expect(said('model.py')).toBe(
      'error PC0002: model.py is not a model file: its name must end in .ts, .mts, .js, .mjs',
    );
    expect(said('.')).toBe('error PC0002: . is a folder: name the model file in it');
  });
});

describe('what build returns', () => {
  const returning = (what: string): string => modelText(plainBody.replace(/return \{.*\};/, what));
  const both = 'loss, scores: expand(scalar(0), batch.batch, batch.item)';

  it.each([
    ['return 5;', 'build returns a number'],
    ['', 'build returns nothing'],
    ['return { loss };', "build returns no 'scores'"],
    ['return {};', 'build returns neither loss nor scores'],
    [`return Promise.resolve({ ${both} });`, 'build returns a promise: a model is built at once'],
    [
      'return { loss: x, scores: expand(scalar(0), batch.batch, batch.item) };',
      'build returns a Tensor<"batch" | "seq" | "width"> as \'loss\'',
    ],
  ])('%j is refused in our words', (what, message) => {
    const said = complaint(returning(what));
    expect(said).toMatch(new RegExp(`^tiny\\.ts:9:3: error PC1016: ${message.replace(/[|<>"']/g, '\\$&')}`));
    expect(said).toContain('hint: return { loss, scores }: loss is one number');
    expect(said).not.toContain('TS2322');
  });

  it.each([
    ['return 5 as never;', "in the phase 'training' the model's build returns 5"],
    ['return (async () => 5)() as never;', 'returns a promise'],
    ['return { loss } as never;', "returns no 'scores'"],
    ['return { loss, scores: 3 } as never;', "returns 3 as 'scores', which is a tensor"],
    [
      'return { loss: x, scores: loss } as never;',
      "returns 'loss' with the axes batch, seq, width, and it has no axes",
    ],
    ['return { loss, scores: loss } as never;', "returns 'scores' with no axes, and it has the axes batch, item"],
    [
      "return phase === 'training' ? { loss, scores: expand(scalar(0), batch.batch, batch.item) } : [] as never;",
      "in the phase 'inference' the model's build returns a list",
    ],
  ])('%j is refused where types were silenced', (what, message) => {
    expect(complaint(returning(what))).toContain(message);
  });
});

describe('what a model file may not do', () => {
  const before = (what: string): string => `${what}\n${modelText(plainBody)}`;
  it.each([
    ["console.log('here');", "a model knows nothing of 'console'"],
    [
      "import { readFileSync } from 'node:fs'; export const n = readFileSync('x');",
      "a model knows nothing of 'node:fs'",
    ],
    ['export const here = process.cwd();', "a model knows nothing of 'process'"],
    ['export const z = await 3;', 'a model file has no await'],
    ['export const z: unknown = import.meta;', 'a model file has no import.meta'],
    ['const f = (n: number): number => f(n + 1); f(0);', 'this goes too deep'],
  ])('%j', (what, message) => {
    const said = complaint(before(what));
    expect(said).toMatch(/^tiny\.ts:1:\d+: error PC1/);
    expect(said).toContain(message);
    expect(said).not.toMatch(/\(TS\d+\)|RangeError|SyntaxError|\n\s+at /);
  });

  it('takes a model in JavaScript, as .js and .mjs', () => {
    const text = modelText(plainBody).replace(/^import type.*\n/m, '');
    for (const name of ['tiny.js', 'tiny.mjs']) {
      const path = join(project({ [name]: text }), name);
      expect(open(path)).toMatchObject({ _tag: 'Right' });
    }
  });
});
