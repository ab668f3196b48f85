/**
 * Packed copies of data, so that a second start is instant. A copy is named by what the files hold and by all that bears on how they
 * are read, is verified whole, and is only ever a shortcut: whatever is wrong with one, the data themselves are read.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Either, isLeft, right } from 'fp-ts/lib/Either.js';
import { cacheFolder } from '../files.js';
import { bearing, filesIn, type LoadOptions } from './asked.js';
import { hashesOf, notedHashes, noteOf, type Stamps, stampsOf, unchanged } from './contents.js';
import type { Dataset } from './dataset.js';
import { filesAt, nameOf } from './paths.js';
import { reader } from './reader.js';
import { type Found, hasAny, put, taken, tidied, used } from './shelf.js';
import { fileFormatOf } from './tables/files.js';
import { idsFile, isVectors } from './tables/vectors.js';

/** Bytes of files that are as quickly read as a copy of them. */
const small = 1 << 20;
/** Copies of the same files, read in as many ways. */
const most = 4;
const [packed, note] = ['.packed', '.note'];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What is read, and how. */
interface Source {
  /** The data, then what options name, each with what lies beside it. */
  readonly files: readonly string[];
  /** What the names of all copies of these files begin with. */
  readonly name: string;
  /** All that bears on how they are read. */
  readonly how: string;
  /** Where copies may lie, the best place first. */
  readonly folders: readonly string[];
}

/** Undefined where nothing can be known of the files, or where what they give depends on more than their bytes. */
const sourceOf = async (path: string, options: LoadOptions): Promise<Source | undefined> => {
  const data = await filesAt(path);
  if (isLeft(data)) return undefined;
  const given = Object.entries(bearing).flatMap(([option, bears]) => {
    const value = options[option as keyof LoadOptions];
    return value === undefined || bears === 'none' ? [] : [{ option, bears, value }];
  });
  const named = given.flatMap(({ bears, value }) =>
    bears === 'file' ? [String(value)] : bears === 'files' ? filesIn(value as string | readonly string[]) : [],
  );
  for (const file of [...data.right, ...named]) if ((await fileFormatOf(file))?.alone === false) return undefined;
  const files = [...data.right, ...named.flatMap((file) => (isVectors(file) ? [file, idsFile(file)] : [file]))];
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  const name = nameOf(path);
  return {
    files,
    name: `${name.replace(/[^\w.-]/g, '_')}-${sha256(JSON.stringify(files.map((file) => resolve(file)))).slice(0, 8)}`,
    how: JSON.stringify([
      reader(),
      name,
      given.map(({ option, bears, value }) => (bears === 'value' ? [option, value] : option)),
      files.map((file) => basename(file)),
    ]),
    folders: [join(isFolder ? path : dirname(data.right[0]!), '.pcrec'), join(cacheFolder(), 'data')],
  };
};

/** The key of a copy, and its file. */
const copyOf = ({ how, name }: Source, hashes: readonly string[]): { readonly key: string; readonly file: string } => {
  const key = sha256(JSON.stringify([how, hashes]));
  return { key, file: `${name}-${key.slice(0, 16)}${packed}` };
};

const noted = async ({ folders, name }: Source, stamps: Stamps): Promise<readonly string[] | undefined> => {
  const found = await taken(folders, `${name}${note}`, name);
  return found.kind === 'there' ? notedHashes(found.value, stamps) : undefined;
};

const takeNote = async ({ folders, name }: Source, stamps: Stamps, hashes: readonly string[]): Promise<void> => {
  const value = noteOf(stamps, hashes);
  if (value !== undefined) await put(folders, `${name}${note}`, name, value);
};

/** The same data, which say what became of their copy. */
const saying = (data: Dataset, copy: string): Dataset => ({
  ...data,
  reading: { says: [], warns: [], ...data.reading, copy },
});

/** Keeps a copy of data whose files are still what they were before they were read. */
const kept = async (
  source: Source,
  before: Stamps,
  hashes: readonly string[] | undefined,
  found: Found,
  data: Dataset,
): Promise<Dataset> => {
  const now = before.settled && hashes !== undefined ? hashes : await hashesOf(before);
  const after = await stampsOf(source.files);
  const same = after !== undefined && unchanged(before, after) && (hashes === undefined || `${hashes}` === `${now}`);
  if (!same || now === undefined) return data;
  const { key, file } = copyOf(source, now);
  const path = await put(source.folders, file, key, data);
  if (isLeft(path)) return saying(data, `No packed copy could be kept (${path.left}): --no-cache tries none.`);
  await takeNote(source, before, now);
  await tidied(path.right, source.name, packed, most);
  return saying(
    data,
    found.kind === 'damaged'
      ? `The packed copy ${found.path} could not be used, since ${found.why}; it was made again.`
      : `A packed copy for the next start is in ${path.right}; --no-cache keeps none.`,
  );
};

/** The data set that `read` reads at a path: its packed copy, where there is one of these very bytes, else what it reads, of which a copy is kept. */
export const throughCopies = async (
  path: string,
  options: LoadOptions,
  read: () => Promise<Either<string, Dataset>>,
): Promise<Either<string, Dataset>> => {
  // Where this reader cannot say what it is, nothing can be kept by it.
  const source = options.cache === false ? undefined : await sourceOf(path, options).catch(() => undefined);
  const before = source === undefined ? undefined : await stampsOf(source.files);
  if (source === undefined || before === undefined || before.size < small) return read();
  const remembered = await noted(source, before);
  // Files are hashed before they are read only where that may spare the reading, or where no later look could tell that they changed.
  const hashes =
    remembered ??
    (!before.settled || (await hasAny(source.folders, source.name, packed)) ? await hashesOf(before) : undefined);
  const { key, file } = hashes === undefined ? { key: '', file: '' } : copyOf(source, hashes);
  const found: Found = hashes === undefined ? { kind: 'absent' } : await taken(source.folders, file, key);
  if (found.kind === 'there') {
    await used(found.path);
    if (remembered === undefined) await takeNote(source, before, hashes!);
    return right(
      saying(found.value as Dataset, `Read from the packed copy ${found.path}; --no-cache reads the data themselves.`),
    );
  }
  const data = await read();
  return isLeft(data) ? data : right(await kept(source, before, hashes, found, data.right));
};
