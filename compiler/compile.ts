/** From a traced model to loop-level programs: the entries of the trainer, through the pipeline, lowered. */
import { chain, type Either, isLeft, left, map as mapRight, right, traverseArray } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as build from '../dsl/build.js';
import { batchAxes, inputNode } from '../dsl/batch.js';
import type { Node, Param } from '../dsl/node.js';
import { type AxisName, given, inputs, type InputRow, inputsFor } from '../runtime/contract/batch.js';
import type { EntryInfo, Manifest, StateInfo, TensorInfo } from '../runtime/contract/session.js';
import type { Compile, CompileOptions, Explainable, Report } from './compiled.js';
import { certificateText } from './dependence/wording.js';
import { type Added, declarationErrors } from './declared.js';
import { type Diagnostics, refuse } from './diagnostics.js';
import { costOf } from './cost.js';
import { explain as explainTensors } from './explain.js';
import { explanationProgram } from './explanation.js';
import type { Traced } from './frontend/index.js';
import { interner, rewrite, topological } from './graph.js';
import { hashOf } from './hash.js';
import type { Buffer, Entry, LoopProgram } from './loops/ir.js';
import { withPlainNames } from './loops/names.js';
import { lowerEntry } from './lower/kernels.js';
import { certify } from './passes/certify.js';
import { loopPasses, pipeline, runPasses } from './pipeline.js';
import { openingErrors } from './openable.js';
import { type Program, rootsOf, withRoots } from './program.js';
import { stepOf } from './step.js';
import { entryText, programText } from './text.js';
import { type Vectors, vectorsOf } from './vectors.js';

/**
 * The rank of each row's target among all items: 1 + the other items that score no lower, without those seen. Written so
 * that a score that is not a number counts against the model. Axes: batch.
 */
const rankOf = (scores: Node, { batch, item }: Traced['batch'], length: number): Node => {
  const { seen } = batchAxes(length);
  const target = inputNode(inputs.target, { batch });
  const wanted = build.gather(scores, target, item.name);
  const ahead = (x: Node): Node =>
    build.map('select', build.map('lt', x, wanted), build.constant(0), build.constant(1));
  const others = build.gather(scores, inputNode(inputs.seen, { batch, seen }), item.name);
  // The target counts once by definition: its own score, computed in two places, need not be equal to the last bit.
  const rivals = build.map('select', build.map('eq', build.index(item), target), build.constant(1), ahead(scores));
  return build.map('sub', build.reduce('sum', rivals, [item.name]), build.reduce('sum', ahead(others), [seen.name]));
};

const commonOf = ({ provenance: origins }: Traced) => ({ updates: {}, interned: interner(), origins }) as const;

/** The programs of a model, before any pass: those that decide what it learns and how it ranks. */
export const programsOf = (traced: Traced, common = commonOf(traced)): readonly Program[] => {
  const { batch, hyper, training, inference, optimizer } = traced;
  return plainly([
    { ...common, entry: 'train', outputs: { loss: training.loss }, optimizer },
    { ...common, entry: 'rank', outputs: { rank: rankOf(inference.scores, batch, Number(hyper['length'])) } },
    { ...common, entry: 'score', outputs: { scores: inference.scores } },
    ...(inference.logit === undefined ? [] : [{ ...common, entry: 'predict', outputs: { logit: inference.logit } }]),
  ]);
};
const plainly = (programs: readonly Program[]): readonly Program[] =>
  programs.map((p) =>
    withRoots(
      p,
      rewrite(rootsOf(p), p.interned, (n) => n, p.origins),
    ),
  );

/** What the program `explain` is made of; `trained` names the states. */
export const explainableOf = (
  { model, batch: { batch, seq, item }, inference: { scores }, provenance: origins }: Traced,
  trained: Iterable<string>,
): Explainable => ({ model: model.name, batch: { batch, seq, item }, scores, trained: [...trained], origins });

/** The program that only reads what those have made. Left: why there is none, where scores are no product of two. */
export const vectorsProgram = (traced: Traced, common = commonOf(traced)) => {
  const { batch, inference } = traced;
  return mapRight(({ ...outputs }: Vectors) => plainly([{ ...common, entry: 'vectors', outputs }])[0]!)(
    vectorsOf(inference.scores, batch.batch.name, batch.item.name),
  );
};

const tensorInfo = (name: string, b: Buffer): TensorInfo => ({
  name,
  dtype: b.dtype,
  axes: b.axes.map((a) => a.name),
  shape: b.axes.map((a) => a.size),
});

export const entryInfo = (entry: Entry): EntryInfo => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  return {
    inputs: entry.buffers.filter((b) => b.role === 'input').map((b) => tensorInfo(b.id, b)),
    outputs: Object.entries(entry.outputs).map(([name, id]) => tensorInfo(name, buffers.get(id)!)),
  };
};

const paramsOf = (programs: readonly Program[]): ReadonlyMap<string, Param> =>
  new Map(
    programs
      .flatMap((p) => topological(rootsOf(p)))
      .filter((n): n is Param => n.op === 'param')
      .map((p) => [p.path, p]),
  );

/** Rows that the table of inputs has not, by name. */
const ownRows = (programs: readonly Program[]): readonly InputRow[] =>
  [
    ...new Map(
      programs
        .flatMap((p) => topological(rootsOf(p)))
        .flatMap((n) => (n.op === 'input' && n.row !== undefined ? [[n.name, n.row] as const] : [])),
    ).values(),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));

/** What the model itself reads is given or a parameter; what only the finished training step reads are the optimizer's slots. */
const statesOf = (
  written: readonly Program[],
  finished: readonly Program[],
  entries: readonly Entry[],
): readonly StateInfo[] => {
  const parameters = paramsOf(written);
  const all = paramsOf(finished);
  const states = new Map(
    entries
      .flatMap((e) => e.buffers)
      .filter((b) => b.role === 'state')
      .map((b) => [b.id, b]),
  );
  return [...states.values()]
    .map((b): StateInfo => {
      const { init } = all.get(b.id)!;
      return {
        ...tensorInfo(b.id, b),
        init,
        role: init.kind === 'given' ? 'given' : parameters.has(b.id) ? 'parameter' : 'slot',
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** What ranking and explaining add to scores: their own inputs, and the axes that no model has. */
const besides = (): Added => {
  const own = (['rank', 'explain'] as const).flatMap(inputsFor).filter(({ entries }) => !entries.includes('score'));
  const known = new Set<AxisName>(Object.values(given).flatMap((row) => row.axes));
  return {
    inputs: own.map(({ name }) => name),
    axes: [...new Set(own.flatMap((row) => row.axes))].filter((axis) => !known.has(axis)),
  };
};

/** What was proved of training, and of rows in every program. */
const certified = (finished: readonly Program[]): Pick<Report, 'certificate'> => {
  const trained = finished.find((p) => p.optimizer !== undefined)?.certificate;
  const mixed = [...new Set(finished.flatMap((p) => p.certificate?.mixed ?? []))];
  return trained === undefined ? {} : { certificate: certificateText({ ...trained, mixed }) };
};

/** Training that predicts without the history, for scores that are made of it: the answers alone say the answers. */
const blind = (finished: readonly Program[]): boolean => {
  const [trained, scored] = [
    finished.find((p) => p.optimizer !== undefined),
    finished.find((p) => p.outputs['scores'] !== undefined),
  ];
  return (
    trained?.certificate?.readsPast === false &&
    trained.certificate.predicts !== 'none' &&
    scored?.certificate?.readsPast === true
  );
};

const lowered = (program: Program, observe?: CompileOptions['observe']): Entry =>
  loopPasses.reduce((e, pass) => {
    const next = pass.run(e);
    observe?.(pass.name, () => entryText(next));
    return next;
  }, lowerEntry(program));

/** The entry `explain`. Left: as the passes. */
export const explanationOf = (of: Explainable, common: ReturnType<typeof commonOf>): Either<Diagnostics, Entry> =>
  pipe(
    explanationProgram(of, common),
    chain((program) => runPasses(pipeline, program)),
    mapRight((program) => lowered(program)),
  );

export const compile: Compile = (traced, { observe }: CompileOptions = {}) => {
  // What the model says, in its own words: later passes order and join it anew.
  const plain: Program[] = [];
  const finish = (program: Program): Either<Diagnostics, Program> =>
    runPasses(pipeline, program, (pass, next) => {
      if (pass === certify) plain.push(next);
      observe?.(pass.name, () => programText(next));
    });
  const lower = (program: Program): Entry => lowered(program, observe);
  const [wrong, ...others] = declarationErrors(traced, besides());
  if (wrong !== undefined) return left([wrong, ...others]);
  const common = commonOf(traced);
  const written = programsOf(traced, common);
  const deciding = traverseArray(finish)(written);
  if (isLeft(deciding)) return deciding;
  const finished = deciding.right;
  if (blind(finished)) {
    return refuse(
      'PC5004',
      'the loss reads the answers and nothing of the history, of which the scores are made',
      traced.provenance.get(traced.training.loss)?.source,
      "in the phase 'training' too, let the loss compare the answers with what is predicted from the history",
    );
  }
  const entries = finished.map(lower);
  const states = statesOf(written, finished, entries);
  const vectors = vectorsProgram(traced, common);
  const sought = isLeft(vectors) ? right([]) : traverseArray(finish)([vectors.right]);
  if (isLeft(sought)) return sought;
  const all = [...entries, ...sought.right.map(lower)];
  const named = (of: readonly Entry[]): LoopProgram => withPlainNames({ model: traced.model.name, entries: of });
  const loops = named(all);
  const rows = ownRows(finished);
  const manifest: Manifest = {
    format: 1,
    model: traced.model.name,
    source: traced.file,
    hyper: traced.hyper,
    length: Number(traced.hyper['length']),
    states,
    entries: Object.fromEntries(all.map((e) => [e.name, entryInfo(e)])),
    ...(isLeft(vectors) ? { without: { vectors: vectors.left } } : {}),
    ...(rows.length === 0 ? {} : { rows }),
    ...(traced.inference.label === undefined ? {} : { label: traced.inference.label }),
    // What only reads decides nothing.
    hash: hashOf(named(entries), { states, hyper: traced.hyper }),
  };
  const sources = new Map(
    written.flatMap((p) => [...paramsOf([p]).values()].map((n) => [n.path, traced.provenance.get(n)?.source] as const)),
  );
  const [unopened, ...more] = openingErrors(loops, manifest, (state) => sources.get(state));
  if (unopened !== undefined) return left([unopened, ...more]);
  const before = topological(rootsOf(finished[0]!)).filter(
    (n) => n.op === 'map' || n.op === 'reduce' || n.op === 'gather' || n.op === 'scatter',
  ).length;
  return right({
    loops,
    explainable: explainableOf(
      traced,
      states.map(({ name }) => name),
    ),
    manifest,
    programs: [...finished, ...sought.right],
    step: () => stepOf(written[0]!, traced.optimizer),
    report: {
      kernels: { before, after: entries[0]!.kernels.length },
      cost: costOf(entries[0]!),
      ...certified(finished),
      explain: explainTensors(finished, plain),
    },
  });
};
