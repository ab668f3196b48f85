/** What a schema says of a request that is not of it, in words, with the field. */
import { suggest } from '../contract/words.js';
import { type Place, pointerTo, type Problem } from './problem.js';
import type { Schema } from './schemas.js';

/** An error as Ajv tells it. */
export interface Violation {
  readonly keyword: string;
  /** A JSON pointer. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
}

const words: Readonly<Record<string, (params: Violation['params']) => string>> = {
  type: ({ type }) => `must be ${[type].flat().join(' or ')}`,
  minLength: () => 'must not be empty',
  maxLength: ({ limit }) => `must have at most ${String(limit)} letters`,
  minItems: () => 'must have at least one entry',
  maxItems: ({ limit }) => `must have at most ${String(limit)} entries`,
  minimum: ({ limit }) => `must be at least ${String(limit)}`,
  maximum: ({ limit }) => `must be at most ${String(limit)}`,
  required: () => 'is missing',
};

const pathOf = ({ instancePath, keyword, params }: Violation): readonly string[] => [
  ...instancePath
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')),
  ...(keyword === 'required' ? [String(params['missingProperty'])] : []),
  ...(keyword === 'additionalProperties' ? [String(params['additionalProperty'])] : []),
];

/** `history.3.item` */
const spoken = (path: readonly string[]): string => (path.length === 0 ? 'The body' : `\`${path.join('.')}\``);

const saying = (violation: Violation, path: readonly string[], schema: Schema): string => {
  const { keyword, params, message } = violation;
  if (keyword !== 'additionalProperties')
    return `${spoken(path)} ${words[keyword]?.(params) ?? message ?? 'is not as it should be'}.`;
  const fields = Object.keys((schema['properties'] ?? {}) as object);
  return `There is no field ${spoken(path)}: ${suggest(path.at(-1)!, fields, 'there are')}`;
};

/** The problem of a request whose body or query is not of its schema. */
export const violated = (violations: readonly Violation[], where: 'body' | 'querystring', schema: Schema): Problem => {
  const places = violations.map((violation): Place => {
    const path = pathOf(violation);
    const detail = saying(violation, path, schema);
    return where === 'body' ? { pointer: pointerTo(...path), detail } : { parameter: path.join('.'), detail };
  });
  return {
    kind: 'invalid-request',
    detail: places[0]?.detail ?? 'The request is not as it should be.',
    errors: places,
  };
};
