/**
 * Histories, one user a line: the user, then item ids in order of time. Nothing in such a line says what it is, so where nobody
 * named the format, what looks like a table (or a comment) is refused and not read as a very short history.
 */
import { numberAt, shown } from './cells.js';
import { decode, faultIn, spelled } from './ids.js';
import type { Interactions } from './interactions.js';
import type { Step } from './lines.js';

const [space, tab] = [0x20, 0x09];
/** How comments, markup, JSON and quoted cells begin; an id hardly ever does. */
const foreign = new Set(Buffer.from('#%<{["'));
const isSpace = (byte: number): boolean => byte === space || byte === tab;

/** Below this a number is hardly a time of our days, and hardly any item id is above it in the fourth place of every line. */
const likeTime = 1e8;

const ways =
  'rows of user, item and time need tabs or commas between them, or a header; rows of a user and an item in order of time are --format pairs; histories are --format sequences';

/** `end` says, when all lines are read, what is wrong with the whole. */
export const sequencesOf = (
  into: Interactions,
  named: boolean,
): { readonly step: Step; readonly end: () => string | undefined } => {
  let [lines, fewest, most] = [0, Infinity, 0];
  let timeLike = true;
  const step: Step = (bytes, start, end) => {
    if (!named && foreign.has(bytes[start]!))
      return `${shown(bytes, start, end)} looks like a comment, markup or a quoted cell, and not like a user's id; correct the file, or name --format sequences if the id is so`;
    const known = into.users.ids.length;
    let user = -1;
    let items = 0;
    for (let i = start; i < end;) {
      if (isSpace(bytes[i]!)) {
        i++;
        continue;
      }
      const from = i;
      while (i < end && !isSpace(bytes[i]!)) i++;
      const code = (user < 0 ? into.users : into.items).at(bytes, from, i);
      if (code < 0)
        return `the ${user < 0 ? 'user' : 'item'} id ${faultIn(spelled(decode(bytes.subarray(from, i)))) ?? 'cannot be read'} in ${shown(bytes, from, i)}; expected a user, then item ids; correct the line`;
      if (user < 0) {
        user = code;
        if (user < known)
          return `user ${shown(bytes, from, i)} has a line already, and a history is one line; join the two, or, if this is a table: ${ways}`;
        continue;
      }
      items++;
      if (items === 3) timeLike &&= numberAt(bytes, from, i) >= likeTime;
      into.add(user, code, 0);
    }
    if (items === 0)
      return `expected a user, then item ids in order of time, found ${shown(bytes, start, end)}; remove the line, or name another format with --format`;
    lines++;
    fewest = Math.min(fewest, items);
    most = Math.max(most, items);
    return step;
  };
  const end = (): string | undefined =>
    !named && lines > 1 && fewest === most && (most < 3 || (most === 3 && timeLike))
      ? `each of the ${lines} lines has ${most + 1} cells, which looks like a table and not like histories: ${ways}`
      : undefined;
  return { step, end };
};
