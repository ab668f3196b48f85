/** Whole models, tiny: traced at small hyperparameters, with values for every leaf. */
import { batchOf, type HyperValue, type Model } from '../../dsl/model.js';
import bert4rec from '../../models/bert4rec.js';
import fmlp from '../../models/fmlp.js';
import gru4rec from '../../models/gru4rec.js';
import hstu from '../../models/hstu.js';
import hstuf from '../../models/hstuf.js';
import instructrec from '../../models/instructrec.js';
import llama from '../../models/llama.js';
import mamba4rec from '../../models/mamba4rec.js';
import nextitnet from '../../models/nextitnet.js';
import pcrec from '../../models/pcrec.js';
import pcrecSimple from '../../models/pcrec-simple.js';
import sasrec from '../../models/sasrec.js';
import sasrecf from '../../models/sasrecf.js';
import ttt4rec from '../../models/ttt4rec.js';
import unisrec from '../../models/unisrec.js';
import wukong from '../../models/wukong.js';
import type { Compiled } from '../../compiler/compiled.js';
import { compile, programsOf } from '../../compiler/compile.js';
import type { Traced } from '../../compiler/frontend/index.js';
import { topological } from '../../compiler/graph.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import { type ItemFeature, sizeOfFeature } from '../../runtime/contract/features.js';
import type { Sizes } from '../../runtime/contract/session.js';
import { stream } from '../generators/axes.js';
import { givenOf } from './lowered.js';
import { reorder } from './loops.js';
import { rightOf, runPass, sizeOf } from './programs.js';
import { differentiate } from '../../compiler/passes/differentiate.js';
import { expand } from '../../compiler/passes/expand.js';

const ITEMS = 11;
const BATCH = 3;
const LENGTH = 6;
const SEEN = 4;
const tiny = { width: 4, length: LENGTH, blocks: 2, negatives: 5 };

/** A model's expressions at tiny hyperparameters. */
export const traced = (model: Model, over: Readonly<Record<string, HyperValue>> = {}): Traced => {
  const hyper = {
    ...Object.fromEntries(Object.entries(model.hyper).map(([name, h]) => [name, h.value])),
    ...tiny,
    ...over,
  };
  const batch = batchOf(Number(hyper['length']));
  const build = (phase: 'training' | 'inference') => model.build({ hyper, batch, phase });
  return {
    model,
    hyper,
    file: 'model.ts',
    batch,
    training: build('training'),
    inference: build('inference'),
    optimizer: model.optimizer(hyper),
    provenance: new WeakMap(),
  };
};
export const programs = (model: Model, over: Readonly<Record<string, HyperValue>> = {}): readonly Program[] =>
  programsOf(traced(model, over));

/** Columns of each kind, for `sasrecf`, and what they bind. */
export const columns = { categories: 'genre', lists: 'tags', numbers: 'year', vectors: 'text' } as const;
export const ofEvents = { eventCategories: 'action', eventNumbers: 'rating', clock: true } as const;
/** And of users, for `wukong`, made small. */
export const ofUsers = {
  userCategories: 'gender',
  userLists: 'likes',
  userNumbers: 'age',
  userVectors: 'taste',
  eventCategories: 'action',
} as const;
export const narrow = { hidden: 5, made: 2, kept: 3, rank: 2 } as const;
export const predicting = { predicted: 'action,rating' } as const;
export const columnSizes = {
  user_gender_values: 4,
  user_likes_values: 4,
  user_likes_most: 2,
  user_taste_width: 3,
  event_action_values: 3,
  item_genre_values: 4,
  item_tags_values: 5,
  item_tags_most: 3,
  item_text_width: 6,
  event_instruction_width: 5,
} as const;

export interface Scale {
  readonly sizes: Sizes & { readonly batch: number; readonly items: number; readonly seen: number };
  /** Inputs that are not drawn, the lengths of rows among them. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}
const usual: Scale = {
  sizes: { batch: BATCH, items: ITEMS, seen: SEEN, ...columnSizes },
  inputs: { 'seq.lengths': [LENGTH, 1, 3], 'seen.lengths': [2, 0, SEEN] },
};
/** No row is as long as the model allows. */
export const short: Scale = { ...usual, inputs: { ...usual.inputs, 'seq.lengths': [4, 1, 3] } };

/** A number that a state of items may hold: codes where it is a category, 0 and 1 where it says whom training met. */
export const drawnOf = (feature: ItemFeature, sizes: Sizes, u: number): number =>
  feature.kind === 'category' || feature.kind === 'categories'
    ? Math.floor(u * sizes[sizeOfFeature('item', feature.name, 'values')]!)
    : feature.kind === 'met'
      ? Number(u > 0.3)
      : u * 2 - 1;

/** Inputs whose values are fewer than the items. */
const drawnBelow: Readonly<Record<string, number>> = {
  'event.action': columnSizes.event_action_values,
  'user.gender': columnSizes.user_gender_values,
  'label.next.rating.from.4': 3,
  'next.action': columnSizes.event_action_values,
  'times.hour': 24,
  'times.next.hour': 24,
  'times.weekday': 7,
  'times.next.weekday': 7,
};

/** One environment for every stage of a program: a value depends on the leaf's name alone, and of rows the first are those of fewer. */
export const environment = (stages: readonly Program[], { sizes, inputs: given }: Scale = usual): Environment => {
  const inputs: Record<string, readonly number[]> = { step: [2], ...given };
  const params: Record<string, readonly number[]> = {};
  const env: Environment = { sizes, inputs, params, random: { seed: 7, step: 2 } };
  for (const n of stages.flatMap((p) => topological(rootsOf(p)))) {
    const name = n.op === 'input' ? n.name : n.op === 'param' ? n.path : undefined;
    if (name === undefined || (n.op === 'input' ? inputs : params)[name] !== undefined) continue;
    const next = stream([...name].reduce((h, c) => h * 31 + c.charCodeAt(0), 7));
    const count = n.axes.reduce((total, a) => total * sizeOf(a, env), 1);
    const draw = (): number => {
      if (n.op === 'input')
        return n.dtype === 'f32'
          ? next()
          : Math.floor(next() * (drawnBelow[name] ?? (name.startsWith('times') ? 90_000 : sizes.items)));
      return n.op === 'param' && n.init.kind === 'given'
        ? drawnOf(n.init.feature, sizes, next())
        : name.endsWith('.v')
          ? next()
          : next() * 2 - 1;
    };
    (n.op === 'input' ? inputs : params)[name] = Array.from({ length: count }, draw);
  }
  // Times do not run backwards.
  for (const name of ['times', 'times.next']) {
    const length = (inputs[name]?.length ?? 0) / sizes.batch;
    if (inputs[name] !== undefined)
      inputs[name] = Array.from(
        { length: sizes.batch * length },
        (_, i) => (i % length) * (i + 1) * 700 + (name === 'times' ? 0 : 500),
      );
  }
  return env;
};

/** Models and hyperparameters that between them reach every part of the compiler. */
export const cases: readonly (readonly [string, Model, Readonly<Record<string, HyperValue>>])[] = [
  ['hstu', hstu, {}],
  ['hstu with heads and times', hstu, { heads: 2, times: true }],
  ['hstuf', hstuf, { times: true, ...columns, ...ofEvents, ...predicting }],
  ['pcrec', pcrec, {}],
  ['pcrec, two steps, tanh', pcrec, { steps: 2, activation: 'tanh' }],
  ['pcrec, last position, adapted', pcrec, { horizon: 'last', steps: 2, adaptation: 0.05 }],
  ['pcrec after the pass, two steps', pcrec, { inference: 'after', steps: 2 }],
  ['pcrec without steps', pcrec, { steps: 0 }],
  ['pcrec-simple', pcrecSimple, {}],
  ['sasrec', sasrec, { heads: 2 }],
  ['sasrecf', sasrecf, { heads: 2, ...columns, ...ofEvents }],
  ['llama', llama, { heads: 2 }],
  ['bert4rec', bert4rec, { heads: 2, mask: 0.5, lastOnly: 0.3 }],
  ['gru4rec', gru4rec, { hidden: 5 }],
  ['mamba4rec', mamba4rec, { states: 3, taps: 3 }],
  ['mamba4rec in sweeps', mamba4rec, { states: 3, taps: 3, form: 'associative', blocks: 1 }],
  ['ttt4rec', ttt4rec, { heads: 2, miniBatch: 4, blocks: 1 }],
  ['unisrec', unisrec, { experts: 3, stage: 'transductive' }],
  ['unisrec, in pretraining', unisrec, { experts: 2, stage: 'pretraining' }],
  ['instructrec', instructrec, {}],
  ['nextitnet', nextitnet, { taps: 2 }],
  ['fmlp', fmlp, {}],
  ['wukong', wukong, { ...narrow, ...columns, ...ofUsers }],
  ['fmlp in circles', fmlp, { filter: 'circular', blocks: 1 }],
];

/** What one entry of a model gives on a device, and what the unoptimised program means in float64. */
export interface Trial {
  readonly compiled: Compiled;
  readonly entry: string;
  readonly sizes: Environment['sizes'];
  readonly random: { readonly seed: number; readonly step: number };
  /** By buffer, in memory order. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly states: Readonly<Record<string, readonly number[]>>;
  /** Outputs by name and states by path after the run, in memory order. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly updates: Readonly<Record<string, Float64Array>>;
}

/** The program with operators expanded and derivatives taken, and nothing else done to it. */
export const plain = (program: Program): Program => runPass(differentiate, runPass(expand, program));

export const trial = (model: Model, over: Readonly<Record<string, HyperValue>>, entry: 0 | 1 | 2): Trial =>
  trialOf(traced(model, over), entry);

export const trialOf = (model1: Traced, entry: 0 | 1 | 2): Trial => {
  const program = plain(programsOf(model1)[entry]!);
  const env = environment([program]);
  const given = givenOf(rootsOf(program), env);
  const paths = new Set(topological(rootsOf(program)).flatMap((n) => (n.op === 'param' ? [n.path] : [])));
  const chosen = (states: boolean) =>
    Object.fromEntries(
      Object.entries(given)
        .filter(([name]) => paths.has(name) === states)
        .map(([name, data]) => [name, Array.from(data)]),
    );
  const values = evaluate(rootsOf(program), env);
  const results = [...Object.keys(program.outputs), ...Object.keys(program.updates)].map(
    (name, i) => [name, reorder(values[i]!.data, values[i]!.axes, env.sizes)] as const,
  );
  const count = Object.keys(program.outputs).length;
  return {
    compiled: rightOf(compile(model1)),
    entry: program.entry,
    sizes: env.sizes,
    random: env.random!,
    inputs: chosen(false),
    states: chosen(true),
    outputs: Object.fromEntries(results.slice(0, count)),
    updates: Object.fromEntries(results.slice(count)),
  };
};
