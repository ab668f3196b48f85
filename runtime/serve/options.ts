/** What a server is told before it starts, and what it does where it is told nothing. */
import { availableParallelism } from 'node:os';
import type { ServeOptions } from '../options.js';

/** Options with nothing left open; times in milliseconds. */
export interface Settled {
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly batch: number;
  readonly delay: number;
  readonly queue: number;
  readonly timeout: number;
  readonly drain: number;
  readonly bodyLimit: number;
  readonly listLimit: number;
  readonly tokens: readonly string[];
  readonly origins: readonly string[];
  readonly watch: boolean;
}

const several = (of: string | readonly string[] | undefined): readonly string[] =>
  of === undefined ? [] : typeof of === 'string' ? [of] : of;

/** One core is for HTTP; where threads have nothing to load the model from, the scores are computed between requests. */
export const settled = (options: ServeOptions, threadable: boolean): Settled => ({
  host: options.host ?? '127.0.0.1',
  port: options.port ?? 8080,
  workers: options.workers ?? (threadable ? Math.max(1, Math.min(16, availableParallelism() - 1)) : 0),
  batch: options.batch ?? 16,
  delay: options.delay ?? 1,
  queue: options.queue ?? 1024,
  timeout: 1000 * (options.timeout ?? 10),
  drain: 1000 * (options.drain ?? 30),
  bodyLimit: options.bodyLimit ?? 2 ** 18,
  listLimit: options.listLimit ?? 1000,
  tokens: several(options.token),
  origins: several(options.cors),
  watch: options.watch ?? false,
});
