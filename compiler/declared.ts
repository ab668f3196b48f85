/**
 * What a model declares by name. A name is one thing: a parameter, an axis, a random key, an input. All that is said of it
 * must agree, or both places are named. Checked on the graph as it was traced: to the interner a parameter is its path, so
 * once equal nodes are one object nobody could tell.
 *
 * And what is declared must exist when a trainer opens the model: sizes that are sizes, parameters as large as the model and
 * its catalogue say, inputs that the runtime gives.
 */
import { type Axis, axisProblem, bound, missingOf, sameExtent, showExtent } from '../dsl/axis.js';
import { sameAxes } from '../dsl/build.js';
import { batchAxes, inputNode, rowOf } from '../dsl/batch.js';
import type { Init, Input, Node, Param } from '../dsl/node.js';
import { misnamed } from '../dsl/names.js';
import type { Optimizer } from '../dsl/optimizer.js';
import type { Code } from './catalogue.js';
import { axes as axisRows, inputOf, type InputRow, inputs as table, sizes } from '../runtime/contract/batch.js';
import { type ItemFeature, measuredBy, type SizedOf, sizeOfFeature } from '../runtime/contract/features.js';
import { type Diagnostic, error, type Source } from './diagnostics.js';
import type { Traced } from './frontend/index.js';
import { type Origins, topological } from './graph.js';
import { slotPath } from './passes/differentiate.js';

type Phase = 'training' | 'inference';

/** One mention of a name. */
interface Declaration {
  /** Mentions of one kind and one name must agree, in one phase or, where the kind is kept from run to run, in both. */
  readonly kind: Kind;
  readonly name: string;
  /** What must agree, part by part, in words. */
  readonly says: readonly string[];
  readonly source: Source | undefined;
}

type Kind = 'parameter' | 'input' | 'key' | 'axis' | 'lengths';
const kinds: {
  readonly [K in Kind]: {
    readonly code: Code;
    readonly title: string;
    readonly acrossPhases: boolean;
    readonly hint: string;
  };
} = {
  parameter: {
    code: 'PC3002',
    title: 'two parameters have the path',
    acrossPhases: true,
    hint: 'one path is one parameter: give each a path of its own, or both the same axes and start',
  },
  input: { code: 'PC3004', title: 'two inputs have the name', acrossPhases: true, hint: 'one name is one input' },
  key: {
    code: 'PC3003',
    title: 'two draws have the key',
    acrossPhases: false,
    hint: 'equal keys are equal values: give each draw a key of its own',
  },
  axis: {
    code: 'PC2005',
    title: 'two axes have the name',
    acrossPhases: false,
    hint: 'one name is one size: give each axis a name of its own',
  },
  lengths: {
    code: 'PC2005',
    title: 'two ragged axes have the lengths',
    acrossPhases: false,
    hint: 'use the one axis, or a copy of it: like(name, axis)',
  },
};

const listed = (names: readonly string[]): string => names.map((n) => `'${n}'`).join(', ');
const axesText = (axes: readonly Axis[]): string =>
  axes.length === 0 ? 'has no axes' : `is over ${axes.map((a) => `'${a.name}' (${showExtent(a)})`).join(', ')}`;

const featureText = (feature: ItemFeature): string =>
  feature.kind === 'met' ? 'what training met' : `the column '${feature.name}' of items (${feature.kind})`;
const initText = (init: Init): string => {
  switch (init.kind) {
    case 'constant':
      return `starts at ${init.value}`;
    case 'normal':
    case 'truncatedNormal':
      return `starts as ${init.kind}(${init.std})`;
    case 'uniform':
      return `starts between ${init.low} and ${init.high}`;
    case 'given':
      return `is given by ${featureText(init.feature)}`;
    case 'xavierUniform':
      return `starts as xavierUniform from ${listed(init.fanIn) || 'none'} to ${listed(init.fanOut) || 'none'}`;
  }
};

const axesOf = (n: Node): readonly Axis[] =>
  n.op === 'index' || n.op === 'extent' || n.op === 'scatter'
    ? [...n.axes, n.axis]
    : n.op === 'rename'
      ? [...n.axes, n.to]
      : n.axes;

/** The axes that nodes speak of, each with where it was made, else where the first tensor over it was. */
const axesIn = (order: readonly Node[], origins: Origins): ReadonlyMap<Axis, Source | undefined> => {
  const found = new Map<Axis, Source | undefined>();
  for (const n of order)
    for (const a of axesOf(n)) if (!found.has(a)) found.set(a, origins.get(a)?.source ?? origins.get(n)?.source);
  return found;
};

const declarationsOf = (order: readonly Node[], origins: Origins): readonly Declaration[] => [
  ...order.flatMap((n): readonly Declaration[] => {
    const source = origins.get(n)?.source;
    return n.op === 'param'
      ? [{ kind: 'parameter', name: n.path, says: [axesText(n.axes), initText(n.init)], source }]
      : n.op === 'input'
        ? [{ kind: 'input', name: n.name, says: [axesText(n.axes), `is ${n.dtype}`], source }]
        : n.op === 'uniform'
          ? [{ kind: 'key', name: n.key, says: [axesText(n.axes)], source }]
          : [];
  }),
  ...[...axesIn(order, origins)].flatMap(([a, source]): readonly Declaration[] => {
    const says = [`has ${showExtent(a)} positions`];
    return [
      { kind: 'axis', name: a.name, says, source },
      ...(a.extent.kind === 'ragged' ? [{ kind: 'lengths', name: a.extent.lengths, says, source } as const] : []),
    ];
  }),
];

/** For each name the first two mentions that do not agree. */
const conflicts = (phases: Readonly<Record<Phase, readonly Declaration[]>>): readonly Diagnostic[] => {
  const first = new Map<string, Declaration>();
  const found = new Map<string, Diagnostic>();
  for (const [phase, declarations] of Object.entries(phases)) {
    for (const d of declarations) {
      const { code, title, acrossPhases, hint } = kinds[d.kind];
      const key = JSON.stringify([d.kind, acrossPhases ? '' : phase, d.name]);
      const known = first.get(key);
      if (known === undefined) first.set(key, d);
      const part = known === undefined ? -1 : d.says.findIndex((said, i) => said !== known.says[i]);
      if (known === undefined || part < 0 || found.has(key)) continue;
      found.set(key, {
        ...error(code, `${title} '${d.name}': one ${known.says[part]}, the other ${d.says[part]}`, d.source, hint),
        ...(known.source === undefined
          ? {}
          : { beside: { source: known.source, message: `the one that ${known.says[part]}` } }),
      });
    }
  }
  return [...found.values()];
};

const symbols: ReadonlySet<string> = new Set(sizes);
/** The sizes of features that a program reads: those of states that are given, and of inputs that are no rows of the table. */
const featureSizes = (order: readonly Node[]): ReadonlySet<string> =>
  new Set(
    order.flatMap((n): readonly string[] => {
      const sizeOf = (of: SizedOf, name: string) =>
        (['values', 'width', 'most'] as const).map((part) => sizeOfFeature(of, name, part));
      if (n.op === 'param' && n.init.kind === 'given')
        return n.init.feature.kind === 'met' ? [] : sizeOf('item', n.init.feature.name);
      const fill = n.op === 'input' ? n.row?.fill : undefined;
      return fill?.from === 'feature'
        ? sizeOf('event', fill.feature.name)
        : fill?.from === 'request'
          ? sizeOf('event', fill.name)
          : fill?.from === 'user'
            ? sizeOf('user', fill.feature.name)
            : [];
    }),
  );
/** Of an input that the runtime gives to training or to scores its row. Who may read an answer is for the certificate to say. */
const givenAs = (name: string): InputRow | undefined => {
  const row = inputOf(name);
  return row !== undefined &&
    row.fill.from !== 'run' &&
    (row.entries.includes('train') || row.entries.includes('score'))
    ? row
    : undefined;
};

const axisDiagnostics = (a: Axis, source: Source | undefined, measured: ReadonlySet<string>): readonly Diagnostic[] => {
  const problem = axisProblem(a);
  if (problem !== null) return [error(problem.code, problem.message, source)];
  const size = bound(a);
  if (typeof size === 'string' && !symbols.has(size) && !measured.has(size))
    return [
      error(
        'PC2007',
        `the axis '${a.name}' has the size '${size}', which nobody binds`,
        source,
        `sizes that the trainer knows: ${[...symbols].join(', ')}; any other is a number`,
      ),
    ];
  return [];
};

/** The inputs that say how many positions of an axis exist. */
const countsOf = (a: Axis): readonly string[] =>
  a.extent.kind === 'ragged' ? [a.extent.lengths] : [missingOf(a)].filter((name) => name !== undefined);

/** What of a parameter depends on the batch: it would be another tensor for each. */
const batchwise = ({ axes }: Param): Axis | undefined =>
  axes.find(
    (a) => typeof bound(a) === 'string' && bound(a) !== axisRows.item.size && measuredBy(bound(a)) === undefined,
  );

const initProblem = ({ init, axes }: Param): string | null => {
  const numbers =
    init.kind === 'constant'
      ? [init.value]
      : init.kind === 'uniform'
        ? [init.low, init.high]
        : init.kind === 'xavierUniform' || init.kind === 'given'
          ? []
          : [init.std];
  if (!numbers.every(Number.isFinite))
    return `starts with ${numbers.find((x) => !Number.isFinite(x))}, which is no number to start with`;
  if ((init.kind === 'normal' || init.kind === 'truncatedNormal') && init.std < 0)
    return `starts with the deviation ${init.std}, which is negative`;
  if (init.kind === 'uniform' && init.low > init.high)
    return `starts between ${init.low} and ${init.high}, where nothing is`;
  if (init.kind !== 'xavierUniform') return null;
  const strange = [...init.fanIn, ...init.fanOut].find((name) => !axes.some((a) => a.name === name));
  return strange === undefined ? null : `starts as xavierUniform says of the axis '${strange}', which it has not`;
};

const paramDiagnostics = (p: Param, source: Source | undefined): readonly Diagnostic[] => {
  const name = misnamed('a parameter', p.path);
  const over = batchwise(p);
  const init = initProblem(p);
  return [
    ...(name === null ? [] : [error('PC3001', name, source)]),
    ...(over === undefined
      ? []
      : [
          error(
            'PC3005',
            `the parameter '${p.path}' has the axis '${over.name}', whose size '${bound(over)}' is another in each run`,
            source,
            "a parameter's axes have sizes of the model or of the catalogue; for a state of each user see personalise",
          ),
        ]),
    ...(init === null ? [] : [error('PC3006', `the parameter '${p.path}' ${init}`, source)]),
  ];
};

/** What a trainer gives under a name is what the table says: who took it for another tensor would read past its rows, or other numbers. */
const unlike = (own: Input, length: number): string | null => {
  const row = givenAs(own.name);
  if (row === undefined || own.row !== undefined) return null;
  const real = inputNode(row, batchAxes(length));
  const same =
    own.dtype === real.dtype && sameAxes(own.axes, real.axes) && own.axes.every((a, i) => sameExtent(a, real.axes[i]!));
  const text = ({ axes, dtype }: Input): string => `${axesText(axes)} and is ${dtype}`;
  return same ? null : `'${own.name}', as the trainer gives it, ${text(real)}; here it ${text(own)}`;
};

const unfit = (order: readonly Node[], origins: Origins, length: number): readonly Diagnostic[] => {
  const missing = (name: string, at: Source | undefined): readonly Diagnostic[] =>
    givenAs(name) !== undefined
      ? []
      : [
          error(
            'PC3007',
            `'${name}' is read, and no data give it`,
            at,
            name.endsWith('.lengths')
              ? 'the one ragged axis with lengths is batch.seq; a copy of it is like(name, batch.seq)'
              : undefined,
          ),
        ];
  const ofNode = (n: Node, source: Source | undefined): readonly Diagnostic[] => {
    if (n.op === 'param') return paramDiagnostics(n, source);
    if (n.op === 'input') {
      const wrong = unlike(n, length);
      return wrong === null
        ? rowOf(n) === n.row
          ? []
          : missing(n.name, source)
        : [error('PC3004', wrong, source, 'take it from the batch that build is given')];
    }
    const wrong = n.op === 'uniform' ? misnamed('a random number', n.key) : null;
    return wrong === null ? [] : [error('PC3001', wrong, source)];
  };
  const measured = featureSizes(order);
  return [
    ...[...axesIn(order, origins)].flatMap(([a, source]) => [
      ...axisDiagnostics(a, source, measured),
      ...countsOf(a).flatMap((name) => missing(name, source)),
    ]),
    ...order.flatMap((n) => ofNode(n, origins.get(n)?.source)),
  ];
};

/** Buffers have one namespace: inputs, lengths, parameters, and what the optimizer keeps for each. */
const collisions = (
  params: readonly Param[],
  inputs: ReadonlySet<string>,
  { name, slots }: Optimizer,
  origins: Origins,
): readonly Diagnostic[] => {
  const sourceOf = (p: Param): Source | undefined => origins.get(p)?.source;
  const taken = params
    .filter((p) => inputs.has(p.path))
    .map((p) =>
      error('PC3008', `the parameter '${p.path}' has the name of an input`, sourceOf(p), 'give it another path'),
    );
  const wrong = slots.flatMap((s, i): readonly Diagnostic[] => {
    const message = misnamed(`a slot of ${name}`, s);
    return message !== null
      ? [error('PC3001', message)]
      : slots.indexOf(s) < i
        ? [error('PC5006', `${name} has two slots called '${s}'`)]
        : [];
  });
  const states = new Map(params.map((p) => [p.path, { of: p, what: `the parameter '${p.path}'` }]));
  const kept = params
    .filter(({ init }) => init.kind !== 'given')
    .flatMap((p) =>
      slots.flatMap((slot): readonly Diagnostic[] => {
        const path = slotPath(p.path, slot);
        const known = states.get(path);
        const what = `the slot '${slot}' that ${name} keeps for '${p.path}'`;
        states.set(path, { of: p, what });
        if (known === undefined) return [];
        const [source, beside] = [sourceOf(known.of), sourceOf(p)];
        return [
          {
            ...error('PC3008', `${known.what} has the name of ${what}`, source, 'give one of them another path'),
            ...(beside === undefined
              ? {}
              : { beside: { source: beside, message: 'the parameter that the slot is for' } }),
          },
        ];
      }),
    );
  return [...taken, ...wrong, ...kept];
};

const once = (all: readonly Diagnostic[]): readonly Diagnostic[] => [
  ...new Map(all.map((d) => [JSON.stringify([d.message, d.source]), d])).values(),
];

/** What the compiler adds to a model's scores to rank by them. */
export interface Added {
  readonly inputs: readonly string[];
  readonly axes: readonly string[];
}

/** Everything that is wrong with what a model declares. */
export const declarationErrors = (
  { hyper, training, inference, optimizer, provenance }: Traced,
  added: Added,
): readonly Diagnostic[] => {
  const orders = {
    training: topological([training.loss]),
    inference: topological([inference.scores, ...(inference.logit === undefined ? [] : [inference.logit])]),
  };
  const second = [...axesIn(orders.inference, provenance)]
    .filter(([a]) => added.axes.includes(a.name))
    .map(([a, source]) =>
      error(
        'PC3008',
        `the axis '${a.name}' has the name of the axis that ranking adds to the scores`,
        source,
        'give it another name',
      ),
    );
  const single = once([
    ...unfit(orders.training, provenance, Number(hyper['length'])),
    ...unfit(orders.inference, provenance, Number(hyper['length'])),
    ...second,
  ]);
  if (single.length > 0) return single;
  const phases = {
    training: declarationsOf(orders.training, provenance),
    inference: declarationsOf(orders.inference, provenance),
  };
  const disagreed = conflicts(phases);
  if (disagreed.length > 0) return disagreed;
  const all = Object.values(phases).flat();
  const inputs = new Set([
    table.step.name,
    ...added.inputs,
    ...all.filter((d) => d.kind === 'input' || d.kind === 'lengths').map((d) => d.name),
  ]);
  const params = new Map(
    Object.values(orders)
      .flat()
      .flatMap((n) => (n.op === 'param' ? [[n.path, n] as const] : [])),
  );
  return collisions([...params.values()], inputs, optimizer, provenance);
};
