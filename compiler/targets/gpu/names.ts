/** Identifiers of emitted code: the model's own words where the languages allow them, numbered where they collide. */
import { helperNames } from './helpers.js';

const reserved: ReadonlySet<string> = new Set([
  ...'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
  'Math',
  'Infinity',
  'NaN',
  'undefined',
  'size',
  'random',
  'out',
  'entries',
  'program',
  ...helperNames,
]);

export const identifier = (text: string): string => {
  const word = text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '') || 'value';
  return /^[0-9]/.test(word) ? `_${word}` : word;
};

/** Hands out each name once. Imperative inside: one of these lives while one function is written. */
export const namer = (): ((wanted: string) => string) => {
  const taken = new Set<string>(reserved);
  /** The number that a word is tried with next: all before it are taken. */
  const next = new Map<string, number>();
  return (wanted) => {
    const word = identifier(wanted);
    let n = next.get(word) ?? 1;
    const candidate = (): string => (n === 1 ? word : `${word}${n}`);
    while (taken.has(candidate())) n++;
    const name = candidate();
    next.set(word, n + 1);
    taken.add(name);
    return name;
  };
};
