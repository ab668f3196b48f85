/** A kernel as a gpu.js kernel function: one call computes one cell, at `this.thread`. */
import { apply, dtypeOf } from '../../loops/build.js';
import type { Buffer, Entry, Expr, Kernel, Loop, LoopAxis } from '../../loops/ir.js';
import { once } from '../../../runtime/contract/once.js';
import { device, inThree } from './flavour.js';
import { cell, raggedIn, written, type Written } from './kernel.js';
import { given, inside, integer, type Piece } from './piece.js';
import { place } from './placement.js';
import { rootsOf } from './reads.js';
import { block, scope, type Scope, variable } from './scope.js';
import { writer } from './write.js';
import { extent, type Writer } from './writer.js';

const threads = ['x', 'y', 'z'] as const;

interface Coordinates {
  readonly variables: ReadonlyMap<string, Piece>;
  readonly lines: readonly string[];
  /** x = seq, y = batch */
  readonly legend: string;
}

/** Binds the output's axes to the thread's coordinates; axes beyond three are taken apart from x. */
const coordinates = (axes: readonly LoopAxis[], w: Writer): Coordinates => {
  const groups = inThree(axes.filter((a) => a.size !== 1));
  const thread = (k: number): string => threads[groups.length - 1 - k] ?? 'x';
  const variables = new Map(axes.map((a) => [a.name, integer(0)]));
  const lines: string[] = [];
  groups.forEach(([outer, ...inner], k) => {
    if (outer === undefined) return;
    // Adding a half keeps the quotient off the integers, where a float32 division might fall on the wrong side.
    const first = inner.reduceRight(
      (rest, axis, i) => {
        const size = device.size(axis.size).text;
        const quotient = w.fresh(i === 0 ? outer.name : `to_${axis.name}`);
        const index = w.fresh(axis.name);
        lines.push(
          `const ${quotient.text} = Math.floor((${rest.text} + 0.5) / ${size});`,
          `const ${index.text} = ${rest.text} - ${quotient.text} * ${size};`,
        );
        variables.set(axis.name, index);
        return quotient;
      },
      given(`this.thread.${thread(k)}`),
    );
    variables.set(outer.name, first);
  });
  const legend = groups.map((group, k) => `${thread(k)} = ${group.map((a) => a.name).join(' * ')}`);
  return { variables, lines, legend: legend.reverse().join(', ') };
};

/** The position that a loop is at, among the variables of its kernels. */
const NOW = 'now@';

/** A kernel of a loop computes the cells of one position; the others keep what they have. */
const atPosition = (kernel: Kernel, loop: Loop, axes: readonly LoopAxis[]): Kernel => {
  const dtype = dtypeOf(kernel.body);
  const own = {
    kind: 'read',
    buffer: kernel.output,
    at: axes.map((a): Expr => ({ kind: 'index', axis: a.name })),
    dtype,
  } as const;
  const now = apply('eq', { kind: 'index', axis: loop.axis }, { kind: 'index', axis: NOW });
  const zero = { kind: 'literal', value: 0, dtype } as const;
  const fresh: Expr =
    kernel.where === undefined
      ? kernel.body
      : { kind: 'guard', condition: kernel.where, then: kernel.body, otherwise: zero, dtype };
  const { where: _, ...rest } = kernel;
  return { ...rest, body: { kind: 'guard', condition: now, then: fresh, otherwise: own, dtype } };
};

/** Code of a condition, after the statements it needs. */
type Condition = (s: Scope) => string;

/** What must hold for a cell to be more than 0: its positions exist, and the kernel's own condition. */
const conditionsOf = ({ where }: Kernel, axes: readonly LoopAxis[], w: Writer): readonly Condition[] => {
  const ragged = raggedIn(axes);
  const exists: Condition = (s) =>
    ragged.map(({ axis, row }) => `${variable(axis.name, s).text} < ${inside(extent(w, axis, row, s))}`).join(' && ');
  return [
    ...(ragged.length === 0 ? [] : [exists]),
    ...(where === undefined ? [] : [(s: Scope) => w.value(where, s).text]),
  ];
};

/**
 * Conditions stand around the work, not before it with an early return: gpu.js's WebAssembly computes four cells at once
 * and skips a block that none of them enters, but runs on after a return. Causal attention scores: 3.9 against 12 ms.
 */
const within = (s: Scope, [first, ...others]: readonly Condition[], work: (s: Scope) => void): void => {
  if (first === undefined) {
    work(s);
    return;
  }
  const condition = first(s);
  const body = scope('branch', s);
  within(body, others, work);
  s.lines.push(...block(`if (${condition})`, body));
};

const writeDevice = (whole: Kernel, buffers: ReadonlyMap<string, Buffer>): Written => {
  const axes = buffers.get(whole.output)?.axes ?? [];
  const kernel = whole.loop === undefined ? whole : atPosition(whole, whole.loop, axes);
  const w = writer(device, buffers, rootsOf(kernel));
  const { variables, lines, legend } = coordinates(axes, w);
  const now = whole.loop === undefined ? [] : [w.fresh('now')];
  const root = scope('root', null, [...variables, ...now.map((n) => [NOW, n] as const)]);
  root.lines.push(...lines);
  const result = w.fresh('cell').text;
  const conditions = conditionsOf(kernel, axes, w);
  if (conditions.length === 0) {
    root.lines.push(`return ${cell(w, kernel, root).text};`);
  } else {
    root.lines.push(`let ${result} = 0;`);
    within(root, conditions, (s) => void s.lines.push(`${result} = ${cell(w, kernel, s).text};`));
    root.lines.push(`return ${result};`);
  }
  return written(kernel, w, root, legend === '' ? [] : [legend], { after: now.map((n) => n.text) });
};

/** An entry's kernels on the device, in their order, each as it is written. */
export const deviceKernels = once((entry: Entry): readonly { readonly kernel: Kernel; readonly written: Written }[] => {
  const { buffers, device: kernels } = place(entry);
  return kernels.map((kernel) => ({ kernel, written: writeDevice(kernel, buffers) }));
});
