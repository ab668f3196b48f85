/** Wukong: figures worked out elsewhere, its certificate, and what its settings refuse. */
import { describe, expect, it } from 'vitest';
import { batchOf, type HyperValue } from 'pcrec';
import wukong from 'pcrec/models/wukong';
import { compile } from '../../compiler/compile.js';
import { topological } from '../../compiler/graph.js';
import { bound } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import { expanded, run } from '../dsl/evaluate.js';
import { columns, narrow, ofUsers, traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';

const ITEMS = 7;
const sizes = { batch: 2, items: ITEMS, item_genre_values: 3, user_gender_values: 3 };
const inputs = {
  'seq.lengths': [4, 2],
  items: [1, 5, 2, 6, 3, 3, 0, 0],
  targets: [5, 2, 6, 0, 3, 4, 0, 0],
  target: [0, 4],
  'label.next.rating.from.4': [2, 1, 2, 0, 1, 2, 0, 0],
  'event.rating': [0.5, -1, 1.5, 0.25, -0.5, 2, 0, 0],
  'user.gender': [1, 0],
  'user.age': [0.5, -1],
};
const given = { 'item.genre': [1, 2, 0, 1, 1, 2, 2], 'items.met': [1, 1, 1, 1, 1, 1, 0] };
const settings = {
  length: 4,
  width: 3,
  rank: 2,
  hidden: 3,
  made: 2,
  kept: 1,
  blocks: 2,
  categories: 'genre',
  userCategories: 'gender',
  userNumbers: 'age',
};

/** A weight of `path` at a place in memory order (axes sorted by name): ((37 place + codes) mod 101 - 50) / 60, codes the sum of the path's characters. */
const weight = (path: string, place: number): number =>
  (((37 * place + [...path].reduce((sum, c) => sum + c.charCodeAt(0), 0)) % 101) - 50) / 60;
const sizeOf = (node: Node): number =>
  node.axes.reduce((n, a) => n * ((sizes as Readonly<Record<string, number>>)[bound(a)] ?? Number(bound(a))), 1);
const environment = (roots: readonly Node[]) => ({
  sizes,
  inputs,
  random: { seed: 1, step: 1 },
  params: {
    ...Object.fromEntries(
      topological(expanded(roots)).flatMap((n) =>
        n.op === 'param' ? [[n.path, Array.from({ length: sizeOf(n) }, (_, i) => weight(n.path, i))]] : [],
      ),
    ),
    ...given,
  },
});

/**
 * Provenance: a program of plain Python floats, written from the paper's equations and kept out of this project, was given the weights
 * and inputs above.
 */
const figures = {
  loss: 0.9572547142601522,
  scores: [
    [-0.7125286378, -0.4877971766, -0.456575317, -1.5708440062, -1.5560936895, -0.526624636, -0.5351827807],
    [-0.5083225925, -0.507545681, -0.4742661989, -1.5576136363, -1.5547031809, -1.2938182431, -0.8315720074],
  ],
  logits: [-0.7125286378, -1.5547031809],
};

describe('wukong', () => {
  const hyper = Object.fromEntries(
    Object.entries(wukong.hyper).map(([name, { value }]) => [name, value as HyperValue]),
  );
  const built = wukong.build({ hyper: { ...hyper, ...settings } as never, batch: batchOf(4), phase: 'training' });

  it('is what the equations give', () => {
    const roots = [built.loss, built.scores, built.logit!];
    const [loss, scores, logits] = run(roots, environment(roots));
    expect(loss!()).toBeCloseTo(figures.loss, 9);
    figures.scores.forEach((row, batch) =>
      row.forEach((score, item) => expect(scores!({ batch, item })).toBeCloseTo(score, 9)),
    );
    figures.logits.forEach((logit, batch) => expect(logits!({ batch })).toBeCloseTo(logit, 9));
  });

  it('is certified, and what it takes on trust is said', () => {
    const certificate = (over: Readonly<Record<string, HyperValue>>) =>
      rightOf(compile(traced(wukong, { ...narrow, ...over }))).report.certificate;
    expect(certificate({})).toBe(
      'prediction at t reads positions <= t of items, <= t of event.rating; rows independent; whether rating >= 4 of what follows the loss alone reads',
    );
    expect(certificate({ ...columns, ...ofUsers, label: 'action', among: 'buy,cart', eventNumbers: '' })).toBe(
      "prediction at t reads positions <= t of items, <= t of event.action; rows independent; whether action in buy, cart of what follows the loss alone reads; that the table of items told genre, tags, text, year and that the table of users told age, gender, likes, taste beforehand is the author's word",
    );
  });

  it('refuses no label, and two', () => {
    const labelled = (label: string) => () => traced(wukong, { ...narrow, label });
    expect(labelled('')).toThrow('there is no label: name the column of events that is predicted');
    expect(labelled('rating,action')).toThrow('one label is predicted, and label names 2 columns');
  });
});
