/** Writes functions of one module, and knows what they use of it. */
import { type Axis, missingOf } from '../../../dsl/axis.js';
import type { Node } from '../../../dsl/node.js';
import { draw } from '../../../runtime/contract/onnx.js';
import type { Manifest } from '../../../runtime/contract/session.js';
import { endsOf, kept } from '../../ends.js';
import { rewrite, topological } from '../../graph.js';
import { memoryOrder } from '../../lower/layout.js';
import { padding } from '../../passes/padded.js';
import { type Program, rootsOf, withRoots } from '../../program.js';
import type { Inner } from './block-functions.js';
import { blocked, type Blocked, unblocked } from './blocks.js';
import type { Cut } from './cut.js';
import { type Body, bodyOf, type Leaf } from './function.js';
import { type Helper, helpers, helperTexts } from './helpers.js';
import { place, quoted } from './piece.js';
import { asPlaced, type Described, described } from './tensors.js';

/** What a name may not be: words of the language, what every function has, and what modules define. */
const reserved: readonly string[] = [
  ...'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
  ...'jax jnp lax FACTORS Arrays Any Mapping Sequence Mesh NamedTuple PartitionSpec Tensor kept_of'.split(' '),
  ...'state batch inputs layer kept sizes states given value gradient int len range enumerate tuple dict float sorted'.split(
    ' ',
  ),
  ...'loss gradients updated step step_by_jax score rank vectors predict spec specs'.split(' '),
  ...Object.keys(helpers),
];

/** Derivatives by rows of item tables that do not exist are 0, so that no step changes these. */
const settled = (gradients: Program): Program => {
  const clean = (n: Node): Node => {
    const ends = endsOf(n.axes.map(asPlaced)).filter(({ axis }) => missingOf(axis) !== undefined);
    return kept(n, ends);
  };
  const roots = [...Object.values(gradients.outputs), ...Object.values(gradients.updates).map(clean)];
  return withRoots(
    gradients,
    rewrite(roots, gradients.interned, (n) => n, gradients.origins),
  );
};

const axesOf = (programs: readonly Program[]): readonly Axis[] => [
  ...new Map(
    programs
      .flatMap((p) => topological(rootsOf(p)))
      .flatMap((n) => [...n.axes, ...(n.op === 'index' || n.op === 'extent' || n.op === 'scatter' ? [n.axis] : [])])
      .map((a) => [a.name, a] as const),
  ).values(),
];

const none: Blocked['calls'] = [];

const isNumber = (word: string): boolean => word !== '' && [...word].every((c) => c >= '0' && c <= '9');
/** A name without the numbers in it. */
const unnumbered = (name: string): string =>
  name
    .split('_')
    .filter((part, i) => i === 0 || !isNumber(part))
    .join('_') || name;

/** In which order axes lie: as a session has them, where it has such an array. */
const laying = ({ states, entries: all }: Told, programs: readonly Program[]) => {
  const rank = new Map(memoryOrder(axesOf(programs)).map((a, i) => [a.name, i]));
  const inOrder = (axes: readonly Axis[]): readonly Axis[] =>
    [...axes].sort((a, b) => (rank.get(a.name) ?? rank.size) - (rank.get(b.name) ?? rank.size));
  const known = new Map(
    [...states, ...Object.values(all).flatMap((e) => [...e.inputs, ...e.outputs])].map((t) => [t.name, t.axes]),
  );
  const laid = (name: string, axes: readonly Axis[]): readonly Axis[] => {
    const names = known.get(name);
    return names?.length === axes.length ? names.map((a) => axes.find((x) => x.name === a)!) : inOrder(axes);
  };
  return { inOrder, laid };
};
/** Arrays of the state tell sizes though nothing else is read of them. */
const carriersOf = ({ states }: Told) =>
  states.map(({ name, axes, shape }) => ({
    piece: place(`state[${quoted(name)}]`),
    axes: axes.map((a, i): Axis => ({ name: a, extent: { kind: 'fixed', size: shape[i]! } })),
  }));

/** Each once, by name. */
export const joined = (...lists: readonly (readonly Described[])[]): readonly Described[] =>
  [...new Map(lists.flat().map((t) => [t.name, t])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));

type Told = Pick<Manifest, 'states' | 'entries'>;
export interface Entry {
  readonly inputs: readonly Described[];
  readonly blocks: Blocked;
  readonly body: Body;
}

/** Writes functions of one module, and keeps what they use of it. */
export const writer = (manifest: Told, programs: readonly Program[]) => {
  const used = new Set<Helper>();
  const uses = (helper: Helper): string => {
    used.add(helper);
    return helper;
  };
  const { inOrder, laid } = laying(manifest, programs);
  const inputName = (n: Leaf): string => (n.op === 'input' ? n.name : n.path);

  /** A function of these arrays; `leaf` says how one is called that is neither of the state nor an input, `more` which names are taken. */
  const entry = (
    program: Program,
    inputs: string,
    {
      cut = new Map(),
      leaf = () => undefined,
      more = [],
      title,
    }: {
      readonly cut?: Cut;
      readonly leaf?: (n: Leaf) => string | undefined;
      readonly more?: readonly string[];
      /** What functions of its blocks are called. */
      readonly title?: string;
    } = {},
  ): Entry => {
    const padded = padding(program, asPlaced);
    const flat = program.entry === 'train' && program.optimizer !== undefined ? settled(padded) : padded;
    const nodes = topological(rootsOf(flat));
    const read = nodes.filter((n): n is Extract<Node, { op: 'input' }> => n.op === 'input' && leaf(n) === undefined);
    const called = (n: Leaf) => place(leaf(n) ?? `${n.op === 'input' ? inputs : 'state'}[${quoted(inputName(n))}]`);
    const telling = read.map((n) => ({ piece: called(n), axes: laid(n.name, n.axes) }));
    type How = Pick<Parameters<Inner>[1], 'leaf' | 'key' | 'taken'>;
    const made = (part: Program, how: How, calls: Blocked['calls'], plain: (output: string) => boolean): Body =>
      bodyOf(part, {
        // Of a block that stands for all of them names have no number.
        called: (name) => (calls === none ? unnumbered(name) : name),
        leaf: (n) => {
          const as = how.leaf(n);
          return {
            piece: as === undefined ? called(n) : place(as.text),
            axes: as?.axes ?? laid(inputName(n), n.axes),
          };
        },
        telling,
        carriers: carriersOf(manifest),
        inputs,
        cut,
        calls,
        plain,
        key: how.key,
        missing: (axis) => {
          const name = missingOf(asPlaced(axis));
          return name === undefined ? undefined : place(`${inputs}[${quoted(name)}]`);
        },
        inOrder,
        uses,
        taken: [...reserved, ...more, ...how.taken],
        resultAxes: (name, n) => laid(name, n.axes),
      });
    const blocks =
      title === undefined
        ? unblocked
        : blocked(flat, { title, inputs, inOrder, uses }, (part, how) =>
            made(part, how, none, (name) => name in part.outputs),
          );
    const taken = [...(title === undefined ? [] : [title, `${title}_back`]), 'remat'];
    const body = made(flat, { leaf: () => undefined, key: quoted, taken }, blocks.calls, () => false);
    const draws = nodes.some((n) => n.op === 'uniform') ? Object.values(draw) : [];
    return {
      body,
      blocks,
      inputs: joined(
        read.map((n) => described(n.name, n.dtype, laid(n.name, n.axes), cut)),
        draws.map((name) => described(name, 'u32', [])),
      ),
    };
  };
  return { entry, laid, helpers: () => helperTexts(used) };
};
export type Writer = ReturnType<typeof writer>;
