/** The world that a command acts on, and how one task is carried out in it: what is said, under which signals, with which exit code. */
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { all, frequent, type Listener, throttled, told } from './events.js';
import { steadyText } from './contract/words.js';
import { line } from './log.js';
import { type Streams, view } from './view.js';

/** The world that a command acts on; tests bring their own. */
export interface World extends Streams {
  readonly in: NodeJS.ReadableStream;
  /** Calls back on SIGINT and SIGTERM; the result stops listening. */
  readonly onSignal: (react: (code: number) => void) => () => void;
  /** Calls back on SIGHUP, where there is such; the result stops listening. */
  readonly onHangUp?: (react: () => void) => () => void;
  readonly exit: (code: number) => void;
  readonly now: () => number;
}

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The real one. */
export const terminal: World = {
  // Looked at only where it is read: a look begins to hold the process open.
  get in() {
    return process.stdin;
  },
  out: process.stdout,
  err: process.stderr,
  onSignal: (react) => {
    const handlers = Object.entries(codes).map(([name, code]) => [name, () => react(code)] as const);
    handlers.forEach(([name, handler]) => process.on(name, handler));
    return () => handlers.forEach(([name, handler]) => process.off(name, handler));
  },
  onHangUp: (react) => {
    process.on('SIGHUP', react);
    return () => void process.off('SIGHUP', react);
  },
  exit: (code) => process.exit(code),
  now: () => performance.now(),
};

/** The option that every command has. */
export interface Shared {
  readonly json?: boolean;
}

/** What a finished command prints, and its exit code. */
interface Outcome {
  readonly code: number;
  readonly text: string;
  /** For the standard error. */
  readonly note?: string;
  readonly json?: unknown;
}

/** What a command does, told when to end and whom to tell. */
export type Carried<A> = (run: { readonly signal: AbortSignal; readonly listen: Listener }) => TaskEither<string, A>;
/** What is made of its result, or of the signal that came. */
export type Ends<A> = (value: A, signalled: number | undefined) => Outcome;

/** Carries a command's task out, and leaves its exit code. */
export type Carry = <A>(options: Shared, task: Carried<A>, outcome: Ends<A>, ending?: string) => Promise<void>;

/** Resolves when a signal tells to end. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/**
 * Runs a task under the world's signals: the first asks it to end, with what it does then (`Saving`), the second ends it. The exit
 * code: what `done` makes of the value, or of the signal that came; `failed` hears why there is no value.
 */
export const underSignals = async <A>(
  world: Pick<World, 'err' | 'exit' | 'onSignal'>,
  ending: string,
  task: (signal: AbortSignal) => TaskEither<string, A>,
  failed: (why: string) => void,
  done: (value: A, signalled: number | undefined) => number,
): Promise<number> => {
  const controller = new AbortController();
  let signalled: number | undefined;
  const silence = world.onSignal((code) => {
    if (signalled !== undefined) return world.exit(code);
    signalled = code;
    controller.abort();
    world.err.write(`\n${ending}; once more to end at once.\n`);
  });
  try {
    const result = await task(controller.signal)();
    if (E.isRight(result)) return done(result.right, signalled);
    failed(result.left);
    return signalled ?? 1;
  } finally {
    silence();
  }
};

/** Runs one command with its listener and its signals. */
export const conduct = async <A>(
  world: World,
  model: string,
  shared: Shared,
  task: Carried<A>,
  outcome: Ends<A>,
  ending = 'Ending',
): Promise<number> => {
  const words = { warning: 'Warning', failed: 'Error' } as const;
  const warn: Listener = (event) =>
    void ('message' in event && world.err.write(`${words[event.kind]}: ${told(event)}\n`));
  const json: Listener = throttled(
    1000,
    world.now,
    ({ kind }) => frequent.has(kind),
    (event) => void world.out.write(line(event)),
  );
  const listen = shared.json === true ? all(json, warn) : view(model, world, world.now);
  return underSignals(
    world,
    ending,
    (signal) => task({ signal, listen }),
    (message) => listen({ kind: 'failed', message }),
    (found, signalled) => {
      const { code, text, note, json: value } = outcome(found, signalled);
      if (shared.json === true && value !== undefined) world.out.write(`${JSON.stringify(value)}\n`);
      if (shared.json !== true && text !== '') world.out.write(`${steadyText(text)}\n`);
      if (note !== undefined) world.err.write(`${steadyText(note)}\n`);
      return code;
    },
  );
};
