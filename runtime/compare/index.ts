/** Comparing models, as a program may ask for it; the command is `pcrec-compare`. */
export { compare, type CompareResult } from './compare.js';
export type { Comparison, ComparisonRow, Verdict } from './comparison.js';
export type { CompareEvent, CompareListener } from './events.js';
export type { CompareOptions } from './plan.js';
export { comparisonReport } from './report.js';
export type { RunIdentity, RunMeasured, RunOutcome, RunResult } from './result.js';
export type { RunFailure } from './runs.js';
