/** What the tests of the documents read in them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../compiler/package.js';

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
export const quoted = (text: string): readonly string[] => [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, words = '']) => words);

/** The targets of relative links. */
export const links = (text: string): readonly string[] =>
  [...prose(text).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
