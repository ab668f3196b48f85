/** What a request says of who asks, for models that read features of users. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Manifest } from './contract/session.js';
import { suggest } from './contract/words.js';
import { type Lexicon, userColumns } from './features.js';
import { widthOf } from './lexicon.js';
import type { Past } from './past.js';
import { type Said, said, silence, type Value } from './saying.js';

/** Columns of users by their names: `{ gender: 'F', age: 25, likes: ['war', 'noir'] }`. */
export type About = Readonly<Record<string, Value | undefined>>;

/**
 * A past with what is known of who asks: what the request says, and of a user of the data what the data say where it says nothing.
 * Left: something that the model does not read, or that the column cannot be.
 */
export const withAbout =
  (manifest: Manifest, lexicon: Lexicon | undefined, about: About = {}) =>
  (past: Past): E.Either<string, Past> => {
    const columns = userColumns(manifest);
    const names = columns.map(({ name }) => name);
    const stray = Object.keys(about).find((name) => !names.includes(name));
    if (stray !== undefined)
      return E.left(
        `The request says the ${stray} of who asks, which the model ${manifest.model} does not read: ${
          names.length === 0 ? 'it reads nothing of users; leave it out' : suggest(stray, names, 'it reads')
        }`,
      );
    if (columns.length === 0) return E.right(past);
    const known = (name: string) => past.about?.get(name);
    return pipe(
      columns,
      E.traverseArray(({ name, kind }) => {
        const found = lexicon!.users![name]!;
        const value = about[name];
        return pipe(
          value === undefined ? E.right<string, Said | undefined>(undefined) : said(found, value),
          E.bimap(
            (why) => `The ${name} of who asks ${why}.`,
            (of) => ({ name, kind, of, silent: { width: widthOf(found), values: silence(found) } }),
          ),
        );
      }),
      E.map((all) => ({
        ...past,
        about: new Map(
          all.map(({ name, of, silent }) => [
            name,
            of === undefined ? (known(name) ?? silent) : { ...silent, values: of.values },
          ]),
        ),
        notes: [
          ...(past.notes ?? []),
          ...all
            .filter(({ name, of }) => of === undefined && known(name) === undefined)
            .map(
              ({ name }) =>
                `The model reads the ${name} of users, and the request does not say it: it is taken as missing.`,
            ),
          ...all.flatMap(({ name, kind, of }) =>
            (of?.strange ?? []).map(
              (word) =>
                `Training met no user whose ${name} ${kind === 'categories' ? 'has' : 'is'} ${JSON.stringify(word)}: it is taken as missing.`,
            ),
          ),
          ...all.flatMap(({ name, of, silent }) =>
            (of?.beyond ?? []).length === 0
              ? []
              : [
                  `Training met no user with more than ${silent.width} values of ${name}, and the model reads no more: left out are ${of!.beyond!.join(', ')}.`,
                ],
          ),
        ],
      })),
    );
  };
