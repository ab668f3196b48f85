/** What goes wrong with a request, as RFC 9457 has it: a kind, its status, and where in the request it lies. */

/** The kinds of problems: their statuses and titles. */
export const kinds = {
  'malformed-json': { status: 400, title: 'The body is no JSON' },
  'invalid-request': { status: 400, title: 'A field of the request is not as it should be' },
  unauthorized: { status: 401, title: 'A bearer token is needed' },
  'not-found': { status: 404, title: 'There is no such path' },
  'method-not-allowed': { status: 405, title: 'The path does not take this method' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is not application/json' },
  unknown: { status: 422, title: 'The model does not know what a field names' },
  refused: { status: 422, title: 'The request cannot be answered' },
  failed: { status: 500, title: 'The scores could not be computed' },
  bug: { status: 500, title: 'This is a bug in pcrec' },
  overloaded: { status: 503, title: 'Too many requests wait' },
  late: { status: 503, title: 'The request waited too long' },
  unready: { status: 503, title: 'The server does not answer now' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;
export type Kind = keyof typeof kinds;

/** A place in a request: a JSON pointer into the body (`#/history/3`), or the name of a parameter of the query; and what is wrong there. */
export type Place =
  | { readonly pointer: string; readonly detail: string }
  | { readonly parameter: string; readonly detail: string };

export interface Problem {
  readonly kind: Kind;
  readonly detail: string;
  readonly errors?: readonly Place[];
  /** Whole seconds after which it may be tried again. */
  readonly after?: number;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of a name in a JSON pointer. */
const escaped = (name: string | number): string =>
  encodeURIComponent(String(name).replaceAll('~', '~0').replaceAll('/', '~1'));
/** `#/history/3` of `history`, 3. */
export const pointerTo = (...path: readonly (string | number)[]): string =>
  `#${path.map((name) => `/${escaped(name)}`).join('')}`;

/** A problem at one place of the body. */
export const at = (kind: Kind, path: readonly (string | number)[], detail: string): Problem => ({
  kind,
  detail,
  errors: [{ pointer: pointerTo(...path), detail }],
});

/** The body of the answer; its type is `application/problem+json`. */
export const bodyOf = ({ kind, detail, errors }: Problem): object => ({
  type: `urn:pcrec:problem:${kind}`,
  title: kinds[kind].title,
  status: kinds[kind].status,
  detail,
  ...(errors === undefined ? {} : { errors }),
});
