/** Figures that others printed, with what they are of; full ranking, the last item held out. */

export interface Published {
  readonly model: string;
  readonly source: Source;
  /** It reads the times of events. */
  readonly times: boolean;
  /** The row of the grid that is the same model. */
  readonly cell?: string | undefined;
  /** HR@10, NDCG@10, HR@50, NDCG@50; null where none is printed. */
  readonly figures: readonly (number | null)[];
}
export const columns = ['HR@10', 'NDCG@10', 'HR@50', 'NDCG@50'] as const;

/** Who printed figures, how they chose epochs, and where that stands. */
export interface Source {
  readonly says: string;
  readonly link?: string;
}
const paper: Source = { says: 'PCRec paper, KDD 2025' };
const unclear: Source = { says: 'PCRec paper, KDD 2025; some digits could not be read' };
const repository: Source = {
  says: 'HSTU repository, best test epoch',
  link: 'https://github.com/meta-recsys/generative-recommenders',
};
const rectools: Source = {
  says: 'RecTools, chosen on validation',
  link: 'https://github.com/MobileTeleSystems/RecTools',
};
const benchmark: Source = {
  says: 'eSASRec benchmark (arXiv:2508.06450), chosen on validation',
  link: 'https://github.com/blondered/transformer_benchmark',
};
const netease: Source = {
  says: 'HSTU-Tensorflow, which does not say how the epoch was chosen',
  link: 'https://github.com/NetEase-Media/HSTU-Tensorflow',
};
/** Those whose figures somebody else can check. */
export const isIndependent = ({ source }: Published): boolean => source !== paper && source !== unclear;

/** Our rows of the same models, where models are called as others call them. */
const cells: Readonly<Record<string, string>> = {
  SASRec: 'sasrec',
  HSTU: 'hstu',
  'HSTU-large': 'hstu large',
  PCRec: 'pcrec',
  'PCRec-Large': 'pcrec large',
};
const row = (model: string, source: Source, ...figures: readonly (number | null)[]): Published => ({
  model,
  source,
  times: model.endsWith('with times'),
  cell: cells[model],
  figures,
});

export const published: Readonly<Record<string, readonly Published[]>> = {
  Beauty: [
    row('SASRec', paper, 0.1012, 0.0632, 0.2004, 0.081),
    row('HSTU', paper, 0.1078, 0.0649, 0.1997, 0.0894),
    row('HSTU-large', paper, 0.1091, 0.0667, 0.2118, 0.0891),
    row('PCRec', paper, 0.1012, 0.0727, 0.2214, 0.097),
    row('PCRec-Large', paper, 0.1184, 0.0711, 0.2291, 0.0935),
    row('HSTU with times', benchmark, 0.0788, 0.0439, null, null),
    row('FuXi-α with times', benchmark, 0.0809, 0.0451, null, null),
    row('eSASRec', benchmark, 0.0928, 0.0523, null, null),
    row('SASRec, 256 negatives', benchmark, 0.0921, 0.0531, null, null),
  ],
  'ML-1M': [
    row('SASRec', repository, 0.2853, 0.1603, 0.5474, 0.2185),
    row('HSTU', repository, 0.3097, 0.172, 0.5754, 0.2307),
    row('HSTU-large', repository, 0.3294, 0.1893, 0.5935, 0.2481),
    row('PCRec', paper, 0.3126, 0.1728, 0.6067, 0.2358),
    row('PCRec-Large', unclear, 0.3513, 0.2103, 0.6019, 0.2652),
    row('HSTU, positions alone', rectools, 0.3023, 0.1718, null, null),
    row('SASRec, softmax', rectools, 0.3058, 0.1779, null, null),
    row('SASRec, 256 negatives', benchmark, 0.2929, 0.1684, null, null),
    row('HSTU with times', benchmark, 0.3037, 0.1719, null, null),
    row('eSASRec', benchmark, 0.3133, 0.1772, null, null),
    row('FuXi-α with times', benchmark, 0.3164, 0.1813, null, null),
    row('HSTU with times', rectools, 0.3227, 0.1879, null, null),
    row('HSTU large, softmax over all items', netease, 0.3419, 0.1944, null, null),
    row('HSTU large with times', rectools, 0.3642, 0.2164, null, null),
  ],
  'ML-20M': [
    row('SASRec', repository, 0.2889, 0.1621, 0.5503, 0.2199),
    row('HSTU', repository, 0.3273, 0.1895, 0.5889, 0.2473),
    row('HSTU-large', repository, 0.3556, 0.2098, 0.6143, 0.2671),
    row('PCRec', paper, 0.2746, 0.1637, 0.5618, 0.2215),
    row('PCRec-Large', unclear, 0.3545, 0.1997, 0.6018, 0.2719),
  ],
};

/** What others printed of data that no study here has. */
export const elsewhere = ['ML-20M'] as const;

/** Table 1 of the paper: users, items, interactions, and events a user as printed. */
export const table1: Readonly<Record<string, readonly [number, number, number, number]>> = {
  'ML-1M': [6040, 3706, 1_000_209, 165.6],
  'ML-20M': [138_493, 26_744, 20_000_263, 144.4],
  Beauty: [22_363, 12_101, 198_502, 8.53],
};

/**
 * Whether figures can be of one ranking. A hit between ranks 11 and 50 adds between 1 / log2(51) and 1 / log2(12) to NDCG@50 and 1 to HR@50, so the
 * quotient of what both gain lies between: [.176, .279]. Half a unit of the last digit is allowed on each figure.
 */
export const possible = ([hr10, ndcg10, hr50, ndcg50]: Published['figures']): boolean => {
  if (hr10 == null || ndcg10 == null || hr50 == null || ndcg50 == null) return true;
  const [hits, gains, rounding] = [hr50 - hr10, ndcg50 - ndcg10, 1e-4];
  return gains >= (hits - rounding) / Math.log2(51) - rounding && gains <= (hits + rounding) / Math.log2(12) + rounding;
};
