/** Rows that more than one study has. */
import type { Cell, Table } from './declared.js';

/** The file of a model beside this one. */
export const own = (file: string): string => `examples/study/models/${file}.ts`;

const steps = [0, 1, 2, 3, 4, 6, 8];
/** Of the models that the claim is about; other cells have the study's three. */
const five = [1, 2, 3, 4, 5];

/** Is it the inference on the user's own history, or more parameters that mix positions? */
export const controls: readonly Cell[] = [
  { name: 'hstu', model: 'hstu', seeds: five },
  { name: 'pcrec', model: 'pcrec', steps, seeds: five },
  { name: 'pcrec after', model: 'pcrec', set: ['inference=after'] },
  { name: 'mixing', model: own('mixing'), seeds: five },
  { name: 'constant gamma', model: own('constant-gamma') },
  { name: 'frozen theta', model: own('frozen-theta') },
  { name: 'two steps', model: 'pcrec', set: ['steps=2'], steps },
];

/** Inference that was trained and is switched off is `pcrec` at 0 steps; this is the other way round: HSTU's parameters, theta and gamma as they start. */
export const untrained: Cell = {
  name: 'inference untrained',
  model: 'pcrec',
  after: 'hstu',
  steps: [0, 1, 2, 4, 8],
};

export const others: readonly Cell[] = [
  { name: 'sasrec', model: 'sasrec', seeds: five },
  { name: 'sasrec-pc', model: own('sasrec-pc') },
  { name: 'gru4rec', model: 'gru4rec' },
  { name: 'llama', model: 'llama' },
  { name: 'llama-pc', model: own('llama-pc') },
  { name: 'mamba4rec', model: 'mamba4rec' },
  { name: 'mamba4rec-pc', model: own('mamba4rec-pc') },
];

/** Models of the paper's Table 2 that are run with one seed; `heads`: of ttt4rec, each of whose heads takes an even number of channels. */
export const more = (heads: readonly string[] = []): readonly Cell[] => [
  { name: 'bert4rec', model: 'bert4rec', seeds: [1] },
  { name: 'ttt4rec', model: 'ttt4rec', set: heads, seeds: [1] },
  { name: 'sasrec large', model: 'sasrec@large', seeds: [1] },
];
/** The large presets of the two that the claim is about. */
export const large: readonly Cell[] = [
  { name: 'hstu large', model: 'hstu@large', seeds: [1] },
  { name: 'pcrec large', model: 'pcrec@large', seeds: [1] },
];

/** What others do to HSTU that is reported to be better: attention divided by what is read, and a softmax over all items (HSTU-Tensorflow of NetEase). */
export const better: readonly Cell[] = ['hstu', 'pcrec'].map((model) => ({
  name: `${model} large full softmax`,
  model: `${model}@large`,
  set: ['divisor=read', 'loss=fullSoftmax'],
  seeds: [1],
}));

/** Twice the rate, falling to 0 along a cosine over 60 epochs of MovieLens in batches of 128. */
export const decaying: readonly Cell[] = [
  ['hstu', 'hstu'],
  ['pcrec relative', own('pcrec-relative')],
].map(([name, model]) => ({
  name: `${name} large decay`,
  model: `${model}@large`,
  set: ['rate=0.002', 'decaySteps=2880'],
  seeds: [1],
}));

const warmth = 'temperature=0.1';
/** Scores over twice the usual temperature: a softmax over all items takes it well. */
export const warm: readonly Cell[] = [
  ['hstu', 'hstu'],
  ['pcrec', 'pcrec'],
  ['mixing', own('mixing')],
  ['sasrec', 'sasrec'],
].map(([name, model]) => ({ name: `${name} ${warmth}`, model: model!, set: [warmth], seeds: five }));
export const warming: Table = {
  title: 'Temperature',
  says: 'The same models with scores over 0.1, where they are over 0.05 above.',
  cells: warm.map(({ name }) => name),
  against: `hstu ${warmth}`,
  also: `pcrec ${warmth}`,
};

/** A theta that knows how far apart two positions are, and not where: PCRec and its control, with fewer parameters. */
export const distances: readonly Cell[] = [
  { name: 'pcrec relative', model: own('pcrec-relative'), seeds: five },
  { name: 'mixing relative', model: own('mixing-relative'), seeds: five },
];
export const relative: Table = {
  title: 'Theta of distances',
  says: 'PCRec’s theta has a number for each two positions. Relative has one for each distance between two, trained wherever two positions are that far apart; the control has it too, without the error.',
  cells: ['hstu', 'pcrec', 'mixing', ...distances.map(({ name }) => name)],
  against: 'hstu',
  also: 'pcrec relative',
};

export const claim = (sized: readonly string[]): Table => ({
  title: 'Is it the inference?',
  says: 'HSTU; PCRec, which settles each block’s states before the next block reads them, and PCRec after the pass, which settles all of them at its end; and controls: the same parameters without the prediction error, so that positions are mixed and nothing is inferred (mixing), one rate gamma for all states, a theta that is not trained, PCRec whose inference is switched off at the test (steps=0: the network loses a part that it was trained with), inference added to a trained HSTU (untrained), and HSTU with as many parameters, or more operations.',
  cells: [...controls.map(({ name }) => name), 'pcrec with steps=0', untrained.name, ...sized],
  against: 'hstu',
  also: 'pcrec',
});
export const models = (rows: readonly string[]): Table => ({
  title: 'Models',
  says: 'The models of the paper with the same loss, optimizer, negatives and number of epochs. Seeds of one number have the same order of users.',
  cells: rows,
  against: 'pcrec',
});

const both = ['hstu', 'pcrec'] as const;

/** Does inference break the ceiling? HSTU and PCRec, narrower and wider, shallower and deeper. */
export const sizes: readonly Cell[] = both.flatMap((model) =>
  ['width=32', 'width=128', 'blocks=1', 'blocks=4'].map((size) => ({
    name: `${model} ${size}`,
    model,
    set: [size],
    seeds: [1],
  })),
);
/** Blocks along the axis: 1, 2, 4 and, of the large presets with two heads, 8. */
export const scaling: Table = {
  title: 'Width and depth',
  says: 'Does inference break the ceiling? HSTU and PCRec, each narrower and wider, shallower and deeper; large is 8 blocks of 2 heads.',
  cells: [...both, ...sizes.map(({ name }) => name), ...large.map(({ name }) => name)],
  against: 'hstu',
  plot: {
    x: 'blocks',
    lines: both.map((name) => ({
      name,
      points: [
        { x: 1, cell: `${name} blocks=1` },
        { x: 2, cell: name },
        { x: 4, cell: `${name} blocks=4` },
        { x: 8, cell: `${name} large` },
      ],
    })),
  },
};

const percents = [10, 25, 50, 75] as const;
const ofUsers = (model: string, percent: number): string => `${model} ${percent} %`;
export const shares: readonly Cell[] = percents.flatMap((percent) =>
  both.map((model) => ({ name: ofUsers(model, percent), model, share: percent / 100, seeds: [1] })),
);
export const sharing: Table = {
  title: 'Share of the training data',
  says: 'Trained on the whole histories of some of the users, drawn at random, a smaller share within a larger; tested on all users. Items that training never met keep the vectors that they start with.',
  cells: [...both, ...shares.map(({ name }) => name)],
  against: 'hstu',
  plot: {
    x: '% of the users that are trained on',
    lines: both.map((name) => ({
      name,
      points: [...percents.map((x) => ({ x, cell: ofUsers(name, x) })), { x: 100, cell: name }],
    })),
  },
};

/** The paper's Table 3, as we read it: f of theta f(s). Softplus is `pcrec`. */
export const functions: readonly Cell[] = ['sigmoid', 'tanh', 'relu', 'silu', 'gelu', 'linear'].map((f) => ({
  name: `f ${f}`,
  model: 'pcrec',
  set: [`activation=${f}`],
  seeds: [1],
}));
export const mapping: Table = {
  title: 'f (Table 3)',
  says: 'The function f by which a state predicts the one below, theta f(s). Softplus is pcrec. We take the paper’s f for this function; its table was not at hand.',
  cells: ['pcrec', ...functions.map(({ name }) => name)],
  against: 'pcrec',
};

/**
 * The paper's Figure 6: beta, the size of PCRec-simple's step on all parameters, which changes none of those that are trained, so one training
 * gives the whole line; and alpha, the rate of a user's own update of theta, which is trained with (horizon last, two steps).
 */
export const beta: Cell = {
  name: 'pcrec-simple',
  model: 'pcrec-simple',
  seeds: five,
  again: ['0', '0.001', '0.003', '0.01', '0.03', '0.1'].map((rate) => `adaptationRate=${rate}`),
};
const rates = [0, 0.001, 0.01, 0.1] as const;
const alpha = (rate: number): string => `alpha ${rate}`;
export const alphas: readonly Cell[] = rates.map((rate) => ({
  name: alpha(rate),
  model: 'pcrec@adaptive',
  set: [`adaptation=${rate}`],
  seeds: [1],
}));
export const adapting: Table = {
  title: 'Alpha (Figure 6)',
  says: 'The rate of each user’s own update of theta. It takes the horizon last, which trains one position of a history at a time, and two steps; at 0 theta stays as trained.',
  cells: rates.map(alpha),
  against: alpha(0),
  plot: {
    x: 'alpha',
    lines: [{ name: 'pcrec, adaptive', points: rates.map((x) => ({ x: String(x), cell: alpha(x) })) }],
  },
};

/** With what the searches found. */
const searched = ['hstu', 'pcrec', 'sasrec'] as const;
export const tuned: readonly Cell[] = searched.map((model) => ({ name: `${model} tuned`, model, tuned: model }));
export const tuning: Table = {
  title: 'Tuned alike',
  says: 'The settings that a search of equal size found for each model on validation, trained anew with all seeds.',
  cells: tuned.map(({ name }) => name),
  against: 'hstu tuned',
};
/** What every model has, and matters. */
export const space =
  'rate=log:0.0003..0.003,dropout=0.1..0.6,temperature=log:0.03..0.12,weightDecay=0|0.01|0.1,blocks=1|2|3';
export const search = (trials: number, epochs: number) => ({ cells: searched, space, trials, epochs, seed: 1 });
