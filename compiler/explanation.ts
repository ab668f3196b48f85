/**
 * The program that says why an item has its score (`runtime/contract/explanation.ts` says what its outputs mean). Everything of it is derived from the
 * scores as the model makes them; no model knows that it is explained.
 */
import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { type Axis, sameExtent } from '../dsl/axis.js';
import { inputNode } from '../dsl/batch.js';
import * as build from '../dsl/build.js';
import type { Descend, Gather, Init, Node, Param } from '../dsl/node.js';
import { inputs } from '../runtime/contract/batch.js';
import { explained } from '../runtime/contract/explanation.js';
import type { Diagnostics } from './diagnostics.js';
import type { Explainable } from './compiled.js';
import { rewrite, substitute, topological } from './graph.js';
import { expand } from './passes/expand.js';
import { type Program, rootsOf, withRoots } from './program.js';

/** What is no tensor of a model: its name is one that no model can give. */
const SCALE = 'scale@explained';

/**
 * The operators that a value is made by, the innermost first; not those inside an operator, which are run on values of its own, nor those
 * in the step of a scan, which belong to a recurrence and not to the user.
 */
const descentsOf = (root: Node): readonly Descend[] => {
  const found = new Set<Descend>();
  const seen = new Set<Node>();
  const visit = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (n.op === 'scan') return;
    if (n.op !== 'project') return build.argsOf(n).forEach(visit);
    const { of } = n;
    if (of.op === 'descend') [...of.init, ...of.rate].forEach(visit);
    if (of.op === 'rebind') of.values.forEach(visit);
    if (of.op === 'fixedPoint') visit(of.init);
    if (of.op === 'descend') found.add(of);
  };
  visit(root);
  return [...found];
};

/**
 * What an energy is the sum of, position by position: each sum along the sequence that it adds up, before that sum. Axes of each: batch
 * and seq. What else it has is no part of any position.
 */
const partsOf = (energy: Node, seq: Axis): readonly Node[] => {
  const parts = (n: Node, times: (x: Node) => Node): readonly Node[] => {
    if (n.op === 'broadcast') return parts(n.arg, times);
    if (n.op === 'map' && n.fn === 'add') return n.args.flatMap((a) => parts(a, times));
    if (n.op === 'map' && (n.fn === 'mul' || n.fn === 'div')) {
      const [a, b] = n.args as readonly [Node, Node];
      const left = (x: Node): Node => times(build.map(n.fn, x, b));
      const right = (x: Node): Node => times(build.map(n.fn, a, x));
      const found = parts(a, left);
      return found.length > 0 || n.fn === 'div' ? found : parts(b, right);
    }
    if (n.op !== 'reduce' || n.monoid !== 'sum') return [];
    const [along, ...more] = n.over.filter((name) => sameExtent(build.axisOf(n.arg, name), seq));
    if (along === undefined || more.length > 0) return [];
    const rest = n.over.filter((name) => name !== along);
    const one = rest.length === 0 ? n.arg : build.reduce('sum', n.arg, rest);
    return [times(along === seq.name ? one : build.rename(one, along, seq))];
  };
  return parts(energy, (x) => x);
};

/** Energies and their parts after 0, 1, ... steps, each a descent of so many steps: what equal ones have in common is one. */
const stepsOf = (
  d: Descend,
  number: number,
  { seq }: Pick<Explainable['batch'], 'seq'>,
): Readonly<Record<string, Node>> => {
  const parts = partsOf(d.energy, seq as Axis);
  return Object.fromEntries(
    Array.from({ length: d.steps + 1 }, (_, steps) => {
      const of: Descend = { ...d, steps, backward: { kind: 'unroll' } };
      const states = new Map<Node, Node>(d.variables.map((v, i) => [v, build.project(of, String(i))]));
      return [
        [explained.energy(number, steps), build.project(of, 'energy')] as const,
        ...substitute(parts, states).map((part, l) => [explained.errors(number, steps, l), part] as const),
      ];
    }).flat(),
  );
};

/** What a value is where the user is not looked at: a state where it starts, a parameter as it was trained. None: what is no result of an operator. */
const unlooked = (n: Node, descents: ReadonlySet<Descend>): Node | undefined =>
  n.op !== 'project'
    ? undefined
    : n.of.op === 'rebind'
      ? n.of.of[Number(n.result)]
      : n.of.op === 'descend' && descents.has(n.of) && n.result !== 'energy'
        ? n.of.init[Number(n.result)]
        : undefined;

/** The scores of a model that does not look at the user first; undefined where it does not anyway. */
const withoutInference = (scores: Node, { origins }: Pick<Program, 'origins'>): Node | undefined => {
  const descents = new Set(descentsOf(scores));
  const by = new Map<Node, Node>();
  for (const n of topological([scores])) {
    const instead = unlooked(n, descents);
    if (instead !== undefined) by.set(n, substitute([instead], by, origins)[0]!);
  }
  return by.size === 0 ? undefined : substitute([scores], by, origins)[0]!;
};

/** A lookup of the history's items in a table of numbers that one may have more or less of; codes are not that. */
const isEmbedding = (n: Node): n is Gather =>
  n.op === 'gather' &&
  n.dtype === 'f32' &&
  n.at.op === 'input' &&
  n.at.name === inputs.items.name &&
  !(n.table.op === 'param' && n.table.init.kind === 'given' && n.table.init.feature.kind.startsWith('categor'));

/** What a parameter is at the start, on average. */
const meanOf = (init: Init): number =>
  init.kind === 'constant' ? init.value : init.kind === 'uniform' ? (init.low + init.high) / 2 : 0;

/**
 * An energy may have parameters that no score hangs on: theta of the lower layers where there are too few steps for their errors to come up.
 * Nobody trains them and no checkpoint has them, so they are what they start as on average: an untrained theta predicts 0.
 */
const ofTrained = (program: Program, trained: ReadonlySet<string>): Program =>
  withRoots(
    program,
    rewrite(
      rootsOf(program),
      program.interned,
      (n) => (n.op === 'param' && !trained.has(n.path) ? build.broadcast(build.constant(meanOf(n.init)), n.axes) : n),
      program.origins,
    ),
  );

/** The program `explain`, of what `trained` says is trained, whose `scale` multiplies the embeddings of the history and is 1: `differentiate` derives the score by it. Left: as `expand`. */
export const explanationProgram = (
  { batch, scores, trained }: Pick<Explainable, 'batch' | 'scores' | 'trained'>,
  common: Pick<Program, 'updates' | 'interned' | 'origins'>,
): Either<Diagnostics, Program> => {
  const { interned, origins } = common;
  const wanted = inputNode(inputs.wanted, { batch: batch.batch });
  const without = withoutInference(scores, common);
  const known = new Set(trained);
  const program: Program = {
    ...common,
    entry: 'explain',
    outputs: {
      [explained.score]: build.gather(scores, wanted, batch.item.name),
      ...Object.assign({}, ...descentsOf(scores).map((d, number) => stepsOf(d, number, batch))),
      ...(without === undefined ? {} : { [explained.without]: without }),
    },
  };
  const scale: Param = build.param(SCALE, [batch.batch, batch.seq], { kind: 'constant', value: 1 });
  return pipe(
    expand.run(
      withRoots(
        program,
        rewrite(rootsOf(program), interned, (n) => n, origins),
      ),
    ),
    map((expanded) => ofTrained(expanded, known)),
    map((expanded) => {
      const plain = expanded.outputs[explained.score]!;
      const scaled = topological([plain])
        .filter(isEmbedding)
        .map((n) => [n, build.map('mul', n, scale)] as const);
      // Scans of what is scaled are others than those that the other outputs read.
      const score = rewrite(substitute([plain], new Map(scaled), origins), interned, (n) => n, origins)[0]!;
      return {
        ...expanded,
        outputs: { ...expanded.outputs, [explained.score]: score },
        scale: interned.one(scale) as Param,
      };
    }),
  );
};
