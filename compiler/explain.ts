/** `--explain NAME`: what is known of a tensor of the model, from its axes to the kernel that computes it. */
import { type Either, right } from 'fp-ts/lib/Either.js';
import { type Axis, bound } from '../dsl/axis.js';
import { argsOf, hasAxis } from '../dsl/build.js';
import type { Input, Node } from '../dsl/node.js';
import type { Sizes } from '../runtime/contract/session.js';
import { suggest } from '../runtime/contract/words.js';
import { type Dependence, dependence, offsetsOf } from './dependence/analysis.js';
import { inputsOf, isRagged, sequenceOf } from './dependence/certificate.js';
import { positions } from './dependence/wording.js';
import { type Diagnostics, refuse } from './diagnostics.js';
import { topological } from './graph.js';
import { isBuffer, kernelNames } from './lower/kernels.js';
import { memoryOrder } from './lower/layout.js';
import { primitive } from './primitives/index.js';
import { type Program, rootsOf } from './program.js';
import { scaled } from './text.js';

const sizeOf =
  (sizes: Sizes) =>
  (axis: Axis): number => {
    const size = bound(axis);
    return typeof size === 'number' ? size : (sizes[size] ?? 0);
  };
const cells = (axes: readonly Axis[], sizes: Sizes): number => axes.reduce((n, a) => n * sizeOf(sizes)(a), 1);

const axesText = (node: Node): string =>
  node.axes.length === 0
    ? 'none: a single number'
    : memoryOrder(node.axes)
        .map((a) => `${a.name} (${isRagged(a) ? 'up to ' : ''}${bound(a)})`)
        .join(' x ');

/** `positions <= seq of items` for each way in which an input is read; `of other rows too` where it is. */
const readsText = (node: Node, input: Input, d: Dependence): string | null => {
  const zones = d.reads(node).get(input.name);
  if (zones === undefined) return null;
  const sequence = sequenceOf(input);
  const own = node.axes.filter(isRagged);
  const along =
    sequence === undefined
      ? []
      : zones.map((z) => {
          const bounds = own
            .map((a) => positions(offsetsOf([z], sequence.name, a.name), a.name))
            .filter((text) => text !== 'all positions');
          return bounds.length === 0 ? 'all positions' : bounds.join(' and ');
        });
  const row = sequence?.extent.kind === 'ragged' ? sequence.extent.rows : input.axes[0]?.name;
  const apart = row === undefined || !hasAxis(node, row) || positions(offsetsOf(zones, row, row)) === 'position t';
  const what = along.length === 0 ? input.name : `${[...new Set(along)].join(', or ')} of ${input.name}`;
  return apart ? what : `${what} (other rows too)`;
};

interface Known {
  readonly program: Program;
  readonly dependence: Dependence;
  readonly kernels: ReadonlyMap<Node, string>;
  readonly users: ReadonlyMap<Node, readonly Node[]>;
}

const knownOf = (program: Program): Known => {
  const roots = rootsOf(program);
  const users = new Map<Node, Node[]>();
  for (const user of topological(roots))
    for (const arg of new Set(argsOf(user))) users.set(arg, [...(users.get(arg) ?? []), user]);
  return { program, dependence: dependence(roots), kernels: kernelNames(program), users };
};

/** Kernels that compute a node on the way to their own tensor. */
const fusedInto = (node: Node, { kernels, users }: Known): readonly string[] => {
  const seen = new Set<Node>();
  const up = (n: Node): readonly string[] =>
    (users.get(n) ?? []).flatMap((user) => {
      if (seen.has(user)) return [];
      seen.add(user);
      const kernel = kernels.get(user);
      return kernel === undefined ? up(user) : [kernel];
    });
  return [...new Set(up(node))];
};

/** Operations of a node and of what is computed along with it, from what is stored. */
const operations = (node: Node, { kernels }: Known, sizes: Sizes): number =>
  topological([node], (n) => n !== node && (isBuffer(n) || kernels.has(n))).reduce(
    (total, n) => total + cells(n.axes, sizes) * primitive(n).cost(n, sizeOf(sizes)),
    0,
  );

const MOST = 6;
const listed = (names: readonly string[]): string =>
  (names.length <= MOST ? names : [...names.slice(0, MOST), `${names.length - MOST} more`]).join(', ');

/** Where it is computed, for a node of a finished program. */
const computed = (node: Node, known: Known, sizes: Sizes): readonly (readonly [string, string])[] => {
  const kernel = known.kernels.get(node);
  const bytes = `${scaled(4 * cells(node.axes, sizes))}B`;
  return [
    ['operations', `${scaled(operations(node, known, sizes)).trim()} at full length`],
    ['bytes', kernel === undefined ? `none: never stored (${bytes} if it were)` : bytes],
    ['kernel', kernel ?? `fused into ${listed(fusedInto(node, known))}`],
  ];
};

interface Description {
  readonly entry: string;
  readonly text: string;
}

const described = (node: Node, known: Known, sizes: Sizes, finished: boolean): Description => {
  const {
    program: { entry, origins },
    dependence: d,
  } = known;
  const source = origins.get(node)?.source;
  const inputs = inputsOf(rootsOf(known.program));
  // Lengths are read wherever it matters whether a position exists; no expression stands for them.
  const lengths = [...d.reads(node).keys()].filter((read) => !inputs.some((i) => i.name === read));
  const reads = [...inputs.map((input) => readsText(node, input, d)).filter((text) => text !== null), ...lengths];
  const rows: readonly (readonly [string, string])[] = [
    ['axes', axesText(node)],
    ['type', node.dtype],
    ['source', source === undefined ? 'the compiler' : `${source.file}:${source.line}:${source.column}`],
    ['reads', reads.length === 0 ? 'no data' : reads.join('; ')],
    ...(finished
      ? computed(node, known, sizes)
      : [['kernel', 'none: rewriting put other expressions in its place'] as const]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return { entry, text: rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`).join('\n') };
};

/** Programs that say the same are named together. */
const grouped = (name: string, found: readonly Description[]): string =>
  [...new Set(found.map(({ text }) => text))]
    .map((text) => {
      const entries = [...new Set(found.filter((f) => f.text === text).map(({ entry }) => entry))];
      return `${name}, in ${entries.join(' and ')}\n${text}`;
    })
    .join('\n\n');

const named = (program: Program, name: string): readonly Node[] =>
  topological(rootsOf(program)).filter((n) => program.origins.get(n)?.name === name);

/** `finished` programs have been through every pass; `plain` are the same as the model wrote them. */
export const explain =
  (finished: readonly Program[], plain: readonly Program[]) =>
  (name: string, sizes: Sizes): Either<Diagnostics, string> => {
    const found = finished.flatMap((program, i) => {
      const kept = named(program, name);
      const from = kept.length > 0 ? program : plain[i]!;
      const nodes = kept.length > 0 ? kept : named(from, name);
      if (nodes.length === 0) return [];
      const known = knownOf(from);
      return nodes.map((node) => described(node, known, sizes, kept.length > 0));
    });
    if (found.length > 0) return right(grouped(name, found));
    const names = [...plain, ...finished].flatMap((p) =>
      topological(rootsOf(p)).flatMap((n) => p.origins.get(n)?.name ?? []),
    );
    return refuse(
      'PC0005',
      `the model has no tensor '${name}'`,
      undefined,
      suggest(name, [...new Set(names)].sort(), 'tensors'),
    );
  };
