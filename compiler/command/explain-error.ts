/** `--explain-error`: what an error means. */
import { suggest } from '../../runtime/contract/words.js';
import { codes } from '../catalogue.js';
import { error } from '../diagnostics.js';
import { sectionOf } from '../pages.js';
import { type ExitCode, exitCodes, type Io, usage } from './said.js';

/** What `errors/` says of a code, however its letters are written. */
export const explainError = (asked: string, io: Io): ExitCode => {
  const section = sectionOf(asked.toUpperCase());
  if (section === undefined)
    return usage(
      io,
      error('PC0005', `there is no error '${asked}'`, undefined, suggest(asked.toUpperCase(), codes, 'errors')),
    );
  io.out(section);
  return exitCodes.ok;
};
