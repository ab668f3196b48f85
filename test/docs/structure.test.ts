/** What the folders of the lower half promise: who imports whom, where text is made, and how long a function may be. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Node, Project, type SourceFile } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';

const under = (folder: string): readonly string[] =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file).replaceAll('\\', '/'));
const project = new Project({ useInMemoryFileSystem: true });
const parsed = (file: string): SourceFile =>
  project.getSourceFile(`/${file}`) ??
  project.createSourceFile(`/${file}`, readFileSync(join(packageRoot, file), 'utf8'));
/** Files that a file imports; `types`: for their types alone too. */
const imports = (file: string, types: boolean): readonly string[] =>
  [...parsed(file).getImportDeclarations(), ...parsed(file).getExportDeclarations()]
    .filter(
      (d) =>
        types ||
        !(
          d.isTypeOnly() ||
          (Node.isImportDeclaration(d) &&
            d.getNamedImports().length > 0 &&
            d.getNamedImports().every((n) => n.isTypeOnly()))
        ),
    )
    .flatMap((d) => {
      const from = d.getModuleSpecifierValue();
      return from?.startsWith('.') === true
        ? [join(dirname(file), from).replaceAll('\\', '/').replace('.js', '.ts')]
        : [];
    });

const lower = ['compiler/loops', 'compiler/code', 'compiler/cpu', 'compiler/targets'].flatMap(under);
const targets = readdirSync(join(packageRoot, 'compiler/targets'), { withFileTypes: true })
  .filter((e) => e.isDirectory())
  .map((e) => `compiler/targets/${e.name}/`);
const targetOf = (file: string): string | undefined => targets.find((t) => file.startsWith(t));

describe('the lower half of the compiler', () => {
  it('has no target that imports another', () => {
    expect(targets.length).toBeGreaterThan(1);
    const borrowed = lower.flatMap((file) =>
      targetOf(file) === undefined
        ? []
        : imports(file, true)
            .filter((i) => targetOf(i) !== undefined && targetOf(i) !== targetOf(file))
            .map((i) => `${file} imports ${i}`),
    );
    expect(borrowed).toEqual([]);
  });

  it('knows nothing of targets above them', () => {
    const up = lower
      .filter((file) => targetOf(file) === undefined && !file.startsWith('compiler/targets/'))
      .flatMap((file) =>
        imports(file, true)
          .filter((i) => i.startsWith('compiler/targets/'))
          .map((i) => `${file} imports ${i}`),
      );
    expect(up).toEqual([]);
  });

  it('lets loops, code, and what is made of both import downwards only', () => {
    const order = ['compiler/loops/', 'compiler/code/', 'compiler/cpu/'];
    const rank = (file: string): number => order.findIndex((folder) => file.startsWith(folder));
    const up = lower.flatMap((file) =>
      imports(file, true)
        .filter((i) => rank(file) >= 0 && rank(i) > rank(file))
        .map((i) => `${file} imports ${i}`),
    );
    expect(up).toEqual([]);
  });

  it('imports in no circle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'open') circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (state.has(file)) return;
      state.set(file, 'open');
      imports(file, false)
        .filter((i) => lower.includes(i))
        .forEach((i) => visit(i, [...path, file]));
      state.set(file, 'done');
    };
    lower.forEach((file) => visit(file, []));
    expect(circles).toEqual([]);
  });

  it('spells WebAssembly in one file', () => {
    const spelt = /\(?(local\.(get|set)|global\.get|f32x4\.|i32x4\.|v128\.|f32\.|i32\.)/;
    const texts = lower.filter((file) =>
      parsed(file)
        .getDescendants()
        .some(
          (n) =>
            (Node.isStringLiteral(n) ||
              Node.isNoSubstitutionTemplateLiteral(n) ||
              Node.isTemplateHead(n) ||
              Node.isTemplateMiddle(n) ||
              Node.isTemplateTail(n)) &&
            spelt.test(n.getText()),
        ),
    );
    expect(texts).toEqual(['compiler/targets/wasm/print.ts']);
  });

  it('takes no code apart by regular expressions', () => {
    const files = lower.filter((file) =>
      parsed(file)
        .getDescendants()
        .some((n) => Node.isRegularExpressionLiteral(n)),
    );
    // Names of users.
    expect(files.sort()).toEqual(['compiler/cpu/names.ts', 'compiler/loops/names.ts', 'compiler/targets/gpu/names.ts']);
  });

  it('asks no text of a gpu.js kernel what it is', () => {
    // Some are methods of lists as well: here nobody needs these.
    const asking = new Set(
      'charAt charCodeAt endsWith includes indexOf lastIndexOf match matchAll replace replaceAll search slice split startsWith substring substr trim trimEnd trimStart'.split(
        ' ',
      ),
    );
    const files = under('compiler/targets/gpu').filter((file) =>
      parsed(file)
        .getDescendants()
        .some((n) => Node.isPropertyAccessExpression(n) && asking.has(n.getName())),
    );
    // Words of users: above a function, and in names.
    expect(files.sort()).toEqual(['compiler/targets/gpu/comment.ts', 'compiler/targets/gpu/names.ts']);
  });

  it('has no function of more than 80 lines', () => {
    const long = lower
      .filter((file) => file !== 'compiler/targets/reference.ts')
      .flatMap((file) =>
        parsed(file)
          .getDescendants()
          .filter((n) => Node.isArrowFunction(n) || Node.isFunctionDeclaration(n))
          .map((n) => ({ n, lines: n.getEndLineNumber() - n.getStartLineNumber() + 1 }))
          .filter(({ lines }) => lines > 80)
          .map(({ n, lines }) => `${relative('/', file)}:${n.getStartLineNumber()} has ${lines}`),
      );
    expect(long).toEqual([]);
  });
});
