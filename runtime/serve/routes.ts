/** Every route, once: what it takes and gives is checked by Fastify, shown in the OpenAPI document, and listed here. */
import { setImmediate } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { lacking } from '../entries.js';
import type { Metrics } from './metrics.js';
import { type Best, named, type Recommendations, told } from '../recommend.js';
import type { Unanswered } from './gather.js';
import type { Loaded } from './loaded.js';
import type { Settled } from './options.js';
import { page } from './page.js';
import { at, pointerTo, type Problem } from './problem.js';
import { answers, bodies, type Schema, search as searchQuery } from './schemas.js';
import { searchBetween } from './search.js';
import {
  type Body,
  understand as understood,
  understandItems,
  type Understood,
  type Wish,
  wishes,
} from './understand.js';

/** What routes answer from. */
export interface Standing {
  readonly current: () => Loaded;
  readonly ending: () => boolean;
  readonly metrics: Metrics;
  readonly openapi: object;
}

/** A request as a route sees it, and whether anybody still waits for the answer. */
export interface Call {
  readonly body: Body;
  readonly query: { readonly search?: string; readonly limit?: number };
  readonly gone: () => boolean;
}

export interface Reply {
  readonly body: unknown;
  /** JSON unless given. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly summary: string;
  /** Answered without a token. */
  readonly open?: boolean;
  readonly body?: Schema;
  readonly query?: Schema;
  /** For the document and the page. */
  readonly example?: object;
  readonly answer: Schema | { readonly type: string };
  /** Statuses of problems that it may answer with, beside those of every route. */
  readonly problems: readonly number[];
  run(standing: Standing, call: Call): Promise<E.Either<Problem, Reply>>;
}

const unanswered: { readonly [K in Unanswered['kind']]: (why: Extract<Unanswered, { kind: K }>) => Problem } = {
  full: ({ after }) => ({ kind: 'overloaded', detail: `Try again in ${after} s.`, after }),
  late: () => ({ kind: 'late', detail: 'No scorer was free in time. Try again.', after: 1 }),
  closed: () => ({ kind: 'unready', detail: 'No scorer is there.', after: 1 }),
  failed: ({ why }) => ({ kind: 'failed', detail: why }),
};
const problemOf = <K extends Unanswered['kind']>(why: Extract<Unanswered, { kind: K }>): Problem =>
  unanswered[why.kind as K](why);

type Understand = (loaded: Loaded, body: Body, wish: Wish) => TE.TaskEither<Problem, Understood>;
type Say = (loaded: Loaded, understood: Understood, best: Best) => object;

/** A request that is understood, scored, and said. */
const scored =
  (wish: Wish, say: Say, understand: Understand = understood): Route['run'] =>
  ({ current }, { body, gone }) => {
    const model = current();
    return model.use(() =>
      pipe(
        understand(model, body, wish),
        TE.chain((request) =>
          pipe(
            () => model.asks.ask(request.question, gone),
            TE.bimap(problemOf, (best) => ({ body: say(model, request, best) })),
          ),
        ),
      )(),
    );
  };

const recommendations: Say = ({ manifest, catalogue, backend }, { request, past, moment }, best): Recommendations =>
  told(manifest, catalogue, request, past, moment, best, backend);
const scores: Say = (loaded, understood, best) => ({
  ...recommendations(loaded, understood, best),
  items: Array.from(best.items, (at, i) => ({ ...named(loaded.catalogue, at), score: best.scores[i] })),
});

/** Of a user, of items, or of both. Left: a model that has none, or nothing that is asked about. */
const ofVectors: Understand = (loaded, body, wish) => {
  const { manifest } = loaded;
  const lack = lacking(manifest, 'vectors');
  if (lack !== undefined || manifest.entries['vectors'] === undefined)
    return TE.left({
      kind: 'refused',
      detail: lack ?? 'The model was compiled without its vectors: compile it again.',
    });
  if ((body.user ?? body.history) !== undefined) return understood(loaded, body, wish);
  if (body.items === undefined)
    return TE.left({
      kind: 'invalid-request',
      detail: 'Give `user` or `history`, whose vector is wanted, or `items`, of which they are wanted, or both.',
      errors: ['user', 'history', 'items'].map((name) => ({
        pointer: pointerTo(name),
        detail: 'one of the three is needed',
      })),
    });
  const stray = Object.entries(body).find(([name, value]) => name !== 'items' && value !== undefined)?.[0];
  return stray === undefined
    ? TE.fromEither(understandItems(loaded, body, wish))
    : TE.left(
        at(
          'invalid-request',
          [stray],
          `\`${stray}\` tells of who asks, and nobody does: give \`user\` or \`history\` too, or leave it out.`,
        ),
      );
};
const vectors: Say = (loaded, understood, best) => {
  const { wanted } = understood.question;
  const user = wanted.kind === 'vectors' && wanted.user;
  const count = best.items.length + Number(user);
  const width = best.scores.length / count;
  const part = (i: number): readonly number[] =>
    Array.from({ length: width }, (_, at) => best.scores[i * width + at] as number);
  return {
    ...recommendations(loaded, understood, { items: [], scores: [] }),
    vector: user ? part(0) : null,
    items: Array.from(best.items, (at, i) => ({ ...named(loaded.catalogue, at), vector: part(i + Number(user)) })),
  };
};

const unready = (detail: string): E.Either<Problem, Reply> => E.left({ kind: 'unready', detail, after: 1 });

export const routes = ({ listLimit }: Pick<Settled, 'listLimit'>): readonly Route[] => {
  const { recommend, scores: scoresBody, vectors: vectorsBody } = bodies(listLimit);
  const asking = [400, 413, 415, 422, 500, 503];
  return [
    {
      method: 'POST',
      url: '/recommend',
      summary: 'What comes next for a user, or after a history.',
      body: recommend,
      example: { history: ['1', '2'], top: 5 },
      answer: answers.recommendations,
      problems: asking,
      run: scored(wishes.recommend, recommendations),
    },
    {
      method: 'POST',
      url: '/scores',
      summary: 'The scores of some items, for a user or after a history. They compare within one answer alone.',
      body: scoresBody,
      example: { history: ['1', '2'], items: ['3', '4'] },
      answer: answers.scores,
      problems: asking,
      run: scored(wishes.scores, scores),
    },
    {
      method: 'POST',
      url: '/vectors',
      summary:
        'The vector of a user, or of a history, and those of items. A score is the product of two, whatever engine computes it.',
      body: vectorsBody,
      example: { history: ['1', '2'], items: ['3', '4'] },
      answer: answers.vectors,
      problems: asking,
      run: scored(wishes.vectors, vectors, ofVectors),
    },
    {
      method: 'GET',
      url: '/items',
      summary:
        'Items by id, by title, or by a part of a title; the first of the catalogue where nothing is searched for.',
      query: searchQuery,
      answer: answers.items,
      problems: [400],
      run: async ({ current }, { query }) => {
        const { catalogue } = current();
        const found = await searchBetween(catalogue, () => setImmediate())(query.search ?? '', query.limit ?? 20);
        return E.right({ body: { items: found.map((item) => named(catalogue, item)) } });
      },
    },
    {
      method: 'GET',
      url: '/healthz',
      summary: 'Whether the process lives.',
      open: true,
      answer: answers.state,
      problems: [],
      run: async () => E.right({ body: { status: 'alive' } }),
    },
    {
      method: 'GET',
      url: '/readyz',
      summary: 'Whether requests should come here: not while it ends, nor without scorers.',
      open: true,
      answer: answers.state,
      problems: [503],
      run: async ({ current, ending }) => {
        const { manifest, backend, asks } = current();
        if (ending()) return unready('The server is ending.');
        if (asks.alive() === 0) return unready('All scoring threads have failed.');
        return E.right({ body: { status: 'ready', model: manifest.model, backend } });
      },
    },
    {
      method: 'GET',
      url: '/metrics',
      summary: 'Counts and times, for Prometheus.',
      answer: { type: 'text/plain' },
      problems: [],
      run: async ({ metrics }) => E.right({ body: await metrics.text(), type: metrics.type }),
    },
    {
      method: 'GET',
      url: '/openapi.json',
      summary: 'This document.',
      open: true,
      answer: { type: 'object' },
      problems: [],
      run: async ({ openapi }) => E.right({ body: openapi }),
    },
    {
      method: 'GET',
      url: '/',
      summary: 'A page to try all this.',
      open: true,
      answer: { type: 'text/html' },
      problems: [],
      run: async () => E.right({ body: page.text, type: 'text/html; charset=utf-8', headers: page.headers }),
    },
  ];
};
