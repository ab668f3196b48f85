/** Runs the TypeScript that ships with ts-morph over snippets, all in one program, and says what it says. */
import { fileURLToPath } from 'node:url';
import { Project, ts } from 'ts-morph';

const root = fileURLToPath(new URL('../../', import.meta.url));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
  types: [],
  paths: { pcrec: [`${root}dsl/index.ts`], 'pcrec/models/*': [`${root}models/*.ts`] },
};

/** How tsc elaborates a mismatch of two tensors, member by member of the node union: nothing a reader needs. */
const machinery = /\[AXES\]|\[DTYPE\]|^Types of parameters '(a|d)' and '\1'|^Type '\([ad]: /;
/** tsc lists the members of a union in the order in which it met them; a snapshot should not depend on that. */
const sorted = (line: string): string =>
  line.replace(/(['"])\w+\1( \| \1\w+\1)+/g, (union) => union.split(' | ').sort().join(' | '));
const lines = (message: string | ts.DiagnosticMessageChain): readonly string[] =>
  ts
    .flattenDiagnosticMessageText(message, '\n')
    .split('\n')
    .filter((line) => !machinery.test(line.trim()))
    .map(sorted);

/** For each snippet (after the prelude), its errors: the source under the cursor and the message. None: it compiles. */
export const errorsOf = (prelude: string, snippets: readonly string[]): readonly (readonly string[])[] => {
  const project = new Project({ compilerOptions: options, skipAddingFilesFromTsConfig: true });
  const files = snippets.map((snippet, i) =>
    project.createSourceFile(`${root}test/dsl/snippet-${i}.ts`, `${prelude}\n${snippet}\n`),
  );
  const program = project.getProgram().compilerObject;
  return files.map(({ compilerNode: file }) =>
    [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start = 0, length = 0, messageText }) =>
        [`at  ${file.text.slice(start, start + length)}`, ...lines(messageText)].join('\n'),
    ),
  );
};
