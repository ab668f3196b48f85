/** Threads: worker_threads in Node, Web Workers in a page. Each gets the thread's function as source and never answers. */
import { type Link, type ThreadSetup, thread } from './thread.js';

export interface Crew {
  readonly end: () => Promise<void>;
}

const field = (x: unknown, name: string): unknown =>
  x !== null && (typeof x === 'object' || typeof x === 'function') ? Reflect.get(x, name) : undefined;
export const inNode = (): boolean => typeof process !== 'undefined' && typeof process.versions?.node === 'string';

/** How many threads are worth having: a core each, no more than 16. */
export const cores = async (): Promise<number> => {
  if (inNode()) {
    const os = 'node:os';
    const { availableParallelism }: { availableParallelism: () => number } = await import(/* @vite-ignore */ os);
    return Math.min(16, Math.max(1, availableParallelism()));
  }
  return Math.min(16, typeof navigator === 'undefined' ? 1 : navigator.hardwareConcurrency || 1);
};

export const hire = async <G>(setups: readonly ThreadSetup<G>[], link: Link<G>): Promise<Crew> => {
  const ready = `const ready = (${thread.toString()})`;
  const linked = link.toString();
  if (inNode()) {
    const name = 'node:worker_threads';
    const { Worker }: typeof import('node:worker_threads') = await import(/* @vite-ignore */ name);
    const text = `const { workerData, parentPort } = require('node:worker_threads'); ${ready}(workerData, ${linked}); parentPort.postMessage('ready'); ready.serve();`;
    const workers = await Promise.all(
      setups.map(
        (workerData) =>
          new Promise<InstanceType<typeof Worker>>((resolve, reject) => {
            const worker = new Worker(text, { eval: true, workerData });
            worker.once('message', () => {
              worker.unref();
              resolve(worker);
            });
            worker.once('error', reject);
          }),
      ),
    );
    return {
      end: async () => {
        await Promise.all(workers.map((w) => w.terminate()));
      },
    };
  }
  const text = `onmessage = ({ data }) => { ${ready}(data, ${linked}); postMessage('ready'); ready.serve(); };`;
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const make = field(globalThis, 'Worker');
  if (typeof make !== 'function') throw new Error('This page has no Web Workers.');
  interface WebWorker {
    onmessage: (() => void) | null;
    onerror: ((e: { readonly message?: string }) => void) | null;
    postMessage(x: unknown): void;
    terminate(): void;
  }
  const workers = await Promise.all(
    setups.map(
      (setup) =>
        new Promise<WebWorker>((resolve, reject) => {
          const worker = Reflect.construct(make, [url]) as WebWorker;
          worker.onmessage = () => resolve(worker);
          worker.onerror = (e) => reject(new Error(e.message ?? 'a worker failed'));
          worker.postMessage(setup);
        }),
    ),
  );
  URL.revokeObjectURL(url);
  return { end: async () => workers.forEach((w) => w.terminate()) };
};
