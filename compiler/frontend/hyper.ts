/** Hyperparameters from the command line: `--preset NAME`, then `--set name=value`, read as the model declares them. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { type Hyper, type HyperValue, type Hypers, listed, type Model } from '../../dsl/model.js';
import { misnamed, nameProblem } from '../../dsl/names.js';
import type { HyperList } from '../../runtime/contract/hypers.js';
import { suggest } from '../../runtime/contract/words.js';
import { type Diagnostic, type Diagnostics, error } from '../diagnostics.js';

/** Hyperparameters by name, checked against their declarations. */
export type HyperValues = Readonly<Record<string, HyperValue>>;

/** What a command line says of hyperparameters. */
export interface Choices {
  readonly preset?: string;
  /** `name=value`, in the order given; the last of a name wins. */
  readonly set: readonly string[];
}

const bounds = ({ min, max }: Hyper): string =>
  min !== undefined && max !== undefined
    ? `from ${min} to ${max}`
    : min !== undefined
      ? `of at least ${min}`
      : max !== undefined
        ? `of at most ${max}`
        : '';

const numeric =
  (wanted: string, accepts: (n: number) => boolean) =>
  (hyper: Hyper, text: string): Either<string, HyperValue> => {
    const n = text.trim() === '' ? Number.NaN : Number(text);
    const inside = n >= (hyper.min ?? -Infinity) && n <= (hyper.max ?? Infinity);
    return accepts(n) && inside ? right(n) : left([wanted, bounds(hyper)].filter((s) => s !== '').join(' '));
  };

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['yes', true],
  ['no', false],
  ['on', true],
  ['off', false],
  ['1', true],
  ['0', false],
]);

/** Right: the value. Left: what was wanted instead. */
const readers: Readonly<Record<Hyper['kind'], (hyper: Hyper, text: string) => Either<string, HyperValue>>> = {
  integer: numeric('a whole number', Number.isSafeInteger),
  number: numeric('a number', Number.isFinite),
  boolean: (_, text) => {
    const b = booleans.get(text.toLowerCase());
    return b === undefined ? left('true or false') : right(b);
  },
  names: (_, text) =>
    listed(text).every((name) => nameProblem(name) === null) ? right(text) : left('names, separated by commas'),
  choice: ({ choices = [] }, text) => (choices.includes(text) ? right(text) : left(`one of ${choices.join(', ')}`)),
};

const readOne = (hypers: Hypers, name: string, text: string, origin: string): Either<Diagnostic, HyperValue> => {
  const hyper = Object.hasOwn(hypers, name) ? hypers[name] : undefined;
  if (hyper === undefined)
    return left(
      error(
        'PC0003',
        `${origin}: this model has no hyperparameter '${name}'`,
        undefined,
        suggest(name, Object.keys(hypers), 'hyperparameters'),
      ),
    );
  const value = readers[hyper.kind](hyper, text);
  return isLeft(value)
    ? left(
        error(
          'PC0004',
          `${origin}: '${name}' must be ${value.left}, not '${text}'`,
          undefined,
          `${name}: ${hyper.doc} (default ${hyper.value})`,
        ),
      )
    : value;
};

/** What is wrong with a hyperparameter as the model declares it, default included; null where nothing is. */
export const hyperProblem = (name: string, hyper: Hyper): Pick<Diagnostic, 'code' | 'message'> | null => {
  const wrong = misnamed('a hyperparameter', name);
  const value = readers[hyper.kind](hyper, String(hyper.value));
  if (wrong !== null) return { code: 'PC3001', message: wrong };
  return isLeft(value)
    ? { code: 'PC1015', message: `the default of '${name}' must be ${value.left}, not ${hyper.value}` }
    : null;
};

const split = (setting: string): readonly [string, string] | undefined => {
  const at = setting.indexOf('=');
  return at <= 0 ? undefined : [setting.slice(0, at).trim(), setting.slice(at + 1)];
};

type Setting = { readonly name: string; readonly text: string; readonly origin: string };

/** The defaults, the preset over them, the settings over both; every value checked against its declaration. */
export const hyperValues = (model: Model, { preset, set }: Choices): Either<Diagnostics, HyperValues> => {
  const errors: Diagnostic[] = [];
  const settings: Setting[] = [];
  if (preset !== undefined) {
    const values = Object.hasOwn(model.presets, preset) ? model.presets[preset] : undefined;
    if (values === undefined)
      errors.push(
        error(
          'PC0003',
          `--preset ${preset}: this model has no such preset`,
          undefined,
          suggest(preset, Object.keys(model.presets), 'presets'),
        ),
      );
    for (const [name, value] of Object.entries(values ?? {}))
      if (value !== undefined) settings.push({ name, text: String(value), origin: `--preset ${preset}` });
  }
  for (const setting of set) {
    const parts = split(setting);
    if (parts === undefined) errors.push(error('PC0001', `--set ${setting}: expected name=value`));
    else settings.push({ name: parts[0], text: parts[1], origin: `--set ${setting}` });
  }
  const chosen = new Map<string, HyperValue>(Object.entries(model.hyper).map(([name, { value }]) => [name, value]));
  for (const { name, text, origin } of settings) {
    const value = readOne(model.hyper, name, text, origin);
    if (isLeft(value)) errors.push(value.left);
    else chosen.set(name, value.right);
  }
  const [first, ...rest] = errors;
  return first === undefined ? right(Object.fromEntries(chosen)) : left([first, ...rest]);
};

const words = {
  integer: 'whole number',
  number: 'number',
  boolean: 'true | false',
  names: 'names, by commas',
} as const;
const taken = (hyper: Hyper): string =>
  hyper.kind === 'choice'
    ? (hyper.choices ?? []).join(' | ')
    : [words[hyper.kind], bounds(hyper)].filter((s) => s !== '').join(' ');

/** Rows of cells, each column as wide as its widest. */
const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => r[i]!.length)));
  return rows.map((r) => `  ${r.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd());
};

/** A model's hyperparameters with their defaults, what they take and what they mean; then its presets. */
export const hypersText = ({ name, doc, hyper, presets }: Model): string => {
  const named = Object.entries(presets).map(
    ([preset, values]) =>
      [
        preset,
        Object.entries(values)
          .map(([n, v]) => `${n}=${String(v)}`)
          .join(' ') || 'the defaults',
      ] as const,
  );
  return [
    doc === '' ? name : `${name}: ${doc}`,
    '',
    'Hyperparameters (--set name=value):',
    ...columns(Object.entries(hyper as Hypers).map(([n, h]) => [`${n}=${h.value}`, taken(h), h.doc])),
    ...(named.length === 0 ? [] : ['', 'Presets (--preset name):', ...columns(named)]),
  ].join('\n');
};

/** The same for programs. */
export const hyperList = ({ name, doc, hyper, presets }: Model): HyperList => {
  const chosen = (values: Partial<HyperValues>): HyperValues =>
    Object.fromEntries(Object.entries(values).flatMap(([n, v]) => (v === undefined ? [] : [[n, v] as const])));
  return {
    model: name,
    doc,
    hyper,
    presets: Object.fromEntries(Object.entries(presets).map(([preset, values]) => [preset, chosen(values)])),
  };
};
