/** Every route as it answers, and every field as it is refused. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainer, type OpenRecommender } from '../../runtime/trainer.js';
import { toy } from '../runtime/toy.js';
import { changed, place, standing } from './support.js';

const at = place();
type Up = Awaited<ReturnType<typeof standing>>;
let up: Up;
let one: OpenRecommender;
beforeAll(async () => {
  up = await standing({ out: at.out, listLimit: 30, bodyLimit: 2000 });
  one = await trainer(toy()).recommender({ out: at.out });
});
afterAll(async () => {
  await up.server.close();
  await up.models.end();
  await one.close();
});

const post = async (url: string, body: unknown, of: Up = up) => {
  const found = await of.server.inject({ method: 'POST', url, payload: body as object });
  return {
    status: found.statusCode,
    type: found.headers['content-type'],
    headers: found.headers,
    body: found.json<Record<string, unknown>>(),
  };
};
const get = (url: string, of: Up = up) => of.server.inject({ method: 'GET', url });

describe('POST /recommend', () => {
  it.each([
    { history: ['i3', 'i4'] },
    { history: ['i3', 'i4'], top: 3 },
    { history: ['The Film 7'], top: 1 },
    { history: ['i0'], only: ['i5', 'i6', 'Film 7, The (1917)'] },
    { history: ['i0'], except: ['i5', 'i6'], top: 30 },
    { history: ['i0'], where: ['genre=even'], top: 30 },
    { user: 'u7' },
    { user: 'u39', top: 25, where: ['genre=odd'] },
  ])('answers %j as `recommend` does', async (body) => {
    const { status, type, body: found } = await post('/recommend', body);
    expect({ status, type }).toEqual({ status: 200, type: 'application/json; charset=utf-8' });
    expect(found).toEqual(JSON.parse(JSON.stringify(await one.recommend(body))));
  });

  it('takes events with items and whole numbers for ids, as the model reads them', async () => {
    expect((await post('/recommend', { history: [{ item: 'i3' }, 'i4'] })).body).toEqual(
      (await post('/recommend', { history: ['i3', 'i4'] })).body,
    );
    expect((await post('/recommend', { history: [3] })).body).toMatchObject({ errors: [{ pointer: '#/history/0' }] });
  });

  it('answers any requests at once as it answers each alone', async () => {
    const item = fc.nat(24).map((n) => `i${n}`);
    const request = fc.oneof(
      fc.record({ history: fc.array(item, { minLength: 1, maxLength: 12 }), top: fc.integer({ min: 1, max: 25 }) }),
      fc.record({ user: fc.nat(39).map((n) => `u${n}`) }),
      fc.record({ history: fc.tuple(item), only: fc.array(item, { minLength: 1, maxLength: 5 }) }),
      fc.record({
        history: fc.array(
          fc.nat(30).map((n) => `i${n}`),
          { minLength: 1, maxLength: 3 },
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 40 }), async (requests) => {
        const together = await Promise.all(requests.map((body) => post('/recommend', body)));
        for (const [i, body] of requests.entries()) {
          const { status, body: found } = await post('/recommend', body);
          expect({ status: together[i]!.status, body: together[i]!.body }).toEqual({ status, body: found });
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('POST /scores', () => {
  it('gives the scores that /recommend ranks by, of the items that are named, in their order', async () => {
    const { body: ranked } = await post('/recommend', { history: ['i3', 'i4'], top: 25 });
    const all = ranked['items'] as readonly { readonly id: string; readonly score: number }[];
    const { status, body } = await post('/scores', { history: ['i3', 'i4'], items: [all[5]!.id, all[0]!.id, 'i3'] });
    expect(status).toBe(200);
    const scores = body['items'] as typeof all;
    expect(scores.slice(0, 2)).toEqual(
      [all[5]!, all[0]!].map(({ id, score }) => ({ id, score, title: expect.any(String) as string })),
    );
    expect(scores[2]).toMatchObject({ id: 'i3', title: 'Film 3, The (1913)', score: expect.any(Number) as number });
  });
});

describe('POST /vectors', () => {
  type Vectors = { vector: readonly number[] | null; items: readonly { id: string; vector: readonly number[] }[] };
  const product = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

  it('gives vectors whose products are the scores, a bias among their numbers', async () => {
    const asked = { history: ['i3', 'i4'], items: ['i9', 'i3', 'Film 7, The (1917)'] };
    const { status, body } = await post('/vectors', asked);
    expect(status).toBe(200);
    const { vector, items } = body as unknown as Vectors;
    const { items: scores } = (await post('/scores', asked)).body as {
      items: readonly { id: string; score: number }[];
    };
    expect(items.map(({ id }) => id)).toEqual(['i9', 'i3', 'i7']);
    items.forEach((one, i) => {
      expect(one.vector.length).toBe(17);
      expect(product(vector!, one.vector)).toBeCloseTo(scores[i]!.score, 5);
    });
  });

  it('gives those of users alone, and of items alone, whoever asks beside', async () => {
    const whole = (await post('/vectors', { user: 'u7', items: ['i9'] })).body as unknown as Vectors;
    const [user, items, ...others] = await Promise.all([
      post('/vectors', { user: 'u7' }),
      post('/vectors', { items: ['i9'] }),
      post('/recommend', { user: 'u7' }),
      post('/scores', { user: 'u7', items: ['i9'] }),
    ]);
    expect(user!.body).toMatchObject({ user: 'u7', vector: whole.vector, items: [] });
    expect(items!.body).toMatchObject({ user: null, history: [], vector: null, items: whole.items });
    expect(others.map(({ status }) => status)).toEqual([200, 200]);
    expect(others[0]!.body).toEqual((await post('/recommend', { user: 'u7' })).body);
  });

  it('is refused with its field, and by a model whose scores are no products', async () => {
    const nothing = (await post('/vectors', {})).body;
    expect(nothing).toMatchObject({
      status: 400,
      errors: ['user', 'history', 'items'].map((name) => ({ pointer: `#/${name}` })),
    });
    expect(nothing['detail']).not.toContain('recommend');
    for (const stray of [{ at: 7 }, { times: [1] }, { about: { age: 3 } }, { vector: [1] }])
      expect((await post('/vectors', { items: ['i2'], ...stray })).body).toMatchObject({
        status: 400,
        errors: [{ pointer: `#/${Object.keys(stray)[0]}` }],
      });
    expect((await post('/vectors', { items: ['i2', 'i77'] })).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '#/items/1' }],
    });
    const { manifest, ...rest } = toy();
    const { vectors: _, ...entries } = manifest.entries;
    const of = await standing(
      { out: at.out },
      { ...rest, manifest: { ...manifest, entries, without: { vectors: 'its scores are no products' } } },
    );
    expect((await post('/vectors', { history: ['i1'] }, of)).body).toMatchObject({
      status: 422,
      detail: 'The model toy has no vectors: its scores are no products.',
    });
    await of.models.end();
  });
});

describe('GET /items', () => {
  it('finds by id, by title, by parts of titles, and pages', async () => {
    const ids = async (query: string): Promise<readonly string[]> =>
      (await get(`/items${query}`)).json<{ items: { id: string }[] }>().items.map(({ id }) => id);
    expect(await ids('?search=i7')).toEqual(['i7']);
    expect(await ids('?search=the%20film%2012')).toEqual(['i12']);
    expect(await ids('?search=twins')).toEqual(['i0', 'i1']);
    expect((await ids('?search=film&limit=3')).length).toBe(3);
    expect(await ids('?limit=2')).toEqual(['i0', 'i1']);
    expect((await ids('')).length).toBe(20);
    expect(await ids('?search=zzz')).toEqual([]);
  });
});

describe('what is said of the server', () => {
  it('is that it lives and is ready, what it counted, and all of its routes', async () => {
    expect((await get('/healthz')).json()).toEqual({ status: 'alive' });
    expect((await get('/readyz')).json()).toMatchObject({
      status: 'ready',
      model: 'toy',
      backend: 'toy (plain arithmetic)',
    });
    await post('/recommend', { history: ['i3'] });
    await post('/recommend', { history: ['nothing'] });
    const metrics = (await get('/metrics')).body;
    expect(metrics).toMatch(/^pcrec_request_seconds_count\{route="\/recommend",status="200"\} [1-9]/m);
    expect(metrics).toMatch(/^pcrec_request_seconds_count\{route="\/recommend",status="422"\} [1-9]/m);
    expect(metrics).toMatch(/^pcrec_batch_requests_count [1-9]/m);
    expect(metrics).toMatch(/^pcrec_scorers 1$/m);
    expect(metrics).toMatch(/^pcrec_model_info\{model="toy",hash="5+"\} 1$/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d/m);
  });

  it('is an OpenAPI document whose schemas its answers are of, and a page that loads nothing else', async () => {
    const document = (await get('/openapi.json')).json<any>();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual(
      ['/', '/healthz', '/items', '/metrics', '/openapi.json', '/readyz', '/recommend', '/scores', '/vectors'].sort(),
    );
    const ajv = await import('ajv');
    const check = new (ajv.default as any)({ strict: false, validateSchema: false });
    for (const [url, body] of [
      ['/recommend', { history: ['i3'] }],
      ['/scores', { user: 'u1', items: ['i2'] }],
      ['/vectors', { user: 'u1', items: ['i2'] }],
    ] as const) {
      const { requestBody, responses } = document.paths[url].post;
      expect(check.compile(requestBody.content['application/json'].schema)(body)).toBe(true);
      const validate = check.compile(responses[200].content['application/json'].schema);
      expect([validate((await post(url, body)).body), validate.errors]).toEqual([true, null]);
      expect(Object.keys(responses)).toEqual(['200', '400', '413', '415', '422', '500', '503']);
    }
    const problem = check.compile(document.components.schemas.Problem);
    expect(problem((await post('/recommend', {})).body)).toBe(true);
    const page = await get('/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('a request that cannot be answered', () => {
  /** A body, the status, the fields that are named, and words of the detail. */
  const long = Array.from({ length: 31 }, () => 'i1');
  it.each<readonly [unknown, number, readonly string[], RegExp]>([
    [{}, 400, ['#/user', '#/history'], /one of `user` and `history`/],
    [{ user: 'u1', history: ['i1'] }, 400, ['#/user', '#/history'], /one of `user` and `history`/],
    [[], 400, ['#'], /must be object/],
    ['i1', 400, ['#'], /must be object/],
    [{ user: true }, 400, ['#/user'], /`user` must be string or integer/],
    [{ user: '' }, 400, ['#/user'], /`user` must not be empty/],
    [{ user: 'u77' }, 422, ['#/user'], /no user "u77"/],
    [{ history: 'i1, i2' }, 400, ['#/history'], /`history` must be array/],
    [{ history: [] }, 400, ['#/history'], /at least one entry/],
    [{ history: long }, 400, ['#/history'], /at most 30 entries/],
    [{ history: ['i1', null] }, 400, ['#/history/1'], /must be string or integer or object/],
    [{ history: ['i1', ['i2']] }, 400, ['#/history/1'], /must be string or integer or object/],
    [{ history: ['i1', { title: 'x' }] }, 400, ['#/history/1/item'], /is missing/],
    [{ history: [{ item: {} }] }, 400, ['#/history/0/item'], /must be string or integer/],
    [{ history: [{ item: 'i1', time: [] }] }, 400, ['#/history/0/time'], /must be string or number/],
    [{ history: [{ item: 'i1', rating: {} }] }, 400, ['#/history/0/rating'], /must be string or number/],
    [{ history: [{ item: 'i1', rating: 4 }] }, 422, ['#/history'], /'rating', which the model toy does not read/],
    [{ history: ['i1', 'i400'] }, 422, ['#/history/1'], /knows no item "i400"/],
    [{ history: ['i1', { item: 'i400' }] }, 422, ['#/history/1/item'], /knows no item "i400"/],
    [{ history: ['film'] }, 422, ['#/history/0'], /GET \/items\?search= finds/],
    [{ history: ['The Twins'] }, 422, ['#/history/0'], /title of 2 items \(i0, i1\)/],
    [
      {
        history: [
          { item: 'i1', time: 5 },
          { item: 'i2', time: 4 },
        ],
      },
      422,
      ['#/history'],
      /runs backwards/,
    ],
    [{ history: ['i1'], times: [1, 2] }, 400, ['#/times'], /must be as long/],
    [{ user: 'u1', times: [1] }, 400, ['#/times'], /must be as long/],
    [{ history: ['i1', 'i2'], times: [1, 'yesterday'] }, 422, ['#/history'], /the time of the item "i2"/i],
    [{ history: ['i1'], times: [true] }, 400, ['#/times/0'], /must be string or number/],
    [{ history: ['i1'], actions: ['buy'] }, 422, ['#/history'], /does not read/],
    [{ history: ['i1'], actions: [1] }, 400, ['#/actions/0'], /must be string/],
    [{ history: ['i1'], at: 'soon' }, 422, ['#/at'], /^`at` takes a time/],
    [{ history: ['i1'], at: {} }, 400, ['#/at'], /must be string or number/],
    [{ history: ['i1'], top: 0 }, 400, ['#/top'], /at least 1/],
    [{ history: ['i1'], top: 31 }, 400, ['#/top'], /at most 30/],
    [{ history: ['i1'], top: 1.5 }, 400, ['#/top'], /must be integer/],
    [{ history: ['i1'], top: '5' }, 400, ['#/top'], /must be integer/],
    [{ history: ['i1'], only: 'i1' }, 400, ['#/only'], /must be array/],
    [{ history: ['i1'], only: ['i2', 'i99'] }, 422, ['#/only/1'], /knows no item "i99"/],
    [{ history: ['i1'], except: ['i99'] }, 422, ['#/except/0'], /knows no item "i99"/],
    [{ history: ['i1'], except: [[]] }, 400, ['#/except/0'], /must be string or integer/],
    [{ history: ['i1'], where: ['genre'] }, 422, ['#/where'], /^`where` takes COLUMN=VALUE/],
    [{ history: ['i1'], where: ['genre=war'] }, 422, ['#/where'], /No item has the genre "war"/],
    [{ history: ['i1'], where: ['price=1'] }, 422, ['#/where'], /no column of rings tells it/],
    [{ history: ['i1'], where: [5] }, 400, ['#/where/0'], /must be string/],
    [
      { history: ['i1'], only: ['i2'], except: ['i2'] },
      422,
      ['#/only'],
      /No item is left by `only`, `except` and `where`: ask/,
    ],
    [{ histroy: ['i1'] }, 400, ['#/histroy'], /no field `histroy`: did you mean 'history'\?/],
    [{ history: ['i1'], 'a/b~c': 1 }, 400, ['#/a~1b~0c'], /no field/],
  ])('is refused with its field: %j', async (body, status, fields, words) => {
    const found = await up.server.inject({
      method: 'POST',
      url: '/recommend',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    });
    expect([found.statusCode, found.headers['content-type']]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const problem = found.json<{ status: number; detail: string; errors: { pointer: string; detail: string }[] }>();
    expect(problem.status).toBe(status);
    expect(problem.errors.map(({ pointer }) => pointer)).toEqual(fields);
    expect(problem.detail).toMatch(words);
    expect(problem.detail).not.toMatch(/--|\n\s+at /);
  });

  it.each([
    ['{"history": [', 'application/json', 400, 'malformed-json'],
    ['', 'application/json', 400, 'malformed-json'],
    ['{"__proto__": {"user": "u1"}}', 'application/json', 400, 'malformed-json'],
    ['user=u1', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['long', 'application/json', 413, 'too-large'],
  ])('whose body is %j (%s) gets %i', async (text, type, status, kind) => {
    const payload = text === 'long' ? JSON.stringify({ history: ['x'.repeat(3000)] }) : text;
    const found = await up.server.inject({
      method: 'POST',
      url: '/recommend',
      headers: { 'content-type': type },
      payload,
    });
    expect(found.statusCode).toBe(status);
    expect(found.json()).toMatchObject({ type: `urn:pcrec:problem:${kind}`, status });
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=1000', 'limit'],
    ['?limit=ten', 'limit'],
    [`?search=${'x'.repeat(201)}`, 'search'],
    ['?serach=x', 'serach'],
  ])('GET /items%s names the parameter', async (query, parameter) => {
    const found = await get(`/items${query}`);
    expect(found.statusCode).toBe(400);
    expect(found.json()).toMatchObject({ errors: [{ parameter }] });
  });

  it('to a path or in a method that is not there is told so', async () => {
    expect((await get('/recomend')).json()).toMatchObject({
      status: 404,
      detail: expect.stringMatching(/openapi\.json/) as string,
    });
    const wrong = await get('/recommend');
    expect([wrong.statusCode, wrong.headers['allow']]).toEqual([405, 'POST']);
  });

  it('for scores names the items', async () => {
    expect((await post('/scores', { history: ['i1'] })).body).toMatchObject({
      status: 400,
      errors: [{ pointer: '#/items' }],
    });
    expect((await post('/scores', { history: ['i1'], items: ['i2', 'i77'] })).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '#/items/1' }],
    });
    expect((await post('/scores', { history: ['i1'], items: ['i2'], top: 3 })).body).toMatchObject({
      status: 400,
      errors: [{ pointer: '#/top' }],
    });
  });

  it('because the device fails says what it said, and the next is answered', async () => {
    let failing = false;
    const of = await standing(
      { out: at.out },
      changed((session) => async (...given) => {
        if (failing) throw new Error('the device was lost');
        return session.run(...given);
      }),
    );
    failing = true;
    expect((await post('/recommend', { history: ['i1'] }, of)).body).toMatchObject({
      status: 500,
      type: 'urn:pcrec:problem:failed',
      detail: expect.stringMatching(/failed in `score`.*the device was lost/) as string,
    });
    failing = false;
    expect((await post('/recommend', { history: ['i1'] }, of)).status).toBe(200);
    await of.models.end();
  });
});

describe('a token', () => {
  it('is asked for wherever something is told, and any of several is taken', async () => {
    const of = await standing({ out: at.out, token: ['first', 'second one'] });
    const ask = (url: string, method: 'GET' | 'POST', authorization?: string) =>
      of.server.inject({
        method,
        url,
        headers: authorization === undefined ? {} : { authorization },
        ...(method === 'POST' ? { payload: { history: ['i1'], ...(url === '/scores' ? { items: ['i2'] } : {}) } } : {}),
      });
    const secret = [
      ['/recommend', 'POST'],
      ['/scores', 'POST'],
      ['/vectors', 'POST'],
      ['/items', 'GET'],
      ['/metrics', 'GET'],
    ] as const;
    for (const [url, method] of secret) {
      for (const wrong of [
        undefined,
        'first',
        'Bearer ',
        'Bearer firs',
        'Bearer first ',
        'Basic first',
        'Bearer second',
      ]) {
        const found = await ask(url, method, wrong);
        expect([url, wrong, found.statusCode, found.headers['www-authenticate']]).toEqual([url, wrong, 401, 'Bearer']);
        expect(found.json()).toMatchObject({ type: 'urn:pcrec:problem:unauthorized' });
      }
      for (const right of ['Bearer first', 'bearer second one'])
        expect([url, (await ask(url, method, right)).statusCode]).toEqual([url, 200]);
    }
    for (const url of ['/healthz', '/readyz', '/openapi.json', '/'])
      expect([url, (await ask(url, 'GET')).statusCode]).toEqual([url, 200]);
    const { paths, components } = (await ask('/openapi.json', 'GET')).json<any>();
    expect([paths['/recommend'].post.security, paths['/healthz'].get.security]).toEqual([[{ bearer: [] }], undefined]);
    expect(components.securitySchemes.bearer).toEqual({ type: 'http', scheme: 'bearer' });
    await of.models.end();
  });
});

describe('CORS', () => {
  const origin = 'https://shop.example';
  const ask = (of: Up, from: string) =>
    of.server.inject({
      method: 'OPTIONS',
      url: '/recommend',
      headers: { origin: from, 'access-control-request-method': 'POST' },
    });
  it('is off unless asked for, and then for those origins alone', async () => {
    expect((await ask(up, origin)).headers['access-control-allow-origin']).toBeUndefined();
    const of = await standing({ out: at.out, cors: origin, token: 't' });
    expect((await ask(of, origin)).headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type',
    });
    expect((await ask(of, 'https://other.example')).headers['access-control-allow-origin']).toBeUndefined();
    await of.models.end();
    const all = await standing({ out: at.out, cors: '*' });
    expect((await ask(all, origin)).headers['access-control-allow-origin']).toBe('*');
    await all.models.end();
  });
});
