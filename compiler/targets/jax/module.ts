/** The text of `model.py`: what its arrays are, the helpers that it uses, and a function for each thing that is asked of a model. */
import { type Axis, missingOf } from '../../../dsl/axis.js';
import type { Node } from '../../../dsl/node.js';
import { draw } from '../../../runtime/contract/onnx.js';
import type { Manifest } from '../../../runtime/contract/session.js';
import { endsOf, kept } from '../../ends.js';
import { rewrite, topological } from '../../graph.js';
import { memoryOrder } from '../../lower/layout.js';
import { padding } from '../../passes/padded.js';
import { type Program, rootsOf, withRoots } from '../../program.js';
import { GRADIENT, type Step } from '../../step.js';
import type { Inner } from './block-functions.js';
import { blocked, type Blocked, unblocked } from './blocks.js';
import { type Body, bodyOf, type Leaf } from './function.js';
import { type Helper, helpers, helperTexts } from './helpers.js';
import { place, quoted, tuple, word } from './piece.js';
import { asked } from './asked.js';
import { type Cut, cutOf } from './cut.js';
import { smooth } from './smooth.js';
import { asPlaced, type Described, described, inputsText, python, statesText } from './tensors.js';

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
const joined = (...lists: readonly (readonly Described[])[]): readonly Described[] =>
  [...new Map(lists.flat().map((t) => [t.name, t])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));

type Told = Pick<Manifest, 'states' | 'entries'>;
interface Entry {
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

export const functionText = (
  {
    name,
    inputs = 'batch',
    more = '',
    returns,
    doc,
  }: {
    readonly name: string;
    readonly inputs?: string;
    readonly more?: string;
    readonly returns: string;
    readonly doc: string;
  },
  { lines, asked }: Body,
  result: string,
): string =>
  [
    `def ${name}(state: Arrays, ${inputs}: Arrays${asked.size === 0 ? '' : ', sizes: Mapping[str, int]'}${more}) -> ${returns}:`,
    `    """${doc}"""`,
    ...lines,
    `    return ${result}`,
  ].join('\n');

const dictionary = (of: Readonly<Record<string, string>>, indent = '    '): string => {
  const rows = Object.entries(of).map(([name, value]) => `${quoted(name)}: ${value}`);
  const short = `{${rows.join(', ')}}`;
  return short.length < 88 ? short : `{\n${rows.map((r) => `${indent}    ${r},\n`).join('')}${indent}}`;
};

/** Functions with these titles that are the same but for them are one: the first. */
const once = (functions: readonly string[], titles: readonly string[]): readonly string[] => {
  const isOf = (text: string): string | undefined => titles.find((t) => text.startsWith(`def ${t}(`));
  const known = new Map<string, string>();
  const names = new Map<string, string>();
  const left = functions.filter((text) => {
    const title = isOf(text);
    if (title === undefined) return true;
    const bare = text.replace(`def ${title}(`, '');
    const first = known.get(bare);
    names.set(title, first ?? title);
    known.set(bare, first ?? title);
    return first === undefined;
  });
  return left.map((text) =>
    [...names].reduce((t, [from, to]) => (from === to ? t : t.replaceAll(`${from}(`, `${to}(`)), text),
  );
};

/** Derivatives by name, those of blocks as the blocks' functions give them. */
const slopesText = ({ body: { updates }, blocks: { slopes, dictionaries } }: Entry): string => {
  const own = Object.fromEntries(Object.entries(updates).filter(([name]) => !slopes.has(name)));
  const text = dictionary(own);
  return dictionaries.length === 0
    ? text
    : `{\n${dictionaries.map((d) => `        **${d},\n`).join('')}${Object.entries(own)
        .map(([name, value]) => `        ${quoted(name)}: ${value},\n`)
        .join('')}    }`;
};

/** The optimizer as functions of one parameter: those whose texts are equal are one. */
const optimizing = (step: Step, w: Writer) => {
  const { optimizer, parameters } = step;
  const slots = optimizer.slots;
  const variants = new Map<string, { readonly entry: Entry; readonly names: string[] }>();
  for (const p of parameters) {
    const called: Readonly<Record<string, string>> = {
      [p.path]: 'value',
      [GRADIENT]: 'gradient',
      ...Object.fromEntries(slots.map((s) => [`${p.path}.${s}`, `${s}_before`])),
    };
    const program = step.update(p);
    const named = {
      ...program,
      updates: Object.fromEntries(
        Object.entries(program.updates).map(([n, x]) => [n === p.path ? 'value' : n.slice(p.path.length + 1), x]),
      ),
    };
    Object.entries(named.updates).forEach(([n, x]) =>
      program.origins.set(x, { name: n === 'value' ? 'next_value' : n }),
    );
    const entry = w.entry(named, 'batch', {
      leaf: (n) => called[n.op === 'input' ? n.name : n.path],
      more: slots.map((s) => `${s}_before`),
    });
    const key = JSON.stringify([entry.body.lines, entry.body.updates]);
    variants.set(key, { entry, names: [...(variants.get(key)?.names ?? []), p.path] });
  }
  const all = [...variants.values()];
  const title = word(optimizer.name);
  const names = all.map((_, i) => (i === 0 ? title : `${title}_${i + 1}`));
  const functions = all.map(({ entry: { body } }, i) =>
    [
      `def ${names[i]}(value: jax.Array, gradient: jax.Array, ${slots.map((s) => `${s}_before: jax.Array, `).join('')}batch: Arrays) -> tuple[jax.Array, ...]:`,
      `    """The next value of a parameter${slots.length === 0 ? '' : `, and of its ${slots.map((s) => `\`${s}\``).join(' and ')}`}."""`,
      ...body.lines,
      `    return ${tuple(['value', ...slots].map((n) => body.updates[n]!))}`,
    ].join('\n'),
  );
  const one = (i: number, indent: string): string => {
    const places = ['new[name]', ...slots.map((s) => `new[f"{name}.${s}"]`)];
    const args = ['state[name]', 'gradient', ...slots.map((s) => `state[f"{name}.${s}"]`), 'batch'];
    return `${indent}${places.join(', ')}${places.length === 1 ? ',' : ''} = ${names[i]}(${args.join(', ')})`;
  };
  const loop =
    all.length === 1
      ? [`    for name, gradient in slopes.items():`, one(0, '        ')]
      : all.flatMap(({ names: of }, i) => [
          `    for name in ${tuple(of.map(quoted))}:`,
          `        gradient = slopes[name]`,
          one(i, '        '),
        ]);
  const updated = [
    'def updated(state: Arrays, slopes: Arrays, batch: Arrays) -> dict[str, jax.Array]:',
    '    """The state after the optimizer\'s update of each parameter by its derivative."""',
    '    new = dict(state)',
    ...loop,
    '    return new',
  ].join('\n');
  return { functions: [...functions, updated], inputs: joined(...all.map(({ entry }) => entry.inputs)) };
};

const TENSOR = `class Tensor(NamedTuple):
    """An array: its axes, outermost first, a size for each (a symbol where arrays tell), and of a state how it begins."""

    axes: tuple[str, ...]
    shape: tuple[int | str, ...]
    dtype: str
    role: str = "input"
    begins: Mapping[str, Any] | None = None


def kept_of(trained: Mapping[str, Tensor], slots: Sequence[str]) -> dict[str, Tensor]:
    """The slots of each parameter: arrays of its shape."""
    zeros = {"kind": "constant", "value": 0}
    return {
        f"{name}.{slot}": tensor._replace(role="slot", begins=zeros) for name, tensor in trained.items() for slot in slots
    }`;

const SPECS = `# Along which axis of a mesh positions lie, by the symbol of their number: rows of users, rows of item tables.
PLACES = {"batch": "data", "items": "table"}


def spec(tensor: Tensor, mesh: Mesh) -> PartitionSpec:
    """Where an array lies; on a mesh without such axes, everywhere."""
    places = [PLACES.get(str(size)) for size in tensor.shape]
    return PartitionSpec(*(place if place in mesh.axis_names else None for place in places))


def specs(mesh: Mesh) -> dict[str, dict[str, PartitionSpec]]:
    """Where the state lies, and what each entry is given."""
    everything = {"state": STATE, **INPUTS}
    return {of: {name: spec(t, mesh) for name, t in tensors.items()} for of, tensors in everything.items()}`;

const STEPS = `def step(state: Arrays, batch: Arrays, remat: bool = False) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """The next state and what is to be told of the step, by the derivatives of the compiler."""
    told, slopes = gradients(state, batch, remat)
    return updated(state, slopes, batch), told`;

const byJax = (parameters: readonly string[]): string => `# What is trained.
PARAMETERS = [
${parameters.map((p) => `    ${quoted(p)},\n`).join('')}]


def step_by_jax(state: Arrays, batch: Arrays) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """The same by the derivatives that JAX makes of \`loss\`: a check of ours."""
    value, slopes = jax.value_and_grad(lambda trained: loss({**state, **trained}, batch))(
        {name: state[name] for name in PARAMETERS}
    )
    return updated(state, slopes, batch), {"loss": value}`;

/** What each entry that is no step gives, and in which words. */
const entries = {
  rank: {
    doc: "The rank of each row's target among all items without those seen, from 1. Axes: batch.",
    output: 'rank',
  },
  score: { doc: 'The score of every item for each row. Axes: batch, item.', output: 'scores' },
  predict: { doc: 'The logit of what the model predicts of the next event. Axes: batch.', output: 'logit' },
  vectors: { doc: 'The vectors of users and of items whose products are the scores.', output: undefined },
} as const;
const isEntry = (name: string): name is keyof typeof entries => name in entries;

const importing = (code: string): string =>
  [
    'from __future__ import annotations',
    '',
    `from collections.abc import Mapping${code.includes('Sequence') ? ', Sequence' : ''}`,
    'from typing import Any, NamedTuple',
    '',
    'import jax',
    'import jax.numpy as jnp',
    ...(code.includes('lax.') ? ['from jax import lax'] : []),
    'from jax.sharding import Mesh, PartitionSpec',
    '',
    'Arrays = Mapping[str, jax.Array]',
  ].join('\n');

export const moduleText = (manifest: Manifest, programs: readonly Program[], step: Step): string => {
  const others = programs.filter((p) => isEntry(p.entry));
  const w = writer(manifest, [step.loss, step.gradients, ...others]);
  const trained = [smooth(step.loss), step.gradients] as const;
  const cuts = trained.map(cutOf);
  const training = { cut: cuts.every((c) => c.size > 0) ? new Map(cuts.flatMap((c) => [...c])) : new Map() };
  const [loss, gradients] = trained.map((p, i) =>
    w.entry(p, 'batch', { ...training, title: ['block', 'trained_block'][i]! }),
  ) as [Entry, Entry];
  const optimizer = optimizing(step, w);
  const reading = (p: Program): Entry => w.entry(p, 'inputs', { cut: cutOf(p), title: `${p.entry}_block` });
  const read = others.map((p) => ({ name: p.entry as keyof typeof entries, entry: reading(asked(p)) }));
  const inputs = {
    train: joined(loss.inputs, gradients.inputs, optimizer.inputs),
    ...Object.fromEntries(read.map(({ name, entry }) => [name, entry.inputs])),
  };
  const sound = !topological(rootsOf(step.loss)).some((n) => n.op === 'implicit');
  const functions = [
    ...loss.blocks.functions,
    functionText(
      { name: 'loss', returns: 'jax.Array', doc: 'What training makes small: one number.' },
      loss.body,
      loss.body.outputs['loss']!,
    ),
    ...gradients.blocks.functions,
    functionText(
      {
        name: 'gradients',
        more: ', remat: bool = False',
        returns: 'tuple[dict[str, jax.Array], dict[str, jax.Array]]',
        doc: `The loss, and its derivative by each parameter as the compiler derived it.${gradients.blocks.again ? '\n\n    `remat`: keeps of blocks no more than their states, and works out again what derivatives read.\n    ' : ''}`,
      },
      gradients.body,
      `${dictionary(gradients.body.outputs)}, ${slopesText(gradients)}`,
    ),
    ...optimizer.functions,
    STEPS,
    ...(sound ? [byJax(step.parameters.map((p) => p.path))] : []),
    ...read.flatMap(({ name, entry: { body, blocks } }) => {
      const { doc, output } = entries[name];
      const text = functionText(
        { name, inputs: 'inputs', returns: output === undefined ? 'dict[str, jax.Array]' : 'jax.Array', doc },
        body,
        output === undefined ? dictionary(body.outputs) : body.outputs[output]!,
      );
      return [...blocks.functions, text];
    }),
    SPECS,
  ];
  const code = [
    ...w.helpers(),
    ...once(
      functions,
      others.map((p) => `${p.entry}_block`),
    ),
  ].join('\n\n\n');
  const facts = [
    `NAME = ${quoted(manifest.model)}`,
    `HASH = ${quoted(manifest.hash)}`,
    `LENGTH = ${manifest.length}`,
    `# Whether derivatives may work out again what they read of blocks (\`remat\`).\nREMAT = ${gradients.blocks.again ? 'True' : 'False'}`,
    `HYPER = ${dictionary(Object.fromEntries(Object.entries(manifest.hyper).map(([k, v]) => [k, python(v)])), '')}`,
  ].join('\n');
  const arrays = [
    statesText(manifest.states),
    '# What each entry is given.',
    `INPUTS = ${inputsText(inputs)}`,
    'BATCH, RANK, SCORE = INPUTS["train"], INPUTS["rank"], INPUTS["score"]',
  ].join('\n');
  return `${[importing(code), facts, TENSOR, arrays, code].join('\n\n\n')}\n`;
};
