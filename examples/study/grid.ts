/**
 * The study, declared: which models are trained on which data, with which settings and seeds, and what is asked of them. `main.ts` does what of this
 * is not done yet; everything else is made of the results. A cell is one row of a table: a model with its settings.
 */
import type { CompareOptions } from '../../runtime/compare/plan.js';

/** A model as `pcrec-compare` names it, or the file of a control beside this one, and settings of its own. */
export interface Cell {
  readonly name: string;
  readonly model: string;
  readonly set?: readonly string[];
  /** Trained with these seeds; the study's own unless given. */
  readonly seeds?: readonly number[];
  /** Tested again with so many steps of inference, without further training. */
  readonly steps?: readonly number[];
}

/** What a table is about; the cells in the order of its rows. */
export interface Table {
  readonly title: string;
  readonly says: string;
  readonly cells: readonly string[];
  /** The cell that the others are tested against, user by user. */
  readonly against: string;
}

export interface Study {
  readonly data: string;
  /** How the data are read and what a run is, alike for all cells. */
  readonly options: Omit<CompareOptions, 'data' | 'models' | 'seeds' | 'set' | 'out'>;
  /** Hyperparameters of all models. */
  readonly set: readonly string[];
  readonly seeds: readonly number[];
  readonly cells: readonly Cell[];
  readonly tables: readonly Table[];
  /** The name of the data in `published.ts`, where others have figures of them. */
  readonly published?: string;
}

const own = (file: string): string => `examples/study/models/${file}.ts`;

/** Is it the inference on the user's own history, or more parameters that mix positions? */
const controls: readonly Cell[] = [
  { name: 'hstu', model: 'hstu' },
  { name: 'pcrec', model: 'pcrec', steps: [0, 1, 2, 3, 4, 6, 8] },
  { name: 'pcrec after', model: 'pcrec', set: ['inference=after'] },
  { name: 'mixing', model: own('mixing') },
  { name: 'constant gamma', model: own('constant-gamma') },
  { name: 'frozen theta', model: own('frozen-theta') },
  { name: 'two steps', model: 'pcrec', set: ['steps=2'], steps: [0, 1, 2, 3, 4, 6, 8] },
];
const others: readonly Cell[] = [
  { name: 'sasrec', model: 'sasrec' },
  { name: 'sasrec-pc', model: own('sasrec-pc') },
  { name: 'gru4rec', model: 'gru4rec' },
  { name: 'llama', model: 'llama' },
  { name: 'llama-pc', model: own('llama-pc') },
  { name: 'mamba4rec', model: 'mamba4rec' },
  { name: 'mamba4rec-pc', model: own('mamba4rec-pc') },
];

const claim = (more: readonly string[]): Table => ({
  title: 'Is it the inference?',
  says: 'HSTU, PCRec in the pass and after it, and controls: the same theta and gamma without the error (mixing), one rate for all, a theta that is not trained, HSTU with as many parameters or more operations.',
  cells: [...controls.map(({ name }) => name), ...more],
  against: 'hstu',
});
const models = (rows: readonly string[]): Table => ({
  title: 'Models',
  says: 'The models of the paper with one loss, one optimizer, one way of drawing negatives and one budget.',
  cells: rows,
  against: 'pcrec',
});

/** Does inference break the ceiling? HSTU and PCRec, narrower and wider, shallower and deeper. */
const sizes: readonly Cell[] = (['hstu', 'pcrec'] as const).flatMap((model) =>
  ['width=32', 'width=128', 'blocks=1', 'blocks=4'].map((size) => ({
    name: `${model} ${size}`,
    model,
    set: [size],
    seeds: [1],
  })),
);
const scaling: Table = {
  title: 'Width and depth',
  says: 'Does inference break the ceiling? HSTU and PCRec, each narrower and wider, shallower and deeper.',
  cells: ['hstu', 'pcrec', ...sizes.map(({ name }) => name)],
  against: 'hstu',
};

/** MovieLens-1M in the sizes of the HSTU repository, negatives drawn as it draws them. */
const movielens = {
  set: ['width=50', 'length=200', 'dropout=0.2', 'negatives=128', 'draws=position'],
  seeds: [1, 2, 3],
  published: 'ML-1M',
} as const;
const pair: readonly Cell[] = [
  { name: 'hstu', model: 'hstu' },
  { name: 'pcrec', model: 'pcrec' },
];
const claimed: Table = { title: 'HSTU and PCRec', says: 'The claim alone.', cells: ['hstu', 'pcrec'], against: 'hstu' };

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
    ],
    tables: [
      {
        title: 'Is it the inference?',
        says: 'The way, and no figures.',
        cells: ['hstu', 'pcrec', 'mixing'],
        against: 'hstu',
      },
    ],
  },
  /** Amazon Beauty, leave one out: 512 negatives of the batch, width 64. */
  beauty: {
    data: 'amazon-beauty.inter',
    options: { epochs: 60, batch: 128, patience: 8 },
    set: ['width=64', 'length=50', 'dropout=0.4', 'negatives=512', 'draws=batch'],
    seeds: [1, 2, 3],
    cells: [
      ...controls,
      // Two blocks of PCRec have 13,320 parameters more than HSTU's: 50 x 50 of theta and 64 x 64 + 64 of gamma each.
      { name: 'hstu width=65', model: 'hstu', set: ['width=65'] },
      { name: 'hstu blocks=3', model: 'hstu', set: ['blocks=3'] },
      ...others,
      ...sizes,
    ],
    tables: [
      claim(['hstu width=65', 'hstu blocks=3']),
      models(['pcrec', 'hstu', ...others.map(({ name }) => name)]),
      scaling,
    ],
    published: 'Beauty',
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
    ],
    tables: [claim(['hstu width=68', 'hstu blocks=3']), models(['pcrec', 'hstu', ...others.map(({ name }) => name)])],
  },
  /** The same as published figures have it: the best test epoch, so optimistic. */
  'ml-1m-hstu': {
    ...movielens,
    data: 'ml-1m.sequences.txt',
    options: { epochs: 101, batch: 128, protocol: 'hstu' },
    cells: pair,
    tables: [claimed],
  },
  /** MovieLens-1M with times. */
  'ml-1m-times': {
    ...movielens,
    data: 'ml-1m.ratings.dat.gz',
    options: { epochs: 100, batch: 128, patience: 10 },
    set: [...movielens.set, 'times=true'],
    cells: pair,
    tables: [claimed],
  },
};
