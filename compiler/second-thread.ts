/** The thread that works beside the command's own: what it is asked, what it answers, and how the first waits for it. */
import type { Either } from 'fp-ts/lib/Either.js';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Beside, Written } from './beside.js';
import type { Diagnostics } from './diagnostics.js';
import type { EmittedFile } from './emit/index.js';

/** What the thread is asked for. */
export type Task =
  | { readonly kind: 'check'; readonly model: string; readonly project: string }
  /** The targets that the toolchain has have names; what a target is cannot be sent. */
  | { readonly kind: 'emit'; readonly compiled: Written; readonly name: string };
/** Of tasks, in the order in which they were asked for. */
export type Answer =
  | { readonly kind: 'done'; readonly value: unknown }
  /** Nested deeper than its stack: what would have been thrown here. */
  | { readonly kind: 'deep' }
  | { readonly kind: 'failed'; readonly stack: string };
/** What it is given when it starts; `answered` counts. */
export interface Given {
  readonly port: MessagePort;
  readonly answered: Int32Array;
}

const valueOf = (answer: Answer): unknown => {
  if (answer.kind === 'done') return answer.value;
  if (answer.kind === 'deep') throw new RangeError('Maximum call stack size exceeded');
  throw Object.assign(new Error('in the second thread'), { stack: answer.stack });
};

/** `script` runs `helper.ts`. The thread goes with the one that started it. */
export const secondThread = (script: URL, stackSizeMb: number): Beside => {
  const { port1: port, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const given: Given = { port: port2, answered };
  new Worker(script, { workerData: given, transferList: [port2], resourceLimits: { stackSizeMb } }).unref();
  port.unref();
  const answers: Answer[] = [];
  let asked = 0;
  const ask = (task: Task): (() => unknown) => {
    const place = asked++;
    port.postMessage(task);
    return () => {
      while (answers.length <= place) {
        const message = receiveMessageOnPort(port) as { readonly message: Answer } | undefined;
        if (message === undefined) Atomics.wait(answered, 0, answers.length);
        else answers.push(message.message);
      }
      return valueOf(answers[place]!);
    };
  };
  return {
    check: (model, project) => {
      const answer = ask({ kind: 'check', model, project });
      return () => answer() as Either<Diagnostics, unknown>;
    },
    emit: ({ loops, manifest }, { name }) => {
      const answer = ask({ kind: 'emit', compiled: { loops, manifest }, name });
      return () => answer() as readonly EmittedFile[];
    },
  };
};
