/** The table of routes on Fastify: limits, tokens, and everything that goes wrong as one kind of answer. */
import { createHash, timingSafeEqual } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../errors.js';
import { violated, type Violation } from './fields.js';
import type { Settled } from './options.js';
import type { Peers } from './peers.js';
import { bodyOf, type Kind, kinds, type Problem } from './problem.js';
import type { Call, Route, Standing } from './routes.js';

/** What Fastify itself refuses, as we say it. */
const refusals: Readonly<Record<string, readonly [Kind, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-json', 'The body cannot be read as JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-json', 'The body is empty, and should be a JSON object.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', 'The body is larger than this server takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid-request', 'The body is not as long as its Content-Length says.'],
  FST_ERR_BAD_URL: ['not-found', 'The path cannot be read.'],
};

const sent = (reply: FastifyReply, problem: Problem): FastifyReply => {
  const { after, headers = {} } = problem;
  return reply
    .code(kinds[problem.kind].status)
    .headers({ ...(after === undefined ? {} : { 'retry-after': String(after) }), ...headers })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(bodyOf(problem)));
};

/** Digests are as long as each other, so that comparing them tells nothing of a token. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const holds =
  (tokens: readonly string[]) =>
  (header: string | undefined): boolean => {
    const given = digest(/^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '');
    return tokens.map(digest).filter((token) => timingSafeEqual(token, given)).length > 0;
  };
const unauthorized: Problem = {
  kind: 'unauthorized',
  detail: 'Send the header `Authorization: Bearer TOKEN` with a token that this server knows.',
  headers: { 'www-authenticate': 'Bearer' },
};

/** A query is text; a whole number in it is one. */
const withNumbers = (query: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(query as object).map(([name, value]) => [
      name,
      name === 'limit' && typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
    ]),
  );

const refusal = (error: FastifyError, route: Route | undefined): Problem => {
  if (error.validation !== undefined) {
    const where = error.validationContext === 'querystring' ? 'querystring' : 'body';
    return violated(
      error.validation as readonly Violation[],
      where,
      (where === 'body' ? route?.body : route?.query) ?? {},
    );
  }
  const known = refusals[error.code];
  if (known !== undefined) return { kind: known[0], detail: known[1] };
  // The parser's own words for what is no JSON, in whatever version.
  if (error instanceof SyntaxError || error.statusCode === 400)
    return { kind: 'malformed-json', detail: 'The body cannot be read as JSON.' };
  return { kind: 'bug', detail: 'Something was not foreseen. The server has said more of it where it runs.' };
};

const callOf = (request: FastifyRequest, reply: FastifyReply): Call => ({
  body: (request.body ?? {}) as Call['body'],
  query: (request.query ?? {}) as Call['query'],
  gone: () => reply.raw.destroyed || request.raw.socket.destroyed,
});

/** The server without its socket: tests ask it as it is. */
export const app = async (
  { fastify, cors }: Pick<Peers, 'fastify' | 'cors'>,
  routes: readonly Route[],
  { bodyLimit, timeout, tokens, origins }: Settled,
  standing: Standing,
  say: (line: string) => void,
): Promise<FastifyInstance> => {
  const server = fastify({
    bodyLimit,
    // For a request to arrive. Its answer is bounded by the queue.
    requestTimeout: timeout,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true } },
  });
  const known = holds(tokens);
  const byUrl = (request: FastifyRequest): Route | undefined =>
    routes.find(({ url, method }) => url === request.routeOptions.url && method === request.method);

  if (cors !== undefined && origins.length > 0)
    await cors(server, {
      origin: origins.includes('*') ? '*' : [...origins],
      methods: ['GET', 'POST'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedHeaders: ['retry-after'],
      maxAge: 600,
    });
  // Hooks call back: a promise for each of them would cost a request as much as its parsing.
  server.addHook('onSend', (_, reply, payload, done) => {
    // Whoever keeps the connection is told to come to another server next time.
    if (standing.ending()) reply.header('connection', 'close');
    done(null, payload);
  });
  server.addHook('onResponse', (request, reply, done) => {
    standing.metrics.answered(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = refusal(error, byUrl(request));
    if (problem.kind === 'bug')
      say(`This is a bug in pcrec, at ${request.method} ${request.routeOptions.url}: ${messageOf(error)}`);
    return sent(reply, problem);
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const methods = routes.flatMap(({ url, method }) => (url === path ? [method] : []));
    return sent(
      reply,
      methods.length === 0
        ? { kind: 'not-found', detail: `There is no ${path}; GET /openapi.json lists what there is.` }
        : {
            kind: 'method-not-allowed',
            detail: `${path} takes ${methods.join(', ')}.`,
            headers: { allow: methods.join(', ') },
          },
    );
  });
  for (const { method, url, body, query, open = false, run } of routes)
    server.route({
      method,
      url,
      schema: { ...(body === undefined ? {} : { body }), ...(query === undefined ? {} : { querystring: query }) },
      ...(open || tokens.length === 0
        ? {}
        : {
            onRequest: (request, reply, done) => {
              if (known(request.headers.authorization)) done();
              else sent(reply, unauthorized);
            },
          }),
      ...(query === undefined
        ? {}
        : {
            preValidation: (request, _, done) => {
              request.query = withNumbers(request.query);
              done();
            },
          }),
      handler: async (request, reply) => {
        const found = await run(standing, callOf(request, reply));
        if (E.isLeft(found)) return sent(reply, found.left);
        const { body: answer, type, headers = {} } = found.right;
        return reply
          .headers(headers)
          .type(type ?? 'application/json; charset=utf-8')
          .send(type === undefined ? JSON.stringify(answer) : answer);
      },
    });
  return server;
};
