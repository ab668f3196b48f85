/**
 * What TypeScript has against a model, where our words say it better: what `build` returns, what is Node's, and what a file that is
 * evaluated at once cannot have.
 */
import { ts } from 'ts-morph';
import { type Diagnostic, error, type Source } from '../diagnostics.js';
import { wanted } from './outputs.js';

/** The innermost token at a position. */
const tokenAt = (file: ts.SourceFile, position: number): ts.Node => {
  let node: ts.Node = file;
  for (;;) {
    const inner: ts.Node | undefined = ts.forEachChild(node, (child) => (child.getStart(file) <= position && position < child.getEnd() ? child : undefined));
    if (inner === undefined) return node;
    node = inner;
  }
};

/** Whether a complaint is about the function `build` of a model as a whole, and not about something in it. */
const isOfBuild = (file: ts.SourceFile, position: number): boolean => {
  const { parent } = tokenAt(file, position);
  return parent !== undefined && (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isShorthandPropertyAssignment(parent)) && parent.name.getText(file) === 'build' && parent.name.getStart(file) === position;
};

/** What it returns instead, from the words that TypeScript has for it. */
const returned: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/'Promise</, () => 'returns a promise: a model is built at once, so build is no async function'],
  [/Property '(\w+)' is missing/, ([, name]) => `returns no '${name}'`],
  [/missing the following properties/, () => 'returns neither loss nor scores'],
  [/types of '(loss|scores|losses)' are incompatible[^]*?Type '(.*)' is not assignable to type '/, ([, name, type]) => `returns a ${type} as '${name}'`],
  [/Type '(?:void|undefined)' is not assignable to type 'Outputs'/, () => 'returns nothing'],
  [/Type '([^'\n]*)' is not assignable to type 'Outputs'/, ([, type]) => `returns a ${type}`],
];

const ofBuild = (message: string, source: Source): Diagnostic => {
  const what = returned.flatMap(([pattern, say]) => {
    const found = pattern.exec(message);
    return found === null ? [] : [say(found)];
  });
  return error(`build ${what[0] ?? 'does not return what a model has to'}`, source, wanted);
};

/** Names of Node and of browsers that a model may reach for. */
const environment = /^Cannot find (?:name|module) '((?:node:)?[\w/]+|URL|Buffer|console|process|require|__dirname|__filename|fetch|performance|setTimeout)'/;
const needsTypes: ReadonlySet<number> = new Set([2304, 2307, 2580, 2584, 2591, 2503]);
const ofNode = (message: string, code: number, source: Source): Diagnostic | undefined => {
  const [, name = ''] = environment.exec(message) ?? [];
  const mentioned = /type definitions for node|'dom'/.test(message) || /^(node:|URL$|Buffer$|fetch$|performance$|setTimeout$)/.test(name);
  if (!needsTypes.has(code) || name === '' || !mentioned) return undefined;
  return error(`a model knows nothing of '${name}': it is a description, checked without the types of Node`, source,
    name === 'console' ? 'pcrec-compile --explain NAME tells what is known of a tensor' : 'numbers come in as hyperparameters (--set name=value); to use Node all the same, npm install --save-dev @types/node and add a tsconfig.json with "types": ["node"]');
};

/** `import.meta` and `await` outside functions, of which `notAtOnce` tells in any kind of file. */
export const toldElsewhere: ReadonlySet<number> = new Set([1343, 1375, 1378, 1470]);

/** In our words, where there are some. */
export const reworded = (d: ts.Diagnostic, message: string, source: Source): Diagnostic | undefined =>
  d.file !== undefined && d.code === 2322 && isOfBuild(d.file, d.start ?? 0) ? ofBuild(message, source) : ofNode(message, d.code, source);

/** `import.meta`, and an `await` outside functions: a model is evaluated as one script. */
export const notAtOnce = (file: ts.SourceFile, name: string): readonly Diagnostic[] => {
  const found: Diagnostic[] = [];
  const pending: ts.Node[] = [file];
  const inFunction = (node: ts.Node): boolean => {
    for (let up: ts.Node | undefined = node.parent; up !== undefined; up = up.parent) if (ts.isFunctionLike(up)) return true;
    return false;
  };
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const what = ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword ? 'import.meta'
      : (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) && !inFunction(node) ? 'await' : undefined;
    if (what !== undefined) {
      const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push(error(`a model file has no ${what}: it is evaluated at once, as one script`, { file: name, line: line + 1, column: character + 1 }, what === 'await' ? undefined : '__dirname is the folder of the model file'));
    }
    ts.forEachChild(node, (child) => void pending.push(child));
  }
  return found;
};
