/** What is exported is explained where it is declared, which is what an editor shows: every name of `dsl/`, and of the faces of runtime and compiler. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Node, Project, type SourceFile } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';

const textOf = (node: Node): string =>
  Node.isJSDocable(node)
    ? node
        .getJsDocs()
        .map((doc) => doc.getDescription())
        .join(' ')
    : '';
/** A variable's comment stands before its `export const`. */
const holderOf = (node: Node): Node =>
  Node.isVariableDeclaration(node) ? (node.getVariableStatement() ?? node) : node;
const letters = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** Exported names of this package's own whose comment is missing, or says no more than the name. */
const unexplained = (file: SourceFile): readonly string[] =>
  [...file.getExportedDeclarations()].flatMap(([name, declarations]) => {
    const own = declarations.filter((d) => !d.getSourceFile().getFilePath().includes('/node_modules/'));
    const said = letters(own.map((d) => textOf(holderOf(d))).join(' '));
    return own.length === 0 || (said !== '' && said !== letters(name) && said !== `the${letters(name)}`)
      ? []
      : [`${file.getBaseName()}: ${name}`];
  });

describe('the comments of exported names', () => {
  it('are missed where there are none, or where they say the name alone', () => {
    const project = new Project({ useInMemoryFileSystem: true });
    project.createSourceFile(
      'a.ts',
      '/** One more. */\nexport const told = 1;\nexport const silent = 2;\n// A line for readers of the file.\nexport type Quiet = 3;\n/** The echo. */\nexport const echo = 4;\nconst inner = 5;\n',
    );
    const file = project.createSourceFile(
      'index.ts',
      "/** Of the file. */\nimport './b.js';\n\nexport * from './a.js';\nexport function bare(): void {}\n",
    );
    expect(unexplained(file)).toEqual(['index.ts: bare', 'index.ts: silent', 'index.ts: Quiet', 'index.ts: echo']);
  });

  it('are there', () => {
    const project = new Project({
      tsConfigFilePath: join(packageRoot, 'tsconfig.json'),
      skipAddingFilesFromTsConfig: true,
    });
    const language = readdirSync(join(packageRoot, 'dsl'))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `dsl/${name}`);
    const files = [...language, 'runtime/index.ts', 'runtime/browser.ts', 'compiler/index.ts'].map((path) =>
      project.addSourceFileAtPath(join(packageRoot, path)),
    );
    project.resolveSourceFileDependencies();
    expect(files.flatMap((file) => [...file.getExportedDeclarations().keys()]).length).toBeGreaterThan(400);
    expect([...new Set(files.flatMap(unexplained))]).toEqual([]);
  });
});
