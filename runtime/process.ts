/** What a command needs of the process around it. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Whether the module of this address is the program that Node was told to run, and not imported by it. */
export const isMain = (url: string): boolean => {
  try {
    return realpathSync(process.argv[1] ?? '') === realpathSync(fileURLToPath(url));
  } catch {
    return false; // `node -e`, a bundle, a worker: imported, not run.
  }
};

/** A reader that went away (`trainer.js | head`) ends the program quietly, as other commands do. */
export const endQuietly = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  }
};
