/**
 * Builds the kernels of a model for the processor at hand, once: the library is kept in a cache by what decides its bytes, the text,
 * the compiler and what that says of the processor. Node only.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Either, isRight, left, right } from 'fp-ts/lib/Either.js';
import type { NativeModule } from '../contract/cpu-plan.js';
import { reason } from '../contract/words.js';
import { cacheFolder } from '../files.js';
import { addon } from './addon.js';

/**
 * `-ffp-contract=off`: products are fused with sums where the text says so and nowhere else, so that every compiler rounds alike.
 * Whole numbers wrap around. Nothing looks at `errno` or at traps of floating point; apart from that arithmetic is as the text has it.
 */
const flags = [
  '-O2',
  '-std=gnu11',
  '-ffp-contract=off',
  '-fwrapv',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fPIC',
  '-fvisibility=hidden',
  '-w',
];
/** What whoever runs this adds, as other builds take it: `-O1`, `-march=x86-64-v3`. */
const added = (): readonly string[] => (process.env['CFLAGS'] ?? '').split(/\s+/).filter((flag) => flag !== '');
const forThisMachine = process.arch === 'arm64' ? '-mcpu=native' : '-march=native';
const linking = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];

interface Compiler {
  readonly command: string;
  readonly first: readonly string[];
  /** `gcc 12.2.0` */
  readonly name: string;
  /** What it knows of the processor and of itself, as the macros that it defines. */
  readonly defines: string;
}

interface Ran {
  readonly ok: boolean;
  readonly out: string;
  readonly err: string;
}
const run = (command: string, args: readonly string[], input?: string): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(command, [...args], { maxBuffer: 1 << 26 }, (error, out, err) =>
      resolve({ ok: error === null, out, err: err === '' && error !== null ? error.message : err }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });

/** By platform, how one gets a compiler. */
const adding: Readonly<Record<string, string>> = {
  darwin: 'xcode-select --install',
  win32: 'winget install LLVM.LLVM',
};
const managers: readonly (readonly [string, string])[] = [
  ['apt-get', 'apt-get install gcc libc6-dev'],
  ['dnf', 'dnf install gcc'],
  ['apk', 'apk add gcc musl-dev'],
  ['pacman', 'pacman -S gcc'],
  ['brew', 'brew install gcc'],
];
const howToAdd = (): string =>
  adding[process.platform] ??
  managers.find(([tool]) =>
    ['/usr/bin', '/sbin', '/bin', '/usr/local/bin', '/home/linuxbrew/.linuxbrew/bin'].some((folder) =>
      existsSync(join(folder, tool)),
    ),
  )?.[1] ??
  'your package manager';

const noCompiler = (): string =>
  `There is no C compiler here (${howToAdd()} adds one, and the environment variable CC names one that is elsewhere).`;

const macro = (defines: string, name: string): string | undefined =>
  defines
    .split('\n')
    .find((line) => line.startsWith(`#define ${name} `))
    ?.slice(`#define ${name} `.length)
    .replaceAll('"', '');

export const findCompiler = async (): Promise<Either<string, Compiler>> => {
  const named = process.env['CC']?.trim();
  // With CC, nothing else is tried: it was asked for.
  for (const candidate of named === undefined || named === '' ? ['cc', 'clang', 'gcc'] : [named]) {
    const [command = '', ...first] = candidate.split(/\s+/);
    const said = await run(command, [...first, forThisMachine, ...added(), '-dM', '-E', '-x', 'c', '-']);
    const version = macro(said.out, '__VERSION__');
    if (said.ok && version !== undefined)
      return right({
        command,
        first,
        name: said.out.includes('__clang__')
          ? `clang ${macro(said.out, '__clang_version__')?.trim() ?? ''}`
          : `gcc ${version.split(' ')[0]!}`,
        defines: said.out,
      });
    if (named !== undefined && named !== '')
      return left(`CC is '${named}', which does not compile C here: ${said.err.trim().split('\n')[0] ?? ''}`);
  }
  return left(noCompiler());
};

export interface Library {
  readonly path: string;
  readonly compiler: string;
  /** How long it was built; none where it was there. */
  readonly seconds?: number;
}

/** The first words of a compiler that refuses. */
const firstErrors = (err: string): string => {
  const lines = err.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => line.includes('error'));
  return (errors.length > 0 ? errors : lines).slice(0, 3).join('\n');
};

/** One after the other in as many lines as there are cores, until one fails. */
const inLines = async (jobs: readonly (() => Promise<Ran>)[]): Promise<Ran> => {
  let next = 0;
  let failed: Ran | undefined;
  const line = async (): Promise<void> => {
    while (next < jobs.length && failed === undefined) {
      const ran = await jobs[next++]!();
      if (!ran.ok) failed ??= ran;
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, line));
  return failed ?? { ok: true, out: '', err: '' };
};

/** Where a program's text lies, and how it is divided. */
interface Text {
  readonly main: string;
  readonly parts: number;
}

const built = async (
  { main, parts }: Text,
  { command, first, name }: Compiler,
  path: string,
): Promise<Either<string, Library>> => {
  const began = performance.now();
  let work: string | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Nobody else works in this folder, and what it makes appears at once.
    const here = (work = mkdtempSync(`${path}.`));
    const glue = join(here, 'addon.c');
    writeFileSync(glue, addon);
    const objects = Array.from({ length: parts }, (_, part) => join(here, `${part}.o`));
    const compiled = await inLines(
      objects.map(
        (object, part) => () =>
          run(command, [
            ...first,
            ...flags,
            forThisMachine,
            ...added(),
            `-DPART=${part}`,
            `-DMODEL="${main}"`,
            '-c',
            '-o',
            object,
            part === 0 ? glue : main,
          ]),
      ),
    );
    const whole = join(here, 'whole.node');
    const { ok, err } = compiled.ok
      ? await run(command, [...first, '-shared', ...linking, '-o', whole, ...objects, '-lm'])
      : compiled;
    if (!ok) return left(`${name} does not compile the kernels:\n${firstErrors(err)}`);
    renameSync(whole, path);
    return right({ path, compiler: name, seconds: (performance.now() - began) / 1000 });
  } catch (e) {
    return left(`The kernels cannot be built in ${dirname(path)}: ${reason(e)}; PCREC_CACHE names another folder.`);
  } finally {
    if (work !== undefined) rmSync(work, { recursive: true, force: true });
  }
};

const folderOf = ({ here }: NativeModule): string => dirname(fileURLToPath(here));

const textOf = (program: NativeModule): Text => ({
  main: join(folderOf(program), program.sources[0]),
  parts: program.parts,
});

/** What a library is made of, besides what the machine adds. */
const contentOf = (program: NativeModule): Either<string, string> => {
  const hash = createHash('sha256').update(addon);
  try {
    program.sources.forEach((name) => hash.update('\0').update(readFileSync(join(folderOf(program), name))));
    return right(hash.digest('hex'));
  } catch (e) {
    return left(
      `The text of the kernels in ${folderOf(program)} cannot be read: ${reason(e)}. Compile the model again.`,
    );
  }
};

/** Features that a library may count on, by the macro that says so to the compiler, as Linux lists what a processor has. */
const features: Readonly<Record<string, string>> = {
  __AVX__: 'avx',
  __AVX2__: 'avx2',
  __FMA__: 'fma',
  __F16C__: 'f16c',
  __BMI__: 'bmi1',
  __BMI2__: 'bmi2',
  __LZCNT__: 'abm',
  __MOVBE__: 'movbe',
  __AVX512F__: 'avx512f',
  __AVX512DQ__: 'avx512dq',
  __AVX512BW__: 'avx512bw',
  __AVX512VL__: 'avx512vl',
  __AVX512CD__: 'avx512cd',
};
const neededBy = (defines: string): readonly string[] =>
  Object.entries(features).flatMap(([name, flag]) => (macro(defines, name) === undefined ? [] : [flag]));
const processor = (): { readonly model: string; readonly has: readonly string[] } => {
  const model = `${process.platform} ${process.arch} ${cpus()[0]?.model ?? ''}`;
  const info = process.arch === 'x64' && existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return {
    model,
    has:
      info
        .split('\n')
        .find((line) => line.startsWith('flags'))
        ?.split(/\s+/) ?? [],
  };
};

/** A library built ahead, beside the text, and what is to be known of it before it is loaded. */
const ahead = { library: 'model.node', about: 'model.node.json' } as const;
interface About {
  readonly description: string;
  readonly content: string;
  readonly compiler: string;
  readonly processor: string;
  readonly needs: readonly string[];
}

/** The library that was built ahead, where it is of this text and runs on this processor. */
const builtAhead = (program: NativeModule, content: string): Library | undefined => {
  const [path, about] = [join(folderOf(program), ahead.library), join(folderOf(program), ahead.about)];
  if (!existsSync(path) || !existsSync(about)) return undefined;
  try {
    const known = JSON.parse(readFileSync(about, 'utf8')) as About;
    const here = processor();
    const fits =
      here.has.length > 0 && known.needs.length > 0
        ? known.needs.every((flag) => here.has.includes(flag))
        : known.processor === here.model;
    return known.content === content && fits ? { path, compiler: known.compiler } : undefined;
  } catch {
    return undefined;
  }
};

/** Builds the library of a program beside its text. */
export const buildLibrary = async (program: NativeModule): Promise<Either<string, Library>> => {
  const [content, compiler] = [contentOf(program), await findCompiler()];
  if (!isRight(content)) return content;
  if (!isRight(compiler)) return compiler;
  const path = join(folderOf(program), ahead.library);
  const made = await built(textOf(program), compiler.right, path);
  if (!isRight(made)) return made;
  const about: About = {
    description: 'Emitted by pcrec-compile: what model.node was built from, and for',
    content: content.right,
    compiler: compiler.right.name,
    processor: processor().model,
    needs: neededBy(compiler.right.defines),
  };
  writeFileSync(join(folderOf(program), ahead.about), `${JSON.stringify(about, null, 2)}\n`);
  return made;
};

/** The library of a program for this machine: one built ahead, one in the cache, or one that is built now. `begins` is called before a build. */
export const library = async (
  program: NativeModule,
  begins: (compiler: string) => void,
): Promise<Either<string, Library>> => {
  const content = contentOf(program);
  if (!isRight(content)) return content;
  const found = builtAhead(program, content.right);
  if (found !== undefined) return right(found);
  const compiler = await findCompiler();
  if (!isRight(compiler)) return compiler;
  const key = createHash('sha256');
  [
    content.right,
    [...flags, ...added()].join(' '),
    compiler.right.name,
    compiler.right.defines,
    cpus()[0]?.model ?? '',
  ].forEach((text) => key.update(text).update('\0'));
  const path = join(cacheFolder(), `${key.digest('hex').slice(0, 32)}.node`);
  if (existsSync(path)) return right({ path, compiler: compiler.right.name });
  begins(compiler.right.name);
  return built(textOf(program), compiler.right, path);
};
