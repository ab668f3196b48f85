/**
 * What TypeScript has against a model, where our words say it better: what `build` returns, what is Node's, and what a file that is
 * evaluated at once cannot have.
 */
import type { ts as TS } from 'ts-morph';
import { type Code, isCode } from '../catalogue.js';
import { type Diagnostic, error, type Source } from '../diagnostics.js';
import { wanted } from './outputs.js';
import { ts } from './typescript.js';

/** The innermost token at a position. */
const tokenAt = (file: TS.SourceFile, position: number): TS.Node => {
  let node: TS.Node = file;
  for (;;) {
    const inner: TS.Node | undefined = ts.forEachChild(node, (child) =>
      child.getStart(file) <= position && position < child.getEnd() ? child : undefined,
    );
    if (inner === undefined) return node;
    node = inner;
  }
};

/** Whether a complaint is about the function `build` of a model as a whole, and not about something in it. */
const isOfBuild = (file: TS.SourceFile, position: number): boolean => {
  const { parent } = tokenAt(file, position);
  return (
    parent !== undefined &&
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isShorthandPropertyAssignment(parent)) &&
    parent.name.getText(file) === 'build' &&
    parent.name.getStart(file) === position
  );
};

/** What it returns instead, from the words that TypeScript has for it. */
const returned: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/'Promise</, () => 'returns a promise: a model is built at once, so build is no async function'],
  [/Property '(\w+)' is missing/, ([, name]) => `returns no '${name}'`],
  [/missing the following properties/, () => 'returns neither loss nor scores'],
  [
    /types of '(loss|scores|losses)' are incompatible[^]*?Type '(.*)' is not assignable to type '/,
    ([, name, type]) => `returns a ${type} as '${name}'`,
  ],
  [/Type '(?:void|undefined)' is not assignable to type 'Outputs'/, () => 'returns nothing'],
  [/Type '([^'\n]*)' is not assignable to type 'Outputs'/, ([, type]) => `returns a ${type}`],
];

const ofBuild = (message: string, source: Source): Diagnostic => {
  const what = returned.flatMap(([pattern, say]) => {
    const found = pattern.exec(message);
    return found === null ? [] : [say(found)];
  });
  return error('PC1016', `build ${what[0] ?? 'does not return what a model has to'}`, source, wanted);
};

/** Names of Node and of browsers that a model may reach for. */
const environment =
  /^Cannot find (?:name|module) '((?:node:)?[\w/]+|URL|Buffer|console|process|require|__dirname|__filename|fetch|performance|setTimeout)'/;
const needsTypes: ReadonlySet<number> = new Set([2304, 2307, 2580, 2584, 2591, 2503]);
const ofNode = (message: string, code: number, source: Source): Diagnostic | undefined => {
  const [, name = ''] = environment.exec(message) ?? [];
  const mentioned =
    /type definitions for node|'dom'/.test(message) ||
    /^(node:|URL$|Buffer$|fetch$|performance$|setTimeout$)/.test(name);
  if (!needsTypes.has(code) || name === '' || !mentioned) return undefined;
  return error(
    'PC1004',
    `a model knows nothing of '${name}': it is a description, checked without the types of Node`,
    source,
    name === 'console'
      ? 'pcrec-compile --explain NAME tells what is known of a tensor'
      : 'numbers come in as hyperparameters (--set name=value); to use Node all the same, npm install --save-dev @types/node and add a tsconfig.json with "types": ["node"]',
  );
};

/** `import.meta` and `await` outside functions, of which `notAtOnce` tells in any kind of file. */
export const toldElsewhere: ReadonlySet<number> = new Set([1343, 1375, 1378, 1470]);

/** The first sentence that a type of the language says (dsl/wording.ts): it needs no words around it. */
const ofLanguage = (words: string, source: Source): Diagnostic | undefined => {
  const [, code = '', sentence = ''] = /"(PC\d{4}): ([^"]+)"/.exec(words) ?? [];
  return isCode(code) ? error(code, sentence, source) : undefined;
};

/** TypeScript lists the members of a union in the order in which it met them: a message should not hang on that. */
export const ordered = (words: string): string =>
  words.replace(/(['"])[^'"|]+\1(?: \| \1[^'"|]+\1)+/g, (union) => union.split(' | ').sort().join(' | '));

/** In our words, where there are some; `words` are all that TypeScript says. */
export const reworded = (d: TS.Diagnostic, message: string, words: string, source: Source): Diagnostic | undefined =>
  ofLanguage(words, source) ??
  (d.file !== undefined && d.code === 2322 && isOfBuild(d.file, d.start ?? 0)
    ? ofBuild(message, source)
    : ofNode(message, d.code, source));

/** Which mistake it is, where TypeScript's own words stay; the first row that fits. */
const kinds: readonly (readonly [Code, (code: number, words: string) => boolean])[] = [
  ['PC1001', (code) => code < 2000],
  ['PC1003', (code) => code === 2305 || code === 2307 || code === 2614 || code === 2724 || code === 2792],
  ['PC4001', (_, words) => /does not exist in type '(?:Descend|FixedPoint|Scan)Options\b/.test(words)],
  ['PC2004', (_, words) => /Type '"(?:f32|i32|bool)"' is not assignable to type '"(?:f32|i32|bool)"'/.test(words)],
  ['PC2003', (_, words) => /'Tensor<[^']*' is not assignable to (?:parameter of )?type 'Tensor</.test(words)],
];
export const kindOf = ({ code }: TS.Diagnostic, words: string): Code =>
  kinds.find(([, fits]) => fits(code, words))?.[0] ?? 'PC1002';

/** `import.meta`, and an `await` outside functions: a model is evaluated as one script. */
export const notAtOnce = (file: TS.SourceFile, name: string): readonly Diagnostic[] => {
  const found: Diagnostic[] = [];
  const pending: TS.Node[] = [file];
  const inFunction = (node: TS.Node): boolean => {
    for (let up: TS.Node | undefined = node.parent; up !== undefined; up = up.parent)
      if (ts.isFunctionLike(up)) return true;
    return false;
  };
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const what =
      ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword
        ? 'import.meta'
        : (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) &&
            !inFunction(node)
          ? 'await'
          : undefined;
    if (what !== undefined) {
      const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push(
        error(
          'PC1005',
          `a model file has no ${what}: it is evaluated at once, as one script`,
          { file: name, line: line + 1, column: character + 1 },
          what === 'await' ? undefined : '__dirname is the folder of the model file',
        ),
      );
    }
    ts.forEachChild(node, (child) => void pending.push(child));
  }
  return found;
};
