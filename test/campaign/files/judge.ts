/** What `load` says of a file: an error that helps, or a data set that holds what the file holds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import { type Dataset, load } from '../../../runtime/data/index.js';
import { type Fault, inTurn, type Verdict } from '../part.js';
import { byUser, bytesOf, type Case, harmless, timed } from './case.js';

let folder: string | undefined;
const scratch = (): string => {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'pcrec-files-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
};

export const fault = (kind: string, expected: string, found: string): Fault => ({
  kind,
  expected,
  found: found.slice(0, 1500),
});

/**
 * A message is for a person: it names the file and, of a text, the line, or what of the whole is wrong, as the user whose two times lie too far
 * apart; and it never shows our insides.
 */
const unhelpful = (path: string, message: string): Fault | null => {
  const name = basename(path);
  if (/\n\s+at .*[:(]\d+:\d+|\bTypeError\b|\bRangeError\b|\bundefined\b|\[object /.test(message))
    return fault('an error shows our insides', 'a sentence', message);
  if (!message.includes(name)) return fault('an error does not name the file', name, message);
  const whole =
    /the file is empty|nothing below it|gzip|UTF-16|zip data|no line|each of the \d+ lines|the times of user .+ reach from/.test(
      message,
    );
  if (!whole && !new RegExp(`${name.replace(/\./g, '\\.')}:\\d+`).test(message))
    return fault('an error names no line', `${name}:<line>`, message);
  return null;
};

// Every character that a person does not see, and spaces at an end.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|^\s|\s$/u;
const bare = (id: string): string => id.replace(/[\p{Cc}\p{Cf}\s]/gu, '');
const sameButForSpace = (ids: readonly string[]): readonly string[] => {
  const seen = new Map<string, string>();
  return ids.flatMap((id) => {
    const twin = seen.get(bare(id));
    seen.set(bare(id), id);
    return twin === undefined ? [] : [twin, id];
  });
};

/** What a data set breaks of its promises. */
export const inconsistent = ({ users, items, offsets, sequence, times }: Dataset): Fault | null => {
  const problem = (what: string): Fault =>
    fault(
      `a data set is inconsistent: ${what}`,
      'what Dataset promises',
      JSON.stringify({ users, items, offsets: [...offsets], sequence: [...sequence], times: times && [...times] }),
    );
  if (offsets.length !== users.length + 1 || offsets[0] !== 0 || offsets.at(-1) !== sequence.length)
    return problem('offsets');
  if (new Set(users).size !== users.length || new Set(items).size !== items.length) return problem('an id twice');
  if (new Set(sequence).size !== items.length || sequence.some((i) => i < 0 || i >= items.length))
    return problem('items');
  if (times !== undefined && (times.length !== sequence.length || times.some((t) => !Number.isFinite(t))))
    return problem('times');
  for (let u = 0; u < users.length; u++) {
    if (offsets[u + 1]! <= offsets[u]!) return problem('a user without items');
    for (let i = offsets[u]! + 1; times !== undefined && i < offsets[u + 1]!; i++)
      if (times[i - 1]! > times[i]!) return problem('the order of times');
  }
  const ids = [...users, ...items];
  const invisible = ids.filter((id) => unseen.test(id) || id === '');
  if (invisible.length > 0)
    return fault(
      'an id holds what one does not see',
      'ids without invisible characters and outer spaces',
      JSON.stringify(invisible),
    );
  const twins = [...sameButForSpace(users), ...sameButForSpace(items)];
  if (twins.length > 0) return fault('two ids differ by invisible characters alone', 'one id', JSON.stringify(twins));
  return null;
};

/** Whatever the mistakes, an accepted file gives an interaction for each of its lines. */
const lost = (format: string, plain: Buffer, data: Dataset): Fault | null => {
  if (!timed(format) || data.times === undefined) return null;
  const full = plain
    .toString('latin1')
    .replace(/^\xEF\xBB\xBF/, '')
    .split(/\r*\n/)
    .filter((l) => l.trim() !== '').length;
  const head = ['inter', 'ratings.csv', 'amazon-2023', 'table'].includes(format) ? 1 : 0;
  // A header may have been spoilt into a row, and a row into a header, under another format.
  const allowed = [full, full - 1];
  return allowed.includes(data.sequence.length)
    ? null
    : fault('interactions are lost, or made', `${full - head} lines of data`, `${data.sequence.length} interactions`);
};

const contents = ({ users, items, offsets, sequence, times }: Dataset): string =>
  JSON.stringify(
    users
      .map((user, u) => [
        user,
        [...sequence.subarray(offsets[u], offsets[u + 1])].map((item, i) => [
          items[item],
          times?.[offsets[u]! + i] ?? null,
        ]),
      ])
      .toSorted(),
  );
const meant = ({ rows, format }: Case): string =>
  JSON.stringify(
    [...byUser(rows)]
      .map(([user, events]) => [user, events.map(({ item, time }) => [item, timed(format) ? time : null])])
      .toSorted(),
  );

const judgeOne = async (of: Case, n: number): Promise<Verdict> => {
  const { plain, bytes } = bytesOf(of);
  const path = join(scratch(), `file${n}.${of.zipped ? 'gz' : 'txt'}`);
  await writeFile(path, bytes);
  try {
    const read = await load(path, of.told ? { format: of.format } : {});
    const unspoilt = of.mistakes.every(
      ({ name }) => harmless.has(name) && !(of.format === 'sequences' && name === 'spaces around a field'),
    );
    if (isLeft(read)) {
      // Items first are known by Amazon's ids alone, and ids such as these need not look like a format's.
      if (unspoilt && of.told)
        return left(
          fault(
            `a good file is refused${of.mistakes.length > 0 ? `: ${of.mistakes[0]!.name}` : ''}`,
            'a data set',
            read.left,
          ),
        );
      const bad = unhelpful(path, read.left);
      return bad === null ? right(1) : left(bad);
    }
    const data = read.right;
    const bad =
      inconsistent(data) ??
      (of.mistakes.some(({ name }) => /^gzip|quote|CR alone/.test(name)) ? null : lost(of.format, plain, data));
    if (bad !== null) return left(bad);
    if (unspoilt && of.told && contents(data) !== meant(of))
      return left(fault('a good file is read as something else', meant(of), contents(data)));
    return right(1);
  } catch (e) {
    return left(fault('load throws', 'an Either', e instanceof Error ? (e.stack ?? e.message) : String(e)));
  }
};

export const judge = inTurn<Case>((of, place) => judgeOne(of, place % 8));
