import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mark } from '../../compiler/emit/text.js';
import { writeFiles } from '../../compiler/emit/write.js';
import { packageFile } from '../../compiler/package.js';
import { modelText, plainBody, project } from './fixtures.js';
import { run } from './stand-in.js';

const files = { 'models/tiny.ts': modelText(plainBody) };
const readAll = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      readFileSync(join(folder, name), 'utf8').replaceAll(packageFile.version, 'VERSION'),
    ]),
  );

describe('pcrec-compile', () => {
  it('writes the trainer and says what it made and what to run', () => {
    const folder = project(files);
    const { code, out, err } = run(folder, 'models/tiny.ts', '--set', 'width=8', '-s', 'length=5');
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "tiny: compiled models/tiny.ts in 1.0 s
        parameters         8 x items + 8
        kernels a step     5 (12 before fusion)
        peak memory        1.75 MB (batch 128, 3,416 items)
        operations a step  128 M (batch 128, 3,416 items, full histories)
        files              build/tiny/{trainer.js,trainer.d.ts,explain.jsonl,kernels.gpu.js,manifest.json,package.json}

      next: node build/tiny/trainer.js"
    `);
    expect(err).toMatchInlineSnapshot(`
      "warning PC0007: the trainer in build/tiny will not find 'pcrec/runtime' from there
      hint: install the package where the trainer runs (npm install pcrec), or choose a folder inside a project that has it with --out"
    `);
    expect(readAll(join(folder, 'build/tiny'))).toMatchInlineSnapshot(`
      {
        "explain.jsonl": "{"of":{"kind":"fixed","size":"batch","missing":"batch.missing"}}
      {"of":{"name":"batch","extent":[0]}}
      {"of":{"kind":"ragged","rows":"batch","lengths":"seq.lengths","max":5}}
      {"of":{"name":"seq","extent":[2]}}
      {"of":{"kind":"fixed","size":"items"}}
      {"of":{"name":"item","extent":[4]}}
      {"of":{"batch":[1],"seq":[3],"item":[5]}}
      {"list":[]}
      {"of":{"file":"models/tiny.ts","line":14,"column":35}}
      {"of":{"source":[8],"label":"scalar"}}
      {"of":{"op":"constant","value":0,"axes":[7],"dtype":"f32"},"note":[9]}
      {"list":[[1],[5]]}
      {"of":{"file":"models/tiny.ts","line":14,"column":28}}
      {"of":{"source":[12],"label":"expand","name":"scores"}}
      {"of":{"op":"broadcast","arg":[10],"axes":[11],"dtype":"f32"},"note":[13]}
      {"list":[]}
      {"of":{"model":"tiny","batch":[6],"scores":[14],"trained":[15]}}
      ",
        "kernels.gpu.js": "// Emitted by pcrec-compile VERSION from models/tiny.ts. Compile again instead of editing.
      export const program = 'tiny';
      ",
        "manifest.json": "{
        "format": 1,
        "model": "tiny",
        "source": "models/tiny.ts",
        "hyper": {
          "length": 5,
          "width": 8,
          "rate": 0.1,
          "bias": true,
          "loss": "mean"
        },
        "length": 5,
        "entries": {},
        "hash": "0",
        "states": [
          {
            "name": "item",
            "dtype": "f32",
            "axes": [
              "item",
              "width"
            ],
            "shape": [
              "items",
              8
            ],
            "init": {
              "kind": "normal",
              "std": 0.02
            },
            "role": "parameter"
          },
          {
            "name": "bias",
            "dtype": "f32",
            "axes": [
              "width"
            ],
            "shape": [
              8
            ],
            "init": {
              "kind": "normal",
              "std": 0.02
            },
            "role": "parameter"
          },
          {
            "name": "item.m",
            "dtype": "f32",
            "axes": [
              "item",
              "width"
            ],
            "shape": [
              "items",
              8
            ],
            "init": {
              "kind": "normal",
              "std": 0.02
            },
            "role": "slot"
          }
        ]
      }
      ",
        "package.json": "{
        "description": "Emitted by pcrec-compile",
        "type": "module",
        "private": true
      }
      ",
        "trainer.d.ts": "/** Emitted by pcrec-compile VERSION from models/tiny.ts. Compile again instead of editing. */
      import type { CompiledModel, Manifest, Trainer } from 'pcrec/runtime';

      export declare const manifest: Manifest;
      export declare const compiled: CompiledModel;
      export declare const train: Trainer['train'];
      export declare const evaluate: Trainer['evaluate'];
      export declare const recommend: Trainer['recommend'];
      export declare const recommender: Trainer['recommender'];
      export declare const explain: Trainer['explain'];
      export declare const exportTo: Trainer['exportTo'];
      export declare const search: Trainer['search'];
      export declare const serve: Trainer['serve'];
      ",
        "trainer.js": "#!/usr/bin/env node
      /**
       * Emitted by pcrec-compile VERSION from models/tiny.ts. Compile again instead of editing.
       *
       * The trainer of 'tiny' (length=5 width=8 rate=0.1 bias=true loss=mean).
       *
       *   node trainer.js --help          train, evaluate, recommend, serve
       *   import { train } from './trainer.js'   (CommonJS: require)
       */
      import { explaining, main, openGpu, readManifest, trainer } from 'pcrec/runtime';
      import { program } from './kernels.gpu.js';

      /** Parameters, entries and hyperparameters of this model. */
      export const manifest = readManifest(new URL('./manifest.json', import.meta.url));

      /** The model as the runtime takes it: what it is, and how to open it on a device. */
      export const compiled = { manifest, url: import.meta.url, open: (device, sizes, options) => openGpu(program, manifest, device, sizes, options), explain: explaining(manifest, import.meta.url) };

      export const { train, evaluate, recommend, recommender, explain, exportTo, search, serve } = trainer(compiled);

      main(compiled, import.meta.url);
      ",
      }
    `);
  });

  it('writes the same bytes again, whatever the place and the folder it is run from', () => {
    const [first, second] = [project(files), project(files)];
    run(first, 'models/tiny.ts');
    run(join(second, 'models'), 'tiny.ts', '--out', '../build/tiny');
    expect(readAll(join(second, 'build/tiny'))).toEqual(readAll(join(first, 'build/tiny')));
  });

  it('removes what another target left, also where several targets write the same file', () => {
    const out = join(project({ 'package.json': '{"type":"module"}' }), 'build');
    const file = (name: string) => ({ name, text: `// ${mark}` });
    const names = ['trainer.js', 'kernels.gpu.js', 'trainer.js', 'kernels.gpu.js'];
    expect(writeFiles(out, [file('trainer.js'), file('kernels.gpu.js')], names)).toMatchObject({ _tag: 'Right' });
    expect(writeFiles(out, [file('trainer.js')], names)).toMatchObject({ _tag: 'Right' });
    expect(readdirSync(out).filter((name) => name.endsWith('.js'))).toEqual(['trainer.js']);
  });

  it('leaves files that are not its own, replaces those that are, and refuses to overwrite a stranger', () => {
    const folder = project({
      ...files,
      'package.json': '{"type":"module"}',
      'build/tiny/notes.txt': 'mine',
      'other/trainer.js': 'a stranger',
    });
    const out = join(folder, 'build/tiny');
    run(folder, 'models/tiny.ts');
    expect(readdirSync(out).sort()).toEqual([
      'explain.jsonl',
      'kernels.gpu.js',
      'manifest.json',
      'notes.txt',
      'trainer.d.ts',
      'trainer.js',
    ]);
    writeFileSync(join(out, 'kernels.wasm.js'), readFileSync(join(out, 'kernels.gpu.js'), 'utf8'));
    writeFileSync(join(out, 'kernels.gpu.js'), 'stale');
    run(folder, 'models/tiny.ts');
    expect(existsSync(join(out, 'kernels.wasm.js'))).toBe(false);
    expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    expect(readFileSync(join(out, 'kernels.gpu.js'), 'utf8')).not.toContain('stale');
    const refused = run(folder, 'models/tiny.ts', '--out', 'other');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('holds a trainer.js that this compiler did not write');
    expect(readFileSync(join(folder, 'other/trainer.js'), 'utf8')).toBe('a stranger');
  });

  it('exits with 1 where the model is wrong, naming the file as the author would from here', () => {
    const folder = project({
      ...files,
      'models/wrong.ts': modelText(plainBody.replace('hyper.width', "'eight' + 8 * 'x'")),
    });
    const types = run(join(folder, 'models'), 'wrong.ts');
    expect(types.code).toBe(1);
    expect(types.err).toMatch(/^wrong\.ts:10:\d+: error PC1002: The right-hand side/);
    expect(types.err).toContain('> 10 |');
    const middle = run(folder, 'models/tiny.ts', '--set', 'width=13');
    expect(middle.code).toBe(1);
    expect(middle.err).toContain('models/tiny.ts:13:18: error PC1008: 13 brings bad luck');
    expect(middle.err).toContain('hint: choose 12');
    expect(() => run(folder, 'models/tiny.ts', '--set', 'width=14')).toThrow('a bug of the compiler');
    const target = run(folder, 'models/tiny.ts', '--target', 'wasm');
    expect([target.code, target.err]).toEqual([
      1,
      'error PC6002: no loops here\nmore: pcrec-compile --explain-error PC6002',
    ]);
    expect(existsSync(join(folder, 'build'))).toBe(false);
  });

  it('tells of wrong types alone, whatever the model does with them', () => {
    const wrong = { 'models/tiny.ts': `const width: number = 'wide';\nthrow new Error('never');\n` };
    for (const options of [[], ['--hypers'], ['--dump-after', 'fuse'], ['--explain', 'loss']]) {
      const folder = project(wrong);
      const { code, out, err } = run(folder, 'models/tiny.ts', ...options);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('models/tiny.ts:1:7: error PC1002');
      expect(err).not.toContain('PC1007');
      expect(existsSync(join(folder, 'build'))).toBe(false);
    }
  });

  it('blames an optimizer that the model wrote itself at its own line', () => {
    const folder = project({
      'tiny.ts': modelText(plainBody)
        .replace(
          'update: (p, g) => ({',
          "update: (p, g) => { if (g.op === 'constant') throw new Error('never'); return ({",
        )
        .replace('slots: {} }) })', 'slots: {} }); } })'),
    });
    const { code, err } = run(folder, 'tiny.ts');
    expect([code, err.split('\n')[0]]).toEqual([1, 'tiny.ts:8:99: error PC1007: Error: never']);
  });

  it('exits with 2 where the command is wrong', () => {
    const folder = project(files);
    const said = (...argv: readonly string[]): string => {
      const { code, out, err } = run(folder, ...argv);
      expect([code, out]).toEqual([2, '']);
      return err;
    };
    expect(said()).toBe(
      'error PC0001: which model file?\nhint: pcrec-compile models/mine.ts, or the name of a model of the package: bert4rec, fmlp, gru4rec, hstu, hstuf, instructrec, llama, mamba4rec, nextitnet, pcrec-simple, pcrec, sasrec, sasrecf, ttt4rec, unisrec, wukong; --help tells more',
    );
    expect(said('hsut')).toBe(
      "error PC0002: there is neither a file hsut nor a model of the package of that name\nhint: did you mean 'hstu' or 'hstuf'?",
    );
    expect(said('models/tiny.ts', '--out', 'models/tiny.ts')).toMatch(
      /^error PC0006: cannot write to .*tiny\.ts: a part of its path is not a folder\nhint: choose another folder with --out$/,
    );
    expect(said('gone.ts')).toBe('error PC0002: there is no file gone.ts');
    expect(said('models/tiny.ts', 'more.ts')).toMatch(/^error PC0001: too many arguments/);
    expect(said('models/tiny.ts', '--target', 'wasm', '--target', 'gpu')).toMatch(/^error PC0001: .* is given twice/);
    expect(said('models/tiny.ts', '--wat')).toContain("unknown option '--wat'");
    expect(said('models/tiny.ts', '--target', 'tpu')).toContain(
      "'tpu' is invalid. Allowed choices are gpu, wasm, code.",
    );
    expect(said('models/tiny.ts', '--dump-after', 'fus')).toBe(
      "error PC0005: there is no pass 'fus'\nhint: did you mean 'fuse'?",
    );
    expect(said('models/tiny.ts', '--set', 'widht=3')).toContain("hint: did you mean 'width'?");
    expect(said('models/tiny.ts', '--preset', 'huge')).toContain('presets: large');
  });

  it('takes a model of the package by its name, where there is no file of that name', () => {
    const folder = project({ ...files, 'hstu/notes.txt': 'a folder', sasrec: 'a file' });
    expect(run(folder, 'hstu', '--hypers')).toMatchObject({ code: 0, out: expect.stringMatching(/^hstu: /) as string });
    expect(run(folder, 'sasrec', '--hypers').err).toContain('sasrec is not a model file');
  });

  it('lists hyperparameters and presets', () => {
    const folder = project(files);
    expect(run(folder, 'models/tiny.ts', '--hypers')).toMatchInlineSnapshot(`
      {
        "code": 0,
        "err": "",
        "out": "tiny

      Hyperparameters (--set name=value):
        length=8   whole number from 1 to 512  longest history read
        width=4    whole number of at least 1  width
        rate=0.1   number from 0 to 1          learning rate
        bias=true  true | false                adds a bias
        loss=mean  mean | sum                  how positions are joined

      Presets (--preset name):
        large  width=64",
      }
    `);
    const listed = run(folder, 'models/tiny.ts', '--hypers', '--json');
    expect([listed.code, listed.err]).toEqual([0, '']);
    expect(JSON.parse(listed.out)).toEqual({
      model: 'tiny',
      doc: '',
      presets: { large: { width: 64 } },
      hyper: {
        length: { kind: 'integer', value: 8, doc: 'longest history read', min: 1, max: 512 },
        width: { kind: 'integer', value: 4, doc: 'width', min: 1 },
        rate: { kind: 'number', value: 0.1, doc: 'learning rate', min: 0, max: 1 },
        bias: { kind: 'boolean', value: true, doc: 'adds a bias' },
        loss: { kind: 'choice', value: 'mean', doc: 'how positions are joined', choices: ['mean', 'sum'] },
      },
    });
    expect(run(folder, 'models/tiny.ts', '--json')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('--json says how --hypers prints') as string,
    });
    expect(existsSync(join(folder, 'build'))).toBe(false);
  });

  it('lists passes and dumps the program after one, writing nothing', () => {
    const folder = project(files);
    expect(run(folder, '--list-passes')).toEqual({
      code: 0,
      err: '',
      out: 'differentiate  adds gradients\nfuse           joins maps',
    });
    expect(run(folder, 'models/tiny.ts', '--dump-after', 'differentiate')).toEqual({
      code: 0,
      err: '',
      out: 'loss = mean(x * x)',
    });
    expect(existsSync(join(folder, 'build'))).toBe(false);
  });

  it('lists and dumps the passes of the target chosen, and of no other', () => {
    const folder = project(files);
    expect(run(folder, '--list-passes', '--target', 'code').out).toBe(
      'differentiate  adds gradients\nfuse           joins maps\ntile           writes loops over tiles',
    );
    expect(run(folder, 'models/tiny.ts', '--target', 'code', '--dump-after', 'tile')).toEqual({
      code: 0,
      err: '',
      out: 'tiny in tiles',
    });
    expect(run(folder, 'models/tiny.ts', '--dump-after', 'tile')).toMatchObject({ code: 2, out: '' });
    expect(existsSync(join(folder, 'build'))).toBe(false);
  });

  it('helps', () => {
    const { code, out, err } = run('/', '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatchInlineSnapshot(`
      "Usage: pcrec-compile [options] [file]

      Compiles a model file into a trainer: type-checks it, differentiates, optimises, and writes
      build/<model>/.

      Arguments:
        file                    the model file (models/pcrec.ts), or the name of a model of the package
                                (pcrec)

      Options:
        -o, --out <dir>         the folder to write (default: build/<model>)
        -t, --target <name>     what the kernels are written for (choices: "gpu", "wasm", "code", default:
                                "gpu")
        -s, --set <name=value>  sets a hyperparameter; may be repeated
        -p, --preset <name>     one of the model's named sets of hyperparameters; --set goes over it
        --build                 builds the kernels in C for the processor at hand and keeps them in the
                                folder, for machines like it without a compiler
        --explanation <dir>     makes what explains scores, which a trainer in this folder otherwise does
                                when it is first asked to explain, and compiles nothing
        --hypers                lists the model's hyperparameters and presets, and writes nothing
        --json                  with --hypers: as JSON, for programs
        --dump-after <pass>     prints the program as it is after a pass, and writes nothing
        --explain <name>        prints what is known of a tensor of the model, and writes nothing
        --explain-error <code>  prints what an error means, with an example that fails and one that works
        --list-passes           prints the passes in their order, those of the target last
        -V, --version           output the version number
        -h, --help              display help for command

      Examples:
        pcrec-compile models/pcrec.ts
        pcrec-compile hstu --hypers
        pcrec-compile models/pcrec.ts --set width=32 --set length=50 --out build/small
        pcrec-compile models/pcrec.ts --dump-after fuse

      Exit codes: 0 compiled, 1 the model is wrong, 2 the command is."
    `);
    expect(run('/', '--version').out).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
