/** The language's public face: everything a model needs. */
export { flow, pipe } from 'fp-ts/lib/function.js';

export { type Axis, type Extent, type Size, axis, bound, like, ragged } from './axis.js';
export type { AnyTensor, AxesOf, DTypeOf, Tensor } from './tensor.js';
export type { DType } from './scalar.js';
export { type LanguageCode, ModelError } from './errors.js';

export * from './ops.js';
export * from './parameter.js';
export * from './activation.js';
export { LOWEST } from './lowest.js';
export * from './layer.js';
export * from './attention.js';
export * from './transformer.js';
export * from './recurrent.js';
export * from './convolution.js';
export * from './filter.js';
export * from './gating.js';
export * from './experts.js';
export * from './segments.js';
export * from './similarity.js';
export * from './loss.js';
export * from './negatives.js';
export * from './contrast.js';
export * from './backward.js';
export { type DescendOptions, type Descent, type Rate, type States, descend } from './descend.js';
export { type Along, type ScanOptions, scan } from './scan.js';
export { type Equilibrium, type FixedPointOptions, fixedPoint } from './fixed-point.js';

export type { Optimizer, Update } from './optimizer.js';
export * from './optimizers.js';
export * from './rates.js';

export * from './features.js';
export * from './users.js';
export * from './labels.js';
export * from './request.js';
export * from './recommender.js';
export * from './fused.js';
export * from './next-event.js';
export * from './model.js';
export * from './personalise.js';
export * from './stacked.js';
export {
  type Energy as StackEnergy,
  type Inference,
  type LayerEnergy,
  type StackShape,
  type WithInferenceOptions,
  gate,
  infer,
  inferenceHypers,
  trainedAt,
  withInference,
} from './inference.js';
