/** From what `models` and `set` say to the files of models, and the settings of each. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { packageModels } from '../contract/package.js';
import { near } from '../contract/words.js';

/** A model as `models` names it. */
export interface Wanted {
  /** `hstu`, or `hstu@large` with a preset: what rows of the table and names of files say. */
  readonly label: string;
  readonly file: string;
  readonly preset: string | undefined;
  /** `name=value`, as the compiler's `--set` takes them. */
  readonly set: readonly string[];
}

const extension = /\.m?[jt]s$/;
const isPath = (text: string): boolean => /[\\/]/.test(text) || extension.test(text);

/** `hstu`, `hstu@large`, `mine.ts`, `models/mine.ts@small`: a model and its preset. */
const parted = (spec: string): { readonly model: string; readonly preset: string | undefined } => {
  const [, model = spec, preset] = /^(.+)@([^@\\/]+)$/.exec(spec) ?? [];
  return { model, preset };
};

/** What the model is called in rows and in names of files. */
export const labelOf = (spec: string): string => {
  const { model, preset } = parted(spec);
  return `${basename(model).replace(extension, '')}${preset === undefined ? '' : `@${preset}`}`;
};

/** ` Did you mean 'hstu'?`, or nothing where no name is near. */
export const meant = (name: string, names: readonly string[]): string => {
  const [first] = near(name, names);
  return first === undefined ? '' : ` Did you mean '${first}'?`;
};

/** Left: no such model, and those there are. */
const wanted = (spec: string): E.Either<string, Omit<Wanted, 'set'>> => {
  const { model, preset } = parted(spec);
  const named = { label: labelOf(spec), preset };
  if (isPath(model))
    return existsSync(model) ? E.right({ ...named, file: resolve(model) }) : E.left(`There is no model file ${model}.`);
  const own = packageModels();
  const file = own.get(model);
  if (file !== undefined) return E.right({ ...named, file });
  const names = [...own.keys()];
  return E.left(
    `There is no model '${model}'.${meant(model, names)} There are ${names.join(', ')}; for one of your own give the path of its file, such as ./${model}.ts.`,
  );
};

/** A setting for one model begins with its label: `hstu:heads=2`. */
const aimed = (text: string): { readonly model: string | undefined; readonly setting: string } => {
  const [, model, setting = text] = /^([^:=]+):(.*)$/s.exec(text) ?? [];
  return { model, setting };
};

/**
 * The models that are named, with the settings meant for each. Left: a model that is not there or comes twice, or a setting for a
 * model that is not among them.
 */
export const wantedModels = (specs: readonly string[], set: readonly string[]): E.Either<string, readonly Wanted[]> => {
  const settings = set.map(aimed);
  return pipe(
    specs,
    E.traverseArray(wanted),
    E.chain((models) => {
      const labels = models.map(({ label }) => label);
      const twice = labels.find((label, i) => labels.indexOf(label) !== i);
      if (twice !== undefined) return E.left(`--models names ${twice} twice: rows and files could not be told apart.`);
      const astray = settings.find(({ model }) => model !== undefined && !labels.includes(model));
      if (astray !== undefined)
        return E.left(
          `--set ${astray.model}:${astray.setting} is for a model that --models does not name.${meant(astray.model ?? '', labels)}`,
        );
      return E.right(
        models.map((of) => ({
          ...of,
          set: settings.filter(({ model }) => model === undefined || model === of.label).map(({ setting }) => setting),
        })),
      );
    }),
  );
};
