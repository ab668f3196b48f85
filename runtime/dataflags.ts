/** The command line's options about data, in one list: every command that reads data takes all of them. */
import { InvalidArgumentError, Option } from 'commander';
import { repeated } from './contract/singly.js';
import { fileFormats, formats, samplePath, timeUnits } from './data/index.js';

const names = [...formats, ...fileFormats].map(({ name }) => name);

/** A number; what may be one is said by whoever reads the data. */
const number = (text: string): number => {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()))
    throw new InvalidArgumentError(`It takes a number, not ${JSON.stringify(text)}.`);
  return Number(text);
};
const several = (flags: string, help: string): Option => repeated(new Option(flags, help));

export const dataFlags: readonly Option[] = [
  new Option(
    '--data <file>',
    `interactions (${names.join(', ')}; text plain or gzip): a file, a folder of them, or a pattern in quotes ('events-*.parquet'); or \`${samplePath}\` for generated ones`,
  ),
  new Option('--format <name>', 'format of the data, where their first line does not tell').choices(names),
  new Option(
    '--columns <list>',
    "which column is what, and which to keep: user=customer_id,item=sku,time=ts:ms,rating=stars,action,shop=store:category; places (user=1,item=3) where there's no header",
  ),
  new Option('--time-unit <name>', 'what times are, where their size misleads').choices(Object.keys(timeUnits)),
  new Option('--query <sql>', 'what to read of a SQLite or DuckDB file'),
  new Option('--min-rating <n>', 'leave out events rated lower').argParser(number),
  new Option('--actions <list>', 'leave out events of other actions: purchase,cart'),
  new Option('--since <time>', 'leave out events before: ISO 8601, or seconds since 1970'),
  new Option('--until <time>', 'leave out events from then on'),
  new Option('--drop-repeats', 'leave out an event of the same item as the one before'),
  new Option('--min-user <n>', 'leave out users of fewer events, until all have as many').argParser(number),
  new Option('--min-item <n>', 'leave out items of fewer events, the same').argParser(number),
  several('--items <file>', 'what is known of items: a table, or vectors; may be given several times'),
  new Option(
    '--item-columns <list>',
    'which of its columns to keep, and their kinds: item=sku,genre,price=cost:number',
  ),
  several('--users <file>', 'what is known of users: a table; may be given several times'),
  new Option('--user-columns <list>', 'which of its columns to keep, and their kinds: user=customer,age:number,city'),
  several(
    '--vectors <file>',
    'what values of a column of events say, as vectors: `instruction.npy` of the column instruction; may be given several times',
  ),
  new Option('--titles <file>', 'titles of items'),
  new Option('--no-cache', 'neither read nor keep a packed copy of large data'),
];

/** Gives a command these options. */
export const withData = <C extends { addOption(option: Option): unknown }>(command: C): C => {
  dataFlags.forEach((option) => command.addOption(option));
  return command;
};
