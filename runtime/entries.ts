/**
 * Calls of a compiled model's entries: exactly the inputs that the manifest lists go in, and device failures come out as values.
 * What an entry may list, and what that is, says the table of inputs (`contract/batch.ts`).
 *
 * - `train` gives the scalar `loss`, and perhaps `unconverged`: rows whose implicit solve failed. States advance in place.
 * - `rank` gives `rank` [batch], 1 = best.
 * - `score` gives `scores` [batch, items].
 * - `vectors` gives `user` [batch, width], `item` [items, width] and perhaps `bias` [items], of which `scores` are the products and sums.
 * - `explain`, on a session of its own, is given `wanted` [batch] too, and gives what `contract/explanation.ts` says.
 * - `predict`, of a model that predicts a label, gives `logit` [batch]: of the label of each row's `target`. It is given what `rank` is.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { columnsOf } from './data/fill.js';
import type { Dataset } from './data/index.js';
import { messageOf } from './errors.js';
import { rowIn, withEvents } from './features.js';
import type { Inputs, Job } from './job.js';
import { type ColumnName, columnOf, columns, type Fill, inputsFor } from './contract/batch.js';
import { once } from './contract/once.js';
import type { Draw } from './contract/random.js';
import type { Ceilings, Data, KernelTime, Manifest, Session } from './contract/session.js';

/** Why a model has no entry of a name; undefined where that is not known. */
export const lacking = ({ model, without }: Manifest, entry: string): string | undefined =>
  without?.[entry] && `The model ${model} has no ${entry}: ${without[entry]}.`;

/** The inputs that an entry lists. Left: the entry or an input that does not exist. */
const chosen = (manifest: Manifest, entry: string, offered: Inputs): E.Either<string, Inputs> =>
  pipe(
    manifest.entries[entry],
    E.fromNullable(
      lacking(manifest, entry) ??
        `The model \`${manifest.model}\` was compiled without the entry \`${entry}\`; compile it again.`,
    ),
    E.chain(({ inputs }) =>
      pipe(
        inputs,
        E.traverseArray(({ name }) =>
          pipe(
            offered[name],
            E.fromNullable(
              `The entry \`${entry}\` of \`${manifest.model}\` asks for the input \`${name}\`, which these data do not give (they give ${Object.keys(offered).join(', ')}).`,
            ),
            E.map((data) => [name, data] as const),
          ),
        ),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  );

/** The columns of data that a model reads, in any of its entries. */
export const columnsRead = once((manifest: Manifest): readonly ColumnName[] => {
  const read = Object.values(manifest.entries).flatMap(({ inputs }) => inputs.map(({ name }) => rowIn(manifest, name)));
  return [...new Set(read.flatMap((row) => (row === undefined ? [] : (columnOf(row) ?? []))))];
});
/** Whether a request says, or has assumed for it, when it comes. */
export const readsTimes = (manifest: Manifest): boolean =>
  columnsRead(manifest).some((column) => columns[column].next === 'moment');

/** Left: data without a column that the model reads. It would learn, and tell, what zeros say. */
export const withColumns = (
  manifest: Manifest,
  data: Pick<Dataset, 'name' | 'sequence' | 'times' | 'events'>,
): E.Either<string, void> => {
  const given = columnsOf(data);
  const lack = columnsRead(manifest)
    .filter((column) => given[column] === undefined)
    .map((column) => columns[column].lack)
    .find((l) => l !== null);
  if (lack === undefined) return withEvents(manifest, data);
  const { what, give, without } = lack;
  return E.left(
    `The model ${manifest.model} reads ${what}, and the data ${data.name} have none: what it made of them would be false. Give data with ${give}` +
      `${manifest.hyper[without] === true ? `, or compile the model with --set ${without}=false` : ', or a model that reads none'}.`,
  );
};

export interface Machine {
  readonly manifest: Manifest;
  readonly session: Session;
}

type Counted = Extract<Fill, { readonly from: 'run' }>['count'];
const counts: { readonly [C in Counted]: (job: Pick<Job, 'settings' | 'feed'>, step: number) => number } = {
  step: (_, step) => step,
  steps: ({ settings, feed }) => (settings.before ?? 0) + settings.epochs * feed.batches,
};
/** Scalars that a `train` entry may list. */
export const scalars = (job: Pick<Job, 'settings' | 'feed'>, step: number): Inputs =>
  Object.fromEntries(
    inputsFor('train').flatMap(({ name, fill }) =>
      fill.from === 'run' ? [[name, Float32Array.of(counts[fill.count](job, step))] as const] : [],
    ),
  );

/** Runs one entry. Left: a missing input, or what the device said. */
export const call = (
  { manifest, session }: Machine,
  entry: string,
  offered: Inputs,
  random: Draw,
): TaskEither<string, Readonly<Record<string, Data>>> =>
  pipe(
    TE.fromEither(chosen(manifest, entry, offered)),
    TE.chain((inputs) =>
      TE.tryCatch(
        () => session.run(entry, inputs, random),
        (error) => `The device ${session.backend} failed in \`${entry}\` at step ${random.step}: ${messageOf(error)}.`,
      ),
    ),
  );

/** How long each kernel of one entry took. Left: a missing input, or a device that cannot tell. */
export const timed = (
  { manifest, session }: Machine,
  entry: string,
  offered: Inputs,
  random: Draw,
): TaskEither<string, readonly KernelTime[]> =>
  pipe(
    TE.fromEither(chosen(manifest, entry, offered)),
    TE.chain((inputs) =>
      session.profile === undefined
        ? TE.left(`The device ${session.backend} does not time its kernels; choose --device native or wasm.`)
        : TE.tryCatch(
            () => (session.profile as NonNullable<Session['profile']>)(entry, inputs, random),
            (error) => `The device ${session.backend} failed in \`${entry}\`: ${messageOf(error)}.`,
          ),
    ),
  );

/** What the device could do at most. Left: a device that cannot tell. */
export const ceilingsOf = (session: Session): TaskEither<string, Ceilings> =>
  session.ceilings === undefined
    ? TE.left(`The device ${session.backend} does not measure what it could do; choose --device native or wasm.`)
    : TE.tryCatch(
        () => (session.ceilings as NonNullable<Session['ceilings']>)(),
        (error) => `The device ${session.backend} failed: ${messageOf(error)}.`,
      );

/** One output of an entry. */
export const output = (outputs: Readonly<Record<string, Data>>, entry: string, name: string): E.Either<string, Data> =>
  pipe(
    outputs[name],
    E.fromNullable(
      `The entry \`${entry}\` gave no \`${name}\`; it gave ${Object.keys(outputs).join(', ') || 'nothing'}.`,
    ),
  );

/** The name and the value of the first tensor, in execution order, that holds a value that is not finite. */
export const firstNonFinite = (
  { manifest, session }: Machine,
  entry: string,
  offered: Inputs,
  random: Draw,
): TaskEither<string, { readonly name: string; readonly value: number; readonly at: number } | undefined> =>
  pipe(
    TE.fromEither(chosen(manifest, entry, offered)),
    TE.chain((inputs) => TE.tryCatch(() => session.inspect(entry, inputs, random), messageOf)),
    TE.map((buffers) => {
      const bad = buffers.find(({ data }) => !data.every(Number.isFinite));
      const at = bad === undefined ? -1 : bad.data.findIndex((x) => !Number.isFinite(x));
      return bad && { name: bad.name, value: bad.data[at] as number, at };
    }),
  );
