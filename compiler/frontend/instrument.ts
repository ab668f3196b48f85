/**
 * Rewrites a model file so that it tells the recorder what it makes:
 *
 *   f(x)            ->  $pcrec.at($pcrec.enter(site), f(x))
 *   pipe(x, g)      ->  pipe(x, $pcrec.stage(site, g))
 *   const y = e     ->  const y = $pcrec.name($pcrec.mark(), e, 'y', site)
 *
 * and turns it into CommonJS, whose `require` the loader answers. Types are erased, nothing else changes.
 */
import type { ts as TS } from 'ts-morph';
import type { Pattern, Site } from './provenance.js';
import { ts } from './typescript.js';

export interface Instrumented {
  /** CommonJS, with its source map. */
  readonly code: string;
  readonly map: string;
  readonly sites: readonly Site[];
}

/** The one name that an instrumented file sees besides its own. */
export const probeName = '$pcrec';

/** Functions whose arguments are stages: each stage speaks for its own line. */
const pipes: ReadonlySet<string> = new Set(['pipe', 'flow']);

const isPipe = (callee: TS.Expression): boolean =>
  (ts.isIdentifier(callee) && pipes.has(callee.text)) ||
  (ts.isPropertyAccessExpression(callee) && pipes.has(callee.name.text));

/** The function that an expression calls, `f` in `f(x)`, `m.f(x)` and `f(options)(x)`; or names, as a stage of a pipe. */
const calledBy = (node: TS.Node): string | undefined => {
  if (ts.isCallExpression(node)) return calledBy(node.expression);
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  return ts.isIdentifier(node) ? node.text : undefined;
};

/** `a?.f()` inside `a?.f().b` must stay in one chain, or it would no longer stop where `a` is missing. */
const insideOptionalChain = (node: TS.Node): boolean =>
  ts.isOptionalChain(node) &&
  node.parent !== undefined &&
  ts.isOptionalChain(node.parent) &&
  node.parent.expression === node;

const isPlainCall = (node: TS.Node): node is TS.CallExpression | TS.NewExpression =>
  ts.isNewExpression(node) ||
  (ts.isCallExpression(node) &&
    node.expression.kind !== ts.SyntaxKind.SuperKeyword &&
    node.expression.kind !== ts.SyntaxKind.ImportKeyword &&
    !insideOptionalChain(node));

/** Initialisers that can hold no tensor: wrapping them would only hide their names. */
const isInert = (node: TS.Expression): boolean =>
  ts.isArrowFunction(node) ||
  ts.isFunctionExpression(node) ||
  ts.isClassExpression(node) ||
  ts.isLiteralExpression(node);

const patternOf = (name: TS.BindingName): Pattern => {
  if (ts.isIdentifier(name)) return name.text;
  if (ts.isArrayBindingPattern(name)) {
    return {
      items: name.elements.map((e) =>
        ts.isOmittedExpression(e) || e.dotDotDotToken !== undefined ? null : patternOf(e.name),
      ),
    };
  }
  const fields = name.elements.flatMap((e): [string, Pattern][] => {
    const key = e.propertyName ?? e.name;
    return e.dotDotDotToken === undefined && (ts.isIdentifier(key) || ts.isStringLiteral(key))
      ? [[key.text, patternOf(e.name)]]
      : [];
  });
  return { fields: Object.fromEntries(fields) };
};

/** A plain JSON value as an expression. */
const literal = (
  f: TS.NodeFactory,
  value: Pattern | readonly Pattern[] | Readonly<Record<string, Pattern>>,
): TS.Expression => {
  if (value === null) return f.createNull();
  if (typeof value === 'string') return f.createStringLiteral(value);
  if (Array.isArray(value)) return f.createArrayLiteralExpression(value.map((v: Pattern) => literal(f, v)));
  return f.createObjectLiteralExpression(
    Object.entries(value as Readonly<Record<string, Pattern>>).map(([key, v]) =>
      f.createPropertyAssignment(f.createStringLiteral(key), literal(f, v)),
    ),
  );
};

const transformer =
  (file: string, sites: Site[]): TS.TransformerFactory<TS.SourceFile> =>
  (context) =>
  (root) => {
    const f = context.factory;
    const siteOf = (node: TS.Node): TS.Expression => {
      const { line, character } = root.getLineAndCharacterOfPosition(node.getStart(root));
      const calls = calledBy(node);
      return f.createNumericLiteral(
        sites.push({
          source: { file, line: line + 1, column: character + 1 },
          ...(calls === undefined ? {} : { calls }),
        }) - 1,
      );
    };
    const probe = (method: string, ...args: readonly TS.Expression[]): TS.Expression =>
      f.createCallExpression(f.createPropertyAccessExpression(f.createIdentifier(probeName), method), undefined, args);

    const visitArguments = (node: TS.CallExpression): TS.CallExpression => {
      const visited = ts.visitEachChild(node, visit, context);
      if (!isPipe(node.expression)) return visited;
      const staged = visited.arguments.map((argument, i) => {
        const original = node.arguments[i]!;
        return ts.isSpreadElement(original) ? argument : probe('stage', siteOf(original), argument);
      });
      return f.updateCallExpression(visited, visited.expression, undefined, staged);
    };

    const visit = (node: TS.Node): TS.Node => {
      if (ts.isTypeNode(node)) return node;
      if (isPlainCall(node)) {
        const site = siteOf(node);
        return probe(
          'at',
          probe('enter', site),
          ts.isCallExpression(node) ? visitArguments(node) : ts.visitEachChild(node, visit, context),
        );
      }
      if (ts.isVariableDeclaration(node) && node.initializer !== undefined && !isInert(node.initializer)) {
        const initializer = ts.visitNode(node.initializer, visit, ts.isExpression);
        const named = probe(
          'name',
          probe('mark'),
          initializer!,
          literal(f, patternOf(node.name)),
          siteOf(node.initializer),
        );
        return f.updateVariableDeclaration(node, node.name, node.exclamationToken, node.type, named);
      }
      return ts.visitEachChild(node, visit, context);
    };
    return ts.visitEachChild(root, visit, context);
  };

/** `file` is how the sites name it; `text` must have parsed without errors. */
export const instrument = (file: string, text: string): Instrumented => {
  const sites: Site[] = [];
  const { outputText, sourceMapText } = ts.transpileModule(text, {
    // By its name TypeScript would leave a module one.
    fileName: file.replace(/\.m([jt]s)$/, '.$1'),
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      sourceMap: true,
      allowJs: true,
    },
    transformers: { before: [transformer(file, sites)] },
  });
  return { code: outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ''), map: sourceMapText ?? '', sites };
};
