/** Calls written out: engines do not do it, and a call empties the registers. */
import { get, local, set } from './build.js';
import { isMath, math } from './math.js';
import type { Block, Code, Func, Local, Statement } from './tree.js';
import { mapBlocks, mapCode, mapValues, parts, statements, values } from './walk.js';

type Call = Extract<Code, { kind: 'call' }>;

/** The first call that is to be written out: one of a function of one argument. */
const firstCall = (code: Code): Call | null => {
  if (code.kind === 'call' && code.inline && isMath(code.fn) && math[code.fn].parameters.length === 1) return code;
  for (const part of parts(code)) {
    const found = firstCall(part);
    if (found !== null) return found;
  }
  return null;
};

/** `code` with its calls written out in `before`. */
const written = (code: Code, before: Statement[]): Code => {
  const call = firstCall(code);
  if (call === null || !isMath(call.fn)) return code;
  const { parameters, body, result } = math[call.fn];
  const own = new Map<Local, Local>();
  const ownOf = (l: Local): Local => {
    const found = own.get(l) ?? local(`${call.fn}.${l.wanted}`, l.type);
    own.set(l, found);
    return found;
  };
  const renamed = mapCode((c) => (c.kind === 'local' ? get(ownOf(c.local)) : c));
  parameters.forEach((p, k) => before.push(set(ownOf(p), written(call.args[k]!, before))));
  for (const s of body) if (s.kind === 'set') before.push(set(ownOf(s.local), written(renamed(s.value), before)));
  const value = written(renamed(result!), before);
  if (call === code) return value;
  const kept = local(call.fn, value.type);
  before.push(set(kept, value));
  return written(mapCode((c) => (c === call ? get(kept) : c))(code), before);
};

const count = (locals: readonly Local[]): ReadonlyMap<Local, number> => {
  const found = new Map<Local, number>();
  locals.forEach((l) => found.set(l, (found.get(l) ?? 0) + 1));
  return found;
};
/** The locals that a block's own statements read, as often as they do. */
const readsOf = (block: Block): readonly Local[] => {
  const found: Local[] = [];
  const visit = (code: Code): void => {
    if (code.kind === 'local') found.push(code.local);
    else parts(code).forEach(visit);
  };
  for (const s of block) values(s).forEach(visit);
  return found;
};

/** Of locals that pass a value on, those that are set once and read once. */
const singles = (block: Block): ReadonlySet<Local> => {
  const all = statements(block);
  const sets = count(all.flatMap((s) => (s.kind === 'set' ? [s.local] : [])));
  const reads = count(readsOf(all));
  return new Set([...sets].flatMap(([l, n]) => (n === 1 && reads.get(l) === 1 ? [l] : [])));
};

/** What a call gave, and is read once, is computed where it is read: only what leads up to it stands where the call stood. */
const inBlock = (block: Block, single: ReadonlySet<Local>): Block => {
  const here = new Set(readsOf(block).filter((l) => single.has(l)));
  const later = new Map<Local, Code>();
  const placed = mapCode((c) => (c.kind === 'local' ? (later.get(c.local) ?? c) : c));
  return block.flatMap((given): readonly Statement[] => {
    const before: Statement[] = [];
    const statement = later.size === 0 ? given : mapValues(given, placed);
    const own = mapValues(statement, (code) => written(code, before));
    if (own.kind === 'set' && own.local.once === true && here.has(own.local)) {
      later.set(own.local, own.value);
      return before;
    }
    return [...before, mapBlocks(own, (b) => inBlock(b, single))];
  });
};

/** Whether anything is to be written out, or passed on. */
const asks = (block: Block): boolean =>
  statements(block).some(
    (s) => (s.kind === 'set' && s.local.once === true) || values(s).some((code) => firstCall(code) !== null),
  );

export const inlineCalls = (f: Func): Func => (asks(f.body) ? { ...f, body: inBlock(f.body, singles(f.body)) } : f);
