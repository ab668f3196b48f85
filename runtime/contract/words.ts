/** Words that every message needs: how many, names that do no harm, what a mistyped name may have meant, and what the file system says. */

/** `1 step`, `1,234 steps`; `many` where an s does not make it. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;

/** Control characters, ends of lines among them, and marks that turn the direction of what follows. */
const steering = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
const spelt = (mark: string): string => `<U+${mark.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`;
/** A name that data give, without what would steer a terminal or turn the rest of its line about: that is spelt out. */
export const steady = (name: string): string => name.replace(steering, spelt);
/** The same of a text of several lines. */
export const steadyText = (text: string): string =>
  text.replace(steering, (mark) => (mark === '\n' || mark === '\t' ? mark : spelt(mark)));

/** Levenshtein distance: insertions, deletions and replacements of a letter; two neighbours that changed places count once. */
const distance = (a: string, b: string): number => {
  let [last, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? last[j - 2]! + 1 : Infinity;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
    [last, row] = [row, next];
  }
  return row[b.length]!;
};

/** The names a typing error may have meant, nearest first. */
export const near = (name: string, names: readonly string[]): readonly string[] =>
  names
    .map((n) => ({
      n,
      d: n.startsWith(name) || name.startsWith(n) ? 1 : distance(name.toLowerCase(), n.toLowerCase()),
    }))
    .filter(({ n, d }) => d <= Math.max(2, Math.floor(n.length / 3)))
    .sort((a, b) => a.d - b.d)
    .slice(0, 3)
    .map(({ n }) => n);

/** 'did you mean a or b?', else all the names there are. */
export const suggest = (name: string, names: readonly string[], kind: string): string => {
  const close = near(name, names);
  if (close.length > 0) return `did you mean ${close.map((n) => `'${n}'`).join(' or ')}?`;
  return names.length === 0 ? `there are no ${kind}` : `${kind}: ${names.join(', ')}`;
};

export const missing = 'there is no such file';
const causes: Readonly<Record<string, string>> = {
  ENOENT: missing,
  EACCES: 'this user may not open it',
  EPERM: 'this user may not do that',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a file of that name is in the way',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

/** What an error of the file system means, in words. */
export const reason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return causes[code ?? ''] ?? message ?? String(error);
};
