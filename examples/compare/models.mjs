// @ts-check
/** From a name to a model that can be trained: found, compiled by the compiler's own command, and opened. */
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { exitCodes, main, toolchain } from 'pcrec/compiler';
import { newSettings } from 'pcrec/runtime';

/**
 * @import { Either } from 'fp-ts/lib/Either.js'
 * @import { Contestant, Plan, Wanted } from './types.ts'
 */

/** The package's own models, which may be given by name. */
const folder = fileURLToPath(new URL('../../models/', import.meta.url));
/** @returns {readonly string[]} */
export const modelNames = () => readdirSync(folder).filter((name) => name.endsWith('.ts')).map((name) => name.slice(0, -3)).sort();

const extension = /\.m?[jt]s$/;
/** @type {(text: string) => boolean} */
const isPath = (text) => /[\\/]/.test(text) || extension.test(text);

/** `hstu`, `hstu@large`, `mine.ts`, `models/mine.ts@small`. Left: no such model, and those there are. @type {(spec: string) => Either<string, Omit<Wanted, 'set'>>} */
const wanted = (spec) => {
  const [, model = spec, preset] = /^(.+)@([^@\\/]+)$/.exec(spec) ?? [];
  const names = modelNames();
  if (!isPath(model) && !names.includes(model)) return E.left(`There is no model '${model}'. There are ${names.join(', ')}; for one of your own give the path of its file, such as ./${model}.ts.`);
  const label = `${basename(model).replace(extension, '')}${preset === undefined ? '' : `@${preset}`}`;
  return E.right({ label, file: isPath(model) ? resolve(model) : join(folder, `${model}.ts`), preset });
};

/** A setting for one model begins with its label: `hstu:heads=2`. @type {(text: string) => { readonly model: string | undefined, readonly setting: string }} */
const aimed = (text) => {
  const [, model, setting = text] = /^([^:=]+):(.*)$/s.exec(text) ?? [];
  return { model, setting };
};

/**
 * The models that `--models` names, with the settings meant for each. Left: a model that is not there or comes twice, or a
 * setting for a model that is not among them.
 *
 * @type {(specs: readonly string[], set: readonly string[]) => Either<string, readonly Wanted[]>}
 */
export const wantedModels = (specs, set) => {
  const settings = set.map(aimed);
  return pipe(
    specs,
    E.traverseArray(wanted),
    E.chain((models) => {
      const labels = models.map(({ label }) => label);
      const twice = labels.find((label, i) => labels.indexOf(label) !== i);
      const astray = settings.find(({ model }) => model !== undefined && !labels.includes(model));
      return twice !== undefined ? E.left(`--models names ${twice} twice: rows and files could not be told apart.`)
        : astray !== undefined ? E.left(`--set ${astray.model}:${astray.setting} is for a model that --models does not name.`)
          : E.right(models.map((of) => ({ ...of, set: settings.filter(({ model }) => model === undefined || model === of.label).map(({ setting }) => setting) })));
    }),
  );
};

/** @typedef {{ readonly compiled: { readonly manifest: import('pcrec/runtime').Manifest }, readonly train: Contestant['train'] }} Emitted */

/**
 * Compiles one model into a folder and opens its trainer. What is wrong with it is told as `pcrec-compile` tells it, to `say`.
 * Left: which model, and whether its file or the command is to blame.
 *
 * @type {(plan: Plan, model: Wanted, say: (text: string) => void) => Promise<Either<string, Contestant>>}
 */
export const compiled = async ({ out, training, models }, { label, file, preset, set }, say) => {
  const into = resolve(out, 'models', label);
  const argv = [file, '--out', into, ...(preset === undefined ? [] : ['--preset', preset]), ...set.flatMap((setting) => ['--set', setting])];
  const code = main(argv, toolchain, { out: () => undefined, err: say, now: () => performance.now(), colour: process.stderr.isTTY === true, cwd: process.cwd() });
  if (code !== exitCodes.ok) {
    const hint = code === exitCodes.usage && set.length > 0 && models.length > 1 ? `; a setting for one model alone is written --set ${label}:name=value` : '';
    return E.left(`${label} could not be compiled${hint}.`);
  }
  try {
    /** @type {Emitted} */
    const { compiled: { manifest }, train } = await import(pathToFileURL(join(into, 'trainer.js')).href);
    return pipe(
      newSettings(manifest, training),
      E.map((settings) => ({ label, manifest: manifest.hash, hyper: manifest.hyper, settings: (/** @type {number} */ seed) => ({ ...settings, seed }), train })),
    );
  } catch (error) {
    return E.left(`The trainer of ${label} in ${into} cannot be loaded: ${error instanceof Error ? error.message : String(error)}. Choose a folder inside a project that has pcrec with --out.`);
  }
};
