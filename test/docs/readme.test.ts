/**
 * The README tells the truth: its TypeScript compiles, the types written beside it are the types, its model trains, and
 * its options exist.
 *
 * A ts block that begins with `import` begins a file; the blocks after it go on in that file. Of a line
 * `const name = ... // Tensor<...>` the comment is the type of `name`, and after `// @ts-expect-error` come the words that
 * tsc says of the next line.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Project, ts } from 'ts-morph';
import { beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../compiler/command.js';
import type { Compiled } from '../../compiler/compiled.js';
import { emittedFiles } from '../../compiler/emit/index.js';
import { hyperValues, open, trace } from '../../compiler/frontend/index.js';
import { packageFile, packageRoot } from '../../compiler/package.js';
import { toolchain } from '../../compiler/toolchain.js';
import { command, type World } from '../../runtime/command.js';
import { describe as comparison } from '../../runtime/compare/command.js';
import pcrec from '../../models/pcrec.js';
import { errorsOf } from '../dsl/typescript.js';
import { project } from '../frontend/fixtures.js';
import { rightOf } from '../support/programs.js';
import { blocks, document, links, quoted, section } from './markdown.js';

const readme = document('README.md');
const files = blocks(readme, 'ts').reduce<readonly string[]>(
  (sofar, block) => (/^import\b/.test(block) ? [...sofar, block] : [...sofar.slice(0, -1), `${sofar.at(-1) ?? ''}\n${block}`]), []);
const [language = '', model = '', program = ''] = files;

const compileAt = (path: string, preset?: string): Compiled => {
  const opened = rightOf(open(path));
  const hyper = rightOf(hyperValues(opened.model, { set: [], ...(preset === undefined ? {} : { preset }) }));
  return rightOf(toolchain.compile(rightOf(trace(opened, hyper))));
};

const stated = /^const (\w+) = .*\/\/ (Tensor<[^>]*>)/gm;
const expected = /^( *)\/\/ @ts-expect-error (.*)$/gm;
const claims = [...language.matchAll(stated)].map(([, name = '', type = '']) => `{ const stated: import('pcrec').${type} = ${name}; void stated; }`);

describe('the snippets', () => {
  it('are the language, a model, and a program that uses the trainer', () => {
    expect(files).toHaveLength(3);
    expect(claims.length).toBeGreaterThan(8);
    expect(model).toContain('export default model({');
    expect(program).toContain('./build/mine/trainer.js');
  });

  it('compile: the model to kernels, all with the repository\'s settings and with the types written beside them', () => {
    const own = compileAt(join(project({ 'mine.ts': model }), 'mine.ts'), 'small');
    expect(own.manifest.model).toBe('mine');

    const typescript = new Project({ tsConfigFilePath: join(packageRoot, 'tsconfig.json'), skipAddingFilesFromTsConfig: true, compilerOptions: { noEmit: true } });
    const at = (name: string, text: string) => typescript.createSourceFile(join(packageRoot, 'readme', name), text).compilerNode;
    const [target] = Object.values(toolchain.targets);
    emittedFiles(own, target!).filter(({ name }) => name.endsWith('.d.ts')).forEach(({ name, text }) => void at(`build/mine/${name}`, text));
    const sources = [at('language.ts', `${language}\n${claims.join('\n')}\n`), at('mine.ts', model), at('use.ts', program)];
    const checker = typescript.getProgram().compilerObject;
    const said = (file: ts.SourceFile): readonly string[] =>
      [...checker.getSyntacticDiagnostics(file), ...checker.getSemanticDiagnostics(file)]
        .map(({ start = 0, messageText }) => `line ${file.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
    expect(sources.flatMap(said)).toEqual([]);

    const words = [...language.matchAll(expected)].map(([, , text = '']) => text);
    const [errors = []] = errorsOf('', [language.replaceAll(expected, '$1// $2')]);
    expect(errors).toHaveLength(words.length);
    words.forEach((text, i) => expect(errors[i]).toContain(text));
  });
});

describe('the commands', () => {
  const help = { compiler: '', trainer: '', train: '', comparison: comparison().helpInformation() };
  beforeAll(async () => {
    const lines: string[] = [];
    main(['--help'], toolchain, { out: (text) => void lines.push(text), err: () => {}, now: () => 0, colour: false, cwd: packageRoot });
    const manifest = { format: 1, model: 'mine', source: 'mine.ts', hyper: {}, length: 1, states: [], entries: {}, hash: '' } as const;
    const ask = async (...argv: readonly string[]): Promise<string> => {
      const said: string[] = [];
      const out = { write: (text: string) => said.push(text) > 0 } as unknown as World['out'];
      const world: World = { in: process.stdin, out, err: out, onSignal: () => () => {}, exit: () => {}, now: () => 0 };
      await command({ manifest, open: () => Promise.reject(new Error('not asked for')) }, [...argv, '--help'], world);
      return said.join('');
    };
    help.compiler = lines.join('\n');
    help.train = await ask('train');
    help.trainer = [help.train, await ask('evaluate'), await ask('recommend'), await ask('profile')].join('\n');
  });
  const options = (text: string): readonly string[] => [...new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([name]) => name))];

  it('have every option that is named, and training no other', () => {
    const known = options(`${help.compiler}\n${help.trainer}\n${help.comparison}`);
    expect(options(readme).filter((name) => !known.includes(name))).toEqual([]);
    expect(options(help.train).filter((name) => name !== '--help' && !options(section(readme, 'The trainer')).includes(name))).toEqual([]);
    const told = [...options(section(readme, 'The trainer')), ...options(section(readme, 'Comparing models'))];
    expect(options(help.comparison).filter((name) => name !== '--help' && !told.includes(name))).toEqual([]);
    expect(options(section(readme, 'Comparing models')).filter((name) => !options(help.comparison).includes(name))).toEqual([]);
  });

  it('are the package\'s own', () => {
    const run = [...readme.matchAll(/\bnpm (?:run )?(start|test)\b/g)].map(([, name = '']) => name);
    expect(new Set(run)).toEqual(new Set(['start', 'test']));
    run.forEach((name) => expect(packageFile).toHaveProperty(['scripts', name]));
    const paths = [...readme.matchAll(/\b(?:models|examples)\/[\w-]+\.ts\b/g)].map(([path]) => path);
    expect([...paths, ...links(readme)].filter((path) => !existsSync(join(packageRoot, path)))).toEqual([]);
  });

  it('know the hyperparameters and presets of PCRec that are named, all of them', () => {
    const named = quoted(section(readme, 'A model of your own'));
    expect([...Object.keys(pcrec.hyper), ...Object.keys(pcrec.presets)].filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe('what is said of PCRec', () => {
  const compiled = new Map<string, Compiled>();
  beforeAll(() => ['base', 'adaptive'].forEach((preset) => compiled.set(preset, compileAt(join(packageRoot, 'models', 'pcrec.ts'), preset))), 120_000);

  it.each(['base', 'adaptive'])('inference stores nothing for each pair of a user\'s positions (preset %s)', (preset) => {
    const { loops } = compiled.get(preset)!;
    const pairs = loops.entries.flatMap(({ buffers }) => buffers).filter(({ axes }) => axes.some((a) => a.name === 'batch') && axes.filter((a) => a.ragged !== undefined).length > 1);
    // Attention's scores have heads; the energy knows none.
    expect(pairs.filter(({ axes }) => !axes.some((a) => a.name === 'head')).map(({ id }) => id)).toEqual([]);
  });

  it('K = theta theta is computed once for all users', () => {
    const { loops } = compiled.get('base')!;
    const train = loops.entries.find(({ name }) => name === 'train')!;
    const read = (kernel: unknown): readonly string[] => [...new Set([...JSON.stringify(kernel).matchAll(/"buffer":"([^"]+)"/g)].map(([, id = '']) => id))];
    const shared = new Map(train.buffers.filter(({ role, axes }) => role === 'temp' && axes.length === 2 && axes.every((a) => a.ragged !== undefined)).map((b) => [b.id, b]));
    const ofTheta = train.kernels.filter(({ output, body }) => shared.has(output) && body.kind === 'reduce' && read(body).join() === 'theta.2');
    expect(ofTheta.length).toBeGreaterThan(0);
  });
});
