/** Calls written out: engines do not do it, and a call empties the registers. */
import { get, local, set } from './build.js';
import { isMath, math } from './math.js';
import type { Block, Code, Local, Statement } from './tree.js';
import { mapBlocks, mapCode, mapValues, parts } from './walk.js';

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
  const renamed = mapCode((c) => {
    if (c.kind !== 'local') return c;
    const fresh = own.get(c.local) ?? local(`${call.fn}.${c.local.wanted}`, c.local.type);
    own.set(c.local, fresh);
    return get(fresh);
  });
  const target = (l: Local): Local => (renamed(get(l)) as Extract<Code, { kind: 'local' }>).local;
  parameters.forEach((p, k) => before.push(set(target(p), written(call.args[k]!, before))));
  for (const s of body) if (s.kind === 'set') before.push(set(target(s.local), written(renamed(s.value), before)));
  const value = written(renamed(result!), before);
  if (call === code) return value;
  const kept = local(call.fn, value.type);
  before.push(set(kept, value));
  return written(mapCode((c) => (c === call ? get(kept) : c))(code), before);
};

export const inlineCalls = (block: Block): Block => block.flatMap((statement) => {
  const before: Statement[] = [];
  const own = mapValues(statement, (code) => written(code, before));
  return [...before, mapBlocks(own, inlineCalls)];
});
