/** What is said of spoilt tables: an error that helps, or data that are consistent; and of good ones, what they hold. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { type Dataset, type FeatureColumn, load } from '../../../runtime/data/index.js';
import { partsOf } from '../../../runtime/parts.js';
import { fault, inconsistent } from '../files/judge.js';
import { harmless } from '../files/case.js';
import { type Fault, inTurn, type Verdict } from '../part.js';
import { type Case, events, filesOf, kinds } from './case.js';

let folder: string | undefined;
const scratch = (): string => {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'pcrec-tables-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
};

/** Lines are named where the file is text, and where it is not the whole that is wrong. */
const unhelpful = (names: readonly string[], text: boolean, message: string): Fault | null => {
  if (/\n\s+at .*[:(]\d+:\d+|\bTypeError\b|\bRangeError\b|\bundefined\b|\[object |\bheap\b/.test(message))
    return fault('an error shows our insides', 'a sentence', message);
  if (/(?!\n)\p{Cc}/u.test(message)) return fault('an error holds what steers a terminal', 'plain text', message);
  if (!names.some((name) => message.includes(name)))
    return fault('an error does not name the file', names.join(' or '), message);
  const whole =
    /the file is empty|nothing below it|gzip|UTF-16|zip data|NUL bytes|knows none of the items|cannot be used|ids; give an id a row|two rows|none of these has|record has|not \S+ after all/;
  return text &&
    !whole.test(message) &&
    !names.some((name) => new RegExp(`${name.replaceAll('.', '\\.')}:\\d+`).test(message))
    ? fault('an error names no line', `${names[0]!}:<line>`, message)
    : null;
};

/** A column that holds what no column of its kind does. */
const odd = (name: string, column: FeatureColumn): Fault | null => {
  const problem = (what: string): Fault =>
    fault(`a column is inconsistent: ${what}`, 'what FeatureColumn promises', `${name}: ${JSON.stringify(column)}`);
  switch (column.kind) {
    case 'vector':
      return column.values.every(Number.isFinite) && column.width > 0 ? null : problem('numbers');
    case 'category':
    case 'categories': {
      const { vocabulary } = column;
      if (
        new Set(vocabulary).size !== vocabulary.length ||
        vocabulary.some((word) => word.trim() !== word || word === '')
      )
        return problem('words');
      if (column.kind === 'category') return null;
      for (let row = 0; row + 1 < column.offsets.length; row++) {
        const own = column.values.subarray(column.offsets[row], column.offsets[row + 1]);
        if (own.some((code, i) => i > 0 && own[i - 1]! >= code)) return problem('the order of values');
      }
      return null;
    }
    case 'lookup':
      return column.vectors.every(Number.isFinite) && column.width > 0 ? null : problem('numbers');
    case 'number':
      return column.values.some((x) => Math.abs(x) === Infinity) ? problem('numbers') : null;
    case 'text':
      return null;
  }
};

const wrong = (data: Dataset): Fault | null => {
  const { unmet: _, ...met } = data;
  const found = inconsistent(met);
  if (found !== null) return found;
  for (const [name, column] of [...(data.events ?? []), ...(data.features ?? [])]) {
    const one = odd(name, column);
    if (one !== null) return one;
  }
  return null;
};

/** What a case gives: data, and of a split what it divides. */
const read = async (
  { kind }: Case,
  at: string,
): Promise<Either<string, { readonly data: Dataset; readonly split?: unknown }>> => {
  const { file, data, options } = kinds[kind]!;
  const path = join(at, file);
  const found = await load(data ? path : join(at, 'events.csv'), options(path));
  if (isLeft(found) || kind !== 'a split') return isLeft(found) ? found : right({ data: found.right });
  const identity = { hash: found.right.hash, source: '', format: null, titles: null };
  const parts = await partsOf(found.right, identity, { protocol: 'standard' }, path)();
  if (isLeft(parts)) return parts;
  const { trainingEnds, held } = parts.right.split;
  return right({ data: found.right, split: { trainingEnds, held } });
};

const bare = ({
  data: { hash, users, items, titles },
  split,
}: {
  readonly data: Dataset;
  readonly split?: unknown;
}): string => JSON.stringify({ hash, users, items, titles: titles && [...titles], split });

const judgeOne = async (of: Case, n: number): Promise<Verdict> => {
  const at = join(scratch(), `${n}`);
  mkdirSync(at, { recursive: true });
  const { text } = kinds[of.kind]!;
  const write = async (files: Readonly<Record<string, Buffer>>): Promise<void> => {
    for (const [name, bytes] of Object.entries({ 'events.csv': Buffer.from(events), ...files }))
      await writeFile(join(at, name), bytes);
  };
  try {
    await write(filesOf(of));
    const found = await read(of, at);
    const names = Object.keys(filesOf(of)).map((name) => join(at, name));
    const unspoilt = of.mistakes.every(({ name }) => harmless.has(name) && name !== 'spaces around a field');
    if (isLeft(found)) {
      if (unspoilt) return left(fault(`a good file is refused: ${of.kind}`, 'data', found.left));
      const bad = unhelpful(names, text, found.left);
      return bad === null ? right(1) : left(bad);
    }
    const bad = wrong(found.right.data);
    if (bad !== null) return left(bad);
    if (!unspoilt || of.mistakes.length === 0) return right(1);
    await write(filesOf({ ...of, mistakes: [] }));
    const plain = await read(of, at);
    return isLeft(plain) || bare(plain.right) !== bare(found.right)
      ? left(
          fault(
            `a good file is read as something else: ${of.kind}`,
            isLeft(plain) ? plain.left : bare(plain.right),
            bare(found.right),
          ),
        )
      : right(1);
  } catch (e) {
    return left(fault('load throws', 'an Either', e instanceof Error ? (e.stack ?? e.message) : String(e)));
  }
};

export const judge = inTurn<Case>((of, place) => judgeOne(of, place % 8));
