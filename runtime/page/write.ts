/** A trained model as a static site: the app that the package carries, and beside it the model's kernels, states and titles. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { withRequest } from '../asking.js';
import { type Checkpoint, restore } from '../checkpoint.js';
import type { CompiledModel } from '../contract/compiled.js';
import { type CpuPlan, explainModule, type WasmModule, wasmModule } from '../contract/cpu-plan.js';
import { packageFolder } from '../contract/package.js';
import { calledBy } from '../contract/plan.js';
import type { Manifest } from '../contract/session.js';
import { sizesOf } from '../features.js';
import { reason, writeAtomically } from '../files.js';
import { index } from '../lookup.js';
import { momentFor, pastFrom } from '../recommend.js';
import { outOf } from '../defaults.js';
import { fileOf } from '../train.js';
import { serviceWorker } from './offline.js';
import { files, isSite, packed, type Precision, type Site } from './site.js';

export interface PageOptions {
  /** The folder of the site; `site` unless given. */
  readonly out?: string | undefined;
  /** `runs/<model>/best.safetensors` unless given. */
  readonly checkpoint?: string | undefined;
  /** Its heading; the model's name unless given. */
  readonly title?: string | undefined;
  /** `float32` where the whole site then stays under five megabytes, else `float16`, unless given. */
  readonly precision?: Precision | undefined;
}

/** What was written. */
export interface Page {
  readonly out: string;
  readonly files: number;
  readonly bytes: number;
  readonly precision: Precision;
}

const largest = 5_000_000;

/** A file of the site. */
interface Written {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const text = (name: string, content: string): Written => ({ name, bytes: new TextEncoder().encode(content) });

const programIn = async ({ url }: CompiledModel, module: string): Promise<WasmModule> =>
  ((await import(new URL(module, url).href)) as { readonly program: WasmModule }).program;

interface Kernels {
  readonly manifest: Manifest;
  readonly score: WasmModule;
  readonly explain: WasmModule | undefined;
}
/** What scores, and what explains. Left: a trainer without kernels that browsers run, or what explains could not be made. */
const kernelsOf = (compiled: CompiledModel): TaskEither<string, Kernels> => {
  const { manifest, explain } = compiled;
  const module = (name: string): TaskEither<string, WasmModule> =>
    TE.tryCatch(
      () => programIn(compiled, name),
      () =>
        `A page runs WebAssembly, and this trainer of ${manifest.model} carries none: compile the model with --target all or wasm.`,
    );
  return pipe(
    module(wasmModule),
    TE.chain((score) =>
      explain === undefined
        ? TE.right<string, Kernels>({ manifest, score, explain: undefined })
        : pipe(
            TE.tryCatch(explain, reason),
            TE.chain(TE.fromEither),
            TE.chain(({ entry }) =>
              pipe(
                module(explainModule),
                TE.map((made): Kernels => ({
                  manifest: { ...manifest, entries: { ...manifest.entries, explain: entry } },
                  score,
                  explain: made,
                })),
              ),
            ),
          ),
    ),
  );
};

/** Left: a package without the app, as a clone is before it is built. */
const appFiles = (): E.Either<string, readonly Written[]> => {
  const folder = join(packageFolder(), 'dist', 'runtime', 'page', 'app');
  return E.tryCatch(
    () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => ({
          name: path.slice(folder.length + 1).replaceAll('\\', '/'),
          bytes: new Uint8Array(readFileSync(path)),
        })),
    (error) => `The app of the page is not in ${folder} (${reason(error)}): in a clone, npm run build makes it.`,
  );
};

/** What is assumed of a history of the page, which is items and nothing else: what a request with such a history is told. */
const notesOf = (
  { manifest }: CompiledModel,
  { items, titles, features }: Checkpoint,
): TaskEither<string, readonly string[]> => {
  const nobody = TE.left('A page knows no users.');
  const request = { history: items.slice(0, 1).map((item) => ({ item })) };
  return pipe(
    pastFrom(manifest, index({ items, titles }), features, nobody)(request),
    TE.chainEitherK(withRequest(manifest, features, undefined)),
    TE.chain((past) =>
      pipe(
        momentFor(manifest, nobody, request, past),
        TE.map(({ notes }) => [...notes, ...(past.notes ?? [])]),
      ),
    ),
  );
};

const planOf = ({ format, model, streams, entries }: WasmModule, entry: string): CpuPlan => ({
  format,
  model,
  streams,
  entries: entries.filter(({ name }) => name === entry),
});

const siteOf = (
  { manifest }: Pick<CompiledModel, 'manifest'>,
  checkpoint: Checkpoint,
  { plan, explain }: Pick<Site, 'plan' | 'explain'>,
  notes: readonly string[],
  { title, precision }: { readonly title: string | undefined; readonly precision: Precision },
): readonly Written[] => {
  const buffers = [plan, ...(explain === null ? [] : [explain])].flatMap(({ entries }) =>
    entries.flatMap((e) => e.buffers),
  );
  const read = new Set(buffers.filter((b) => b.role === 'state').map(calledBy));
  const states = manifest.states.flatMap(({ name }) =>
    read.has(name) ? [{ name, data: checkpoint.states[name]! }] : [],
  );
  const site: Site = {
    format: 'pcrec-page-1',
    title: title ?? manifest.model,
    manifest: { ...manifest, states: manifest.states.filter(({ name }) => read.has(name)) },
    plan,
    explain,
    sizes: sizesOf(checkpoint.features),
    features: checkpoint.features ?? null,
    items: checkpoint.items,
    titles: checkpoint.titles,
    seed: checkpoint.settings.seed,
    precision,
    states: states.map(({ name, data }) => ({ name, length: data.length })),
    notes,
  };
  return [
    text(files.model, JSON.stringify(site)),
    { name: files.states, bytes: packed[precision](states.map(({ data }) => data)) },
  ];
};

const sizeOf = (all: readonly Written[]): number => all.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

const front = 'index.html';

const withOffline = (all: readonly Written[]): readonly Written[] => {
  const version = all.reduce((hash, { name, bytes }) => hash.update(`${name}\0`).update(bytes), createHash('sha256'));
  const names = all.map(({ name }) => (name === front ? './' : `./${name}`));
  return [...all, text('offline.js', serviceWorker(names, version.digest('hex').slice(0, 16)))];
};

/** Others have a `model/model.json` too: it is what it says that counts. */
const isPage = (out: string): boolean => {
  try {
    return isSite(JSON.parse(readFileSync(join(out, files.model), 'utf8')));
  } catch {
    return false;
  }
};

/**
 * Takes an earlier page away: its front first, so that nothing shows half a page; what tells that this folder is a page's stays until it is
 * written over, so that a page that was cut short is one too. Left: a folder that holds something else.
 */
const cleared = (out: string): TaskEither<string, void> =>
  TE.tryCatch(
    async () => {
      if (!existsSync(out) || readdirSync(out).length === 0) return;
      if (!isPage(out)) throw new Error('it holds files that are no page; choose another folder with --out');
      const kept = basename(files.model);
      const models = existsSync(join(out, 'model')) ? readdirSync(join(out, 'model')) : [];
      const old = models.filter((name) => name !== kept).map((name) => join('model', name));
      for (const name of [front, 'assets', ...old]) await rm(join(out, name), { recursive: true, force: true });
    },
    (error) => `The page cannot be written to ${out}: ${reason(error)}.`,
  );

/** What tells that it is a page comes first, what shows it last. */
const inOrder = (all: readonly Written[]): readonly Written[] => {
  const turn = ({ name }: Written): number => (name === files.model ? 0 : name === front ? 2 : 1);
  return all.toSorted((a, b) => turn(a) - turn(b));
};

/** Writes the site. Left: an unusable checkpoint, a trainer without WebAssembly, or a folder that cannot be written. */
export const writePage =
  (compiled: CompiledModel) =>
  ({ out = 'site', checkpoint, title, precision }: PageOptions): TaskEither<string, Page> =>
    pipe(
      TE.Do,
      TE.bind('kept', () => restore(checkpoint ?? fileOf(outOf(compiled, undefined), 'best'), compiled.manifest)),
      TE.bind('kernels', () => kernelsOf(compiled)),
      TE.bind('app', () => TE.fromEither(appFiles())),
      TE.bind('notes', ({ kept }) => notesOf(compiled, kept)),
      TE.bind('code', ({ kernels }) =>
        TE.tryCatch(
          async (): Promise<readonly Written[]> => [
            { name: files.plain, bytes: await kernels.score.load(false) },
            { name: files.fused, bytes: await kernels.score.load(true) },
            ...(kernels.explain === undefined
              ? []
              : [{ name: files.explain, bytes: await kernels.explain.load(false) }]),
          ],
          (error) => `The kernels could not be read: ${reason(error)}. Compile the model again.`,
        ),
      ),
      TE.map(({ kept, kernels, app, notes, code }) => {
        const plans = {
          plan: planOf(kernels.score, 'score'),
          explain: kernels.explain === undefined ? null : planOf(kernels.explain, 'explain'),
        };
        const whole = (chosen: Precision) => ({
          precision: chosen,
          all: [...app, ...code, ...siteOf(kernels, kept, plans, notes, { title, precision: chosen })],
        });
        const full = whole(precision ?? 'float32');
        return precision === undefined && sizeOf(full.all) > largest ? whole('float16') : full;
      }),
      TE.map(({ precision: chosen, all }) => ({ precision: chosen, all: withOffline(all) })),
      TE.chainFirst(() => cleared(out)),
      TE.chainFirst(({ all }) =>
        pipe(
          inOrder(all),
          TE.traverseSeqArray(({ name, bytes }) => writeAtomically(join(out, name), [bytes])),
        ),
      ),
      TE.map(({ all, precision: chosen }) => ({ out, files: all.length, bytes: sizeOf(all), precision: chosen })),
    );
