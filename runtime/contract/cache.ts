/** Where what can be made again is kept. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's folder of what can be made again: kernels, packed data, TypeScript as V8 reads it. */
export const cacheFolder = (): string =>
  process.env['PCREC_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pcrec');
