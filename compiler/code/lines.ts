/** Lines of emitted code, and how far in each stands. */

/** A list among lines is a block of them, one level deeper. */
export type Line = string | readonly Line[];

/** Blocks nested deeper stand no further in: of a thousand, one in the other, the text would be all space. */
const levels = 40;

/** The lines as they are written, the outermost behind `pad`. */
export const laidOut = (lines: readonly Line[], pad = ''): readonly string[] => {
  const found: string[] = [];
  const lay = (some: readonly Line[], before: string): void => {
    const deeper = before.length < 2 * levels ? `${before}  ` : before;
    for (const line of some) {
      if (typeof line === 'string') found.push(before + line);
      else lay(line, deeper);
    }
  };
  lay(lines, pad);
  return found;
};

/** Things that stand beside one another, as many a line as fit. */
export const folded = (things: readonly string[]): readonly string[] =>
  things.reduce<string[]>((lines, thing) => {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + thing.length < 120) lines[lines.length - 1] = `${last} ${thing}`;
    else lines.push(thing);
    return lines;
  }, []);

/** The same; what is too long for a line goes on in the next, two levels further in. */
export const hung = (things: readonly string[]): readonly Line[] => {
  const [first = '', ...rest] = folded(things);
  return rest.length === 0 ? [first] : [first, [rest]];
};
