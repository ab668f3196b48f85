/** What holds where options say nothing. */
import { join } from 'node:path';
import type { CompiledModel } from './contract/compiled.js';
import type { Listener } from './events.js';

export const silent: Listener = () => undefined;
export const now = (): number => performance.now();
export const never = new AbortController().signal;

export const outOf = (compiled: CompiledModel, out: string | undefined): string =>
  out ?? join('runs', compiled.manifest.model);
