/** What the tests of the documents read in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { packageRoot } from '../../compiler/package.js';

/** What a user of pcrec reads: the first page, and those of the rooms that it leads to. */
export const pages = ['README.md', 'dsl/README.md', 'models/README.md', 'runtime/README.md'] as const;
/** Those of people who change it. */
export const notes = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'test/laws/README.md',
  'examples/instructions/README.md',
  'examples/scale/README.md',
  'examples/text-vectors/README.md',
  'examples/vite/README.md',
] as const;
/** What an error that has a code leads to. */
export const errorPages: readonly string[] = readdirSync(join(packageRoot, 'errors')).map((page) => `errors/${page}`);

export const document = (name: string): string => readFileSync(join(packageRoot, name), 'utf8');

const fence = /^```(\w*)\n([\s\S]*?)^```$/gm;
/** The texts of the fenced blocks of one language, in order. */
export const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(fence)].filter(([, of]) => of === language).map(([, , body = '']) => body);

/** The text without its fenced blocks. */
export const prose = (text: string): string => text.replace(fence, '');

/** From the heading that begins with `title` to the next heading of its level or above. */
export const section = (text: string, title: string): string => {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').startsWith(title));
  if (from < 0) throw new Error(`there is no section '${title}'`);
  const level = /^#+/.exec(lines[from]!)![0].length;
  const length = lines.slice(from + 1).findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? Infinity) <= level);
  return lines.slice(from, length < 0 ? undefined : from + 1 + length).join('\n');
};

/** Everything in backquotes, blocks aside. */
export const quoted = (text: string): readonly string[] =>
  [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, words = '']) => words);

/** What headings are called in links, as GitHub does: small letters and digits, spaces as dashes, and nothing else. */
export const anchors = (text: string): readonly string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

export interface Link {
  /** From the root of the repository: the page's own path where the link stays on the page. */
  readonly path: string;
  /** The heading that is meant, where one is. */
  readonly anchor?: string;
}
/** The relative links of a page, from the folder that it lies in. */
export const links = (page: string): readonly Link[] =>
  [...prose(document(page)).matchAll(/\]\(([^)#:\s]*)(?:#([^)]*))?\)/g)].map(([, target = '', anchor]) => ({
    path: target === '' ? page : posix.normalize(posix.join(posix.dirname(page), target)),
    ...(anchor === undefined ? {} : { anchor }),
  }));
