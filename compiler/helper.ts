/** The second thread of the command (`second-thread.ts`): it answers tasks in their order. */
import { workerData } from 'node:worker_threads';
import type { Answer, Given, Task } from './second-thread.js';
import { isDeep } from './diagnostics.js';
import { partFiles } from './emit/index.js';
import { checkTypes } from './frontend/index.js';
import { keepTypeScript } from './frontend/typescript.js';
import { toolchain } from './toolchain.js';

const { port, answered } = workerData as Given;

const parts = new Map(
  Object.values(toolchain.targets).flatMap((target) =>
    Object.entries(target.parts ?? {}).map(([name, part]) => [name, part] as const),
  ),
);

const done = (task: Task): unknown =>
  task.kind === 'check' ? checkTypes(task.model, task.project) : partFiles(task.compiled, parts.get(task.name)!);

const answer = (task: Task): Answer => {
  try {
    return { kind: 'done', value: done(task) };
  } catch (thrown) {
    return isDeep(thrown)
      ? { kind: 'deep' }
      : { kind: 'failed', stack: thrown instanceof Error ? `${thrown.stack}` : String(thrown) };
  }
};

port.on('message', (task: Task) => {
  port.postMessage(answer(task));
  Atomics.add(answered, 0, 1);
  Atomics.notify(answered, 0);
  if (task.kind === 'check') keepTypeScript();
});
