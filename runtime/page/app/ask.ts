/** Questions to the worker, as promises. */
import type { Question, Reply, Talk, Topic } from './talk.js';

export type Ask = <T extends Topic>(topic: T, ...given: Talk[T][0]) => Promise<Talk[T][1]>;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export const asking = (): Ask => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let next = 0;
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const of = waiting.get(data.id);
    waiting.delete(data.id);
    if ('failed' in data) of?.reject(new Error(data.failed));
    else of?.resolve(data.answer as never);
  };
  worker.onerror = ({ message }) => {
    waiting.forEach(({ reject }) => reject(new Error(message === '' ? 'The worker did not start.' : message)));
    waiting.clear();
  };
  return (topic, ...given) =>
    new Promise((resolve, reject) => {
      const question: Question = { id: next++, topic, given };
      waiting.set(question.id, { resolve, reject });
      worker.postMessage(question);
    });
};
