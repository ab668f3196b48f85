/** A kernel as a loop nest over typed arrays on the host, where integers are exact and uniform numbers are drawn. */
import type { Buffer, Kernel, LoopAxis } from '../../loops/ir.js';
import { host } from './flavour.js';
import { cell, raggedIn, written, type Written } from './kernel.js';
import { counting } from './loops.js';
import { inside, integer } from './piece.js';
import { rootsOf } from './reads.js';
import { block, scope, type Scope, variable } from './scope.js';
import { writer } from './write.js';
import { extent } from './writer.js';

/** As in memory, but rows before what is ragged along them: a loop's bound must be known when it opens. */
const loopOrder = (axes: readonly LoopAxis[]): readonly LoopAxis[] => [
  ...new Set(axes.flatMap((axis) => [...axes.filter((a) => a.name === axis.ragged?.rows), axis])),
];

/** `out` comes filled with zeros; cells beyond a row's length and those that `where` rules out stay so. */
export const writeHost = (kernel: Kernel, buffers: ReadonlyMap<string, Buffer>): Written => {
  const axes = buffers.get(kernel.output)?.axes ?? [];
  const w = writer(host, buffers, rootsOf(kernel));
  const ragged = new Map(raggedIn(axes).map(({ axis, row }) => [axis.name, row]));
  const store = (s: Scope): void => {
    if (kernel.where !== undefined) s.lines.push(`if (!${inside(w.value(kernel.where, s))}) continue;`);
    const out = host.element(
      'out',
      axes,
      axes.map((a) => variable(a.name, s)),
    );
    s.lines.push(`${out.text} = ${cell(w, kernel, s).text};`);
  };
  const nest = (rest: readonly LoopAxis[], s: Scope): void => {
    const [axis, ...inner] = rest;
    if (axis === undefined) {
      store(s);
      return;
    }
    const i = w.fresh(axis.name);
    const row = ragged.get(axis.name);
    const end = extent(w, axis, row, s);
    // Innermost loops with a condition are left by nothing: what follows the condition must not run before it.
    const conditional = kernel.where !== undefined && inner.length === 0;
    const body = scope(conditional ? 'branch' : row === undefined ? 'loop' : 'narrow', s, [[axis.name, i]]);
    nest(inner, body);
    s.lines.push(...block(counting(i, integer(0), end), body));
  };
  const loops = scope('root', null);
  // A cell without axes still needs a loop to `continue` from.
  nest(axes.length === 0 && kernel.where !== undefined ? [{ name: 'once', size: 1 }] : loopOrder(axes), loops);
  const root = scope('root', null);
  root.lines.push(
    ...[...w.streams.all].map(([key, stream]) => `const ${stream} = random.stream(${JSON.stringify(key)});`),
    ...loops.lines,
  );
  return written(kernel, w, root, ['On the host.'], { before: ['out', 'size', 'random'] });
};
