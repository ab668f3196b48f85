/** What a model's `build` has to return, looked at where types could not: `any`, JavaScript, a promise. */
import { type Either, right } from 'fp-ts/lib/Either.js';
import type { Outputs, Phase } from '../../dsl/model.js';
import { type Diagnostics, refuse, type Source } from '../diagnostics.js';
import { isNode } from './provenance.js';

export const wanted =
  "return { loss, scores }: loss is one number, Tensor<never>; scores has one for each item of each user, Tensor<'batch' | 'item'>; nextItem(...) gives both";

/** The axes of what a model returns, by name. */
const shapes: Readonly<Record<string, { readonly axes: readonly string[]; readonly optional: boolean }>> = {
  loss: { axes: [], optional: false },
  scores: { axes: ['batch', 'item'], optional: false },
  losses: { axes: ['batch', 'seq'], optional: true },
  logit: { axes: ['batch'], optional: true },
};

const listed = (axes: readonly string[]): string => (axes.length === 0 ? 'no axes' : `the axes ${axes.join(', ')}`);
const shown = (value: unknown): string =>
  value === null || typeof value !== 'object'
    ? value === undefined
      ? 'nothing'
      : `${typeof value === 'string' ? JSON.stringify(value) : String(value)}`
    : isNode(value)
      ? 'a tensor'
      : Array.isArray(value)
        ? 'a list'
        : 'an object';

const isLabel = (value: unknown): boolean => {
  const { column, test } = (value ?? {}) as { readonly column?: unknown; readonly test?: { readonly kind?: unknown } };
  return typeof column === 'string' && (test?.kind === 'atLeast' || test?.kind === 'among');
};

export const checkOutputs = (
  value: unknown,
  phase: Phase,
  source: Source | undefined,
): Either<Diagnostics, Outputs> => {
  const wrong = (what: string): Either<Diagnostics, never> =>
    refuse('PC1016', `in the phase '${phase}' the model's build ${what}`, source, wanted);
  if (value instanceof Promise) {
    value.catch(() => undefined); // Nobody waits for it.
    return wrong('returns a promise: a model is built at once, so build is no async function');
  }
  if (typeof value !== 'object' || value === null || isNode(value) || Array.isArray(value))
    return wrong(`returns ${shown(value)}`);
  for (const [name, { axes, optional }] of Object.entries(shapes)) {
    const given = (value as Readonly<Record<string, unknown>>)[name];
    if (given === undefined && optional) continue;
    if (given === undefined) return wrong(`returns no '${name}'`);
    if (!isNode(given)) return wrong(`returns ${shown(given)} as '${name}', which is a tensor`);
    const own = given.axes.map((a) => a.name);
    if (own.length !== axes.length || axes.some((a) => !own.includes(a)))
      return wrong(`returns '${name}' with ${listed(own)}, and it has ${listed(axes)}`);
    if (given.dtype !== 'f32') return wrong(`returns '${name}' of the type ${given.dtype}, and it is of the type f32`);
  }
  const { logit, label } = value as Readonly<Record<string, unknown>>;
  if ((logit === undefined) !== (label === undefined))
    return wrong(
      logit === undefined
        ? `returns a 'label' and no 'logit' of it`
        : `returns a 'logit' and does not say of which 'label': return label: eventLabel(...).of too`,
    );
  if (label !== undefined && !isLabel(label))
    return wrong(`returns ${shown(label)} as 'label', which is what eventLabel(...).of says`);
  return right(value as Outputs);
};
