/** Templates: what they are given is data. */
import * as fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { markup } from '../../runtime/report/html.js';
import { page, table } from '../../runtime/report/page.js';

const text = fc.string({ unit: fc.constantFrom(...'<>&"\'/=! abscriptéx'), maxLength: 30 });

describe('a template', () => {
  it('shows any text as it is, in elements and in attributes, and makes no element of it', () => {
    fc.assert(
      fc.property(text, text, (inside, quoted) => {
        const { document } = parseHTML(markup`<p title="${quoted}">${inside}</p>`.text);
        expect(document.querySelectorAll('*').length).toBe(1);
        expect(document.querySelector('p')!.textContent).toBe(inside);
        expect(document.querySelector('p')!.getAttribute('title')).toBe(quoted);
      }),
    );
  });

  it('takes markup and lists as they are, and nothing for nothing', () => {
    const list = ['a<', 'b'].map((x) => markup`<li>${x}</li>`);
    expect(markup`<ul>${list}${undefined}</ul>${0}`.text).toBe('<ul><li>a&lt;</li><li>b</li></ul>0');
  });
});

describe('a page', () => {
  it('is one file that asks for nothing, with a language, a title and a width for phones', () => {
    const { document } = parseHTML(page('<b>', table({ caption: 'c', head: ['', 'x'], rows: [['r', 1]] })));
    expect(document.documentElement.getAttribute('lang')).toBe('en');
    expect(document.querySelector('title')!.textContent).toBe('<b>');
    expect(document.querySelector('h1')!.textContent).toBe('<b>');
    expect(document.querySelector('meta[name=viewport]')).not.toBeNull();
    expect(document.querySelectorAll('[src], [href], script, link').length).toBe(0);
    expect(document.querySelector('style')!.textContent).toContain('prefers-color-scheme: dark');
  });

  it('has tables whose cells know what they are called', () => {
    const { document } = parseHTML(table({ caption: 'All', head: ['name', 'x'], rows: [['<r>', 1]] }).text);
    expect([...document.querySelectorAll('thead th')].map((th) => th.getAttribute('scope'))).toEqual(['col', 'col']);
    expect(document.querySelector('tbody th')!.getAttribute('scope')).toBe('row');
    expect(document.querySelector('tbody th')!.textContent).toBe('<r>');
    expect(document.querySelector('caption')!.textContent).toBe('All');
  });
});
