/** A loop program as C, and the plan of its entries as data. */
import { globalsOf, mathOf } from '../../code/link.js';
import { native } from '../../code/machine.js';
import type { Func, Global } from '../../code/tree.js';
import type { Linkage } from '../../../runtime/contract/cpu-plan.js';
import type { Observe } from '../../compiled.js';
import { type Look, passesFor } from '../../cpu/passes.js';
import { type CpuProgram, cpuProgram, fusedEntries } from '../../cpu/program.js';
import { streamsId } from '../../cpu/world.js';
import { kernelsText } from '../../cpu/text.js';
import type { LoopProgram } from '../../loops/ir.js';
import { kernelHead, printFunction, type Spelling, spelling } from './print.js';

export interface NativeText {
  readonly text: string;
  /** Into how many parts it is divided. */
  readonly parts: number;
  readonly plan: CpuProgram['plan'];
  readonly linkage: Linkage;
  /** What a kernel is called in the text. */
  readonly kernel: (name: string) => string;
  /** Entries that draw random numbers. */
  readonly drawing: ReadonlySet<string>;
}

const memoryText = ({ sizes, buffers }: Linkage, spelt: Spelling): readonly string[] => [
  '// Where a thread of a session finds everything: sizes, and the first byte of each buffer.',
  'struct memory {',
  '  char *base;',
  '  char *end;',
  '  struct {',
  ...(buffers.length === 0 ? ['    char *none;'] : buffers.map((b) => `    char *${spelt.buffer(b)};`)),
  '  } at;',
  '  struct {',
  ...(sizes.length === 0 ? ['    int none;'] : sizes.map((s) => `    int ${spelt.size(s)};`)),
  '  } size;',
  '};',
];

/** Compilers take as long as a text is: long ones stand in parts, which may be compiled beside one another. So many characters each, so many parts. */
const size = 250_000;
const most = 8;

/** The kernels in parts of about one length. */
const inParts = (texts: readonly string[]): readonly string[] => {
  const whole = texts.reduce((n, t) => n + t.length, 0);
  const parts = Math.max(1, Math.min(most, Math.ceil(whole / size)));
  let before = 0;
  const of = texts.map((text) => {
    const part = Math.min(parts - 1, Math.floor((parts * before) / Math.max(1, whole)));
    before += text.length;
    return part;
  });
  return Array.from({ length: parts }, (_, p) =>
    [`#if HERE(${p})`, '', ...texts.flatMap((t, i) => (of[i] === p ? [t, ''] : [])), '#endif', ''].join('\n'),
  );
};

interface Contents {
  readonly linkage: Linkage;
  readonly math: readonly Func[];
  /** Heads of all kernels. */
  readonly heads: readonly string[];
  readonly parts: readonly string[];
}

const programText = (model: string, { linkage, math, heads, parts }: Contents, spelt: Spelling): string =>
  [
    `// The kernels of ${model}. A kernel computes the positions from .. to of its result's outermost axis; chunk is the share of a`,
    '// batch to whose sums it adds. LANES is how many numbers a register of the processor holds that this is compiled for.',
    '#include "lanes.h"',
    '',
    ...memoryText(linkage, spelt),
    '',
    ...math.flatMap((f) => [printFunction(f, spelt), '']),
    `// The text is compiled as a whole, or, with PART defined, one part of ${parts.length} at a time.`,
    '#ifdef PART',
    '#define HERE(part) (PART == part)',
    '#define KERNEL __attribute__((noinline, visibility("hidden"))) void',
    '#else',
    '#define HERE(part) 1',
    '#define KERNEL static __attribute__((noinline)) void',
    '#endif',
    '',
    ...heads,
    '',
    ...parts,
    '#if HERE(0)',
    '',
    '// Kernels that are called from outside, in the order of the plan.',
    'typedef void (*kernel)(const struct memory *m, int from, int to, int chunk);',
    'static const kernel kernels[] = {',
    ...linkage.kernels.map((k) => `  ${spelt.kernel(k)},`),
    '};',
    `enum { sizes = ${linkage.sizes.length}, buffers = ${linkage.buffers.length} };`,
    '',
    '#endif',
    '',
  ].join('\n');

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

export const nativeText = (program: LoopProgram): NativeText => {
  const code = cpuProgram(program, native);
  const functions = fusedEntries(code).flat();
  const asked = new Map(functions.map((f) => [f.name, [...globalsOf(f)]] as const));
  const globals: readonly Global[] = [...asked.values()].flat();
  const linkage: Linkage = {
    sizes: unique(globals.flatMap((g) => (g.kind === 'size' ? [g.symbol] : []))),
    buffers: unique(globals.flatMap((g) => (g.kind === 'base' ? [g.buffer] : []))),
    kernels: functions.flatMap((f) => (f.exported ? [f.name] : [])),
  };
  const spelt = spelling();
  const draws = ({ name }: Func): boolean => asked.get(name)!.some((g) => g.kind === 'base' && g.buffer === streamsId);
  const heads = functions.map((f) => kernelHead(f, spelt));
  const parts = inParts(functions.map((f) => printFunction(f, spelt)));
  return {
    text: programText(program.model, { linkage, math: mathOf(functions), heads, parts }, spelt),
    parts: parts.length,
    plan: code.plan,
    linkage,
    kernel: spelt.kernel,
    drawing: new Set(code.entries.flatMap((e) => (e.functions.some(draws) ? [e.scheduled.entry.name] : []))),
  };
};

/** The passes of this target; `observe` sees the kernels, or the code, that each leaves of each entry. */
export const nativePasses = {
  list: passesFor(native),
  observe: (program: LoopProgram, observe: Observe): void => {
    const spelt = spelling();
    const look: Look = ({ name }, after) =>
      observe(name, () =>
        'functions' in after ? after.functions.map((f) => printFunction(f, spelt)).join('\n\n') : kernelsText(after),
      );
    fusedEntries(cpuProgram(program, native, look), look);
  },
} as const;
