/** A server from its beginning to its end: put together, listening, given newer checkpoints, drained. */
import type { Server as HttpServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { FastifyInstance } from 'fastify';
import type { CompiledModel } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import { checked } from '../checked.js';
import type { ServeOptions } from '../options.js';
import { app } from './app.js';
import { type Exchange, exchange, watched } from './exchange.js';
import { type Loaded, loaded, pathOf } from './loaded.js';
import { metrics } from './metrics.js';
import { openapi } from './openapi.js';
import { type Settled, settled } from './options.js';
import { peers } from './peers.js';
import { routes, type Standing } from './routes.js';

/** A server that listens. */
export interface Server {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** What really runs. */
  readonly backend: string;
  /** Takes the checkpoint as it is now; requests go on meanwhile. Left: why it stays with the one that it has. */
  reload(): TaskEither<string, void>;
  /** Takes no more connections, answers what it has taken, and gives the devices back. Left: some were not answered in time. */
  close(): TaskEither<string, void>;
}

/** Everything but the socket. */
export interface Assembled {
  readonly chosen: Settled;
  readonly say: (line: string) => void;
  readonly models: Exchange<Loaded>;
  readonly server: FastifyInstance;
  /** From here on whoever asks is told to ask elsewhere next time. */
  readonly end: () => void;
}

/** A server that does not listen yet. Left: as for `serve`. */
export const assembled = (compiled: CompiledModel, options: ServeOptions): TaskEither<string, Assembled> => {
  const chosen = settled(options, compiled.url !== undefined);
  const say = options.say ?? ((line: string) => console.error(line));
  const { manifest } = compiled;
  let ending = false;
  /** Whoever answers now; metrics are there before anybody does. */
  let asks: () => Loaded['asks'] | undefined = () => undefined;
  return pipe(
    TE.fromEither(checked(options)),
    TE.chain(() => () => peers(chosen.origins.length > 0)),
    TE.bindTo('found'),
    TE.let('counts', ({ found }) =>
      metrics(
        found.prometheus,
        { waiting: () => asks()?.waiting() ?? 0, alive: () => asks()?.alive() ?? 0 },
        { model: manifest.model, hash: manifest.hash },
      ),
    ),
    TE.let(
      'load',
      ({ counts }) =>
        (before?: Loaded) =>
          loaded(compiled, options, chosen, { say, seen: counts.batched, before }),
    ),
    TE.bind('first', ({ load }) => load()),
    TE.let('models', ({ first, load, counts }) =>
      exchange(first, load, (taken) => {
        counts.reloaded(E.isRight(taken));
        say(
          E.isRight(taken)
            ? `The checkpoint ${taken.right.path} was taken.`
            : `The server stays with the checkpoint that it has. ${taken.left}`,
        );
      }),
    ),
    TE.chain(({ found, counts, models }) => {
      asks = () => models.current().asks;
      const table = routes(chosen);
      const standing: Standing = {
        current: models.current,
        ending: () => ending,
        metrics: counts,
        openapi: openapi(manifest, table, chosen.tokens.length > 0),
      };
      return TE.rightTask(async () => ({
        chosen,
        say,
        models,
        server: await app(found, table, chosen, standing, say),
        end: () => {
          ending = true;
        },
      }));
    }),
  );
};

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);
/** How often a watched checkpoint is looked at, in milliseconds. */
const lookEvery = 1000;

/** Whether work was done in time. */
const within = async (ms: number, work: Promise<unknown>): Promise<boolean> => {
  const timer = new AbortController();
  const late = setTimeout(ms, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return done;
};

/** Counts requests in hand. The result resolves when there is none. */
const inHand = (server: HttpServer): (() => Promise<void>) => {
  let count = 0;
  const waits: (() => void)[] = [];
  server.on('request', (_, response) => {
    count++;
    response.once('close', () => {
      if (--count === 0) waits.splice(0).forEach((tell) => tell());
    });
  });
  return async () => {
    if (count > 0)
      await new Promise<void>((resolve) => {
        waits.push(resolve);
      });
  };
};

/** Takes no more connections, and lets those go that are left when nothing is in hand: some have never asked anything. */
const drained = async (server: FastifyInstance, quiet: () => Promise<void>): Promise<void> => {
  const closed = server.close();
  while (server.server.listening) await setTimeout(1);
  await quiet();
  server.server.closeAllConnections();
  await closed;
};

/**
 * Opens a server and lets it listen. Left: options that do not fit, packages that are missing, an unusable checkpoint, a device that
 * does not open, or a port that is taken.
 */
export const serve =
  (compiled: CompiledModel) =>
  (options: ServeOptions): TaskEither<string, Server> =>
    pipe(
      assembled(compiled, options),
      TE.chain(({ chosen: { host, port, tokens, watch, drain }, say, models, server, end }) =>
        pipe(
          TE.tryCatch(
            () => server.listen({ host, port }),
            (error) => `The server cannot listen on ${host}, port ${port}: ${messageOf(error)}.`,
          ),
          TE.orElse((why) => async () => {
            await models.end();
            return E.left(why);
          }),
          TE.map((url): Server => {
            if (!loopback.has(host) && tokens.length === 0)
              say(`Everybody who reaches ${host} may ask this server: a token would keep strangers out.`);
            const unwatch = watch ? watched(pathOf(compiled, options), lookEvery, () => void models.next()) : undefined;
            const quiet = inHand(server.server);
            const close = async (): Promise<E.Either<string, void>> => {
              end();
              unwatch?.();
              const done = await within(drain, drained(server, quiet));
              server.server.closeAllConnections();
              return (await within(drain, models.end())) && done
                ? E.right(undefined)
                : E.left(`Some requests were not answered within ${drain / 1000} s, and were given up.`);
            };
            let closing: Promise<E.Either<string, void>> | undefined;
            return {
              url,
              get backend() {
                return models.current().backend;
              },
              reload: () => models.next,
              close: () => () => (closing ??= close()),
            };
          }),
        ),
      ),
    );
