/** What of the runtime runs in a page, or in a bundle for one: nothing of Node. */
import './environment.js';

export type { WasmModule } from './contract/cpu-plan.js';
export type { Manifest } from './contract/session.js';
export { loadFrom } from './cpu/load.js';
export { type NamedItem, openTrained, type PageRecommender, type Trained } from './page/trained.js';
