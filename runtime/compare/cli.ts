#!/usr/bin/env node
/** The executable: the real world, handed to the command. */
import { terminal } from '../world.js';
import { messageOf } from '../errors.js';
import { endQuietly } from '../process.js';
import { command } from './command.js';

endQuietly();
process.exitCode = await command(process.argv.slice(2), terminal).catch((error: unknown) => {
  process.stderr.write(`Error: this is a bug in pcrec: ${messageOf(error)}. Please report it with the command line.\n`);
  return 1;
});
// A device may keep the process alive (threads, GPU handles); nothing is left to wait for.
setTimeout(() => process.exit(), 1000).unref();
