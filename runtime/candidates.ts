/** Which items an answer may hold: those of a list, without those of another, of some category. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Checkpoint } from './checkpoint.js';
import type { Manifest } from './contract/session.js';
import { suggest } from './contract/words.js';
import { reason } from './files.js';
import { type Index, item, list } from './lookup.js';
import type { People } from './people.js';

/** Ids or titles: one text with commas between them, or a list. Programs that pass on what others write open no files so. */
export type Names = string | readonly string[];

/** The items of a column by the names of its values. */
export interface Categories {
  readonly vocabulary: readonly string[];
  /** By item index: the places of its values, from 0. */
  readonly of: (item: number) => readonly number[];
}

const itemsOf =
  (catalogue: Index) =>
  (names: Names): E.Either<string, readonly number[]> =>
    typeof names === 'string' ? list(catalogue)(names) : pipe(names, E.traverseArray(item(catalogue)));

/** As a command line tells names: the path of a file with one a line, or a list. Left: a file that cannot be read. */
export const namesIn = (text: string): E.Either<string, Names> =>
  existsSync(text) && statSync(text).isFile()
    ? E.tryCatch(
        () =>
          readFileSync(text, 'utf8')
            .split(/\r?\n/)
            .map((line) => line.trim())
            .filter((line) => line !== ''),
        (error) => `The items in ${text} could not be read: ${reason(error)}.`,
      )
    : E.right(text);

/** `genre=war`. Left: a text that is not of that form. */
const condition = (text: string): E.Either<string, readonly [column: string, value: string]> => {
  const at = text.indexOf('=');
  return at > 0
    ? E.right([text.slice(0, at).trim(), text.slice(at + 1).trim()])
    : E.left(`--where takes COLUMN=VALUE, not ${JSON.stringify(text)}.`);
};

/** Conditions by column: of one column any value may hold, of several columns each must. */
const conditionsOf = (where: Names): E.Either<string, ReadonlyMap<string, readonly string[]>> =>
  pipe(
    typeof where === 'string' ? [where] : where,
    E.traverseArray(condition),
    E.map((all) =>
      all.reduce(
        (map, [column, value]) => map.set(column, [...(map.get(column) ?? []), value]),
        new Map<string, string[]>(),
      ),
    ),
  );

/** Whether an item has one of the values. Left: a value that the column has not. */
const having =
  (column: string, { vocabulary, of }: Categories) =>
  (values: readonly string[]): E.Either<string, (item: number) => boolean> =>
    pipe(
      values,
      E.traverseArray((value) => {
        const place = vocabulary.indexOf(value);
        return place >= 0
          ? E.right(place)
          : E.left(
              `No item has the ${column} ${JSON.stringify(value)}: ${suggest(value, vocabulary, `values of ${column}`)}`,
            );
      }),
      E.map((places) => (at) => of(at).some((place) => places.includes(place))),
    );

/** What of a checkpoint is still needed when its states are on the device. */
export type Remembered = Pick<Checkpoint, 'items' | 'titles' | 'data' | 'settings' | 'features'> & {
  /** Codes of the categories of items that the model reads, by column. */
  readonly codes: ReadonlyMap<string, Float32Array>;
};

export const rememberedOf = (manifest: Manifest, kept: Checkpoint): Remembered => ({
  items: kept.items,
  titles: kept.titles,
  data: kept.data,
  settings: kept.settings,
  features: kept.features,
  codes: new Map(
    manifest.states.flatMap(({ name, init }) =>
      init.kind === 'given' && (init.feature.kind === 'category' || init.feature.kind === 'categories')
        ? [[init.feature.name, kept.states[name]!] as const]
        : [],
    ),
  ),
});

/** A column of items as the checkpoint knows it; undefined where the model does not read it. */
const columnKept = ({ features, codes, items }: Remembered, name: string): Categories | undefined => {
  const [found, own] = [features?.items[name], codes.get(name)];
  if (own === undefined || found === undefined || !('vocabulary' in found)) return undefined;
  const each = own.length / items.length;
  return {
    vocabulary: found.vocabulary,
    of: (at) => [...own.subarray(at * each, (at + 1) * each)].filter((code) => code > 0).map((code) => code - 1),
  };
};
/** The same from the data. Left: a column that they have not, or that is no category. */
const columnIn =
  (name: string) =>
  ({ data, known }: People): E.Either<string, Categories> => {
    const column = data.features?.get(name);
    if (column?.kind !== 'category' && column?.kind !== 'categories') {
      const there = [...(data.features ?? [])].filter(([, { kind }]) => kind.startsWith('categor')).map(([n]) => n);
      return E.left(
        `--where asks for the ${name} of items, and no column of ${data.name} tells it: ${suggest(name, there, 'columns of categories')}`,
      );
    }
    const codes = new Map(known.map((at, code) => [at, code]));
    const own = (code: number): Int32Array =>
      column.kind === 'category'
        ? column.values.subarray(code, code + 1)
        : column.values.subarray(column.offsets[code], column.offsets[code + 1]);
    return E.right({
      vocabulary: column.vocabulary,
      of: (at) => {
        const code = codes.get(at);
        return code === undefined ? [] : [...own(code)].filter((value) => value > 0).map((value) => value - 1);
      },
    });
  };

/** Which items may be recommended. */
export interface Limits {
  readonly only?: Names | undefined;
  readonly except?: Names | undefined;
  readonly where?: Names | undefined;
}

/** Whom an answer may hold. Left: items or values that cannot be told, or nothing that is left. */
export const allowedBy = (
  remembered: Remembered,
  catalogue: Index,
  everybody: TaskEither<string, People>,
  { only, except, where }: Limits,
): TaskEither<string, ((item: number) => boolean) | undefined> => {
  if (only === undefined && except === undefined && where === undefined) return TE.right(undefined);
  const named = (names: Names | undefined): E.Either<string, ReadonlySet<number> | undefined> =>
    names === undefined
      ? E.right(undefined)
      : pipe(
          names,
          itemsOf(catalogue),
          E.map((items) => new Set(items)),
        );
  const column = (name: string): TaskEither<string, Categories> => {
    const kept = columnKept(remembered, name);
    return kept === undefined ? pipe(everybody, TE.chainEitherK(columnIn(name))) : TE.right(kept);
  };
  return pipe(
    TE.Do,
    TE.bind('some', () => TE.fromEither(named(only))),
    TE.bind('none', () => TE.fromEither(named(except))),
    TE.bind('conditions', () => TE.fromEither(conditionsOf(where ?? []))),
    TE.bind('tests', ({ conditions }) =>
      pipe(
        [...conditions],
        TE.traverseSeqArray(([name, values]) =>
          pipe(
            column(name),
            TE.chainEitherK((categories) => having(name, categories)(values)),
          ),
        ),
      ),
    ),
    TE.map(
      ({ some, none, tests }) =>
        (at: number) =>
          some?.has(at) !== false && none?.has(at) !== true && tests.every((test) => test(at)),
    ),
    TE.filterOrElse(
      (may) => remembered.items.some((_, at) => may(at)),
      () => 'No item is left by --only, --except and --where (`only`, `except`, `where`): ask for fewer conditions.',
    ),
  );
};
