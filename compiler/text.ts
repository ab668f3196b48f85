/** Programs as text: what `--dump-after` prints. And numbers, as people like them. */
import { argsOf } from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import { topological } from './graph.js';
import type { Entry, Kernel } from './loops/ir.js';
import { exprText } from './loops/text.js';
import { namesOf } from './lower/kernels.js';
import { type Program, rootsOf } from './program.js';

const operand = (node: Node, names: ReadonlyMap<Node, string>): string =>
  node.op === 'constant'
    ? `${node.value}`
    : node.op === 'input'
      ? node.name
      : node.op === 'param'
        ? `'${node.path}'`
        : node.op === 'index'
          ? `index(${node.axis.name})`
          : (names.get(node) ?? node.op);

const call = (node: Node, names: ReadonlyMap<Node, string>): string => {
  const args = argsOf(node)
    .map((a) => operand(a, names))
    .join(', ');
  switch (node.op) {
    case 'map':
      return `${node.fn}(${args})`;
    case 'reduce':
      return `${node.monoid}[${node.over.join(' ')}](${args})`;
    case 'gather':
      return `gather[${node.axis}](${args})`;
    case 'scatter':
      return `scatter[${node.axis.name} over ${node.over.join(' ')}](${args})`;
    case 'rename':
      return `rename[${node.from} -> ${node.to.name}](${args})`;
    case 'shift':
      return `shift[${node.axis} by ${node.by}](${args})`;
    case 'uniform':
      return `uniform('${node.key}')`;
    case 'extent':
      return `extent(${node.axis.name})`;
    case 'project':
      return `${node.of.op}.${node.result}(${args})`;
    default:
      return `${node.op}(${args})`;
  }
};

const inline: ReadonlySet<Node['op']> = new Set(['constant', 'input', 'param', 'index']);

export const programText = (program: Program): string => {
  const order = topological(rootsOf(program));
  const shown = order.filter((n) => !inline.has(n.op));
  const names = namesOf(order, new Set(shown), program.origins, []);
  const lines = shown.map((n) => {
    const source = program.origins.get(n)?.source;
    const where = source === undefined ? '' : `  // ${source.file}:${source.line}`;
    const mark = program.stored?.has(n) === true ? '*' : ' ';
    return `${mark} ${names.get(n)}: ${n.dtype}[${n.axes.map((a) => a.name).join(' ')}] = ${call(n, names)}${where}`;
  });
  const results = [...Object.entries(program.outputs), ...Object.entries(program.updates)].map(
    ([name, n]) => `  ${name} = ${operand(n, names)}`,
  );
  return [`program ${program.entry}`, ...lines, 'results', ...results, ''].join('\n');
};

/** A lowered entry, one line a kernel in the order they run. */
export const entryText = ({ name, buffers, kernels }: Entry): string => {
  const axes = new Map(buffers.map((b) => [b.id, b.axes.map((a) => a.name).join(' ')]));
  const line = (k: Kernel): string =>
    `  ${k.output}[${axes.get(k.output)}]${k.where === undefined ? '' : ` where ${exprText(k.where)}`} = ${exprText(k.body)}${k.source === undefined ? '' : `  // ${k.source.file}:${k.source.line}`}`;
  return [`kernels of ${name}`, ...kernels.map(line), ''].join('\n');
};

/** `1.2 G`, `340 k`: three digits are all that an estimate is worth. */
export const scaled = (n: number): string => {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];
  const power = n < 1000 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(n) / 3));
  return `${Number((n / 1000 ** power).toPrecision(3))} ${prefixes[power]}`;
};
