/**
 * Simulates what people might have asked before they took something: `asked.csv`, the events with a column `instruction`, and
 * `instruction.csv`, each different instruction once, for whoever makes vectors of them.
 *
 *     npm install pcrec
 *     npx tsx simulate.ts --data ratings.dat --items movies.dat --words genres --phrase "a film with {}" --out asked
 *
 * An instruction is a phrase around a few words that a table says of an item: of the item that was taken, or, for `--astray` of them, of one
 * drawn from all, since people do not always take what they asked for. Events without one: all but the share `--asked`. This is a
 * simulation: whoever trains on it trains a model to find what it is told about, and figures on it say how well that goes.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type FeatureColumn, load, stream, uniformAt } from 'pcrec/runtime';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: 'sample' },
    format: { type: 'string' },
    columns: { type: 'string' },
    items: { type: 'string', multiple: true, default: [] },
    words: { type: 'string', default: 'genre' },
    phrase: { type: 'string', default: 'something with {}' },
    most: { type: 'string', default: '2' },
    asked: { type: 'string', default: '0.5' },
    astray: { type: 'string', default: '0.1' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'asked' },
  },
});
const end = (why: string): never => {
  console.error(why);
  process.exit(1);
};
const number = (name: 'most' | 'asked' | 'astray' | 'seed', most: number): number => {
  const value = Number(options[name]);
  return value >= 0 && value <= most ? value : end(`--${name} takes a number from 0 to ${most}, not ${options[name]}.`);
};
const [most, asked, astray, seed] = [
  Math.floor(number('most', 9)),
  number('asked', 1),
  number('astray', 1),
  number('seed', 2 ** 32 - 1),
];
if (!options.phrase.includes('{}')) end('--phrase has a {} where the words go.');

const { format, columns } = options;
const loaded = await load(options.data, {
  ...(options.items.length === 0 ? {} : { items: options.items }),
  ...(format === undefined ? {} : { format }),
  ...(columns === undefined ? {} : { columns }),
});
const data = loaded._tag === 'Left' ? end(loaded.left) : loaded.right;

/** What a column says of an item, in words. */
const wordsOf = (column: FeatureColumn, item: number): readonly string[] => {
  if (column.kind === 'category')
    return column.values[item] === 0 ? [] : [column.vocabulary[column.values[item]! - 1]!];
  if (column.kind === 'categories')
    return Array.from(
      column.values.subarray(column.offsets[item], column.offsets[item + 1]),
      (code) => column.vocabulary[code - 1]!,
    );
  return end('--words names columns of categories.');
};
const said = options.words.split(',').map((name) => {
  const column = data.features?.get(name);
  return (
    column ?? end(`The items have no column '${name}': they have ${[...(data.features?.keys() ?? [])].join(', ')}.`)
  );
});

/** A phrase of some of an item's words; undefined where nothing is known of it. */
const phraseOf = (item: number, draw: () => number): string | undefined => {
  const left = said.flatMap((column) => wordsOf(column, item)).map((word) => word.toLowerCase());
  const chosen: string[] = [];
  while (left.length > 0 && chosen.length < most) chosen.push(...left.splice(Math.floor(draw() * left.length), 1));
  return chosen.length === 0 ? undefined : options.phrase.replace('{}', chosen.sort().join(' and '));
};

/** A cell of CSV. */
const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const phrases = new Set<string>();
const lines: string[] = [];
data.users.forEach((user, u) => {
  const numbers = stream(seed, u, 'instructions');
  let next = 0;
  const draw = (): number => uniformAt(numbers, next++);
  for (let event = data.offsets[u]!; event < data.offsets[u + 1]!; event++) {
    const item = data.sequence[event]!;
    const isAsked = draw() < asked;
    const about = draw() < astray ? Math.floor(draw() * data.items.length) : item;
    const phrase = isAsked ? phraseOf(about, draw) : undefined;
    if (phrase !== undefined) phrases.add(phrase);
    const row = [user, data.items[item]!, ...(data.times === undefined ? [] : [`${data.times[event]}`]), phrase ?? ''];
    lines.push(row.map(cell).join(','));
  }
});
await mkdir(options.out, { recursive: true });
const head = ['user', 'item', ...(data.times === undefined ? [] : ['time']), 'instruction'];
await writeFile(join(options.out, 'asked.csv'), `${[head.join(','), ...lines].join('\n')}\n`);
await writeFile(
  join(options.out, 'instruction.csv'),
  `${['instruction', ...[...phrases].sort().map(cell)].join('\n')}\n`,
);
console.error(`${options.out}: ${lines.length} events, ${phrases.size} different instructions`);
