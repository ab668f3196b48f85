/** Tables as CSV (RFC 4180). */

type Cell = string | number | null;

const written = (value: Cell): string =>
  value === null ? '' : /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

/** A header, and rows; what has no value is empty. */
export const csvOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows].map((row) => `${row.map(written).join(',')}\r\n`).join('');
