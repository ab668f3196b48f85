/** What the campaign leaves on disk: a small file for each counterexample, and where it stopped. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Found, Settings } from './part.js';

export interface Tally {
  /** The first case that has not been judged. */
  readonly next: number;
  readonly done: number;
  readonly seconds: number;
  /** How many cases had each kind of fault, and how many of them are kept as files. */
  readonly kinds: Readonly<Record<string, { readonly met: number; readonly kept: number }>>;
}
export interface State {
  readonly settings: Settings;
  readonly parts: Readonly<Record<string, Tally>>;
}

export const nothing: Tally = { next: 0, done: 0, seconds: 0, kinds: {} };

const stateFile = (out: string): string => join(out, 'state.json');

/** Where an earlier run with the same settings stopped; another seed begins anew. */
export const readState = (out: string, settings: Settings): State => {
  const fresh: State = { settings, parts: {} };
  if (!existsSync(stateFile(out))) return fresh;
  const state = JSON.parse(readFileSync(stateFile(out), 'utf8')) as State;
  return JSON.stringify(state.settings) === JSON.stringify(settings) ? state : fresh;
};

export const writeState = (out: string, state: State): void => {
  mkdirSync(out, { recursive: true });
  writeFileSync(`${stateFile(out)}.tmp`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${stateFile(out)}.tmp`, stateFile(out));
};

/** One file for one smallest case, whatever it was met as; `fresh` says whether it was not there yet. */
export const keep = (out: string, found: Found): { readonly path: string; readonly fresh: boolean } => {
  mkdirSync(out, { recursive: true });
  const name = found.fault.kind
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  const digest = createHash('sha256')
    .update(JSON.stringify([found.text.filter((line) => !line.includes(' = ')), found.fault.kind]))
    .digest('hex')
    .slice(0, 6);
  const path = join(out, `${found.part}-${name}-${digest}.json`);
  const fresh = !existsSync(path);
  if (fresh) writeFileSync(path, `${JSON.stringify(found, null, 1)}\n`);
  return { path, fresh };
};

export const readFound = (path: string): Found => JSON.parse(readFileSync(path, 'utf8')) as Found;
