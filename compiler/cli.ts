#!/usr/bin/env node
/** The executable: the real toolchain and the real world, handed to the command. */
import picocolors from 'picocolors';
import { main } from './command.js';
import { toolchain } from './toolchain.js';

/** Not the author's mistake: an exception here is a bug of the compiler. */
const internalError = 70;

try {
  process.exitCode = main(process.argv.slice(2), toolchain, {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    now: () => performance.now(),
    colour: picocolors.isColorSupported && process.stderr.isTTY,
    cwd: process.cwd(),
  });
} catch (bug) {
  process.stderr.write(`pcrec-compile: a bug in the compiler, not in your model; please report it with the model file:\n${bug instanceof Error ? bug.stack : String(bug)}\n`);
  process.exitCode = internalError;
}
