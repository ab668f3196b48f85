/** The packages that only a server needs, found when one starts: together they weigh 20 MB, which nobody who trains should carry. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { FastifyCorsOptions } from '@fastify/cors';
import type { FastifyHttpOptions, FastifyInstance, RawServerDefault } from 'fastify';
import type Prometheus from 'prom-client';

export interface Peers {
  readonly fastify: (options: FastifyHttpOptions<RawServerDefault>) => FastifyInstance;
  readonly prometheus: typeof Prometheus;
  /** Only where CORS is asked for. */
  readonly cors: ((app: FastifyInstance, options: FastifyCorsOptions) => Promise<unknown>) | undefined;
}

const found = async <A>(load: () => Promise<A>): Promise<A | undefined> => {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return undefined;
  }
};

/** Left: what is missing, and the command that adds it. */
export const peers = async (withCors: boolean): Promise<Either<string, Peers>> => {
  const fastify = await found(() => import('fastify'));
  const prometheus = await found(() => import('prom-client'));
  const cors = withCors ? await found(() => import('@fastify/cors')) : undefined;
  const missing = [
    ...(fastify === undefined ? ['fastify'] : []),
    ...(prometheus === undefined ? ['prom-client'] : []),
    ...(withCors && cors === undefined ? ['@fastify/cors'] : []),
  ];
  return fastify === undefined || prometheus === undefined || missing.length > 0
    ? left(
        `A server needs ${missing.join(' and ')}, which pcrec does not bring along: npm install ${missing.map((name) => `${name}@${versions[name]}`).join(' ')}`,
      )
    : right({
        fastify: (options) => fastify.fastify(options),
        prometheus: prometheus.default,
        cors: cors && (async (app, options) => void (await app.register(cors.default, options))),
      });
};

/** As the package's optional peers have them. */
const versions: Readonly<Record<string, string>> = { fastify: '5', 'prom-client': '15', '@fastify/cors': '11' };
