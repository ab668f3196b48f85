/** The catalogue of errors tells the truth: each code has a section, and every example in it does what is said there. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chain, chainFirst, isLeft } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue, codes } from '../../compiler/catalogue.js';
import { main } from '../../compiler/command/index.js';
import type { Diagnostic } from '../../compiler/diagnostics.js';
import { hyperValues, open, trace, typeChecker } from '../../compiler/frontend/index.js';
import { packageRoot } from '../../compiler/package.js';
import { headingOf } from '../../compiler/pages.js';
import { toolchain } from '../../compiler/toolchain.js';
import { type Example, examples, headings, listing, writeExample } from './examples.js';
import { document } from './markdown.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'pcrec-errors-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What the types of the language say under the cursor, its constructors say of a model that has none. */
const untyped = (
  [
    [
      'PC1003',
      "import { halve } from './halve.js';\nconst state = halve(input);",
      "there is no file './halve.js' beside this one",
    ],
    [
      'PC1003',
      "import { halve } from 'no-such-package';\nconst state = halve(input);",
      "the package 'no-such-package' cannot be loaded: Cannot find module 'no-such-package'",
    ],
    [
      'PC2001',
      "const state = softmax(input, axis('head', 2));",
      "there is no axis 'head' here: the axes are 'batch' | 'seq' | 'width'",
    ],
    ['PC2004', 'const state = mul(input, times);', 'the arguments of mul must have one element type, not f32 and i32'],
    [
      'PC4001',
      'const { states: [state] } = descend(([s]) => sum(square(s), [seq, width]), { wrt: [input], rate: 0.1, steps: 1, momentum: 0.9 });',
      "descend has no option 'momentum': there are wrt, rate, steps, clamp, order, horizon, backward",
    ],
    [
      'PC4001',
      "const { states: [state] } = descend(([s]) => sum(square(s), [seq, width]), { wrt: [input], rate: 0.1, steps: 1, order: 'up' });",
      "descend has no order 'up': there are jacobi, sweepUp, sweepDown",
    ],
    [
      'PC4001',
      'const { states: [state] } = descend(([s]) => sum(square(s), [seq, width]), { wrt: [input], rate: 0.1, steps: 1, backward: implicit() });',
      "descend has no backward 'implicit': there are unroll, checkpoint, lastSteps, stopGradient",
    ],
    [
      'PC4001',
      'const { value: state } = fixedPoint(input, tanh, { stop: { fixed: 3 }, backward: lastSteps(1) });',
      "fixedPoint has no backward 'lastSteps': there are unroll, checkpoint, phantom, implicit",
    ],
    [
      'PC4001',
      "const state = scan(seq, expand(scalar(0), batch, width), (before) => add(before, input), { form: 'parallel' });",
      "scan has no form 'parallel': there are sequential, associative",
    ],
    [
      'PC4001',
      "const { value: state } = fixedPoint(input, tanh, { stop: { per: 'row', maxSteps: 3 }, backward: implicit({ solve: 'newton' }) });",
      "implicit has no solve 'newton': there are picard, anderson",
    ],
    [
      'PC4002',
      'const { states: [state] } = descend(([s]) => sum(square(s), [batch, seq, width]), { wrt: [input], rate: 0.1, steps: 1 });',
      'an energy keeps the axis batch',
    ],
    [
      'PC4003',
      'const { states: [state] } = descend(([s]) => sum(square(s), [seq, width]), { wrt: [input], rate: [0.1, 0.2], steps: 1 });',
      'rate has an entry for each state: 1, not 2',
    ],
    [
      'PC4005',
      "const { value } = fixedPoint(param('start', [width], zeros), tanh, { stop: { fixed: 3 } });\nconst state = add(input, value);",
      "a fixed point is found for each row of 'batch': give the start that axis (expand)",
    ],
    [
      'PC4006',
      'const { value: state } = fixedPoint(input, tanh, { stop: { fixed: 3 }, backward: implicit() });',
      'implicit differentiates an equilibrium, and a fixed number of steps need not reach one',
    ],
  ] as const
).map(([code, text, words]): Example => ({ code, language: 'js', fails: true, text, says: `error ${code}: ${words}` }));

const files = new Map([...examples, ...untyped].map((example, i) => [example, writeExample(root, example, i)]));
const isModel = ({ language }: Example): boolean => language === 'ts' || language === 'js';
const firstLine = ({ severity, code, message }: Diagnostic): string => `${severity} ${code}: ${message.split('\n')[0]}`;

/** One program checks them all, what works is compiled small; nobody waits a minute for the model that has no end. */
let check: ReturnType<typeof typeChecker>;
beforeAll(() => {
  const [first, ...more] = [...files.keys()].filter(isModel).map((example) => files.get(example)!);
  check = typeChecker([first!, ...more]);
}, 60_000);
const compiled = (example: Example): string => {
  const path = files.get(example)!;
  const patience = example.code === 'PC1010' ? 1 : 60;
  const result = pipe(
    open(path, isModel(example) ? { check, patience } : {}),
    chain((opened) =>
      pipe(
        hyperValues(opened.model, { set: example.fails ? [] : ['length=8'] }),
        chain((hyper) => trace(opened, hyper)),
      ),
    ),
    chain((traced) => toolchain.compile(traced)),
    chainFirst(({ loops }) => toolchain.targets['all']!.check(loops)),
  );
  return isLeft(result) ? firstLine(result.left[0]).replace('after 1 second:', 'after 60 seconds:') : '';
};

/** What the command prints first on the standard error. `npm install pcrec` puts something of that name where it is looked for. */
const commanded = (example: Example): string => {
  const cwd = dirname(files.get(example)!);
  const lines = example.text.split('\n');
  if (lines.includes('npm install pcrec')) {
    mkdirSync(join(cwd, 'node_modules/pcrec'), { recursive: true });
    writeFileSync(
      join(cwd, 'node_modules/pcrec/package.json'),
      '{ "name": "pcrec", "exports": { "./runtime": "./runtime.js" } }',
    );
    writeFileSync(join(cwd, 'node_modules/pcrec/runtime.js'), '');
  }
  const err: string[] = [];
  const io = { cwd, colour: false, now: () => 0, out: () => {}, err: (text: string) => err.push(text) };
  lines
    .filter((line) => line.startsWith('pcrec-compile '))
    .forEach((line) => main(line.split(' ').slice(1), toolchain, io));
  const told = err.join('\n').split('\n')[0]!.replaceAll(cwd, '/home/me');
  return example.fails || !told.startsWith('warning PC0007') || example.code === 'PC0007' ? told : '';
};

describe('the catalogue', () => {
  it('has a section for each code, and no other, in order', () => {
    expect(headings).toEqual(codes.map((code) => headingOf(code).slice('## '.length)));
  });

  it('is listed', () => {
    expect(document('errors/README.md')).toContain(`\n${listing}\n`);
  });

  it('has examples that fail and examples that work for each', () => {
    const lacking = codes.filter(
      (code) => ![true, false].every((fails) => examples.some((e) => e.code === code && e.fails === fails)),
    );
    expect(lacking).toEqual([]);
    expect(examples.filter((e) => e.fails && !e.says.includes(` ${e.code}: `))).toEqual([]);
  });

  it('is raised somewhere, code for code', () => {
    const sources = ['dsl', 'compiler']
      .flatMap((folder) =>
        readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
          .filter((f) => f.endsWith('.ts'))
          .map((f) => `${folder}/${f.replaceAll('\\', '/')}`),
      )
      .filter((f) => f !== 'dsl/errors.ts' && f !== 'compiler/catalogue.ts')
      .map((f) => readFileSync(join(packageRoot, f), 'utf8'))
      .join('\n');
    expect(codes.filter((code) => !sources.includes(code))).toEqual([]);
    // A message without one would be printed by hand.
    expect(sources).not.toMatch(/['"`]error: [a-z$]/);
  });
});

it.each(untyped.map((e) => [e.code, e.text.split('\n').at(-1)!, e] as const))(
  '%s is said without types: %s',
  (_, __, example) => {
    expect(compiled(example)).toBe(example.says);
  },
);

describe.each(codes)('%s', (code) => {
  it.each(examples.filter((e) => e.code === code).map((e) => [e.fails ? 'fails' : 'works', e] as const))(
    '%s as it says',
    (_, example) => {
      expect((example.language === 'sh' ? commanded : compiled)(example)).toBe(example.says);
    },
  );
});

it.each(codes)('--explain-error %s prints its section', (code) => {
  const out: string[] = [];
  const status = main(['--explain-error', code.toLowerCase()], toolchain, {
    cwd: root,
    colour: false,
    now: () => 0,
    out: (text) => out.push(text),
    err: () => {},
  });
  expect(status).toBe(0);
  expect(out.join('\n')).toMatch(new RegExp(`^${code}: ${catalogue[code]}\n`));
  expect(out.join('\n')).not.toContain('```');
});
