/** Answers for all users of the data at once, and vectors of users and items, into files: what `recommend` gives each, in batches on all cores. */
import { availableParallelism } from 'node:os';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { withRequest } from '../asking.js';
import { allowedBy, type Remembered, rememberedOf } from '../candidates.js';
import { type Checkpoint, restore } from '../checkpoint.js';
import type { CompiledModel } from '../contract/compiled.js';
import type { Manifest } from '../contract/session.js';
import { plural } from '../contract/words.js';
import { lacking } from '../entries.js';
import { sizesOf } from '../features.js';
import { Interrupted, type Pieces, sparing, writeAtomically } from '../files.js';
import { index } from '../lookup.js';
import { checked } from '../checked.js';
import type { ExportOptions } from '../options.js';
import { people, type People, pastOf } from '../people.js';
import { type Best, defaultTop, momentFor, named } from '../recommend.js';
import { row } from '../row.js';
import { outOf } from '../defaults.js';
import { dataOf, sourcesOf } from '../source.js';
import { crew } from '../serve/crew.js';
import type { Question, Scorer, ScorerSpec, Wanted } from '../serve/scorer.js';
import { titled } from '../titled.js';
import { fileOf } from '../train.js';
import { answered, type Asked } from './answers.js';
import { endingOf, type List, listFormats, type Matrix, type Vector, vectorFormats } from './formats.js';

/** What was written. */
export interface Exported {
  readonly file: string;
  /** A file of ids, one a line in JSON, in the order of the rows; null where the first has them itself. */
  readonly ids: string | null;
  /** Users, or items. */
  readonly rows: number;
  /** Users who are left out, since the model knows no item of theirs. */
  readonly unknown: number;
  /** What was assumed, in sentences, each with the users of whom it is true where these are not all. */
  readonly notes: readonly string[];
  /** From the first batch to the last. */
  readonly seconds: number;
  readonly backend: string;
}

/** Everything that is the same for all that is asked. */
interface Source {
  readonly manifest: Manifest;
  readonly remembered: Remembered;
  readonly everybody: People;
  readonly options: ExportOptions;
  readonly may: ((item: number) => boolean) | undefined;
  /** Of how many users each sentence is true that `recommend` would say. */
  readonly notes: Map<string, number>;
}

/** Each user of the data who has a past that the model knows, as `recommend` would be asked; in the order of their ids. */
const questions = async function* (
  { manifest, remembered, everybody, options, may, notes }: Source,
  wanted: (past: readonly number[], may: Uint8Array | undefined) => Wanted,
): AsyncGenerator<Asked<string>> {
  const mask = may && Uint8Array.from(remembered.items, (_, item) => Number(may(item)));
  for (const user of everybody.data.users) {
    if (options.signal?.aborted === true) throw new Interrupted(`Told to end: ${options.file} was not written.`);
    const question = await pipe(
      TE.fromEither(pastOf(user)(everybody)),
      TE.chainEitherK(withRequest(manifest, remembered.features, undefined)),
      TE.chain((past) =>
        past.items.length === 0
          ? TE.right(undefined)
          : pipe(
              momentFor(manifest, TE.right(everybody), { user, at: options.at }, past),
              TE.map(({ inputs, notes: assumed }): Question => {
                for (const note of [...assumed, ...(past.notes ?? [])]) notes.set(note, (notes.get(note) ?? 0) + 1);
                return { inputs, wanted: wanted(past.items, mask) };
              }),
            ),
      ),
    )();
    if (E.isLeft(question)) throw new Interrupted(`Of user ${user}: ${question.left}`);
    if (question.right !== undefined) yield { about: user, question: question.right };
  }
};

const topOf =
  (options: ExportOptions) =>
  (past: readonly number[], may: Uint8Array | undefined): Wanted => ({
    kind: 'top',
    top: options.top ?? defaultTop,
    past: Int32Array.from(past),
    may,
  });
const ofUser = (): Wanted => ({ kind: 'vectors', user: true, of: new Int32Array(0) });
/** So many items are asked about at once. */
const several = 256;
const itemQuestions = async function* ({ manifest, remembered }: Source): AsyncGenerator<Asked<Int32Array>> {
  const nobody = withRequest(manifest, remembered.features, undefined)({ items: [], times: undefined });
  if (E.isLeft(nobody)) throw new Interrupted(nobody.left);
  const inputs = row(nobody.right, manifest.length, null, manifest.rows);
  for (let from = 0; from < remembered.items.length; from += several) {
    const of = Int32Array.from(remembered.items.slice(from, from + several), (_, i) => from + i);
    yield { about: of, question: { inputs, wanted: { kind: 'vectors', user: false, of } } };
  }
};

const listOf = ({ remembered }: Source, user: string, { items, scores }: Best): List => ({
  user,
  items: Array.from(items, (at, i) => {
    const { id, title } = named(remembered, at);
    return { item: id, title, score: scores[i] as number };
  }),
});
const vectorsOf = ({ remembered }: Source, of: Int32Array, { scores }: Best): readonly Vector[] => {
  const width = scores.length / of.length;
  return Array.from(of, (item, i) => ({
    id: remembered.items[item]!,
    vector: (scores as Float32Array).subarray(i * width, (i + 1) * width),
  }));
};

/** Files, of which the second needs what is found while the first is written. */
interface Plan {
  readonly pieces: (scorers: readonly Scorer[]) => Pieces;
  readonly ids: string | null;
  readonly rows: () => number;
  readonly unknown: () => number;
  readonly notes: () => readonly string[];
  readonly idsOf: () => readonly string[];
}

/** Left: an ending that is no format's. */
const planOf = (source: Source): E.Either<string, Plan> => {
  const { options, manifest, remembered, everybody } = source;
  const { file, vectorsOf: vectors } = options;
  const ending = endingOf(file);
  const known: string[] = [];
  const noted = async function* <A, R>(
    answers: AsyncIterable<readonly (readonly [A, Best])[]>,
    rowsOf: (about: A, best: Best) => readonly R[],
    id: (row: R) => string,
  ): AsyncGenerator<readonly R[]> {
    for await (const batch of answers) {
      const rows = batch.flatMap(([about, best]) => rowsOf(about, best));
      rows.forEach((one) => known.push(id(one)));
      yield rows;
    }
  };
  const common = {
    rows: () => known.length,
    unknown: () => (vectors === 'item' ? 0 : everybody.data.users.length - known.length),
    notes: () =>
      [...source.notes].map(([note, users]) =>
        users === known.length ? note : `Of ${plural(users, 'user')}: ${note}`,
      ),
    idsOf: () => known,
  };
  if (vectors === undefined) {
    const write = listFormats[ending];
    return write === undefined
      ? E.left(unknown(file, 'Lists', Object.keys(listFormats)))
      : E.right({
          ...common,
          ids: null,
          pieces: (scorers) =>
            write(
              noted(
                answered(scorers, questions(source, topOf(options))),
                (user, best) => [listOf(source, user, best)],
                ({ user }) => user,
              ),
              undefined,
            ),
        });
  }
  const format = vectorFormats[ending];
  if (format === undefined) return E.left(unknown(file, 'Vectors', Object.keys(vectorFormats)));
  const outputs = manifest.entries['vectors']?.outputs ?? [];
  const own = outputs.find(({ name }) => name === vectors);
  if (own === undefined)
    return E.left(
      lacking(manifest, 'vectors') ?? `The model ${manifest.model} was compiled without its vectors: compile it again.`,
    );
  const rows =
    vectors === 'item'
      ? remembered.items.length
      : everybody.data.users.filter((user) => pastLength(everybody, user) > 0).length;
  const width = Number(own.shape[1]) + (outputs.some(({ name }) => name === 'bias') ? 1 : 0);
  const matrix: Matrix = { of: vectors, rows, width, model: manifest.model };
  const vectorId = ({ id }: Vector): string => id;
  return E.right({
    ...common,
    ids: format.ids ? null : `${file}.ids.jsonl`,
    pieces: (scorers) =>
      format.write(
        vectors === 'item'
          ? noted(answered(scorers, itemQuestions(source)), (of, best) => vectorsOf(source, of, best), vectorId)
          : noted(
              answered(scorers, questions(source, ofUser)),
              (id, { scores }): readonly Vector[] => [{ id, vector: scores as Float32Array }],
              vectorId,
            ),
        matrix,
      ),
  });
};
const unknown = (file: string, what: string, endings: readonly string[]): string =>
  `${what} are not written as ${file}: give a file that ends in ${endings.slice(0, -1).join(', ')} or ${endings.at(-1)}.`;
const pastLength = ({ data, places, known }: People, user: string): number => {
  const at = places.get(user)!;
  return data.sequence.subarray(data.offsets[at], data.offsets[at + 1]).filter((code) => known[code] !== undefined)
    .length;
};

const specOf = (
  { manifest }: CompiledModel,
  { device, batch }: ExportOptions,
  { items, features, states, settings }: Checkpoint,
): ScorerSpec => ({
  batch: batch ?? 64,
  whole: true,
  device,
  threads: 1,
  sizes: { items: items.length, ...sizesOf(features) },
  states: Object.fromEntries(
    manifest.states.flatMap(({ name, role }) => (role === 'slot' ? [] : [[name, states[name]!] as const])),
  ),
  seed: settings.seed,
});

/** What each kind of file is not made of. */
const idle = {
  lists: [],
  user: ['top', 'only', 'except', 'where'],
  item: ['top', 'only', 'except', 'where', 'at'],
} as const;
/** Left: an option that would change nothing. */
const bearing = (options: ExportOptions): E.Either<string, void> => {
  const { vectorsOf = 'lists' } = options;
  const stray = idle[vectorsOf].find((name) => options[name] !== undefined);
  return stray === undefined
    ? E.right(undefined)
    : E.left(`--${stray} says what lists have, and vectors of ${vectorsOf}s have none of it: leave it out.`);
};

const written = (plan: Plan, { file }: ExportOptions, scorers: readonly Scorer[]): TaskEither<string, Exported> => {
  const began = performance.now();
  return pipe(
    writeAtomically(file, plan.pieces(scorers)),
    TE.chain(() =>
      plan.ids === null
        ? TE.right(undefined)
        : writeAtomically(plan.ids, [
            Buffer.from(
              plan
                .idsOf()
                .map((id) => `${JSON.stringify(id)}\n`)
                .join(''),
            ),
          ]),
    ),
    TE.map(() => ({
      file,
      ids: plan.ids,
      rows: plan.rows(),
      unknown: plan.unknown(),
      notes: plan.notes(),
      seconds: (performance.now() - began) / 1000,
      backend: scorers[0]!.backend,
    })),
  );
};

/** Writes a file of what is asked for. Left: as for recommending, an ending that nobody knows, or a file that cannot be written. */
export const exportTo =
  (compiled: CompiledModel) =>
  (options: ExportOptions): TaskEither<string, Exported> => {
    const { manifest, url } = compiled;
    const path = options.checkpoint ?? fileOf(outOf(compiled, undefined), 'best');
    return pipe(
      TE.Do,
      TE.chainFirstEitherK(() => checked(options)),
      TE.chainFirstEitherK(() => bearing(options)),
      TE.bind('kept', () => pipe(restore(path, manifest), TE.chain(titled(options)))),
      TE.let('remembered', ({ kept }) => rememberedOf(manifest, kept)),
      TE.let('catalogue', ({ remembered }) => index(remembered)),
      TE.bind('read', ({ kept }) => dataOf(manifest, options, kept.data)),
      TE.chainFirstEitherK(({ read: { identity } }) => sparing(path, ...sourcesOf(identity))(options.file)),
      TE.let('everybody', ({ kept, catalogue, read: { data } }) => people(manifest, catalogue, kept.features)(data)),
      TE.bind('may', ({ remembered, catalogue, everybody }) =>
        allowedBy(remembered, catalogue, TE.right(everybody), options),
      ),
      TE.bind('plan', ({ remembered, everybody, may }) =>
        TE.fromEither(planOf({ manifest, remembered, everybody, options, may, notes: new Map() })),
      ),
      TE.chain(({ kept, plan }) =>
        TE.bracket(
          crew(compiled, specOf(compiled, options, kept), {
            workers: url === undefined ? 0 : (options.threads ?? availableParallelism()),
            limit: 600_000,
            say: () => undefined,
          }),
          (scorers) => written(plan, options, scorers),
          (scorers) => async () => {
            await Promise.all(scorers.map((scorer) => scorer.close()));
            return E.right(undefined);
          },
        ),
      ),
    );
  };
