/** The runtime: what emitted trainers import, and what a program may use of it. */
import './environment.js';

export { command, main } from './command.js';
export { type CompiledModel, type DeviceName, deviceNames, type OpenOptions } from './contract/compiled.js';
export * from './compare/index.js';
export * from './data/index.js';
export { openAny, type Programs } from './devices/any.js';
export { type GpuModule, openGpu } from './devices/index.js';
export type { Evaluation, Event, Listener, Part } from './events.js';
export { folderAt, writeAtomically } from './files.js';
export { initial, initialStates, shapeOf } from './init.js';
export { readManifest } from './manifest.js';
export { fullRanks, markov, type Measure, measureNames, type Metrics, metrics, popularity, worths } from './metrics.js';
export {
  type Answered,
  type Contender,
  type Figure,
  type FigureOptions,
  figuresCsv,
  figuresOf,
  type OwnMeasure,
} from './measures/figures.js';
export type { Lists } from './measures/lists.js';
export { flag, newSettings, type NumberName, readNumber } from './contract/settings.js';
export type {
  DataOptions,
  DeviceOptions,
  EvaluateOptions,
  ExplainOptions,
  ExportOptions,
  RecommenderOptions,
  RecommendOptions,
  RecommendRequest,
  SearchOptions,
  ServeOptions,
  TrainOptions,
} from './options.js';
export { type Protocol, protocols as trainingProtocols, type Settings } from './contract/settings.js';
export type { Epoch } from './progress.js';
export { hashKey, mix, stream, uniformAt } from './contract/random.js';
export type { About } from './about.js';
export type { Asked } from './asked.js';
export type { RequestVector } from './asking.js';
export type { Apart } from './apart.js';
export type { Names } from './candidates.js';
export type { Learnt, Lexicon } from './features.js';
export type { History as RequestHistory, HistoryEvent } from './past.js';
export type { Named, Recommendation, Recommendations } from './recommend.js';
export type { Explained, Influential } from './explain/explain.js';
export { explaining } from './explain/made.js';
export type { Exported } from './export/export.js';
export { type DescentSteps, type Explanation, explanationOf, type Influence } from './contract/explanation.js';
export type { EvaluateResult } from './evaluate.js';
export type { TrainResult } from './run.js';
export type { Searched, SearchEvent, SearchListener, SearchResult, Trial } from './search/events.js';
export type {
  Data,
  EntryInfo,
  InitInfo,
  KernelTime,
  Manifest,
  Session,
  Sizes,
  StateInfo,
  TensorInfo,
} from './contract/session.js';
export { holm, pairedTest, type PairedTest, type Spread, spread } from './significance.js';
export { type OpenRecommender, type OpenServer, type Trainer, trainer } from './trainer.js';
export { duration } from './view.js';
export { plural } from './contract/words.js';
export {
  buildNative,
  type CpuSession,
  loadFrom,
  type NativeModule,
  openNative,
  openWasm,
  type WasmModule,
  type WasmOptions,
} from './cpu/index.js';
