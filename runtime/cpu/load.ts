/** Finds the assembled module beside the emitted plan. */
import { inNode } from './workers.js';

/** `here` is the `import.meta.url` of the module that asks. */
export const loadBeside =
  (here: string, plain: string, fused: string) =>
  async (fma: boolean): Promise<Uint8Array> => {
    const url = new URL(fma ? fused : plain, here);
    if (inNode() && url.protocol === 'file:') {
      const fs = 'node:fs/promises';
      const { readFile }: typeof import('node:fs/promises') = await import(/* @vite-ignore */ fs);
      return readFile(url);
    }
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url.href} does not load: ${answer.status} ${answer.statusText}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
