/** The pages of `errors/`, as `--explain-error` prints them: a section for each code of the catalogue. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, type Code, isCode, pageOf } from './catalogue.js';
import { packageRoot } from './package.js';

export const pageFile = (page: string): string => join(packageRoot, 'errors', `${page}.md`);
export const headingOf = (code: Code): string => `## ${code}: ${catalogue[code]}`;

/** Fences become words and indents, and backquotes go: what is left is read in a terminal. */
const plain = (markdown: string): string => {
  let inside = false;
  return markdown
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('```')) {
        inside = !inside;
        return inside ? [line.endsWith(' fails') ? 'Fails:' : 'Works:', ''] : [];
      }
      return [inside ? `    ${line}`.trimEnd() : line.replaceAll('`', '')];
    })
    .join('\n');
};

/** The heading of a code and what stands below it, as markdown. */
export const sectionIn = (page: string, code: Code): string | undefined => {
  const lines = page.split('\n');
  const from = lines.indexOf(headingOf(code));
  if (from < 0) return undefined;
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith('## '));
  return lines
    .slice(from, length < 0 ? undefined : from + 1 + length)
    .join('\n')
    .trimEnd();
};

/** What is said of a code, in plain text; nothing where there is no such code. */
export const sectionOf = (code: string): string | undefined => {
  if (!isCode(code)) return undefined;
  const section = sectionIn(readFileSync(pageFile(pageOf(code)), 'utf8'), code);
  return section === undefined ? undefined : plain(section.replace(/^## /, ''));
};
