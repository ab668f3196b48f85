/** Which of a file's exports is the model: the default export, or the only one there is. */
import { type Either, right } from 'fp-ts/lib/Either.js';
import type { Hypers, Model } from '../../dsl/model.js';
import { type Diagnostics, refuse } from '../diagnostics.js';

export const isModel = (value: unknown): value is Model => typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'pcrec.model';

/** The name becomes a folder, an identifier in kernels and part of commands. */
const nameRule = /^[A-Za-z][A-Za-z0-9_-]*$/;

const checked = (model: Model, file: string): Either<Diagnostics, Model> => {
  if (!nameRule.test(model.name)) return refuse(`${file}: '${model.name}' cannot name a model`, undefined, `letters, digits, '-' and '_' make a name: model({ name: 'pcrec', ... })`);
  const { length } = model.hyper as Hypers;
  if (length?.kind !== 'integer') return refuse(`${file}: the model '${model.name}' has no integer hyperparameter 'length'`, undefined, "add length: integer(50, 'the longest history read') to its hyper");
  return right(model);
};

export const exportedModel = (exports: Readonly<Record<string, unknown>>, file: string): Either<Diagnostics, Model> => {
  const { default: main, ...named } = exports;
  if (isModel(main)) return checked(main, file);
  const models = Object.entries(named).filter((entry): entry is [string, Model] => isModel(entry[1]));
  const [first, second] = models;
  if (first === undefined) {
    const others = Object.keys(exports);
    return refuse(
      `${file} exports no model${others.length === 0 ? ' (it exports nothing)' : ` (it exports ${others.join(', ')})`}`,
      undefined, "export one: export default model({ name: 'mine', hyper: { ... }, optimizer: ..., build: ... })",
    );
  }
  if (second !== undefined && models.some(([, m]) => m !== first[1])) {
    return refuse(`${file} exports ${models.length} models: ${models.map(([name]) => name).join(', ')}`, undefined, 'a model file has one model: make one of them the default export, or give each its own file');
  }
  return checked(first[1], file);
};
