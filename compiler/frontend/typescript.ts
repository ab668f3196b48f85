/** TypeScript, by `require`: to import it, Node would first read all of its text for the names that it exports, which takes as long as to run it. */
import { createRequire } from 'node:module';

export const { Project, ts } = createRequire(import.meta.url)('ts-morph') as typeof import('ts-morph');
