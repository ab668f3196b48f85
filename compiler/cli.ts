#!/usr/bin/env node
/**
 * The executable: the real toolchain and the real world, handed to the command. It runs in a thread of its own, because a thread may
 * have a larger stack than a process: TypeScript and the passes go down an expression as deep as it is nested.
 */
import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import picocolors from 'picocolors';
import { secondThread } from './second-thread.js';
import type { Code } from './catalogue.js';

/** Not the author's mistake: an exception here is a bug of the compiler. */
const internalError = 70;
/** Expressions nested thousands deep fit. Pages that nobody touches cost nothing. */
const stackSizeMb = 256;

/** Most of the code runs for a moment: making it faster would take longer. The rest is made so after ten times as long as in a server. */
const forOneRun = '--always-sparkplug --interrupt-budget=600000';

/** A reader that went away (`pcrec-compile | head`) ends the command quietly, as it ends others. */
const start = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  setFlagsFromString(forOneRun);
  const worker = new Worker(fileURLToPath(import.meta.url), {
    argv: process.argv.slice(2),
    workerData: process.stderr.isTTY === true,
    resourceLimits: { stackSizeMb },
  });
  worker.on('error', (error) => {
    process.stderr.write(`pcrec-compile: the compiler could not go on: ${error.message}\n`);
    process.exitCode = internalError;
  });
  let finished = false;
  worker.on('message', () => {
    finished = true;
  });
  worker.on('exit', (code) => {
    if (!finished && process.exitCode === undefined)
      process.stderr.write(`error ${'PC1011' satisfies Code}: the model ended the compiler while it was evaluated\n`);
    process.exitCode ??= finished ? code : 1;
  });
};

const work = async (): Promise<void> => {
  // The second thread loads what it needs while this one does.
  const beside = secondThread(new URL('./helper.js', import.meta.url), stackSizeMb);
  const [{ main }, { toolchain }] = await Promise.all([import('./command/index.js'), import('./toolchain.js')]);
  try {
    process.exitCode = main(process.argv.slice(2), toolchain, {
      out: (text) => process.stdout.write(`${text}\n`),
      err: (text) => process.stderr.write(`${text}\n`),
      now: () => performance.now(),
      colour: picocolors.isColorSupported && workerData === true,
      cwd: process.cwd(),
      beside,
      run: (script, ...args) => spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status ?? 1,
    });
  } catch (bug) {
    process.stderr.write(
      `pcrec-compile: a bug in the compiler, not in your model; please report it with the model file:\n${bug instanceof Error ? bug.stack : String(bug)}\n`,
    );
    process.exitCode = internalError;
  }
  parentPort?.postMessage('finished');
};

if (isMainThread) start();
else await work();
