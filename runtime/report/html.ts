/** HTML out of templates. What a template is given is data, and escaped; only what is `Markup` already stands as it is. */

/** Text that may stand in a page as it is. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What a template takes: text, numbers, markup, lists of such, and nothing. */
export type Piece = Markup | string | number | undefined | readonly Piece[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** For elements and for attributes in quotes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => entities[letter]!);

const written = (piece: Piece): string => {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(written).join('');
  return escaped(String(piece));
};

/** markup`<td>${name}</td>`: the name may be anything. */
export const markup = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup =>
  new Markup(texts.reduce((sofar, text, i) => `${sofar}${written(pieces[i - 1])}${text}`));
