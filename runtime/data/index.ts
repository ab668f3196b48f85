/**
 * Data sets, their splits and their batches.
 *
 * ```ts
 * const data = await load('ml-1m/ratings.dat', { titles: 'ml-1m/movies.dat' });   // Either<string, Dataset>
 * const parts = leaveOneOut(data.right);
 * for (const batch of trainingBatches(parts, { batch: 128, length: 200, seed: 1, epoch: 0 })) …
 * ```
 */
export {
  type Dataset,
  type Statistics,
  type Understood,
  dataset,
  longestGap,
  readingSays,
  statistics,
  summary,
  timesFrom,
  timesOf,
  titleOf,
} from './dataset.js';
export type { FeatureColumn, FeatureColumns } from './columns.js';
export { type Format, describeFormats, formats } from './formats.js';
export { type History, fromHistories } from './interactions.js';
export { type Inspection, type Spread as CountSpread, inspect, inspectionText } from './inspect.js';
export type { LoadOptions } from './asked.js';
export { load, samplePath } from './load.js';
export { type FileFormat, fileFormats } from './tables/files.js';
export type { FilterOptions } from './tables/sieve.js';
export { type Times, type TimeUnit, calendarText, longestSpan, timeOf, timeShape, timeUnits } from './times.js';
export { readTitles } from './titles.js';
export { readVector } from './tables/vectors.js';
export { sample } from './sample.js';
export {
  type Held,
  type ProtocolName,
  type Split,
  history,
  type Questions,
  leaveOneOut,
  protocols,
  seenMax,
  split,
  splitBy,
  training,
  wanted,
} from './split.js';
export { type Rule, isRule, ruled, ruleText, splitShape } from './rules.js';
export { parseSplit, splitHash, splitSays, splitText } from './split-file.js';
export { type Known, withKnown } from './catalogue.js';
export {
  type Batch,
  type Batches,
  type EvaluationBatch,
  type EvaluationOptions,
  type TrainingOptions,
  evaluationBatches,
  trainingBatches,
} from './batches.js';
