/**
 * What a well-formed program is. Run after every pass in tests: a violation names the pass that made it.
 *
 * An axis rule worked out anew must give the stored axes and element type; every node is the interned one of its kind; and
 * each stage has only the primitives that belong there.
 */
import { type Axis, sameExtent } from '../dsl/axis.js';
import { argsOf } from '../dsl/build.js';
import type { Node, Op } from '../dsl/node.js';
import { type DType, scalars } from '../dsl/scalar.js';
import { topological } from './graph.js';
import { isBuffer } from './lower/kernels.js';
import { rebuild } from './primitives/rebuild.js';
import { type Program, rootsOf } from './program.js';

const axisText = ({ name, extent }: Axis): string => `${name}:${JSON.stringify(extent)}`;
const typeText = (n: { readonly axes: readonly Axis[]; readonly dtype: DType }): string =>
  `${n.dtype}[${n.axes.map(axisText).join(', ')}]`;

/** Null where the rule says nothing of the element type. */
const leafType: { readonly [O in Op]?: DType | null } = { index: 'i32', extent: 'i32', uniform: 'f32', param: 'f32' };

const complaintsOf = (n: Node): readonly string[] => {
  const found: string[] = [];
  const sorted = n.axes.every((a, i) => i === 0 || n.axes[i - 1]!.name < a.name);
  if (!sorted) found.push(`its axes are not sorted by name, each once: ${n.axes.map((a) => a.name).join(', ')}`);
  const wanted = leafType[n.op];
  if (wanted !== undefined && wanted !== null && n.dtype !== wanted)
    found.push(`its element type is ${n.dtype}, not ${wanted}`);
  const args = argsOf(n);
  if (args.length > 0) {
    try {
      const again = rebuild(n, args);
      if (typeText(again) !== typeText(n))
        found.push(`it is stored as ${typeText(n)}, and its rule gives ${typeText(again)}`);
    } catch (e) {
      found.push(`its rule refuses its arguments: ${e instanceof Error ? e.message : String(e)}`);
    }
  }
  if (n.op === 'map' && n.args.length !== scalars[n.fn].args.length)
    found.push(`${n.fn} has ${n.args.length} arguments`);
  if (n.op === 'constant' && n.dtype === 'bool' && n.value !== 0 && n.value !== 1)
    found.push(`a bool is 0 or 1, not ${n.value}`);
  if (n.op === 'constant' && n.dtype === 'i32' && !Number.isInteger(n.value))
    found.push(`a whole number is not ${n.value}`);
  if (n.op === 'implicit' && typeText(n.through) !== typeText(n))
    found.push(`its step has another type, ${typeText(n.through)}`);
  return found;
};

const describe = (n: Node): string => {
  switch (n.op) {
    case 'map':
      return `map ${n.fn}`;
    case 'reduce':
      return `${n.monoid} over ${n.over.join(', ')}`;
    case 'param':
      return `param ${n.path}`;
    case 'input':
    case 'variable':
    case 'carry':
      return `${n.op} ${n.name}`;
    default:
      return n.op;
  }
};

/** Everything that is wrong with a program; nothing where it is well formed. `gone`: primitives that this stage no longer has. */
export const check = (program: Program, gone: readonly Op[] = []): readonly string[] => {
  const found: string[] = [];
  const roots = rootsOf(program);
  const order = topological(roots);
  const seen = new Set<Node>();
  const extents = new Map<string, Axis>();
  for (const n of order) {
    const say = (complaint: string): void => void found.push(`${describe(n)}: ${complaint}`);
    complaintsOf(n).forEach(say);
    if (argsOf(n).some((a) => !seen.has(a))) say('an argument comes after it');
    seen.add(n);
    if (program.interned.one(n) !== n) say('it is not the interned node of its kind');
    if (gone.includes(n.op)) say('no such node belongs here any more');
    for (const a of n.axes) {
      const known = extents.get(a.name);
      if (known === undefined) extents.set(a.name, a);
      else if (!sameExtent(known, a)) say(`the axis '${a.name}' has two extents in one program`);
    }
  }
  if (program.stored !== undefined) {
    for (const root of roots)
      if (!isBuffer(root) && !program.stored.has(root)) found.push(`${describe(root)}: a root has no buffer`);
    for (const n of program.stored)
      if (!seen.has(n) && n.op !== 'scan') found.push(`${describe(n)}: it is stored and nobody asks for it`);
  }
  return found;
};

/** What is gone after each pass of the pipeline, by the pass's name; nothing comes back. */
export const goneAfter: Readonly<Record<string, readonly Op[]>> = {
  expand: ['project', 'variable'],
  differentiate: ['stop', 'implicit'],
};
