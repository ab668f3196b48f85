/** Fetches an assembled module from where the emitted plan says it lies. */
import { inNode } from './workers.js';

/** The two copies of the code. The addresses are whole, so that bundlers see which files belong to a bundle. */
export const loadFrom =
  (plain: URL, fused: URL) =>
  async (fma: boolean): Promise<Uint8Array> => {
    const url = fma ? fused : plain;
    if (inNode() && url.protocol === 'file:') {
      const fs = 'node:fs/promises';
      const { readFile }: typeof import('node:fs/promises') = await import(/* @vite-ignore */ fs);
      return readFile(url);
    }
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url.href} does not load: ${answer.status} ${answer.statusText}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
