/** How titles and what people write of them are compared: folded, without the year, with the article in front or without it. */

/** Case, accents and runs of spaces do not count. Accents are taken off letters alone: in other scripts marks are vowels. */
export const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s+/g, ' ')
    .trim();

/** The words of a folded text between single spaces: `spider-man's` and `spider mans` are the same. */
export const wordsOf = (text: string): string => (text.replace(/'/g, '').match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).join(' ');

const articles =
  'the|a|an|le|la|les|un|une|des|el|los|las|una|il|lo|gli|der|die|das|ein|eine|den|det|de|het|een|o|os|as';
const moved = new RegExp(`^(.+), (${articles}|l'|d')$`);
const leading = new RegExp(`^(?:(?:${articles}) |[ld]')(?=.)`);
const year = /\s*\(((?:1[89]|20)\d\d)(?:[-–]\d*)?\)$/;

/** `matrix, the` is `the matrix`. */
const inOrder = (text: string): string =>
  text.replace(moved, (_, rest: string, article: string) =>
    article.endsWith("'") ? `${article}${rest}` : `${article} ${rest}`,
  );

/** A name as it is compared, each form under the stricter: with its year, without it, without the article too. */
export interface Forms {
  /** Folded, nothing left out. */
  readonly whole: string;
  /** In words, the article in front. */
  readonly dated: string;
  readonly undated: string;
  readonly bare: string;
}

const formsOfOne = (name: string, when: string): Forms => {
  const undated = wordsOf(inOrder(name));
  return {
    whole: `${name}${when === '' ? '' : ` (${when})`}`,
    dated: when === '' ? undated : `${undated} ${when}`,
    undated,
    bare: undated.replace(leading, ''),
  };
};

/** The forms of a title, and those of the other titles that it has in brackets: `Seven (a.k.a. Se7en) (1995)`. */
export const formsOf = (title: string): readonly Forms[] => {
  const text = folded(title);
  const when = year.exec(text)?.[1] ?? '';
  const name = text.replace(year, '');
  const parts = /^(.+?)((?: \([^()]+\))+)$/.exec(name);
  const others =
    parts === null
      ? []
      : [
          parts[1]!,
          ...[...parts[2]!.matchAll(/\(([^()]+)\)/g)].map(([, other]) => other!.replace(/^a\.?k\.?a\.? /, '')),
        ];
  const [first, ...rest] = [name, ...others].map((one) => formsOfOne(one, when));
  return [{ ...first!, whole: text }, ...rest];
};
