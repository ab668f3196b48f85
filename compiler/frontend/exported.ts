/** Which of a file's exports is the model: the default export, or the only one there is. */
import { type Either, right } from 'fp-ts/lib/Either.js';
import type { Hypers, Model } from '../../dsl/model.js';
import { misnamed } from '../../dsl/names.js';
import { type Diagnostics, refuse, type Source } from '../diagnostics.js';
import { hyperProblem } from './hyper.js';

export const isModel = (value: unknown): value is Model =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'pcrec.model';

/** The name becomes a folder, an identifier in kernels and part of commands. */
const nameRule = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;

/** What the model says of itself, before anything is built. */
const checked = (model: Model, file: string, source: Source | undefined): Either<Diagnostics, Model> => {
  if (!nameRule.test(model.name))
    return refuse(
      'PC3001',
      `${file}: '${model.name}' cannot name a model`,
      undefined,
      `letters, digits, '-' and '_' make a name, at most 100 of them: model({ name: 'pcrec', ... })`,
    );
  const { length } = model.hyper as Hypers;
  if (length?.kind !== 'integer')
    return refuse(
      'PC1014',
      `${file}: the model '${model.name}' has no integer hyperparameter 'length'`,
      undefined,
      "add length: integer(50, 'the longest history read') to its hyper",
    );
  const [wrong] = [
    ...Object.entries(model.hyper as Hypers).flatMap(([name, hyper]) => hyperProblem(name, hyper) ?? []),
    ...Object.keys(model.presets).flatMap((name) => {
      const message = misnamed('a preset', name);
      return message === null ? [] : [{ code: 'PC3001', message } as const];
    }),
  ];
  return wrong === undefined ? right(model) : refuse(wrong.code, wrong.message, source);
};

/** `madeAt`: the model file's call that made it. */
export const exportedModel = (
  exports: Readonly<Record<string, unknown>>,
  file: string,
  madeAt: (model: object) => Source | undefined,
): Either<Diagnostics, Model> => {
  const { default: main, ...named } = exports;
  if (isModel(main)) return checked(main, file, madeAt(main));
  const models = Object.entries(named).filter((entry): entry is [string, Model] => isModel(entry[1]));
  const [first, second] = models;
  if (first === undefined) {
    const others = Object.keys(exports);
    return refuse(
      'PC1012',
      `${file} exports no model${others.length === 0 ? ' (it exports nothing)' : ` (it exports ${others.join(', ')})`}`,
      undefined,
      "export one: export default model({ name: 'mine', hyper: { ... }, optimizer: ..., build: ... })",
    );
  }
  if (second !== undefined && models.some(([, m]) => m !== first[1])) {
    return refuse(
      'PC1013',
      `${file} exports ${models.length} models: ${models.map(([name]) => name).join(', ')}`,
      undefined,
      'a model file has one model: make one of them the default export, or give each its own file',
    );
  }
  return checked(first[1], file, madeAt(first[1]));
};
