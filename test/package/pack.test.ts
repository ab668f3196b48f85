/**
 * The package as a stranger gets it: packed, installed into an empty folder, and used through its command and its exports.
 * Runs what `npm run build` left in dist, which `npm test` does first.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile, packageRoot } from '../../compiler/package.js';
import { errorPages, links, notes, pages } from '../docs/markdown.js';

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const minutes = 60_000;
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pcrec-stranger-')));
const run = (cwd: string, command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_config_loglevel: 'error', NO_COLOR: '1' },
  });

/** A model of the reader's own, against the package alone: the last item and the one before it decide. */
const model = `import { add, integer, model, mul, nextItem, ones, param, recommenderHypers, recommenderOptimizer, sequenceInput, shift } from 'pcrec';

export default model({
  name: 'mine',
  doc: 'The last item, and what was read before it.',
  hyper: { ...recommenderHypers, length: integer(20, 'positions of the history that are read, the newest') },
  presets: { small: { width: 8, negatives: 16, dropout: 0 } },
  optimizer: recommenderOptimizer,
  build: (context) => {
    const { width, items, input } = sequenceInput(context);
    const weight = param('weight', [width], ones);
    const before = mul(shift(input, context.batch.seq, 1), weight);
    return nextItem(context, { width, items }, add(input, before));
  },
});
`;

let packed: Packed;

beforeAll(() => {
  [packed] = JSON.parse(
    run(packageRoot, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder),
  ) as [Packed];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run(
    folder,
    'npm',
    'install',
    '--ignore-scripts',
    '--omit=dev',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `./${packed.filename}`,
  );
}, 10 * minutes);

afterAll(() => rmSync(folder, { recursive: true, force: true }), minutes);

describe('the packed package', () => {
  it('is small, and carries what it needs and nothing else', () => {
    expect(packed.unpackedSize).toBeLessThan(4_000_000);
    const outside = packed.files
      .map(({ path }) => path)
      .filter((path) => !/^(dist\/(dsl|compiler|runtime|models)|models|examples)\//.test(path));
    expect(
      outside.filter((path) => ![...pages, ...notes, ...errorPages, 'LICENSE', 'package.json'].includes(path)),
    ).toEqual([]);
    const paths = new Set(packed.files.map(({ path }) => path));
    for (const path of [
      'dist/dsl/index.d.ts',
      'dist/compiler/cli.js',
      'dist/runtime/compare/cli.js',
      'dist/runtime/index.js',
      'dist/runtime/page/app/index.html',
      'models/pcrec.ts',
      'dist/models/pcrec.js',
    ])
      expect(paths).toContain(path);
  });

  it('carries every page, and whatever a page links to', () => {
    const paths = packed.files.map(({ path }) => path);
    const all = [...pages, ...notes, ...errorPages];
    // The last goes into the folders that are emitted for JAX.
    const emitted = 'dist/compiler/targets/jax/train/README.md';
    expect(paths.filter((path) => path.endsWith('.md')).sort()).toEqual([...all, emitted].toSorted());
    expect(
      all.flatMap((page) =>
        links(page)
          .filter(({ path }) => !paths.includes(path))
          .map(({ path }) => `${page}: ${path}`),
      ),
    ).toEqual([]);
  });

  it('asks for no more than was weighed', () => {
    expect(Object.keys(packageFile.dependencies).sort()).toEqual([
      '@babel/code-frame',
      '@ts-morph/common',
      'cli-progress',
      'commander',
      'csv-parse',
      'fp-ts',
      'gpu.js',
      'hyparquet',
      'hyparquet-compressors',
      'hyparquet-writer',
      'picocolors',
      'tinyglobby',
      'wabt',
    ]);
    // gpu.js brings a webgpu of its own. Ours is a peer with a range that this one satisfies, or npm would add a second, of 132 MB.
    const webgpu = JSON.parse(readFileSync(join(folder, 'node_modules/webgpu/package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect(webgpu.version).not.toBe('0.6.2');
    expect(existsSync(join(folder, 'node_modules/gpu.js/node_modules/webgpu'))).toBe(false);
    // The writer of Parquet asks for one version of the reader, which ours must be, or there are two.
    expect(existsSync(join(folder, 'node_modules/hyparquet'))).toBe(true);
    expect(existsSync(join(folder, 'node_modules/hyparquet-writer/node_modules'))).toBe(false);
  });

  it(
    'compiles a fresh model file, trains it, evaluates it and recommends',
    () => {
      writeFileSync(join(folder, 'mine.ts'), model);
      const compiled = run(folder, 'npx', '--no-install', 'pcrec-compile', 'mine.ts', '--preset', 'small');
      expect(compiled).toContain('next: node build/mine/trainer.js');
      const trainer = (...args: readonly string[]): readonly Record<string, unknown>[] =>
        run(
          folder,
          process.execPath,
          'build/mine/trainer.js',
          ...args,
          '--out',
          'runs/mine',
          '--device',
          'cpu',
          '--json',
        )
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      const lines = trainer('train', '--data', 'sample', '--epochs', '1');
      expect(lines.at(-1)).toMatchObject({ kind: 'result', part: 'test' });
      expect(existsSync(join(folder, 'runs/mine/best.safetensors'))).toBe(true);
      // Nor are those of the report's pictures there; the report is.
      const report = readFileSync(join(folder, 'runs/mine/report.html'), 'utf8');
      expect(report).toContain('npm install @observablehq/plot@0.6 linkedom@0.18');
      expect(report).not.toContain('<svg');
      // The packages that only a server needs are the reader's to add.
      expect(() => trainer('serve', '--port', '0')).toThrow(
        /A server needs fastify and prom-client, which pcrec does not bring along: npm install fastify@5 prom-client@15/,
      );
      expect(trainer('evaluate', '--data', 'sample').length).toBeGreaterThan(0);
      expect(trainer('recommend', '--data', 'sample', '--user', '1', '--top', '3').at(-1)).toHaveProperty(
        'items.length',
        3,
      );
    },
    5 * minutes,
  );

  it('explains its errors', () => {
    expect(run(folder, 'npx', '--no-install', 'pcrec-compile', '--explain-error', 'pc2001')).toMatch(
      /^PC2001: there is no such axis\n/,
    );
  });

  it(
    "compares the reader's model with one of its own, and goes on with what is there",
    () => {
      const compare = (...args: readonly string[]): string =>
        run(folder, 'npx', '--no-install', 'pcrec-compare', '--out', 'compared', ...args);
      const said = compare(
        '--models',
        'sasrec,mine.ts',
        '--seeds',
        '1',
        '--epochs',
        '1',
        '--length',
        '10',
        '--width',
        '8',
        '--set',
        'negatives=16',
        '--device',
        'cpu',
      );
      expect(said).toMatch(/^sasrec .*\nmine .*\npopularity /m);
      expect(compare('--report')).toContain(said.split('\n').find((line) => line.startsWith('mine '))!);
    },
    5 * minutes,
  );

  const tsc = (...args: readonly string[]): string =>
    run(
      folder,
      process.execPath,
      join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'),
      '--strict',
      '--target',
      'es2022',
      ...args,
    );
  /** A project's kind is its package.json's; the emitted folder has one of its own. */
  const asProject = (type: 'commonjs' | 'module'): void =>
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ ...(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object), type }),
    );

  it(
    'types what it emits and exports, however a project is set up, and whether or not it knows Node',
    () => {
      writeFileSync(
        join(folder, 'use.ts'),
        `import { train, evaluate, recommend } from './build/mine/trainer.js';
import { compare, hashKey } from 'pcrec/runtime';
import pcrec from 'pcrec/models/pcrec';
import { main } from 'pcrec/compiler';
export const use = async (): Promise<readonly unknown[]> => [await train({ epochs: 1 }), await evaluate(), await recommend({ history: 'a,b' }), hashKey('x'), pcrec.name, main, (await compare({ models: ['hstu', './mine.ts'], seeds: [1] })).comparison?.rows];
`,
      );
      const types = (name: string): readonly string[] =>
        name === '' ? ['--types', ''] : ['--types', name, '--typeRoots', join(packageRoot, 'node_modules', '@types')];
      for (const type of ['commonjs', 'module'] as const) {
        asProject(type);
        for (const kind of [['nodenext'], ['node20'], ['esnext', '--moduleResolution', 'bundler']]) {
          // Without skipLibCheck our declarations are checked too; with it less is, so once is enough.
          for (const known of ['', 'node'])
            expect([
              type,
              kind,
              known,
              tsc(
                '--noEmit',
                '--skipLibCheck',
                'false',
                '--lib',
                'es2022',
                '--module',
                ...kind,
                ...types(known),
                'use.ts',
              ),
            ]).toEqual([type, kind, known, '']);
        }
      }
      tsc('--noEmit', '--skipLibCheck', '--module', 'nodenext', '--types', '', 'use.ts');
    },
    5 * minutes,
  );

  it.each(['commonjs', 'module'] as const)(
    'runs in a project of type %s, compiled by tsc',
    (type) => {
      asProject(type);
      writeFileSync(
        join(folder, 'run.ts'),
        `import { manifest, train } from './build/mine/trainer.js';
train({ data: 'sample', epoch: 1 } as object).catch((error: Error) => console.log(manifest.model + ': ' + error.message));
declare const console: { log(text: string): void };
`,
      );
      tsc('--module', 'nodenext', '--types', '', '--skipLibCheck', 'run.ts');
      expect(readFileSync(join(folder, 'run.js'), 'utf8').includes('require(')).toBe(type === 'commonjs');
      expect(run(folder, process.execPath, 'run.js')).toBe(
        "mine: train has no option 'epoch': did you mean 'epochs'?\n",
      );
      expect(run(folder, process.execPath, 'build/mine/trainer.js', '--help')).toMatch(/^Usage: trainer\.js/);
    },
    5 * minutes,
  );

  it(
    'ends quietly where nobody reads',
    () => {
      for (const command of [
        'node_modules/.bin/pcrec-compile --help',
        'node_modules/.bin/pcrec-compile mine.ts --dump-after fuse',
        `${process.execPath} build/mine/trainer.js --help`,
      ]) {
        expect(run(folder, 'sh', '-c', `(${command} 2>said.txt) | true; cat said.txt`)).toBe('');
      }
    },
    5 * minutes,
  );
});
