/** Where to look: what a person writes as `rate=log:1e-4..1e-2,dropout=0..0.5,heads=1|2|4`, and the points drawn from it. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { HyperList } from '../contract/hypers.js';
import { stream, uniformAt } from '../contract/random.js';
import { suggest } from '../contract/words.js';

type Hyper = HyperList['hyper'][string];

/** The values that a hyperparameter may take. */
export type Values =
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | {
      readonly kind: 'range';
      readonly low: number;
      readonly high: number;
      readonly log: boolean;
      readonly whole: boolean;
    };
/** By the names of hyperparameters. */
export type Space = Readonly<Record<string, Values>>;
/** A value for each, as `--set` takes it. */
export type Point = Readonly<Record<string, string>>;

const shape = 'A..B, log:A..B, or values with | between them';
const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const isNumeric = ({ kind }: Hyper): boolean => kind === 'number' || kind === 'integer';

/** Why a value is none of this hyperparameter, as the end of a sentence; undefined where it is one. */
const unfit = ({ kind, choices = [], min = -Infinity, max = Infinity }: Hyper, text: string): string | undefined => {
  if (kind === 'boolean') return ['true', 'false'].includes(text) ? undefined : 'it is true or false';
  if (kind === 'choice') return choices.includes(text) ? undefined : `it is one of ${choices.join(', ')}`;
  if (kind === 'names') return undefined;
  const value = numeral.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || (kind === 'integer' && !Number.isInteger(value)))
    return `it is a${kind === 'integer' ? ' whole' : ''} number`;
  return value < min ? `it is at least ${min}` : value > max ? `it is at most ${max}` : undefined;
};

/** Left: a sentence without its subject. */
const valuesOf = (hyper: Hyper, text: string): E.Either<string, Values> => {
  const log = text.startsWith('log:');
  const ends = text.slice(log ? 4 : 0).split('..');
  const range = isNumeric(hyper) && (ends.length > 1 || log);
  const values = range ? ends : text.split('|').map((value) => value.trim());
  if (range && ends.length !== 2) return E.left(`${JSON.stringify(text)} is no range: write ${shape}`);
  const bad = values.map((value) => ({ value, why: unfit(hyper, value) })).find(({ why }) => why !== undefined);
  if (bad !== undefined) return E.left(`${JSON.stringify(bad.value)} cannot be tried: ${bad.why}`);
  // A number that is written in two ways is one.
  const of = isNumeric(hyper) ? values.map((value) => String(Number(value))) : values;
  if (!range) return E.right({ kind: 'choice', of: [...new Set(of)] });
  const [low, high] = [Number(ends[0]), Number(ends[1])];
  if (!(low < high)) return E.left(`${text} is empty: the lower end comes first`);
  if (log && low <= 0) return E.left(`${text} has no logarithm: the lower end is above 0`);
  return E.right({ kind: 'range', low, high, log, whole: hyper.kind === 'integer' });
};

/** Left: what cannot be read or is none of the model's, in a sentence. */
export const spaceOf = (text: string, hyper: HyperList['hyper']): E.Either<string, Space> => {
  const entries = text.split(',').filter((word) => word.trim() !== '');
  return pipe(
    entries,
    E.traverseArray((entry): E.Either<string, readonly [string, Values]> => {
      const at = entry.indexOf('=');
      const [name, values] = [entry.slice(0, Math.max(at, 0)).trim(), entry.slice(at + 1).trim()];
      if (name === '' || values === '')
        return E.left(
          `--space takes NAME=VALUES with commas between them, not ${JSON.stringify(entry)}: VALUES are ${shape}.`,
        );
      const own = Object.hasOwn(hyper, name) ? hyper[name] : undefined;
      if (own === undefined)
        return E.left(
          `--space names ${name}, which is no hyperparameter of the model: ${suggest(name, Object.keys(hyper), 'there are')}`,
        );
      return pipe(
        valuesOf(own, values),
        E.bimap(
          (why) => `--space ${name}: ${why}.`,
          (found) => [name, found] as const,
        ),
      );
    }),
    E.filterOrElse(
      (all) => all.length > 0 && new Set(all.map(([name]) => name)).size === all.length,
      (): string =>
        entries.length === 0
          ? `--space says where to look: NAME=VALUES with commas between them, VALUES being ${shape}.`
          : '--space names a hyperparameter twice: give all its values at once.',
    ),
    E.map(Object.fromEntries),
  );
};

/** The value at a share of the way, 0 to 1. Numbers have four digits: nobody tells more apart, and they can be read. */
const valueAt = (values: Values, share: number): string => {
  if (values.kind === 'choice') return values.of[Math.floor(share * values.of.length)]!;
  const { low, high, log, whole } = values;
  const end = whole ? high + 1 : high;
  const value = log ? Math.exp(Math.log(low) + share * (Math.log(end) - Math.log(low))) : low + share * (end - low);
  const within = (x: number): number => Math.min(high, Math.max(low, x));
  return String(within(whole ? Math.floor(value + 1e-9) : Number(value.toPrecision(4))));
};

/** Draws after which a space is taken to have no more points, for each that is wanted. */
const PATIENCE = 50;

/**
 * The first different points of the sequence that a seed gives, as many as are wanted where there are so many. More are wanted: the
 * first stay the same.
 */
export const pointsOf = (space: Space, seed: number, wanted: number): readonly Point[] => {
  const streams = Object.keys(space).map((name) => [name, stream(seed, 0, `search ${name}`)] as const);
  const found = new Map<string, Point>();
  for (let draw = 0; draw < PATIENCE * wanted && found.size < wanted; draw++) {
    const point = Object.fromEntries(streams.map(([name, of]) => [name, valueAt(space[name]!, uniformAt(of, draw))]));
    const key = JSON.stringify(point);
    if (!found.has(key)) found.set(key, point);
  }
  return [...found.values()];
};

/** `rate=0.001, dropout=0.2` */
export const pointText = (point: Point): string =>
  Object.entries(point)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
