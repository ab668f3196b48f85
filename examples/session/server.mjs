/**
 * A shop that recommends by what its visitor has looked at. The session is a signed cookie, so the server keeps nothing of anybody.
 *
 *   npm install pcrec fastify@5 @fastify/cookie@11
 *   npx pcrec-compile hstu && node build/hstu/trainer.js --data sample
 *   SECRET=something-long node server.mjs
 *
 * `GET /items/ID` is a visit of an item, and `GET /for-you` what might come next.
 */
import cookie from '@fastify/cookie';
import Fastify from 'fastify';
import { recommender } from './build/hstu/trainer.js';

const model = await recommender();
const app = Fastify();
await app.register(cookie, { secret: process.env.SECRET });

/** Ids of the items that were looked at, oldest first. */
const looked = ({ cookies, unsignCookie }) => JSON.parse(unsignCookie(cookies.looked ?? '').value ?? '[]');
const next = async (history) => (history.length === 0 ? [] : (await model.recommend({ history, top: 8 })).items);

app.get('/items/:id', async (request, reply) => {
  const items = [...looked(request), request.params.id].slice(-30);
  // An id that the model does not know is refused here, and does not get into the cookie.
  const also = await next(items).catch(({ message }) => app.log.info(message));
  if (also === undefined) return reply.code(404).send({ error: `There is no item ${request.params.id}.` });
  reply.setCookie('looked', JSON.stringify(items), { signed: true, httpOnly: true, sameSite: 'lax', path: '/' });
  return { id: request.params.id, also };
});
app.get('/for-you', async (request) => ({ items: await next(looked(request)) }));

app.addHook('onClose', () => model.close());
console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }));
