/** The OpenAPI document, from the table of routes: so it cannot say what they do not do. */
import type { Manifest } from '../contract/session.js';
import { kinds } from './problem.js';
import type { Route } from './routes.js';
import { answers, type Schema } from './schemas.js';

const problemsOf = (statuses: readonly number[]): object =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: [
          ...new Set(Object.values(kinds).flatMap((kind) => (kind.status === status ? [kind.title] : []))),
        ].join('; or: '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );

const contentOf = (answer: Route['answer']): object =>
  typeof answer.type === 'string' && answer.type.includes('/')
    ? { [answer.type]: { schema: { type: 'string' } } }
    : { 'application/json': { schema: answer } };

const parametersOf = (query: Schema | undefined): readonly object[] =>
  Object.entries((query?.['properties'] ?? {}) as Readonly<Record<string, Schema>>).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      schema,
    }),
  );

const operation = (
  { summary, body, query, example, answer, problems, open = false }: Route,
  secured: boolean,
): object => ({
  summary,
  ...(query === undefined ? {} : { parameters: parametersOf(query) }),
  ...(body === undefined
    ? {}
    : {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: body, ...(example === undefined ? {} : { example }) } },
        },
      }),
  responses: {
    200: { description: 'The answer.', content: contentOf(answer) },
    ...problemsOf([...problems, ...(secured && !open ? [401] : [])].sort()),
  },
  ...(secured && !open ? { security: [{ bearer: [] }] } : {}),
});

/** An OpenAPI 3.1 document. */
export const openapi = (
  manifest: Pick<Manifest, 'model' | 'hash'>,
  routes: readonly Route[],
  secured: boolean,
): object => ({
  openapi: '3.1.0',
  info: { title: `Recommendations by ${manifest.model}`, version: manifest.hash.slice(0, 14) },
  paths: Object.fromEntries(
    [...new Set(routes.map(({ url }) => url))].map((url) => [
      url,
      Object.fromEntries(
        routes
          .filter((route) => route.url === url)
          .map((route) => [route.method.toLowerCase(), operation(route, secured)]),
      ),
    ]),
  ),
  components: {
    schemas: { Problem: answers.problem },
    ...(secured ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
  },
});
