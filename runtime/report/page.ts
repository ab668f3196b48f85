/** What a page is made of: one file without a network, in light and dark, readable on a phone and aloud. */
import { markup, Markup, type Piece } from './html.js';

/** Rows under named columns. The first cell of a row is its name; a column of text stands to the left. */
export interface Grid {
  /** What the table is, for who cannot see what stands above it. */
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Piece[])[];
  /** Columns of words, by their places; the first is one. */
  readonly words?: readonly number[];
}

export const table = ({ caption, head, rows, words = [] }: Grid): Markup => {
  const side = (i: number): string => (i === 0 || words.includes(i) ? 'word' : 'figure');
  const body = rows.map(
    ([name, ...cells]) =>
      markup`<tr><th scope="row">${name}</th>${cells.map((cell, i) => markup`<td class="${side(i + 1)}">${cell}</td>`)}</tr>\n`,
  );
  return markup`<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((name, i) => markup`<th scope="col" class="${side(i)}">${name}</th>`)}</tr></thead>
<tbody>
${body}</tbody></table></div>\n`;
};

/** A picture with its numbers as a table beneath, folded up; where there is no picture, the table. */
export const figure = (picture: Markup | undefined, grid: Grid): Markup =>
  picture === undefined
    ? table(grid)
    : markup`<figure>${picture}<details><summary>${grid.caption}: the numbers</summary>\n${table(grid)}</details></figure>\n`;

/** Names and what they are. */
export const facts = (pairs: readonly (readonly [string, Piece])[]): Markup =>
  markup`<dl>${pairs.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>\n`;

export const section = (title: string, ...content: readonly Piece[]): Markup =>
  markup`<section><h2>${title}</h2>\n${content}</section>\n`;

/** Pictures beside one another, where there is room. */
export const beside = (pictures: readonly (Markup | undefined)[]): Markup =>
  markup`<div class="figures">${pictures.map((picture) => picture && markup`<div>${picture}</div>`)}</div>\n`;

export const paragraph = (...content: readonly Piece[]): Markup => markup`<p>${content}</p>\n`;
/** What is said by the way. */
export const remark = (text: string): Markup => markup`<p class="soft">${text}</p>\n`;

export const code = (text: string): Markup => markup`<pre tabindex="0"><code>${text}</code></pre>\n`;

/** Colours of Okabe and Ito, that everybody tells apart, as light and dark grounds need them; `--c1` is what a page is about. */
const style = new Markup(`
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --band: #f4f6f8;
  --c1: #0b62b8; --c2: #b34700; --c3: #00795a; --c4: #8a3d78; --c5: #6b5b00; --c6: #57606a; --c7: #00748c; --c8: #a3263f; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --ink: #e6e9ec; --soft: #a2abb5; --line: #3a424b; --band: #1d2228;
  --c1: #6cb6ff; --c2: #ff9f5a; --c3: #4fd1a5; --c4: #e39bd0; --c5: #dccb5c; --c6: #a2abb5; --c7: #63d4ea; --c8: #ff8fa3; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line) }
p, dd { overflow-wrap: anywhere } .soft { color: var(--soft) }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem }
.figures > *, figure { min-width: 0; margin: 0 } svg { max-width: 100%; height: auto; color: var(--ink); background: none }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--soft); padding: .3rem 0 } th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 600 } tbody tr:nth-child(odd) { background: var(--band) } .word, tbody th { text-align: left } .figure { text-align: right }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .5rem 0 } dt { color: var(--soft) } dd { margin: 0 }
@media (max-width: 40rem) { dl { grid-template-columns: minmax(0, 1fr) } dd { margin-bottom: .4rem } }
pre { overflow-x: auto; background: var(--band); padding: .7rem; white-space: pre-wrap; overflow-wrap: anywhere } summary { cursor: pointer; color: var(--soft) }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; margin: .3rem 0 } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }
`);

/** A whole page. */
export const page = (title: string, ...content: readonly Piece[]): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
</head>
<body><main>
<h1>${title}</h1>
${content}</main></body>
</html>
`.text;
