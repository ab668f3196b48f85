/**
 * What a program may be trained on, and the proof: the loss at position t knows nothing of the events after t but its own
 * target.
 *
 * Nothing is asked of the author. The terms of the loss are the first tensors below it that have a sequence axis: what
 * stands above has lost its position. A term that reads `targets` predicts the next item of each position, so it must read
 * them at its own position alone (targets[t] is items[t + 1]: its answer), and all else at positions up to its own. Where no
 * such term reads data, answers and data meet above, without positions: that is refused too. A loss that reads no
 * `targets`, because it predicts what follows a row or what a mask hides, has no such condition.
 *
 * That says where an answer may be read, and not by whom: that the prediction has no part of it is said by answers.ts, for
 * `targets` and `target` alike, and by labels.ts for what is predicted of the event beside its item.
 */
import { type Axis, sameExtent } from '../../dsl/axis.js';
import { hasAxis } from '../../dsl/build.js';
import type { Input, Node } from '../../dsl/node.js';
import { rowOf } from '../../dsl/batch.js';
import type { Tells } from '../../runtime/contract/batch.js';
import { labelText } from '../../runtime/contract/features.js';
import { topological } from '../graph.js';
import { type Dependence, dependence, offsetsOf } from './analysis.js';
import { type Seen, seenAnswer } from './answers.js';
import { seenLabel } from './labels.js';
import { hull, type Interval } from './zone.js';

/** Of an input that has no row the worst is taken: that it tells the past. */
const tells = (input: Input): Tells => rowOf(input)?.tells ?? 'past';
const isAnswer = (input: Input): boolean => tells(input) === 'answer' || tells(input) === 'answerOfRow';

/** Offsets, position read less own, that a prediction may read. */
const allowed: { readonly [T in Tells]: Interval } = {
  past: { least: -Infinity, most: 0 },
  answer: { least: 0, most: 0 },
  answerOfRow: { least: Infinity, most: -Infinity },
  nothing: { least: -Infinity, most: Infinity },
};
const within = (a: Interval, b: Interval): boolean => a.least >= b.least && a.most <= b.most;

export interface SequenceRead {
  readonly input: string;
  readonly offsets: Interval;
}

export interface Certificate {
  /** `position`: each predicts its next item. `row`: each row predicts one item. `none`: no next item is predicted. */
  readonly predicts: 'position' | 'row' | 'none';
  /** What a position's prediction reads, where there is one. */
  readonly reads: readonly SequenceRead[];
  /** Whether it depends on how many positions its row has: what follows, if not which. */
  readonly readsLength: boolean;
  /** Inputs of which one row reads others. */
  readonly mixed: readonly string[];
  /** Whether anything of the past is read at all. */
  readonly readsPast: boolean;
  /** Columns of items and of users that are read: that they were known before what is predicted is the author's promise. */
  readonly promised: Readonly<Record<'items' | 'users', readonly string[]>>;
  /** What the loss alone reads of the event that follows, in words: labels that are predicted. */
  readonly labels: readonly string[];
  /** What requests say that is read: that it was said before what is predicted, and by who asked, is the promise of who gives the data. */
  readonly asked: readonly string[];
}

/** A tensor that reads what it must not. */
export interface Leak {
  readonly term: Node;
  /** The axis whose position is predicted; none where positions are summed away. */
  readonly along: string | null;
  readonly input: Input;
  /** The input's sequence axis; none where it has no position at all. */
  readonly read: string | null;
  readonly offsets: Interval;
  readonly allowed: Interval;
}

/** The first tensors below `roots` of which `stop` holds. */
const frontier = (roots: readonly Node[], stop: (node: Node) => boolean, { flow }: Dependence): readonly Node[] => {
  const seen = new Set<Node>();
  const go = (node: Node): readonly Node[] => {
    if (seen.has(node)) return [];
    seen.add(node);
    return stop(node) ? [node] : flow(node).edges.flatMap((e) => go(e.arg));
  };
  return roots.flatMap(go);
};

export const isRagged = ({ extent }: Axis): boolean => extent.kind === 'ragged';
export const sequenceOf = (input: Input): Axis | undefined => input.axes.find(isRagged);
export const inputsOf = (roots: readonly Node[]): readonly Input[] =>
  topological(roots).filter((n): n is Input => n.op === 'input');

const each = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
const promisedIn = (roots: readonly Node[], inputs: readonly Input[]): Certificate['promised'] => ({
  items: each(
    topological(roots).flatMap((n) =>
      n.op === 'param' && n.init.kind === 'given' && n.init.feature.kind !== 'met' ? [n.init.feature.name] : [],
    ),
  ),
  users: each(inputs.flatMap(({ row }) => (row?.fill.from === 'user' ? [row.fill.feature.name] : []))),
});
const labelsIn = (inputs: readonly Input[]): readonly string[] =>
  each(inputs.flatMap(({ row }) => (row?.fill.from === 'label' ? [labelText(row.fill.label)] : [])));
/** Whether an answer is no item: then it says more of the event than which candidate it is of. */
const isLabel = (input: Input): boolean => isAnswer(input) && rowOf(input)?.ids !== 'item';

const askedIn = (inputs: readonly Input[]): readonly string[] =>
  each(
    inputs.flatMap((input) => {
      const fill = rowOf(input)?.fill;
      return fill?.from === 'request' ? [fill.name] : [];
    }),
  );

interface Term {
  readonly readsLength: boolean;
  readonly reads: readonly SequenceRead[];
  readonly leaks: readonly Leak[];
}

/** What a term reads, `along` being the position that it predicts for. */
const judged = (term: Node, along: string, inputs: readonly Input[], { reads }: Dependence): Term => {
  const found = inputs.flatMap((input) => {
    const zones = reads(term).get(input.name);
    const sequence = sequenceOf(input);
    // Without a sequence it is the same at every position: what is known of a row, or its answer.
    const told = allowed[tells(input)];
    if (zones === undefined || (sequence === undefined && told.most >= 0)) return [];
    const offsets =
      sequence === undefined ? { least: -Infinity, most: Infinity } : offsetsOf(zones, sequence.name, along);
    return [
      {
        input,
        offsets,
        leak: { term, along, input, read: sequence?.name ?? null, offsets, allowed: told } satisfies Leak,
      },
    ];
  });
  const sequence = term.axes.find((a) => a.name === along);
  return {
    readsLength: sequence?.extent.kind === 'ragged' && reads(term).has(sequence.extent.lengths),
    reads: found
      .filter(({ input }) => tells(input) === 'past')
      .map(({ input, offsets }) => ({ input: input.name, offsets })),
    leaks: found.filter(({ leak }) => !within(leak.offsets, leak.allowed)).map(({ leak }) => leak),
  };
};

/** With several copies of the sequence, any may be the position that is predicted for. */
const judge = (term: Node, answer: Axis, inputs: readonly Input[], d: Dependence): Term => {
  const trials = term.axes.filter((a) => sameExtent(a, answer)).map((a) => judged(term, a.name, inputs, d));
  return trials.reduce((best, trial) => (trial.leaks.length < best.leaks.length ? trial : best));
};

const joined = (reads: readonly SequenceRead[]): readonly SequenceRead[] => {
  const found = new Map<string, Interval>();
  for (const { input, offsets } of reads) found.set(input, hull(found.get(input) ?? offsets, offsets));
  return [...found].map(([input, offsets]) => ({ input, offsets }));
};

/** Inputs, lengths too, of which a row of these tensors reads other rows. Answers do not count: they may stand against each other. */
const mixedRows = (roots: readonly Node[], inputs: readonly Input[], d: Dependence): readonly string[] => {
  const ragged = inputs.flatMap((i) => i.axes.flatMap(({ extent }) => (extent.kind === 'ragged' ? [extent] : [])));
  const apart = { least: 0, most: 0 };
  const mixed = [...new Set(ragged.map((e) => e.rows))].flatMap((row) => {
    const data = [
      ...inputs.filter((i) => tells(i) === 'past' && hasAxis(i, row)).map((i) => i.name),
      ...ragged.filter((e) => e.rows === row).map((e) => e.lengths),
    ];
    return frontier(roots, (n) => hasAxis(n, row), d).flatMap((term) =>
      data.filter((name) => {
        const zones = d.reads(term).get(name);
        return zones !== undefined && !within(offsetsOf(zones, row, row), apart);
      }),
    );
  });
  return [...new Set(mixed)];
};

/** Where answers and data meet only after their positions are summed away, each answer meets all of the data. */
const summedAway = (loss: Node, inputs: readonly Input[], d: Dependence): readonly Leak[] =>
  inputs
    .filter((i) => tells(i) === 'past' && d.reads(loss).has(i.name))
    .map((input) => ({
      term: loss,
      along: null,
      input,
      read: sequenceOf(input)?.name ?? null,
      offsets: { least: -Infinity, most: Infinity },
      allowed: allowed.past,
    }));

/** Of a loss, expanded and not yet differentiated. */
export const certify = (
  loss: Node,
): {
  readonly certificate: Certificate;
  readonly leaks: readonly Leak[];
  readonly seen: Seen | undefined;
  readonly dependence: Dependence;
} => {
  const d = dependence([loss]);
  const inputs = inputsOf([loss]);
  const reads =
    (told: Tells) =>
    (term: Node): boolean =>
      inputs.some((i) => tells(i) === told && d.reads(term).has(i.name));
  const answer = inputs.map((i) => (tells(i) === 'answer' ? sequenceOf(i) : undefined)).find((a) => a !== undefined);
  const positioned = answer === undefined ? [] : frontier([loss], (n) => n.axes.some((a) => sameExtent(a, answer)), d);
  const answered = positioned.filter(reads('answer'));
  const terms = answer === undefined ? [] : answered.map((term) => judge(term, answer, inputs, d));
  const apart = answered.length > 0 && !answered.some(reads('past')) && positioned.some(reads('past'));
  return {
    dependence: d,
    leaks: [...terms.flatMap((t) => t.leaks), ...(apart ? summedAway(loss, inputs, d) : [])],
    seen: seenAnswer(loss, inputs.filter(isAnswer)) ?? seenLabel(loss, inputs.filter(isLabel)),
    certificate: {
      predicts: terms.length > 0 ? 'position' : inputs.some((i) => tells(i) === 'answerOfRow') ? 'row' : 'none',
      reads: joined(terms.flatMap((t) => t.reads)),
      readsLength: terms.some((t) => t.readsLength),
      mixed: mixedRows([loss], inputs, d),
      readsPast: reads('past')(loss),
      promised: promisedIn([loss], inputs),
      labels: labelsIn(inputs),
      asked: askedIn(inputs),
    },
  };
};

/** Of the scores by which a model ranks, or of a logit: they are asked for when no answer is known, but which item it is asked of. */
export const certifyScores = (
  scores: Node,
): { readonly certificate: Certificate; readonly answers: readonly Input[] } => {
  const d = dependence([scores]);
  const inputs = inputsOf([scores]);
  const read = inputs.filter((i) => d.reads(scores).has(i.name));
  return {
    answers: read.filter(isAnswer),
    certificate: {
      predicts: 'none',
      reads: [],
      readsLength: false,
      mixed: mixedRows([scores], inputs, d),
      readsPast: read.some((i) => tells(i) === 'past'),
      promised: promisedIn([scores], inputs),
      labels: [],
      asked: askedIn(inputs),
    },
  };
};
