/** Options of operators, looked at where types have not: a model may be JavaScript, or have silenced them. */
import { fail } from './errors.js';

type Known = Readonly<Record<string, true>>;
const refuse = (known: Known, what: string, name: string): never =>
  fail('PC4001', `${what} '${name}': there are ${Object.keys(known).join(', ')}`);

/** Every option that is given is one that `of` has. */
export const checkOptions = (of: string, options: object, known: Known): void =>
  Object.keys(options).forEach((name) => Object.hasOwn(known, name) || refuse(known, `${of} has no option`, name));

/** A word of an option is one of those it takes. */
export const checkChoice = <T extends string>(
  of: string,
  option: string,
  word: T,
  known: Readonly<Record<T, true>>,
): void => {
  if (!Object.hasOwn(known, word)) refuse(known, `${of} has no ${option}`, word);
};
