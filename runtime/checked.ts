/** Options are checked before anything runs: those of programs by name and kind (`known`), everybody's by their ranges (`checked`). */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { deviceNames } from './contract/compiled.js';
import type { Manifest } from './contract/session.js';
import { flag, numberIn, type NumberName, protocols, ranges } from './contract/settings.js';
import { suggest } from './contract/words.js';
import { timeOf, timeShape } from './data/index.js';
import { type Kind, needed, taken } from './taken.js';

const choices = {
  protocol: protocols,
  trainOn: ['all'],
  device: ['auto', ...deviceNames],
  part: ['validation', 'test'],
  vectorsOf: ['user', 'item'],
} as const;

const isText = (value: unknown): boolean => typeof value === 'string';
const anything = (): boolean => true;
const forms: { readonly [K in Kind]: { readonly fits: (value: unknown) => boolean; readonly wanted: string } } = {
  text: { fits: isText, wanted: 'a string' },
  texts: { fits: (v) => isText(v) || (Array.isArray(v) && v.every(isText)), wanted: 'a string or a list of strings' },
  history: {
    fits: (v) => isText(v) || (Array.isArray(v) && v.every((one) => isText(one) || typeof one === 'object')),
    wanted: 'a string, or a list of strings or events',
  },
  about: {
    fits: (v) =>
      typeof v === 'object' &&
      v !== null &&
      !Array.isArray(v) &&
      Object.values(v).every((one) => [one].flat().every((of) => isText(of) || typeof of === 'number')),
    wanted: 'texts, numbers, or lists of them, by the names of columns',
  },
  vector: { fits: (v) => typeof v === 'object' && v !== null, wanted: 'a list of numbers, or such lists by name' },
  numbers: { fits: (v) => Array.isArray(v), wanted: 'a list of numbers' },
  functions: {
    fits: (v) => typeof v === 'object' && v !== null && Object.values(v).every((f) => typeof f === 'function'),
    wanted: 'functions by name',
  },
  time: { fits: (v) => isText(v) || typeof v === 'number', wanted: 'a time, as a string or a number' },
  flag: { fits: (v) => typeof v === 'boolean', wanted: 'true or false' },
  signal: {
    fits: (v) => typeof v === 'object' && v !== null && 'aborted' in v,
    wanted: 'the signal of an AbortController',
  },
  listener: { fits: (v) => typeof v === 'function', wanted: 'a function of events' },
  teller: { fits: (v) => typeof v === 'function', wanted: 'a function of a line of text' },
  number: { fits: anything, wanted: '' },
  choice: { fits: anything, wanted: '' },
};

/** An option that the model was compiled with, in words: a trainer cannot change it. Not for those that a trainer takes. */
export const compiledIn = (
  { hyper: values, source }: Pick<Manifest, 'hyper' | 'source'>,
  name: string,
  value = 'VALUE',
): string | undefined =>
  Object.hasOwn(values, name) && !(name in ranges)
    ? `${name} is a hyperparameter, compiled in as ${name}=${values[name]}: compile again with \`pcrec-compile ${source} --set ${name}=${value}\`.`
    : undefined;

/** Options from JavaScript, which no type has seen. Left: the first that the function does not take, with the nearest that it does. */
export const known =
  (manifest: Pick<Manifest, 'hyper' | 'source'>, of: keyof typeof taken) =>
  <O extends object>(options: O): E.Either<string, O> => {
    const kinds: Readonly<Record<string, Kind>> = taken[of];
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      return E.left(`${of} takes an object of options, not ${JSON.stringify(options)}.`);
    for (const [name, value] of Object.entries(options)) {
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      if (kind === undefined)
        return E.left(
          compiledIn(manifest, name, String(value)) ??
            `${of} has no option '${name}': ${suggest(name, Object.keys(kinds), 'there are')}`,
        );
      if (value !== undefined && !forms[kind].fits(value))
        return E.left(
          `The option '${name}' of ${of} is ${forms[kind].wanted}, not ${JSON.stringify(value) ?? String(value)}.`,
        );
    }
    const missing = (needed[of] as readonly string[] | undefined)?.find(
      (name) => options[name as keyof O] === undefined,
    );
    return missing === undefined ? E.right(options) : E.left(`${of} needs the option '${missing}'.`);
  };

/** Checks what the type system cannot when options come from JavaScript. */
export const checked = <O extends object>(options: O): E.Either<string, O> =>
  pipe(
    Object.entries(options).filter(([, value]) => value !== undefined),
    E.traverseArray(([name, value]): E.Either<string, unknown> => {
      if (name === 'at')
        return Number.isNaN(timeOf(String(value)))
          ? E.left(`--at takes a time, ${timeShape}, not ${JSON.stringify(value)}.`)
          : E.right(value);
      if (name === 'cutoffs')
        return pipe(
          value as readonly unknown[],
          E.traverseArray((k) => numberIn('cutoffs')(typeof k === 'number' ? k : Number.NaN, String(k))),
          E.filterOrElse(
            (all) => all.length > 0,
            () => '--cutoffs takes lengths of lists with commas between them, as 5,10,20.',
          ),
        );
      if (name in ranges)
        return numberIn(name as NumberName)(typeof value === 'number' ? value : Number.NaN, String(value));
      const allowed: readonly string[] | undefined = choices[name as keyof typeof choices];
      return allowed === undefined || allowed.includes(String(value))
        ? E.right(value)
        : E.left(`${flag(name)} takes one of ${allowed.join(', ')}, not ${JSON.stringify(value)}.`);
    }),
    E.map(() => options),
  );
