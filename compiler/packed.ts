/** Graphs of plain objects as text, and back: what is one object stays one. Notes, such as where a node comes from, go along. */
type Plain = object | string | number | boolean | null | undefined;

/** Numbers that JSON has no word for. */
const wordFor = (n: number): string | undefined =>
  Number.isFinite(n) && !Object.is(n, -0) ? undefined : Object.is(n, -0) ? '-0' : String(n);

/** An object stands in a list once, after what it is made of; elsewhere stands its number, as [number]. */
type Cell = string | number | boolean | null | readonly [number] | { readonly n: string };
type Row = { readonly list: readonly Cell[] } | { readonly of: Readonly<Record<string, Cell>>; readonly note?: Cell };

export const pack = (root: object, notes: Pick<WeakMap<object, object>, 'get'>): string => {
  const rows: Row[] = [];
  const known = new Map<object, number>();
  const fields = (value: object): Readonly<Record<string, Cell>> =>
    Object.fromEntries(
      Object.entries(value).flatMap(([name, field]: [string, Plain]) =>
        field === undefined ? [] : [[name, cell(field)]],
      ),
    );
  const cell = (value: Plain): Cell => {
    if (typeof value === 'number') {
      const n = wordFor(value);
      return n === undefined ? value : { n };
    }
    if (value === null || typeof value !== 'object') return value ?? null;
    const found = known.get(value);
    if (found !== undefined) return [found];
    const note = notes.get(value);
    const row: Row = Array.isArray(value)
      ? { list: value.map((v: Plain) => cell(v)) }
      : { of: fields(value), ...(note === undefined ? {} : { note: cell(note) }) };
    known.set(value, rows.length);
    return [rows.push(row) - 1];
  };
  cell(root);
  return `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;
};

/** What was packed last of all; `note` is told of each object that had one. */
export const unpack = (text: string, note: (of: object, what: object) => void): unknown => {
  const made: object[] = [];
  const value = (c: Cell): unknown =>
    Array.isArray(c) ? made[c[0] as number] : typeof c === 'object' && c !== null && 'n' in c ? Number(c.n) : c;
  for (const line of text.trimEnd().split('\n')) {
    const row = JSON.parse(line) as Row;
    const one = 'list' in row ? row.list.map(value) : mapped(row.of, value);
    made.push(one);
    if ('of' in row && row.note !== undefined) note(one, value(row.note) as object);
  }
  return made.at(-1);
};
const mapped = (of: Readonly<Record<string, Cell>>, value: (c: Cell) => unknown): object =>
  Object.fromEntries(Object.entries(of).map(([name, c]) => [name, value(c)]));
