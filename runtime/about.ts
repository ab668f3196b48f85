/** What a request says of who asks, for models that read features of users. */
import * as E from 'fp-ts/lib/Either.js';
import type { Manifest } from './contract/session.js';
import { suggest } from './contract/words.js';
import { type Lexicon, numberOf, userColumns } from './features.js';
import type { Past } from './past.js';

/** Columns of users by their names: `{ gender: 'F', age: 25 }`. */
export type About = Readonly<Record<string, string | number | undefined>>;

/**
 * A past with what is known of who asks: what the request says, and of a user of the data what the data say where it says nothing.
 * Left: something that the model does not read.
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
    const found = (name: string) => lexicon!.users![name]!;
    const said = (name: string): boolean => about[name] !== undefined;
    return E.right({
      ...past,
      about: new Map(
        names.map((name) => [
          name,
          said(name) || past.about?.get(name) === undefined
            ? Float32Array.of(numberOf(found(name), about[name]))
            : past.about.get(name)!,
        ]),
      ),
      notes: [
        ...(past.notes ?? []),
        ...names
          .filter((name) => !said(name) && past.about?.get(name) === undefined)
          .map(
            (name) => `The model reads the ${name} of users, and the request does not say it: it is taken as missing.`,
          ),
        ...columns
          .filter(({ name, kind }) => kind === 'category' && said(name) && numberOf(found(name), about[name]) === 0)
          .map(
            ({ name }) =>
              `Training met no user whose ${name} is ${JSON.stringify(about[name])}: it is taken as missing.`,
          ),
      ],
    });
  };
