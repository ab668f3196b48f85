/** A server from its beginning to its end: put together, listening, given newer checkpoints, drained. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import { checked, type ServeOptions } from '../options.js';
import { app } from './app.js';
import { exchange, watched } from './exchange.js';
import { type Loaded, loaded, pathOf } from './loaded.js';
import { metrics } from './metrics.js';
import { openapi } from './openapi.js';
import { settled } from './options.js';
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
export const assembled = (compiled: CompiledModel, options: ServeOptions) => {
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
    TE.let('load', ({ counts }) => (before?: Loaded) => loaded(compiled, options, chosen, { say, seen: counts.batched, before })),
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
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return done;
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
            const close = async (): Promise<E.Either<string, void>> => {
              end();
              unwatch?.();
              const drained = await within(drain, server.close());
              server.server.closeAllConnections();
              return (await within(drain, models.end())) && drained
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
