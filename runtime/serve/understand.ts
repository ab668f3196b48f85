/**
 * From a body to a question for a scorer. Everything here is a lookup: names are ids or whole titles, since a part of one would be
 * looked for in the whole catalogue while others wait; `GET /items?search=` does that.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { About } from '../about.js';
import { type Moment, timeless } from '../asked.js';
import { type RequestVector, withRequest } from '../asking.js';
import { allowedBy, type Limits, type Remembered } from '../candidates.js';
import type { Manifest } from '../contract/session.js';
import type { Index } from '../lookup.js';
import { checked } from '../checked.js';
import type { Found, HistoryEvent, Past } from '../past.js';
import type { People } from '../people.js';
import { defaultTop, momentFor, pastFrom, type Whose } from '../recommend.js';
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
  readonly request: Whose;
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

/** The item that a name is. Left: none, or several. */
const itemOf = ({ id, exact, items }: Index, name: Id, path: Path): E.Either<Problem, number> => {
  const text = String(name).trim();
  const own = id(text);
  if (own.length === 1) return E.right(own[0]!);
  const found = exact.reduce((all, read) => (all.length > 0 ? all : read(text)), own);
  if (found.length === 1) return E.right(found[0]!);
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
/** The items of a list in a body; a loop, since histories are what a request is made of. */
const itemsOf = (catalogue: Index, told: readonly Told[], field: string): E.Either<Problem, readonly number[]> => {
  const items: number[] = [];
  for (let i = 0; i < told.length; i++) {
    const one = told[i]!;
    const event = typeof one === 'object';
    const found = itemOf(catalogue, event ? one.item : one, event ? [field, i, 'item'] : [field, i]);
    if (E.isLeft(found)) return found;
    items.push(found.right);
  }
  return E.right(items);
};

/** Lists beside the history say one thing of each of its events. */
const beside = { times: 'time', actions: 'action' } as const;

/** The history and its items. Left: an item that is not known, or a list that is not as long as the history. */
const historyOf = (catalogue: Index, body: Body): E.Either<Problem, Found | undefined> => {
  const { history } = body;
  const columns = Object.entries(beside).flatMap(([name, column]) => {
    const values = body[name as keyof typeof beside];
    return values === undefined ? [] : [{ name, column, values }];
  });
  const stray = columns.find(({ values }) => values.length !== history?.length);
  if (stray !== undefined)
    return E.left(
      at(
        'invalid-request',
        [stray.name],
        `\`${stray.name}\` says one thing of each event of \`history\`, and must be as long.`,
      ),
    );
  if (history === undefined) return E.right(undefined);
  return pipe(
    itemsOf(catalogue, history, 'history'),
    E.map((items) =>
      columns.length === 0 && history.every((told) => typeof told !== 'object')
        ? { items }
        : {
            items,
            events: history.map((told, i): HistoryEvent => ({
              ...(typeof told === 'object' ? told : {}),
              ...Object.fromEntries(columns.map(({ column, values }) => [column, values[i]!])),
              item: catalogue.items[items[i]!]!,
            })),
          },
    ),
  );
};

/** Left: neither or both of user and history, or a user of whom the data do not tell. */
const whom = async ({ everybody }: Knowledge, { user, history }: Body): Promise<E.Either<Problem, void>> => {
  if ((user === undefined) === (history === undefined))
    return E.left({
      kind: 'invalid-request',
      detail: 'Give one of `user` and `history`: whom, or after what, to recommend.',
      errors: ['user', 'history'].map((name) => ({
        pointer: pointerTo(name),
        detail: user === undefined ? 'one of the two is needed' : 'only one of the two is taken',
      })),
    });
  if (user === undefined) return E.right(undefined);
  const found = await everybody();
  if (E.isLeft(found))
    return E.left(
      at('refused', ['user'], `The data cannot be read, so nobody in them is known: ${asField(found.left)}`),
    );
  return found.right.places.has(String(user))
    ? E.right(undefined)
    : E.left(
        at('unknown', ['user'], `There is no user ${JSON.stringify(String(user))} in the data: give a \`history\`.`),
      );
};

/** Lists of items that may be shown, and that may not. */
const lists = ['where', 'only', 'except'] as const;
/** Which items may be shown, by their ids. Left: an item that is not known. */
const limitsOf = (catalogue: Index, { only, except, where }: Body): E.Either<Problem, Limits> => {
  const idsOf = (names: readonly Id[] | undefined, field: string) =>
    names === undefined
      ? E.right(undefined)
      : pipe(
          itemsOf(catalogue, names, field),
          E.map((items) => items.map((item) => catalogue.items[item]!)),
        );
  return pipe(
    E.Do,
    E.bind('only', () => idsOf(only, 'only')),
    E.bind('except', () => idsOf(except, 'except')),
    E.map((limits) => ({ ...limits, where })),
  );
};

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
    E.right({ kind: 'top', top, past: new Int32Array(items), may: maskOf(remembered.items.length, may) }),
  scores: ({ catalogue }, { items = [] }) =>
    pipe(
      itemsOf(catalogue, items, 'items'),
      E.map((of) => ({ kind: 'scores', of: Int32Array.from(of) })),
    ),
  vectors: ({ catalogue }, { items = [], user, history }) =>
    pipe(
      itemsOf(catalogue, items, 'items'),
      E.map((of) => ({ kind: 'vectors', user: (user ?? history) !== undefined, of: Int32Array.from(of) })),
    ),
} as const satisfies Readonly<Record<string, Wish>>;

/** Only what the entry reads is sent to another thread. */
const listed = ({ entries }: Manifest, inputs: Question['inputs']): Question['inputs'] =>
  Object.fromEntries(
    (entries['score']?.inputs ?? []).flatMap(({ name }) => (inputs[name] === undefined ? [] : [[name, inputs[name]]])),
  );

/**
 * Left: the field that cannot be understood, and why. Steps that wait are few, so this is no pipe of tasks: of what a request costs, the
 * links of one were a tenth.
 */
export const understand =
  (knowledge: Knowledge, body: Body, wish: Wish): TaskEither<Problem, Understood> =>
  async () => {
    const { manifest, remembered, catalogue, everybody } = knowledge;
    const { user, about, vector, at: when } = body;
    const source = user === undefined ? 'history' : 'user';
    const known = await whom(knowledge, body);
    if (E.isLeft(known)) return known;
    const history = historyOf(catalogue, body);
    if (E.isLeft(history)) return history;
    const limits = limitsOf(catalogue, body);
    if (E.isLeft(limits)) return limits;
    const timed = E.mapLeft(refused('at'))(checked({ at: when }));
    if (E.isLeft(timed)) return timed;
    const request: Whose = {
      ...limits.right,
      ...(about === undefined ? {} : { about }),
      user: user === undefined ? undefined : String(user),
      history: history.right,
      at: when,
    };
    const told = await pastFrom(manifest, catalogue, remembered.features, everybody)(request)();
    if (E.isLeft(told)) return E.left(refused(about === undefined ? source : 'about')(told.left));
    const past = withRequest(manifest, remembered.features, vector)(told.right);
    if (E.isLeft(past)) return E.left(refused('vector')(past.left));
    const may = await allowedBy(remembered, catalogue, everybody, request)();
    if (E.isLeft(may)) return E.left(refused(lists.find((name) => body[name] !== undefined) ?? 'where')(may.left));
    const moment = await momentFor(manifest, everybody, request, past.right)();
    if (E.isLeft(moment)) return E.left(refused(when === undefined ? source : 'at')(moment.left));
    const wanted = wish(knowledge, body, past.right, may.right);
    if (E.isLeft(wanted)) return wanted;
    return E.right({
      request,
      past: past.right,
      moment: moment.right,
      question: { inputs: listed(manifest, moment.right.inputs), wanted: wanted.right },
    });
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
