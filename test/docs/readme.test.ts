/**
 * The pages tell the truth: their TypeScript compiles, the types written beside it are the types, the model trains, their options,
 * names and figures' models exist, and their links lead somewhere.
 *
 * A ts block that begins with `import` begins a file; the blocks after it go on in that file. Of a line
 * `const name = ... // Tensor<...>` the comment is the type of `name`, and after `// @ts-expect-error` come the words that
 * tsc says of the next line.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Project, ts } from 'ts-morph';
import { beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../compiler/command/index.js';
import type { Compiled } from '../../compiler/compiled.js';
import { emittedFiles } from '../../compiler/emit/index.js';
import { hyperValues, open, trace } from '../../compiler/frontend/index.js';
import { topological } from '../../compiler/graph.js';
import { packageFile, packageRoot } from '../../compiler/package.js';
import { expand } from '../../compiler/passes/expand.js';
import { rootsOf } from '../../compiler/program.js';
import { toolchain } from '../../compiler/toolchain.js';
import * as language from '../../dsl/index.js';
import { bound, type Model } from '../../dsl/index.js';
import { command } from '../../runtime/command.js';
import type { World } from '../../runtime/world.js';
import { describe as comparison } from '../../runtime/compare/command.js';
import { deviceNames } from '../../runtime/contract/compiled.js';
import { fileFormats, formats } from '../../runtime/data/index.js';
import pcrec from '../../models/pcrec.js';
import { errorsOf } from '../dsl/typescript.js';
import { project } from '../frontend/fixtures.js';
import { programs } from '../support/models.js';
import { rightOf, runPass } from '../support/programs.js';
import { models as zoo } from '../support/zoo.js';
import { anchors, blocks, document, links, notes, pages, prose, quoted, section } from './markdown.js';

const [readme, dsl, models, runtime] = pages.map(document) as [string, string, string, string];

interface Snippet {
  readonly name: string;
  readonly text: string;
}
const snippets = pages.flatMap((page): readonly Snippet[] =>
  blocks(document(page), 'ts')
    .reduce<readonly string[]>(
      (sofar, block) =>
        /^import\b/.test(block) ? [...sofar, block] : [...sofar.slice(0, -1), `${sofar.at(-1) ?? ''}\n${block}`],
      [],
    )
    .map((text, i) => ({ name: `${page.replace(/\W/g, '-')}-${i}.ts`, text })),
);
const [model = { name: '', text: '' }] = snippets.filter(({ text }) => text.includes('export default model({'));

const compileAt = (path: string, preset?: string): Compiled => {
  const opened = rightOf(open(path));
  const hyper = rightOf(hyperValues(opened.model, { set: [], ...(preset === undefined ? {} : { preset }) }));
  return rightOf(toolchain.compile(rightOf(trace(opened, hyper))));
};

const stated = /^(?: *)const (\w+) = .*\/\/ (Tensor<[^>]*>)/gm;
const expected = /^( *)\/\/ @ts-expect-error (.*)$/gm;
/** The snippet, which says of each tensor with a type beside it that this is its type. */
const withClaims = (text: string): string =>
  text.replaceAll(
    stated,
    (line, name: string, type: string) => `${line}\n{ const stated: import('pcrec').${type} = ${name}; void stated; }`,
  );

describe('the first page', () => {
  it('is read in five minutes', () => expect(readme.split('\n').length).toBeLessThan(200));
});

describe('the snippets', () => {
  it('are some of the language on two pages, a model, and programs that use its trainer', () => {
    expect(new Set(snippets.filter(({ text }) => /Tensor</.test(text)).map(({ name }) => name.split('-')[0]))).toEqual(
      new Set(['README', 'dsl']),
    );
    expect(snippets.filter(({ text }) => text.includes('export default'))).toEqual([model]);
    expect(snippets.filter(({ text }) => text.includes('./build/mine/trainer.js'))).toHaveLength(2);
    expect(snippets.flatMap(({ text }) => [...text.matchAll(stated)]).length).toBeGreaterThan(16);
  });

  it("compile: the model to kernels, all with the repository's settings and with the types written beside them", () => {
    const own = compileAt(join(project({ 'mine.ts': model.text }), 'mine.ts'), 'small');
    expect(own.manifest.model).toBe('mine');

    const typescript = new Project({
      tsConfigFilePath: join(packageRoot, 'tsconfig.json'),
      skipAddingFilesFromTsConfig: true,
      compilerOptions: { noEmit: true },
    });
    const at = (name: string, text: string) =>
      typescript.createSourceFile(join(packageRoot, 'readme', name), text).compilerNode;
    const [target] = Object.values(toolchain.targets);
    emittedFiles(own, target!)
      .filter(({ name }) => name.endsWith('.d.ts'))
      .forEach(({ name, text }) => void at(`build/mine/${name}`, text));
    const sources = snippets.map(({ name, text }) => at(name, withClaims(text)));
    const checker = typescript.getProgram().compilerObject;
    const said = (file: ts.SourceFile): readonly string[] =>
      [...checker.getSyntacticDiagnostics(file), ...checker.getSemanticDiagnostics(file)].map(
        ({ start = 0, messageText }) =>
          `${file.fileName} line ${file.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
    expect(sources.flatMap(said)).toEqual([]);
  });

  it('fail in the words that are given', () => {
    const wrong = snippets.filter(({ text }) => text.includes('@ts-expect-error'));
    expect(wrong.length).toBeGreaterThan(1);
    errorsOf(
      '',
      wrong.map(({ text }) => text.replaceAll(expected, '$1// $2')),
    ).forEach((errors, i) => {
      const words = [...wrong[i]!.text.matchAll(expected)].map(([, , text = '']) => text);
      expect(errors).toHaveLength(words.length);
      words.forEach((text, j) => expect(errors[j]).toContain(text));
    });
  });
});

describe('the commands', () => {
  const help = { compiler: '', trainer: '', train: '', comparison: comparison().helpInformation() };
  beforeAll(async () => {
    const lines: string[] = [];
    main(['--help'], toolchain, {
      out: (text) => void lines.push(text),
      err: () => {},
      now: () => 0,
      colour: false,
      cwd: packageRoot,
    });
    const manifest = {
      format: 1,
      model: 'mine',
      source: 'mine.ts',
      hyper: {},
      length: 1,
      states: [],
      entries: {},
      hash: '',
    } as const;
    const ask = async (...argv: readonly string[]): Promise<string> => {
      const said: string[] = [];
      const out = { write: (text: string) => said.push(text) > 0 } as unknown as World['out'];
      const world: World = { in: process.stdin, out, err: out, onSignal: () => () => {}, exit: () => {}, now: () => 0 };
      await command({ manifest, open: () => Promise.reject(new Error('not asked for')) }, [...argv, '--help'], world);
      return said.join('');
    };
    help.compiler = lines.join('\n');
    help.train = await ask('train');
    help.trainer = [
      help.train,
      await ask('evaluate'),
      await ask('recommend'),
      await ask('explain'),
      await ask('export'),
      await ask('pack'),
      await ask('serve'),
      await ask('page'),
      await ask('search'),
      await ask('inspect'),
      await ask('profile'),
    ].join('\n');
  });
  const options = (text: string): readonly string[] => [
    ...new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([name]) => name)),
  ];
  /** Options of a command that a text leaves out: all but those that every command has. */
  const untold = (from: string, text: string): readonly string[] =>
    options(from).filter((name) => !['--help', '--version', ...options(text)].includes(name));

  /** Of the program that is emitted for JAX: its text names each but those that it makes of the trainer's. */
  const jax = document('compiler/targets/jax/train/train.py');

  it('have every option that is named', () => {
    const known = options(`${help.compiler}\n${help.trainer}\n${help.comparison}\n${jax}`);
    expect(
      pages.flatMap((page) =>
        options(document(page))
          .filter((name) => !known.includes(name))
          .map((name) => `${page}: ${name}`),
      ),
    ).toEqual([]);
    expect(
      options(section(runtime, 'Comparing models')).filter((name) => !options(help.comparison).includes(name)),
    ).toEqual([]);
  });

  it('have no option that is not told of', () => {
    expect(untold(jax, document('compiler/targets/jax/train/README.md'))).toEqual([]);
    expect(untold(help.compiler, section(dsl, "The compiler's command"))).toEqual([]);
    expect(untold(help.trainer, section(runtime, 'The trainer'))).toEqual([]);
    expect(
      untold(help.comparison, `${section(runtime, 'The trainer')}\n${section(runtime, 'Comparing models')}`),
    ).toEqual([]);
  });

  it.each([...pages, ...notes])("of npm that %s names are the package's own", (page) => {
    const own = [...document(page).matchAll(/\bnpm (?:run ([\w-]+)|(start|test)\b)/g)].map(
      ([, script, plain]) => script ?? plain ?? '',
    );
    own.forEach((name) => expect(packageFile).toHaveProperty(['scripts', name]));
  });
});

describe('what the pages list', () => {
  /** What the first column names, the header aside, which is an option. */
  const firstColumn = (text: string): readonly string[] =>
    [...text.matchAll(/^\| `([^`-][^`]*)`/gm)].map(([, cell = '']) => cell).sort();

  it('is all that the language exports', () => {
    expect(
      quoted(section(dsl, 'All names'))
        .filter((name) => name !== 'pcrec')
        .sort(),
    ).toEqual(Object.keys(language).sort());
  });

  it('is every data format and every device', () => {
    expect(firstColumn(section(runtime, 'Data'))).toEqual([...formats, ...fileFormats].map(({ name }) => name).sort());
    expect(firstColumn(section(runtime, 'Devices'))).toEqual([...deviceNames].sort());
  });

  it('is every model, each with the paper that its file names', () => {
    const files = readdirSync(join(packageRoot, 'models')).filter((name) => name.endsWith('.ts'));
    const rows = prose(models)
      .split('\n')
      .filter((line) => line.startsWith('| ['));
    expect(rows.map((row) => /\]\(([^)]+)\)/.exec(row)?.[1]).sort()).toEqual(files.sort());
    expect(links('README.md').map(({ path }) => path)).toEqual(
      expect.arrayContaining(files.map((name) => `models/${name}`)),
    );
    rows.forEach((row) => {
      const [, file = ''] = /\]\(([^)]+)\)/.exec(row)!;
      const paper = /arXiv:[\d.]+|KDD 2025/.exec(row)?.[0] ?? 'no paper';
      expect([file, document(`models/${file}`).includes(paper)]).toEqual([file, true]);
    });
  });

  it("is every model's parameters on MovieLens-1M, of 3,416 items", () => {
    /** Eighteen genres, and none; vectors of a text. */
    const mostly: Readonly<Record<string, number>> = {
      items: 3_416,
      item_genre_values: 19,
      item_text_width: 384,
      event_instruction_width: 384,
    };
    /** Those that training reaches: of PCRec's, what a single step reads. */
    const parametersOf = (model: Model, over: Parameters<typeof programs>[1] = {}): number => {
      const defaults = Object.fromEntries(Object.entries(model.hyper).map(([name, { value }]) => [name, value]));
      const reached = topological(rootsOf(runPass(expand, programs(model, { ...defaults, ...over })[0]!)));
      const sizes = reached.flatMap((n) =>
        n.op === 'param' && n.init.kind !== 'given'
          ? [[n.path, n.axes.reduce((size, a) => size * (mostly[bound(a)] ?? Number(bound(a))), 1)] as const]
          : [],
      );
      return [...new Map(sizes).values()].reduce((x, y) => x + y, 0);
    };
    const told = [...section(models, 'All models').matchAll(/^\| ([a-z0-9-]+)[^|]* \| ([\d,]+) \|/gm)].map(
      ([, name, count]) => `${name} ${count}`,
    );
    expect(told.sort()).toEqual(zoo.map((model) => `${model.name} ${parametersOf(model).toLocaleString('en')}`).sort());
    const pcrec = zoo.find(({ name }) => name === 'pcrec')!;
    expect(section(models, 'All models')).toContain(
      `| \`inference=after\` of pcrec, 3 seeds | ${parametersOf(pcrec, { inference: 'after' }).toLocaleString('en')} |`,
    );
  });

  it('is every hyperparameter and preset of PCRec', () => {
    const named = quoted(section(models, 'PCRec'));
    expect(
      [...Object.keys(pcrec.hyper), ...Object.keys(pcrec.presets)].filter((name) => !named.includes(name)),
    ).toEqual([]);
  });
});

describe.each([...pages, ...notes])('the links and paths of %s', (page) => {
  it('lead to files and headings that are there', () => {
    const there = ({ path, anchor }: { readonly path: string; readonly anchor?: string }): boolean =>
      existsSync(join(packageRoot, path)) && (anchor === undefined || anchors(document(path)).includes(anchor));
    expect(links(page).filter((link) => !there(link))).toEqual([]);
    const paths = [
      ...document(page).matchAll(/(?<![\w/.-])(?:dsl|compiler|runtime|models|examples|scripts|test)\/[\w./-]*[\w/]/g),
    ].map(([path]) => path);
    expect(paths.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([]);
  });
});

describe('what is said of PCRec', () => {
  const compiled = new Map<string, Compiled>();
  beforeAll(
    () =>
      ['base', 'adaptive'].forEach((preset) =>
        compiled.set(preset, compileAt(join(packageRoot, 'models', 'pcrec.ts'), preset)),
      ),
    120_000,
  );

  it.each(['base', 'adaptive'])(
    "inference stores nothing for each pair of a user's positions (preset %s)",
    (preset) => {
      const { loops } = compiled.get(preset)!;
      const pairs = loops.entries
        .flatMap(({ buffers }) => buffers)
        .filter(
          ({ axes }) => axes.some((a) => a.name === 'batch') && axes.filter((a) => a.ragged !== undefined).length > 1,
        );
      // Attention's scores have heads; the energy knows none.
      expect(pairs.filter(({ axes }) => !axes.some((a) => a.name === 'head')).map(({ id }) => id)).toEqual([]);
    },
  );

  it('K = theta theta is computed once for all users', () => {
    const { loops } = compiled.get('base')!;
    const train = loops.entries.find(({ name }) => name === 'train')!;
    const read = (kernel: unknown): readonly string[] => [
      ...new Set([...JSON.stringify(kernel).matchAll(/"buffer":"([^"]+)"/g)].map(([, id = '']) => id)),
    ];
    const shared = new Map(
      train.buffers
        .filter(({ role, axes }) => role === 'temp' && axes.length === 2 && axes.every((a) => a.ragged !== undefined))
        .map((b) => [b.id, b]),
    );
    const ofTheta = train.kernels.filter(
      ({ output, body }) => shared.has(output) && body.kind === 'reduce' && read(body).join() === 'theta.2',
    );
    expect(ofTheta.length).toBeGreaterThan(0);
  });
});
