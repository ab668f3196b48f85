/**
 * Tables of databases, by a query: SQLite with what Node brings since version 22.13, DuckDB with the package of its makers. Neither
 * is required, and where it is missing the message says how to come by it, or by a file that needs none.
 */
import { visible } from '../cells.js';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../../errors.js';

/** What a query gives: names, then rows as lists of values. */
export interface Answer {
  readonly names: readonly string[];
  readonly rows: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>;
}

/** A kind of database. */
interface Database {
  /** Opens a file, for reading alone, lets `use` ask, and closes it. */
  readonly open: (
    path: string,
    use: (ask: (sql: string) => Promise<Answer>) => Promise<Either<string, void>>,
  ) => Promise<Either<string, void>>;
  /** A query whose rows are the names of all tables. */
  readonly tables: string;
}

const named = (name: string): Promise<Record<string, any>> => import(name) as Promise<Record<string, any>>;

const missingSqlite = (path: string): string =>
  `${path}: reading SQLite needs Node 22.13 or newer, and this is ${process.version}; or write the table as CSV: sqlite3 -header -csv FILE "SELECT ..." > events.csv`;
const missingDuckdb = (path: string): string =>
  `${path}: reading DuckDB needs a package that is not here; add it with npm install @duckdb/node-api, or write the table as Parquet: duckdb FILE "COPY (SELECT ...) TO 'events.parquet'"`;

const sqlite: Database = {
  tables: "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name",
  open: async (path, use) => {
    const found = await named('node:sqlite').catch(() => undefined);
    if (found === undefined) return left(missingSqlite(path));
    const database = new found['DatabaseSync'](path, { readOnly: true });
    try {
      return await use((sql) => {
        const statement = database.prepare(sql);
        statement.setReadBigInts(true);
        const names: readonly string[] = statement.columns().map(({ name }: { readonly name: string }) => name);
        const rows = function* (): Iterable<readonly unknown[]> {
          for (const row of statement.iterate()) yield names.map((name) => row[name]);
        };
        return Promise.resolve({ names, rows: rows() });
      });
    } finally {
      database.close();
    }
  },
};

const duckdb: Database = {
  tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY table_name",
  open: async (path, use) => {
    const found = await named('@duckdb/node-api').catch(() => undefined);
    if (found === undefined) return left(missingDuckdb(path));
    const instance = await found['DuckDBInstance'].create(path, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    try {
      return await use(async (sql) => {
        const result = await connection.stream(sql);
        const rows = async function* (): AsyncIterable<readonly unknown[]> {
          for await (const part of result.yieldRowsJs()) yield* part;
        };
        return { names: result.deduplicatedColumnNames(), rows: rows() };
      });
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  },
};

export const databases = { sqlite, duckdb } as const;

const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The only table of a database, as a query. Left: there are none or several. */
const onlyTable = async (path: string, answer: Answer): Promise<Either<string, string>> => {
  const names: string[] = [];
  for await (const [name] of answer.rows) names.push(String(name));
  return names.length === 1
    ? right(`SELECT * FROM ${quotedName(names[0]!)}`)
    : left(
        names.length === 0
          ? `${path}: the database has no table; expected one of interactions`
          : `${path}: the database has the tables ${visible(names.join(', '))}; say what to read with --query "SELECT ... FROM ${names[0]!}"`,
      );
};

/** Lets `use` read what a query gives, or the only table. Left: what is missing, what the database says, or what `use` says. */
export const queried = async (
  path: string,
  kind: keyof typeof databases,
  query: string | undefined,
  use: (answer: Answer) => Promise<Either<string, void>>,
): Promise<Either<string, void>> => {
  const { open, tables } = databases[kind];
  try {
    return await open(path, async (ask) => {
      const sql = query === undefined ? await onlyTable(path, await ask(tables)) : right(query);
      return isLeft(sql) ? sql : await use(await ask(sql.right));
    });
  } catch (error) {
    return left(
      `${path}: the database cannot be read${query === undefined ? '' : ` by --query ${JSON.stringify(query)}`}: ${messageOf(error).split('\n')[0]}; correct the ${query === undefined ? 'file' : 'query'}`,
    );
  }
};
