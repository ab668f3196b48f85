/**
 * What may name a thing: axes, parameters, random keys, slots, hyperparameters. Said here and nowhere else, so that a name is
 * data to everything after: what the compiler makes of names always has a character, or an ending, that these cannot have.
 */
import { fail } from './errors.js';

const shape = /^[\p{L}_][\p{L}\p{M}\p{N}_.:/ -]*$/u;
const longest = 200;

/** Objects have these before anyone gives them one, files keep `__...` for themselves, and these words are numbers in programs. */
const isTaken = (name: string): boolean =>
  name in Object.prototype || name.startsWith('__') || name === 'NaN' || name === 'Infinity';

/** Why `name` cannot name a thing; null where it can. */
export const nameProblem = (name: unknown): string | null =>
  typeof name !== 'string'
    ? 'a name is a text'
    : name.length > longest
      ? `a name has at most ${longest} characters, and this one has ${name.length}`
      : !shape.test(name) || name.endsWith(' ')
        ? `a name begins with a letter, and goes on with letters, digits, spaces and any of _ - . : /`
        : isTaken(name)
          ? 'that name is taken by the language or by the files that are written'
          : null;

const shown = (name: unknown): string => {
  const text =
    typeof name === 'string'
      ? `'${name.replace(/[\p{C}\p{Z}]/gu, (c) => (c === ' ' ? c : `\\u{${c.codePointAt(0)!.toString(16)}}`))}'`
      : String(name);
  return text.length > 60 ? `${text.slice(0, 57)}...'` : text;
};

/** The sentence that refuses a name, or null. `what`: `an axis`. */
export const misnamed = (what: string, name: unknown): string | null => {
  const problem = nameProblem(name);
  return problem === null ? null : `${shown(name)} cannot name ${what}: ${problem}`;
};

/** The name, if it can be one. */
export const named = <N extends string>(what: string, name: N): N => {
  const problem = misnamed(what, name);
  return problem === null ? name : fail('PC3001', problem);
};
