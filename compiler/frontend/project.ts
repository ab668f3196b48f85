/**
 * The model as TypeScript sees it: the files it is made of and what the type checker has against them.
 *
 * Only the model's own files are checked (the model file and what it imports by relative path), under the options of the
 * nearest tsconfig.json, or strict defaults where there is none.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type Either, left, orElse, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { ts as TS } from 'ts-morph';
import { type Diagnostic, type Diagnostics, error, type Source } from '../diagnostics.js';
import { nearest, packageFile, packageRoot } from '../package.js';
import { kindOf, notAtOnce, ordered, reworded, toldElsewhere } from './complaints.js';
import { displayName, isLanguageFile } from './modules.js';
import { libraries, ts } from './typescript.js';

export interface ModelFile {
  /** Absolute. */
  readonly path: string;
  /** Relative to the project, as messages name it. */
  readonly name: string;
  readonly text: string;
}

const defaults: TS.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  types: [],
  lib: ['lib.es2022.d.ts'],
};

/** Whatever the project says about output, here nothing is written. */
const forced: TS.CompilerOptions = {
  allowJs: true,
  noEmit: true,
  incremental: false,
  composite: false,
  declaration: false,
  skipLibCheck: true,
};

const configured = (
  model: string,
): { readonly options: TS.CompilerOptions; readonly complaints: readonly TS.Diagnostic[] } => {
  const folder = nearest(dirname(model), 'tsconfig.json');
  if (folder === undefined) return { options: { ...defaults, ...forced }, complaints: [] };
  const path = join(folder, 'tsconfig.json');
  const { config, error: syntax } = ts.readConfigFile(path, ts.sys.readFile) as {
    config?: unknown;
    error?: TS.Diagnostic;
  };
  // Only the options matter: the model's program has the model as its one root, so no folder is searched for files.
  const host: TS.ParseConfigHost = {
    ...ts.sys,
    useCaseSensitiveFileNames: ts.sys.useCaseSensitiveFileNames,
    readDirectory: () => [],
  };
  const parsed = ts.parseJsonConfigFileContent(config ?? {}, host, folder, undefined, path);
  const noInputs = 18003;
  const emptyFiles = 18002;
  const complaints = parsed.errors.filter(({ code }) => code !== noInputs && code !== emptyFiles);
  return { options: { ...parsed.options, ...forced }, complaints: syntax === undefined ? complaints : [syntax] };
};

/** The language beside this very module: the sources where the compiler runs from source, the declarations where it was built. */
const language = ['index.d.ts', 'index.ts']
  .map((name) => fileURLToPath(new URL(`../../dsl/${name}`, import.meta.url)))
  .find((path) => ts.sys.fileExists(path));

type Find = (name: string, from: string) => string | undefined;
/** The file that an import leads to. */
const finding =
  (options: TS.CompilerOptions): Find =>
  (name, from) =>
    ts.resolveModuleName(name, from, options, ts.sys, undefined, undefined, ts.ModuleKind.ESNext).resolvedModule
      ?.resolvedFileName;

/**
 * Where the model's project has not installed the package, the running compiler lends its own, and its fp-ts. Where it is the running
 * one, types are those of the language that runs: built, that is its declarations and not sources that were changed since.
 */
const lent = (model: string, options: TS.CompilerOptions): TS.CompilerOptions => {
  const find = finding(options);
  const found = find(packageFile.name, model);
  const installed = nearest(packageRoot, 'node_modules/fp-ts');
  const own = language === undefined ? {} : { [packageFile.name]: [language] };
  const missing = {
    ...(found === undefined ? own : {}),
    ...(installed === undefined || find('fp-ts/lib/function.js', model) !== undefined
      ? {}
      : { 'fp-ts/lib/*': [join(installed, 'node_modules/fp-ts/lib/*')] }),
  };
  return {
    ...options,
    paths: { ...missing, ...options.paths, ...(found !== undefined && isLanguageFile(found) ? own : {}) },
  };
};

/** TypeScript explains in chains, each link indented below the one it explains; links about a tensor's phantom fields explain nothing. */
const messageOf = ({ messageText }: TS.Diagnostic): string => {
  const [first = '', ...links] = ts.flattenDiagnosticMessageText(messageText, '\n').split('\n');
  const kept = links.filter((link) => !/\[(AXES|DTYPE)\]/.test(link));
  // What is left steps in by one level at a time.
  const depth = kept
    .map((link) => link.length - link.trimStart().length)
    .reduce<readonly number[]>((all, d) => [...all, Math.min(d, (all.at(-1) ?? 0) + 2)], []);
  return ordered([first, ...kept.map((link, i) => ' '.repeat(depth[i]!) + link.trimStart())].join('\n'));
};

const sourceOf = ({ file, start }: TS.Diagnostic, project: string): Source | undefined => {
  if (file === undefined || start === undefined) return undefined;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return { file: displayName(project, file.fileName), line: line + 1, column: character + 1 };
};

const ofSettings =
  (project: string) =>
  (d: TS.Diagnostic): Diagnostic =>
    error(
      'PC1006',
      `TypeScript: ${messageOf(d)}`,
      sourceOf(d, project),
      'they are those of the tsconfig.json nearest to the model file',
    );

const ofModel =
  (project: string) =>
  (d: TS.Diagnostic): Diagnostic => {
    const source = sourceOf(d, project);
    const words = ordered(ts.flattenDiagnosticMessageText(d.messageText, '\n'));
    return (
      (source === undefined ? undefined : reworded(d, messageOf(d), words, source)) ??
      error(kindOf(d, words), `${messageOf(d)} (TS${d.code})`, source)
    );
  };

/** Type-checks the model; `project` is the folder its messages are relative to. */
export type CheckTypes = (model: string, project: string) => Either<Diagnostics, readonly ModelFile[]>;

/**
 * Not the browser's declarations, nor those of packages that a model does not import, of what makes JSX for one: several times the
 * language's own.
 */
const narrowed = ({ jsx: _jsx, jsxImportSource: _from, ...options }: TS.CompilerOptions): TS.CompilerOptions => ({
  ...options,
  types: [],
  lib: (options.lib ?? [ts.getDefaultLibFileName(options)]).flatMap((name) =>
    /^lib\.es\d/.test(name) ? [name.replace('.full', '')] : (wholes[name] ?? []),
  ),
});
/** Libraries that hold the browser's declarations, and what of them is the language's. */
const wholes: Readonly<Record<string, string>> = { 'lib.d.ts': 'lib.es5.d.ts', 'lib.es6.d.ts': 'lib.es2015.d.ts' };

/**
 * The file from which the language takes `pipe`, and its text without what it imports for all else that it holds, which is most of fp-ts:
 * where nobody but the language names fp-ts, nobody can tell.
 */
const pipeAlone = (
  model: string,
  options: TS.CompilerOptions,
): { readonly path: string; readonly text: string } | undefined => {
  const find = finding(options);
  const face = find(packageFile.name, model);
  const path = face === undefined || !isLanguageFile(face) ? undefined : find('fp-ts/lib/function.js', face);
  return path === undefined ? undefined : { path, text: readFileSync(path, 'utf8').replace(/^import .*$/gm, '') };
};

/** How a file is read, but for what the package around it says of its files. */
const unformatted = (as: TS.ScriptTarget | TS.CreateSourceFileOptions): TS.CreateSourceFileOptions => ({
  languageVersion: typeof as === 'object' ? as.languageVersion : as,
  jsDocParsingMode: ts.JSDocParsingMode.ParseForTypeErrors,
});

const libraryFolder = '/node_modules/typescript/lib';
/** Files as TypeScript reads them, its own libraries from memory; of comments it reads what bears on errors. `instead`: another text of one. */
const hostOf = (options: TS.CompilerOptions, instead?: ReturnType<typeof pipeAlone>): TS.CompilerHost => {
  const inMemory = (path: string): string | undefined =>
    path === instead?.path
      ? instead.text
      : path.startsWith(`${libraryFolder}/`)
        ? libraries().get(path.slice(libraryFolder.length + 1))
        : undefined;
  const disk = ts.createCompilerHost(options);
  const host: TS.CompilerHost = {
    ...disk,
    jsDocParsingMode: ts.JSDocParsingMode.ParseForTypeErrors,
    getDefaultLibLocation: () => libraryFolder,
    getDefaultLibFileName: (o) => `${libraryFolder}/${ts.getDefaultLibFileName(o)}`,
    fileExists: (path) => inMemory(path) !== undefined || disk.fileExists(path),
    readFile: (path) => inMemory(path) ?? disk.readFile(path),
    getSourceFile: (path, as) => {
      const text = host.readFile(path);
      // A model is evaluated as one script whatever the package around it says of its files.
      return text === undefined ? undefined : ts.createSourceFile(path, text, unformatted(as));
    },
  };
  return host;
};

const isOwnFile = (file: TS.SourceFile): boolean =>
  !file.isDeclarationFile && !file.fileName.includes('/node_modules/') && !isLanguageFile(file.fileName);

/** What a file asks for by relative paths. */
const relativeImports = (file: TS.SourceFile): readonly TS.StringLiteral[] =>
  file.statements.flatMap((s) =>
    (ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) &&
    s.moduleSpecifier !== undefined &&
    ts.isStringLiteral(s.moduleSpecifier) &&
    /^\.{0,2}\//.test(s.moduleSpecifier.text)
      ? [s.moduleSpecifier]
      : [],
  );

/** The model file and the files it reaches by relative imports, the language itself left out. */
const reached = (model: string, program: TS.Program): readonly TS.SourceFile[] => {
  const options = program.getCompilerOptions();
  const seen = new Set([program.getSourceFile(model)!]);
  for (const file of seen)
    for (const specifier of relativeImports(file)) {
      const mode = ts.getModeForUsageLocation(file, specifier, options);
      const path = ts.resolveModuleName(specifier.text, file.fileName, options, ts.sys, undefined, undefined, mode)
        .resolvedModule?.resolvedFileName;
      const target = path === undefined ? undefined : program.getSourceFile(path);
      if (target !== undefined && isOwnFile(target)) seen.add(target);
    }
  return [...seen];
};

type Programs = Pick<Checking, 'program'> & { readonly filesOf: ReadonlyMap<string, readonly TS.SourceFile[]> };
const programsFor = (
  models: readonly [string, ...string[]],
  options: TS.CompilerOptions,
  instead?: ReturnType<typeof pipeAlone>,
): Programs => {
  const program = ts.createProgram(models, options, hostOf(options, instead));
  return { program, filesOf: new Map(models.map((model) => [model, reached(model, program)])) };
};
/** Whether nobody but the language names fp-ts. */
const leavesFpTs = ({ program }: Programs, path: string): boolean =>
  program
    .getSourceFiles()
    .every(({ fileName, text }) => fileName === path || isLanguageFile(fileName) || !text.includes('fp-ts'));

/**
 * One program for models that have their settings in common, checked one at a time: the first pays for the language and its types.
 * A model that has all it names from the language is checked with nothing else around it, and pays for no more. Where anything
 * is found, the whole of what the settings ask for is read, and what is found then counts.
 */
export const typeChecker = (models: readonly [string, ...string[]]): CheckTypes => {
  const { options: given, complaints } = configured(models[0]);
  const options = lent(models[0], given);
  const few = narrowed(options);
  const pipeFile = pipeAlone(models[0], few);
  const light = pipeFile === undefined ? undefined : programsFor(models, few, pipeFile);
  const narrow = light === undefined || !leavesFpTs(light, pipeFile!.path) ? programsFor(models, few) : light;
  let whole = narrow !== light && isDeepStrictEqual(few, options) ? narrow : undefined;
  const checkedIn = ({ filesOf, program }: Programs, model: string, project: string) =>
    checked({ files: filesOf.get(model)!, program, complaints }, project);
  return (model, project) =>
    pipe(
      checkedIn(narrow, model, project),
      orElse(() => checkedIn((whole ??= programsFor(models, options)), model, project)),
    );
};

export const checkTypes: CheckTypes = (model, project) => typeChecker([model])(model, project);

interface Checking {
  readonly files: readonly TS.SourceFile[];
  readonly program: TS.Program;
  readonly complaints: readonly TS.Diagnostic[];
}
const checked = (
  { files, program, complaints }: Checking,
  project: string,
): Either<Diagnostics, readonly ModelFile[]> => {
  const found = files.flatMap((file) => {
    const syntax = program.getSyntacticDiagnostics(file);
    // A file that does not parse only breeds nonsense in the type checker.
    return syntax.length > 0 ? [...syntax] : [...program.getSemanticDiagnostics(file)];
  });
  const errors = [
    ...complaints.map(ofSettings(project)),
    ...found
      .filter((d) => d.category === ts.DiagnosticCategory.Error && !toldElsewhere.has(d.code))
      .map(ofModel(project)),
    ...files.flatMap((file) => notAtOnce(file, displayName(project, file.fileName))),
  ];
  const [first, ...rest] = errors;
  if (first !== undefined) return left([first, ...rest]);
  return right(files.map(({ fileName, text }) => ({ path: fileName, name: displayName(project, fileName), text })));
};
