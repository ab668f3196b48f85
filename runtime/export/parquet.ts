/** Rows as Parquet, a group of them at a time, by hyparquet-writer. */
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';

export interface Column {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'FLOAT';
  /** Each row has a list of such. */
  readonly list?: true;
  /** Rows may have none. */
  readonly optional?: true;
}
type Value = string | number | null | ArrayLike<number>;

const elementOf = (name: string, { type, optional }: Column): SchemaElement => ({
  name,
  repetition_type: optional === true ? 'OPTIONAL' : 'REQUIRED',
  ...(type === 'STRING' ? { type: 'BYTE_ARRAY', converted_type: 'UTF8' } : { type }),
});
const elements = (column: Column): readonly SchemaElement[] =>
  column.list === true
    ? [
        { name: column.name, repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        elementOf('element', column),
      ]
    : [elementOf(column.name, column)];

/** Rows of a group: a reader takes one into memory, and so does the writer. */
const group = 50_000;

/** The pieces of a file. `cells` are what a row of `rows` becomes: one row of the table or several. */
export const parquet = async function* <R>(
  columns: readonly Column[],
  rows: AsyncIterable<readonly R[]>,
  cells: (row: R) => readonly (readonly Value[])[],
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(elements)],
  });
  const taken = (): Uint8Array => {
    const piece = writer.getBytes().slice();
    writer.index = 0;
    return piece;
  };
  let waiting: (readonly Value[])[] = [];
  const written = async (): Promise<Uint8Array> => {
    await file.write({
      columnData: columns.map(({ name, list }, at) => ({
        name,
        data: waiting.map((row) => (list === true ? Array.from(row[at] as ArrayLike<number>) : row[at])),
      })),
      rowGroupSize: waiting.length,
    });
    waiting = [];
    return taken();
  };
  for await (const batch of rows) {
    for (const row of batch) waiting.push(...cells(row));
    if (waiting.length >= group) yield await written();
  }
  if (waiting.length > 0) yield await written();
  await file.finish();
  yield taken();
};
