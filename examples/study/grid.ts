/**
 * The study, declared: which models are trained on which data, with which settings and seeds, and what is asked of them. `main.ts` does what of this
 * is not done yet; everything else is made of the results. Rows that studies share are in `cells.ts`.
 */
import {
  adapting,
  alphas,
  beta,
  better,
  claim,
  controls,
  decaying,
  distances,
  functions,
  large,
  mapping,
  models,
  more,
  others,
  own,
  relative,
  scaling,
  search,
  shares,
  sharing,
  sizes,
  tuned,
  tuning,
  untrained,
  warm,
  warming,
} from './cells.js';
import type { Cell, Shelf, Study, Table } from './declared.js';

const named = (cells: readonly Cell[]): readonly string[] => cells.map(({ name }) => name);

/** MovieLens-1M in the sizes of the HSTU repository, negatives drawn as it draws them. */
const movielens = {
  set: ['width=50', 'length=200', 'dropout=0.2', 'negatives=128', 'draws=position'],
  seeds: [1, 2, 3],
  published: 'ML-1M',
  about: { file: 'ml-1m.movies.dat' },
} as const;
/** Amazon Beauty, with what is known of its items. */
const amazon = {
  data: 'amazon-beauty.inter',
  about: { file: 'amazon-beauty.items.tsv', columns: 'item=item_id,title,attribute_ids:categories' },
  published: 'Beauty',
  seeds: [1, 2, 3],
} as const;
/** The same with a softmax over all items and more dropout: better for all models there. */
const amazonSoftmax = {
  ...amazon,
  options: { epochs: 100, batch: 128, patience: 8 },
  set: ['width=64', 'length=50', 'dropout=0.5', 'loss=fullSoftmax'],
} as const;
/**
 * HSTU with as many parameters as PCRec, and with more operations, on Beauty: two blocks of PCRec have 13,320 parameters more than HSTU's,
 * 50 x 50 of theta and 64 x 64 + 64 of gamma each.
 */
const sizedForBeauty: readonly Cell[] = [
  { name: 'hstu width=65', model: 'hstu', set: ['width=65'] },
  { name: 'hstu blocks=3', model: 'hstu', set: ['blocks=3'] },
];
const pair: readonly Cell[] = [
  { name: 'hstu', model: 'hstu' },
  { name: 'pcrec', model: 'pcrec' },
];
const claimed: Table = { title: 'HSTU and PCRec', says: 'The claim alone.', cells: ['hstu', 'pcrec'], against: 'hstu' };

/** What both data sets are asked beyond the claim. */
const further = (heads?: readonly string[]): readonly Cell[] => [
  untrained,
  beta,
  ...distances,
  ...large,
  ...functions,
  ...shares,
  ...alphas,
  ...more(heads),
  ...tuned,
];
const costed = [...named(others), beta.name, ...named(more()), ...named(large)];
const compared = ['pcrec', 'hstu', ...costed];
/** What is told of both; `sized`: HSTU with as many parameters, or more operations. */
const told = (sized: readonly string[]): readonly Table[] => [
  claim(sized),
  relative,
  models(compared),
  tuning,
  scaling,
  sharing,
  mapping,
  adapting,
];

export const studies: Readonly<Record<string, Study>> = {
  /** The whole way on the sample that ships with the package: two minutes. */
  tiny: {
    data: 'sample',
    options: { epochs: 2, batch: 64, patience: 2, device: 'wasm' },
    set: ['width=8', 'length=12', 'negatives=16', 'blocks=2'],
    seeds: [1, 2],
    cells: [
      { name: 'hstu', model: 'hstu' },
      { name: 'pcrec', model: 'pcrec', steps: [2] },
      { name: 'mixing', model: own('mixing'), seeds: [1] },
      {
        name: 'inference untrained',
        model: 'pcrec',
        after: 'hstu',
        steps: [0],
        again: ['activation=linear'],
        seeds: [1],
      },
      { name: 'hstu 50 %', model: 'hstu', share: 0.5, seeds: [1] },
      { name: 'hstu tuned', model: 'hstu', tuned: 'hstu', seeds: [1] },
    ],
    tables: [
      {
        title: 'Is it the inference?',
        says: 'The way, and no figures.',
        cells: ['hstu', 'pcrec', 'mixing', 'inference untrained', 'hstu tuned'],
        against: 'hstu',
      },
      {
        title: 'Share of the training data',
        says: 'The way, and no figures.',
        cells: ['hstu', 'hstu 50 %'],
        against: 'hstu',
        plot: {
          x: '% of the users that are trained on',
          lines: [
            {
              name: 'hstu',
              points: [
                { x: 50, cell: 'hstu 50 %' },
                { x: 100, cell: 'hstu' },
              ],
            },
          ],
        },
      },
    ],
    search: { cells: ['hstu'], space: 'rate=log:0.001..0.01,dropout=0..0.3', trials: 2, epochs: 2, seed: 1 },
    cost: ['hstu', 'pcrec'],
    inside: ['pcrec'],
  },
  /** Amazon Beauty, leave one out: 512 negatives of the batch, width 64. */
  beauty: {
    ...amazon,
    options: { epochs: 60, batch: 128, patience: 8 },
    set: ['width=64', 'length=50', 'dropout=0.4', 'negatives=512', 'draws=batch'],
    cells: [...controls, ...sizedForBeauty, ...others, ...sizes, ...further()],
    tables: told(named(sizedForBeauty)),
    search: search(18, 54),
    cost: [...named(controls), ...named(sizedForBeauty), ...costed],
    inside: ['pcrec', 'two steps'],
  },
  'beauty-softmax': {
    ...amazonSoftmax,
    cells: [...controls, ...sizedForBeauty, ...others, untrained, ...large, ...warm],
    tables: [claim(named(sizedForBeauty)), models(['pcrec', 'hstu', ...named(others), ...named(large)]), warming],
    inside: ['pcrec'],
  },
  /** The same, over a warmer softmax, by models that read when events were. */
  'beauty-times': {
    ...amazonSoftmax,
    set: [...amazonSoftmax.set, 'temperature=0.1', 'times=true'],
    cells: [...pair, { name: 'mixing', model: own('mixing') }, ...distances],
    tables: [{ ...claimed, cells: ['hstu', 'pcrec', 'mixing'], also: 'pcrec' }, relative],
  },
  /** MovieLens-1M, positions alone, epochs chosen on validation. */
  'ml-1m': {
    ...movielens,
    data: 'ml-1m.sequences.txt',
    options: { epochs: 100, batch: 128, patience: 10 },
    cells: [
      ...controls,
      // Two blocks of PCRec have 85,100 parameters more than HSTU's.
      { name: 'hstu width=68', model: 'hstu', set: ['width=68'] },
      { name: 'hstu blocks=3', model: 'hstu', set: ['blocks=3'] },
      ...others,
      ...sizes,
      ...further(['heads=1']),
    ],
    tables: told(['hstu width=68', 'hstu blocks=3']),
    search: search(18, 54),
    cost: [...named(controls), 'hstu width=68', 'hstu blocks=3', ...costed],
    inside: ['pcrec', 'two steps'],
  },
  /** The same as published figures have it: the best test epoch, so optimistic. */
  'ml-1m-hstu': {
    ...movielens,
    data: 'ml-1m.sequences.txt',
    options: { epochs: 101, batch: 128, protocol: 'hstu' },
    cells: [...pair, ...large],
    tables: [{ ...claimed, cells: ['hstu', 'pcrec', ...named(large)] }],
  },
  /** MovieLens-1M with times. */
  'ml-1m-times': {
    ...movielens,
    data: 'ml-1m.ratings.dat.gz',
    options: { epochs: 100, batch: 128, patience: 10 },
    set: [...movielens.set, 'times=true'],
    cells: [...pair, ...large, ...better, ...decaying],
    tables: [
      {
        ...claimed,
        cells: ['hstu', 'pcrec', ...named(large), ...named(better), ...named(decaying)],
        also: 'hstu large decay',
      },
    ],
  },
};

/** Table 1 of the paper, of every data set at hand: `npm run study -- --datasets`. */
export const shelf: readonly Shelf[] = [
  { name: 'ML-1M', file: 'ml-1m.ratings.dat.gz' },
  { name: 'ML-1M, items rated 5 times', file: 'ml-1m.sequences.txt' },
  { name: 'Beauty', file: 'amazon-beauty.inter' },
  { name: 'MovieLens latest small', file: 'ml-latest-small.ratings.csv.gz' },
  { name: 'Taobao, a part', file: 'taobao-actions.csv.gz', columns: 'user=1,item=2,time=5' },
  { name: 'the sample', file: 'sample' },
];
