/**
 * From a body to a question for a scorer. Everything here is a lookup: names are ids or whole titles, since a part of one would be
 * looked for in the whole catalogue while others wait; `GET /items?search=` does that.
 */
import * as E from 'fp-ts/lib/Either.js';
import { flow, pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { About } from '../about.js';
import { type Moment, timeless } from '../asked.js';
import { type RequestVector, withRequest } from '../asking.js';
import { allowedBy, type Remembered } from '../candidates.js';
import type { Manifest } from '../contract/session.js';
import type { Index } from '../lookup.js';
import { checked } from '../checked.js';
import type { RecommendRequest } from '../options.js';
import type { HistoryEvent, Past } from '../past.js';
import type { People } from '../people.js';
import { defaultTop, momentFor, pastFrom } from '../recommend.js';
import { row } from '../row.js';
import { at, pointerTo, type Problem } from './problem.js';
import type { Question, Wanted } from './scorer.js';

type Id = string | number;
type Told = Id | ({ readonly item: Id } & Readonly<Record<string, string | number>>);

/** The body of a request, once it is of its schema. */
export interface Body {
  readonly user?: Id;
  readonly history?: readonly Told[];
  readonly times?: readonly (string | number)[];
  readonly actions?: readonly string[];
  readonly at?: string | number;
  readonly top?: number;
  readonly only?: readonly Id[];
  readonly except?: readonly Id[];
  readonly where?: readonly string[];
  readonly items?: readonly Id[];
  readonly vector?: RequestVector;
  readonly about?: About;
}

/** What requests are understood by: a model and what its checkpoint remembers. */
export interface Knowledge {
  readonly manifest: Manifest;
  readonly remembered: Remembered;
  readonly catalogue: Index;
  readonly everybody: TaskEither<string, People>;
}

/** A request that is understood: what to ask, and what is needed to say the answer. */
export interface Understood {
  readonly request: RecommendRequest;
  readonly past: Past;
  readonly moment: Moment;
  readonly question: Question;
}

type Path = readonly (string | number)[];

/** Messages of the command name its options; here they are fields. */
export const asField = (message: string): string =>
  message
    .replaceAll(
      /--(user|history|at|top|only|except|where|vector|about)\b(?: \(or `\1`\))?/g,
      (_, name: string) => `\`${name}\``,
    )
    .replaceAll(/ \((?:`\w+`(?:, )?)+\)/g, '');

const refused =
  (...path: Path) =>
  (message: string): Problem =>
    at('refused', path, asField(message));

/** The id of the item that a name is. Left: none, or several. */
const idOf = ({ id, exact, items }: Index, name: Id, path: Path): E.Either<Problem, string> => {
  const text = String(name).trim();
  const own = id(text);
  if (own.length === 1) return E.right(items[own[0]!]!);
  const found = exact.reduce((all, read) => (all.length > 0 ? all : read(text)), own);
  if (found.length === 1) return E.right(items[found[0]!]!);
  const some = found.slice(0, 5).map((item) => items[item]);
  return E.left(
    at(
      'unknown',
      path,
      found.length === 0
        ? `The model knows no item ${JSON.stringify(text)}: give its id or its whole title; GET /items?search= finds items by parts of titles.`
        : `${JSON.stringify(text)} is the title of ${found.length} items (${some.join(', ')}${found.length > 5 ? ', ...' : ''}): give the id.`,
    ),
  );
};
const idsOf = (catalogue: Index, names: readonly Id[], field: string): E.Either<Problem, readonly string[]> =>
  pipe(
    names,
    E.traverseArrayWithIndex((i, name) => idOf(catalogue, name, [field, i])),
  );

/** Whether a name is the id of one item. */
const isId = ({ id }: Index, name: Id): boolean => id(String(name).trim()).length === 1;

/** Lists beside the history say one thing of each of its events. */
const beside = { times: 'time', actions: 'action' } as const;

/** The history as events with ids. Left: an item that is not known, or a list that is not as long as the history. */
const historyOf = (catalogue: Index, body: Body): E.Either<Problem, readonly (string | HistoryEvent)[] | undefined> => {
  const { history } = body;
  const stray = Object.keys(beside).find(
    (name) =>
      body[name as keyof typeof beside] !== undefined && body[name as keyof typeof beside]!.length !== history?.length,
  );
  if (stray !== undefined)
    return E.left(
      at('invalid-request', [stray], `\`${stray}\` says one thing of each event of \`history\`, and must be as long.`),
    );
  const columns = Object.entries(beside).flatMap(([name, column]) => {
    const values = body[name as keyof typeof beside];
    return values === undefined ? [] : [[column, values] as const];
  });
  if (history === undefined) return E.right(undefined);
  // Nearly all histories are ids of items and nothing else.
  if (columns.length === 0 && history.every((told) => typeof told !== 'object' && isId(catalogue, told)))
    return E.right(history.map((id) => String(id).trim()));
  return pipe(
    history,
    E.traverseArrayWithIndex((i, told) => {
      const event = typeof told === 'object' ? told : undefined;
      return pipe(
        idOf(catalogue, event?.item ?? (told as Id), event === undefined ? ['history', i] : ['history', i, 'item']),
        E.map((item): string | HistoryEvent =>
          event === undefined && columns.length === 0
            ? item
            : { ...event, ...Object.fromEntries(columns.map(([column, values]) => [column, values[i]!])), item },
        ),
      );
    }),
  );
};

/** Left: neither or both of user and history, or a user of whom the data do not tell. */
const whom = ({ everybody }: Knowledge, { user, history }: Body): TaskEither<Problem, void> => {
  if ((user === undefined) === (history === undefined))
    return TE.left({
      kind: 'invalid-request',
      detail: 'Give one of `user` and `history`: whom, or after what, to recommend.',
      errors: ['user', 'history'].map((name) => ({
        pointer: pointerTo(name),
        detail: user === undefined ? 'one of the two is needed' : 'only one of the two is taken',
      })),
    });
  return user === undefined
    ? TE.right(undefined)
    : pipe(
        everybody,
        TE.mapLeft((why) =>
          at('refused', ['user'], `The data cannot be read, so nobody in them is known: ${asField(why)}`),
        ),
        TE.filterOrElse(
          ({ places }) => places.has(String(user)),
          () =>
            at(
              'unknown',
              ['user'],
              `There is no user ${JSON.stringify(String(user))} in the data: give a \`history\`.`,
            ),
        ),
        TE.map(() => undefined),
      );
};

const limitsOf = (catalogue: Index, { only, except, where }: Body) =>
  pipe(
    E.Do,
    E.bind('some', () => (only === undefined ? E.right(undefined) : idsOf(catalogue, only, 'only'))),
    E.bind('none', () => (except === undefined ? E.right(undefined) : idsOf(catalogue, except, 'except'))),
    E.map(({ some, none }) => ({ only: some, except: none, where })),
  );

const maskOf = (items: number, may: ((item: number) => boolean) | undefined): Uint8Array | undefined =>
  may && Uint8Array.from({ length: items }, (_, item) => Number(may(item)));

/** What is wanted of the scores, by the route. */
export type Wish = (
  knowledge: Knowledge,
  body: Body,
  past: Past,
  may: ((item: number) => boolean) | undefined,
) => E.Either<Problem, Wanted>;

export const wishes = {
  recommend: ({ remembered }, { top = defaultTop }, { items }, may) =>
    E.right({ kind: 'top', top, past: Int32Array.from(items), may: maskOf(remembered.items.length, may) }),
  scores: ({ catalogue }, { items = [] }) =>
    pipe(
      idsOf(catalogue, items, 'items'),
      E.map((ids) => ({ kind: 'scores', of: Int32Array.from(ids, (id) => catalogue.id(id)[0]!) })),
    ),
  vectors: ({ catalogue }, { items = [], user, history }) =>
    pipe(
      idsOf(catalogue, items, 'items'),
      E.map((ids) => ({
        kind: 'vectors',
        user: (user ?? history) !== undefined,
        of: Int32Array.from(ids, (id) => catalogue.id(id)[0]!),
      })),
    ),
} as const satisfies Readonly<Record<string, Wish>>;

/** Only what the entry reads is sent to another thread. */
const listed = ({ entries }: Manifest, inputs: Question['inputs']): Question['inputs'] =>
  Object.fromEntries(
    (entries['score']?.inputs ?? []).flatMap(({ name }) => (inputs[name] === undefined ? [] : [[name, inputs[name]]])),
  );

/** Left: the field that cannot be understood, and why. */
export const understand = (knowledge: Knowledge, body: Body, wish: Wish): TaskEither<Problem, Understood> => {
  const { manifest, remembered, catalogue, everybody } = knowledge;
  const source = body.user === undefined ? 'history' : 'user';
  return pipe(
    TE.Do,
    TE.chainFirst(() => whom(knowledge, body)),
    TE.bind('history', () => TE.fromEither(historyOf(catalogue, body))),
    TE.bind('limits', () => TE.fromEither(limitsOf(catalogue, body))),
    TE.let('request', ({ history, limits }): RecommendRequest => ({
      user: body.user === undefined ? undefined : String(body.user),
      history,
      at: body.at,
      top: body.top,
      ...(body.vector === undefined ? {} : { vector: body.vector }),
      ...(body.about === undefined ? {} : { about: body.about }),
      ...limits,
    })),
    TE.chainFirst(({ request }) => pipe(TE.fromEither(checked({ at: request.at })), TE.mapLeft(refused('at')))),
    TE.bind('past', ({ request }) =>
      pipe(
        pastFrom(manifest, catalogue, remembered.features, everybody)(request),
        TE.mapLeft(refused(body.about === undefined ? source : 'about')),
        TE.chainEitherK(flow(withRequest(manifest, remembered.features, request.vector), E.mapLeft(refused('vector')))),
      ),
    ),
    TE.bind('may', ({ request }) =>
      pipe(
        allowedBy(remembered, catalogue, everybody, request),
        TE.mapLeft(
          refused(['where', 'only', 'except'].find((name) => body[name as keyof Body] !== undefined) ?? 'where'),
        ),
      ),
    ),
    TE.bind('moment', ({ request, past }) =>
      pipe(momentFor(manifest, everybody, request, past), TE.mapLeft(refused(body.at === undefined ? source : 'at'))),
    ),
    TE.bind('wanted', ({ past, may }) => TE.fromEither(wish(knowledge, body, past, may))),
    TE.map(({ request, past, moment, wanted }) => ({
      request,
      past,
      moment,
      question: { inputs: listed(manifest, moment.inputs), wanted },
    })),
  );
};

/** What is asked of items alone, by nobody: a row without a history, of which nothing is read. */
export const understandItems = (knowledge: Knowledge, body: Body, wish: Wish): E.Either<Problem, Understood> => {
  const { manifest, remembered } = knowledge;
  return pipe(
    withRequest(manifest, remembered.features, undefined)({ items: [], times: undefined }),
    E.mapLeft(refused('items')),
    E.map((past): Past => ({ ...past, notes: [] })),
    E.chain((past) =>
      pipe(
        wish(knowledge, body, past, undefined),
        E.map((wanted) => ({
          request: {},
          past,
          moment: { asked: timeless.asked, notes: [] },
          question: { inputs: listed(manifest, row(past, manifest.length, null, manifest.rows)), wanted },
        })),
      ),
    ),
  );
};
