/** Who imports whom: no file hangs on itself, and the map in ARCHITECTURE.md says what each folder knows. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ts } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { document, quoted, section } from './markdown.js';

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone once compiled. */
  readonly typesOnly: boolean;
}

const folders = ['dsl', 'compiler', 'runtime'];
const files = folders
  .flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).map(
      (f) => `${folder}/${f.replaceAll('\\', '/')}`,
    ),
  )
  .filter((f) => /\.tsx?$/.test(f))
  .sort();

/** The source of what an import names as it will be once compiled. */
const sourceOf = (path: string): string => {
  const source = path.replace(/\.js$/, '.ts');
  return files.includes(`${source}x`) ? `${source}x` : source;
};

const erased = (node: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  const clause = ts.isImportDeclaration(node) ? node.importClause : node;
  if (
    clause === undefined ||
    (ts.isImportClause(clause) ? clause.phaseModifier === ts.SyntaxKind.TypeKeyword : clause.isTypeOnly)
  )
    return clause !== undefined;
  const names = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
  const byDefault = ts.isImportDeclaration(node) && node.importClause?.name !== undefined;
  return (
    !byDefault &&
    names !== undefined &&
    (ts.isNamedImports(names) || ts.isNamedExports(names)) &&
    names.elements.length > 0 &&
    names.elements.every((e) => e.isTypeOnly)
  );
};

const importsOf = (from: string): readonly Import[] => {
  const file = ts.createSourceFile(from, readFileSync(join(packageRoot, from), 'utf8'), ts.ScriptTarget.ES2022, false);
  return file.statements.flatMap((s): Import[] => {
    if (
      !(ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) ||
      s.moduleSpecifier === undefined ||
      !ts.isStringLiteral(s.moduleSpecifier)
    )
      return [];
    const { text } = s.moduleSpecifier;
    return text.startsWith('.')
      ? [
          {
            from,
            to: sourceOf(normalize(join(dirname(from), text)).replaceAll('\\', '/')),
            typesOnly: erased(s),
          },
        ]
      : [];
  });
};
const imports = files.flatMap(importsOf);

/** The first circle that is met: files, each of which imports the next, and the last the first. */
const circle = (edges: ReadonlyMap<string, readonly string[]>): readonly string[] => {
  const done = new Set<string>();
  const search = (file: string, above: readonly string[]): readonly string[] => {
    if (above.includes(file)) return above.slice(above.indexOf(file));
    if (done.has(file)) return [];
    for (const next of edges.get(file) ?? []) {
      const found = search(next, [...above, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  return [...edges.keys()].map((file) => search(file, [])).find((found) => found.length > 0) ?? [];
};
const edgesOf = (list: readonly Import[]): ReadonlyMap<string, readonly string[]> =>
  new Map(files.map((file) => [file, list.filter(({ from }) => from === file).map(({ to }) => to)]));

describe('imports', () => {
  it('are read: every file but a few has some, and all lead to files', () => {
    expect(files.filter((file) => imports.some(({ from }) => from === file)).length).toBeGreaterThan(
      0.8 * files.length,
    );
    expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
  });
  it('go round in no circle', () => {
    expect(
      circle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c']);
    expect(circle(edgesOf(imports.filter(({ typesOnly }) => !typesOnly)))).toEqual([]);
  });
  it('lead from the compiler to one folder of the runtime, the contract, and from there nowhere else', () => {
    const leaves = (from: string, to: readonly string[]) =>
      imports.filter((i) => i.from.startsWith(from) && !to.some((folder) => i.to.startsWith(folder)));
    expect(leaves('compiler/', ['compiler/', 'dsl/', 'runtime/contract/'])).toEqual([]);
    expect(leaves('runtime/contract/', ['runtime/contract/'])).toEqual([]);
  });
});

describe("the map's column `knows`", () => {
  const rows = section(document('ARCHITECTURE.md'), 'The map')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const known = new Map(rows.map(([, folder = '', , knows = '']) => [quoted(folder)[0]!, quoted(knows)]));
  /** The row that a file belongs to: of the folders that hold it, the innermost that has one. */
  const rowOf = (file: string): string =>
    [...known.keys()].filter((row) => file.startsWith(row)).sort((a, b) => b.length - a.length)[0] ??
    `no row for ${file}`;

  it.each([...known.keys()].filter((row) => files.some((file) => rowOf(file) === row)))(
    'is what the files of %s import',
    (row) => {
      const real = new Set(imports.filter(({ from }) => rowOf(from) === row).map(({ to }) => rowOf(to)));
      real.delete(row);
      expect([...(known.get(row) ?? [])].sort()).toEqual([...real].sort());
    },
  );
});
