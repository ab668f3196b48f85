/** The manifest beside an emitted trainer. */
import { readFileSync } from 'node:fs';
import type { Manifest } from './session.js';

/** Reads `manifest.json`; it was written by the compiler together with the trainer that asks for it, so its form is trusted. */
export const readManifest = (url: URL): Manifest => {
  const manifest = JSON.parse(readFileSync(url, 'utf8')) as Manifest;
  if (manifest.format !== 1) throw new Error(`${url.pathname} has the format ${String(manifest.format)}, this runtime reads format 1: compile the model again with the installed version.`);
  return manifest;
};
