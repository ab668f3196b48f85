/** What requests and answers look like, as JSON schemas: Fastify checks requests by them, and the OpenAPI document shows them. */

export type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string', minLength: 1 } as const;
/** Ids are texts; a whole number is taken for the text that it is written as. */
const id = { type: ['string', 'integer'], minLength: 1 } as const;
const time = {
  type: ['string', 'number'],
  minLength: 1,
  description: "ISO 8601, or a number as the data's times are written",
} as const;
const closed = (required: readonly string[], properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
});
const list = (items: Schema, most: number, description: string, least = 1): Schema => ({
  type: 'array',
  minItems: least,
  maxItems: most,
  items,
  description,
});

/** An id, or an event with what the model reads of it. */
const event: Schema = {
  type: ['string', 'integer', 'object'],
  minLength: 1,
  required: ['item'],
  properties: { item: id, time },
  additionalProperties: { type: ['string', 'number'] },
};

/** Whom, or after what, one asks. */
const whose = (most: number): Readonly<Record<string, Schema>> => ({
  user: { ...id, description: 'a user of the data; or else `history`' },
  history: list(
    event,
    most,
    'ids or whole titles, oldest first; or events: { item, time, and columns that the model reads }; or else `user`',
  ),
  times: list(time, most, 'of each event of `history`, in place of times in events'),
  actions: list(text, most, 'of each event of `history`, for models that read `action`'),
  about: {
    type: 'object',
    additionalProperties: { type: ['string', 'number'] },
    description: 'what is known of who asks, by the names of columns, for models that read features of users',
  },
  vector: {
    type: ['array', 'object'],
    items: { type: 'number' },
    additionalProperties: { type: 'array', items: { type: 'number' } },
    description:
      'what is asked, as a vector, for models that read one; by the names of columns where they read several',
  },
  at: { ...time, description: `when the request comes, for models that read times: ${time.description}` },
});

/** The bodies that are taken; `most` bounds their lists. */
export const bodies = (most: number) =>
  ({
    recommend: closed([], {
      ...whose(most),
      top: { type: 'integer', minimum: 1, maximum: most, description: 'how many items; 10 unless given' },
      only: list(id, most, 'recommend these alone, by ids or whole titles'),
      except: list(id, most, 'never these'),
      where: list(
        text,
        most,
        'items of categories alone, as `genre=war`: of one column any of several, of several columns each',
      ),
    }),
    scores: closed(['items'], {
      ...whose(most),
      items: list(id, most, 'whose scores are wanted, by ids or whole titles'),
    }),
    vectors: closed([], {
      ...whose(most),
      items: list(id, most, 'whose vectors are wanted, by ids or whole titles; without them, that of the user alone'),
    }),
  }) as const;

/** The query of `GET /items`. */
export const search = {
  type: 'object',
  additionalProperties: false,
  properties: {
    search: { type: 'string', maxLength: 200, description: 'an id, a title, or a part of one' },
    limit: { type: 'integer', minimum: 1, maximum: 100, description: 'how many items; 20 unless given' },
  },
} as const;

const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });
const named = { id: { type: 'string' }, title: nullable({ type: 'string' }) } as const;
const item = closed(['id', 'title'], named);
const asked = {
  user: nullable({ type: 'string' }),
  history: { type: 'array', items: item, description: 'what was read, oldest first' },
  at: nullable({
    type: 'object',
    description: 'when the request was taken to come; null where the model reads no times',
    required: ['seconds', 'from'],
    properties: {
      seconds: nullable({ type: 'number' }),
      from: { type: 'string', enum: ['request', 'now', 'last event', 'nothing'] },
    },
  }),
  notes: { type: 'array', items: { type: 'string' }, description: 'what was assumed, in sentences' },
  backend: { type: 'string', description: 'what computed the scores' },
} as const;

const vector: Schema = { type: 'array', items: nullable({ type: 'number' }) };

/** What is answered. */
export const answers = {
  recommendations: closed(['user', 'history', 'items', 'at', 'notes', 'backend'], {
    ...asked,
    items: {
      type: 'array',
      items: closed(['rank', 'id', 'title', 'score'], {
        rank: { type: 'integer', minimum: 1 },
        ...named,
        score: nullable({ type: 'number' }),
      }),
    },
  }),
  scores: closed(['user', 'history', 'items', 'at', 'notes', 'backend'], {
    ...asked,
    items: {
      type: 'array',
      items: closed(['id', 'title', 'score'], { ...named, score: nullable({ type: 'number' }) }),
    },
  }),
  vectors: closed(['user', 'history', 'vector', 'items', 'at', 'notes', 'backend'], {
    ...asked,
    vector: nullable({ ...vector, description: "the user's; null where nobody was asked about" }),
    items: {
      type: 'array',
      items: {
        ...closed(['id', 'title', 'vector'], {
          ...named,
          vector: { ...vector, description: "its product with the user's is the item's score" },
        }),
      },
    },
  }),
  items: closed(['items'], { items: { type: 'array', items: item } }),
  state: closed(['status'], {
    status: { type: 'string' },
    model: { type: 'string' },
    backend: { type: 'string' },
  }),
  problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['detail'],
          properties: {
            pointer: { type: 'string', description: 'a JSON pointer into the body' },
            parameter: { type: 'string', description: 'of the query' },
            detail: { type: 'string' },
          },
        },
      },
    },
  },
} as const satisfies Readonly<Record<string, Schema>>;
