/** A split as a small file, so that others divide the same data the same way, with this program or another. */
import { createHash } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { plural } from '../contract/words.js';
import type { Dataset } from './dataset.js';
import { type Rule, ruleText } from './rules.js';
import { type Split, training } from './split.js';

const format = 'pcrec-split-1';

/** sha-256, in hexadecimal, of where a split divides each user: two splits of the same data are the same where this is. */
export const splitHash = ({ trainingEnds, held }: Split): string => {
  const hash = createHash('sha256').update(trainingEnds);
  for (const { users, ends, starts } of [held.validation, held.test]) hash.update(users).update(ends).update(starts);
  return hash.digest('hex');
};

/** What a split comes to, in sentences. */
export const splitSays = (split: Split): readonly string[] => {
  const { dataset, rule, held } = split;
  const said = `Split: ${ruleText(rule, dataset)}.`;
  if (rule.kind === 'all') return [said];
  const met = new Uint8Array(dataset.items.length);
  dataset.users.forEach((_, user) => training(split, user).forEach((item) => void (met[item] = 1)));
  const part = (which: 'validation' | 'test'): string => {
    const { users, wanted } = held[which];
    const unmet = wanted.reduce((count, item) => count + 1 - met[item]!, 0);
    return `${which} asks ${plural(users.length, 'user')} for ${plural(wanted.length, 'item')}${unmet === 0 ? '' : `, ${unmet.toLocaleString('en-US')} of which training never met`}`;
  };
  const trained = split.trainingEnds.reduce((count, end, user) => count + end - dataset.offsets[user]!, 0);
  const late =
    rule.kind === 'time'
      ? dataset.users.filter((_, user) => {
          const first = dataset.times?.[dataset.offsets[user]!];
          return first !== undefined && first >= rule.test;
        }).length
      : 0;
  return [
    said,
    `Training has ${plural(trained, 'event')}; ${part('validation')}; ${part('test')}.`,
    ...(late === 0
      ? []
      : [`${plural(late, 'user')} came after the cut: without a history there is nothing to ask of them.`]),
  ];
};

/** The text of the file. `hash` is that of the data as they were read. */
export const splitText = (split: Split, given: string, hash: string): string => {
  const { name, users, items, sequence } = split.dataset;
  const { rule, held } = split;
  const head = {
    format,
    given,
    says: splitSays(split),
    data: { name, hash, users: users.length, items: items.length, interactions: sequence.length },
    wanted: { validation: held.validation.wanted.length, test: held.test.wanted.length },
    hash: splitHash(split),
    rule,
  };
  return `{\n${Object.entries(head)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(',\n')}\n}\n`;
};

const isTable = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const isNumber = (x: unknown): boolean => typeof x === 'number' && Number.isFinite(x);
const isIds = (x: unknown): x is readonly string[] => Array.isArray(x) && x.every((id) => typeof id === 'string');

/** What each rule that a file may hold must have. */
const forms: Readonly<Record<string, (rule: Readonly<Record<string, unknown>>) => boolean>> = {
  last: ({ count }) => Number.isInteger(count) && Number(count) > 0,
  time: ({ validation, test }) => isNumber(validation) && isNumber(test) && Number(validation) <= Number(test),
  users: ({ validation, test }) =>
    isIds(validation) && isIds(test) && new Set([...validation, ...test]).size === validation.length + test.length,
};

/** What a file of a split says. */
export interface SplitFile {
  readonly rule: Rule;
  /** What it must come to; undefined in a file that somebody wrote by hand. */
  readonly hash: string | undefined;
}

/**
 * The rule in a file's text, for these data, of which `hash` is as they were read. `format` and `rule` suffice. Left: the end of the
 * sentence "FILE cannot be used: ...".
 */
export const parseSplit = (text: string, data: Dataset, hash: string): E.Either<string, SplitFile> =>
  pipe(
    E.tryCatch(
      () => JSON.parse(text.replace(/^\uFEFF/, '')) as unknown,
      () => 'it is not JSON',
    ),
    E.filterOrElse(isTable, () => 'it is no table'),
    E.filterOrElse(
      (file) => file['format'] === format,
      (file) => `its format is ${JSON.stringify(file['format'] ?? 'unknown')} and not ${format}`,
    ),
    E.filterOrElse(
      ({ data: of }) => !isTable(of) || of['hash'] === undefined || of['hash'] === hash,
      ({ data: of }) =>
        `it divides other data (${isTable(of) ? `${String(of['name'])}, ${String(of['hash']).slice(0, 12)}` : ''}) than these (${data.name}, ${hash.slice(0, 12)})`,
    ),
    E.chain(({ rule, hash: wanted }) =>
      isTable(rule) && Object.hasOwn(forms, String(rule['kind'])) && forms[String(rule['kind'])]!(rule)
        ? E.right({ rule: rule as unknown as Rule, hash: typeof wanted === 'string' ? wanted : undefined })
        : E.left('its `rule` is none that divides data: `last`, `time` or `users`, with what belongs to it'),
    ),
    E.filterOrElse(
      ({ rule }) => rule.kind !== 'time' || data.times !== undefined,
      () => 'it divides by time, and the data have none',
    ),
    E.chain((file) => {
      if (file.rule.kind !== 'users') return E.right(file);
      const known = new Set(data.users);
      const stranger = [...file.rule.validation, ...file.rule.test].find((id) => !known.has(id));
      return stranger === undefined
        ? E.right(file)
        : E.left(`it names the user ${JSON.stringify(stranger)}, whom the data do not have`);
    }),
  );
