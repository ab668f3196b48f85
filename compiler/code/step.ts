/** An address that moves on by the same number of bytes each turn of an innermost loop is stepped, not multiplied anew. */
import { add, amount, get, local, mul, scaled, set } from './build.js';
import type { Block, Code, Local, Statement } from './tree.js';
import { blocks, mapBlocks, statements } from './walk.js';

type Loop = Extract<Statement, { kind: 'loop' }>;
type Set_ = Extract<Statement, { kind: 'set' }>;

interface Stride {
  readonly bytes: number;
  /** What the bytes are multiplied by, and the loop leaves alone. */
  readonly factor: Local | null;
}

/** `code` as a multiple of a loop's variable: by a number, or by a number and something else. */
const strideOf = (code: Code, variable: Local): Stride | null => {
  if (code.kind !== 'op' || code.op !== 'mul' || code.type !== 'i32') return null;
  const [by, with_] = code.args as readonly [Code, Code];
  if (by.kind === 'local' && by.local === variable && with_.kind === 'literal' && with_.value >= 0)
    return { bytes: with_.value, factor: null };
  const inner = with_.kind === 'local' ? strideOf(by, variable) : null;
  return inner === null || inner.factor !== null || with_.kind !== 'local' ? null : { ...inner, factor: with_.local };
};

/** Where `statement` sets an address, a sum of what the loop leaves alone and a multiple of its variable: the multiple. */
const steppable = (
  statement: Statement,
  variable: Local,
  written: ReadonlySet<Local>,
): { readonly set: Set_; readonly stride: Stride } | null => {
  if (statement.kind !== 'set') return null;
  const { value } = statement;
  if (value.kind !== 'op' || value.op !== 'add' || (value.type !== 'i32' && value.type !== 'at')) return null;
  const [start, moved] = value.args as readonly [Code, Code];
  const still = (code: Code): boolean => code.kind === 'global' || (code.kind === 'local' && !written.has(code.local));
  const stride = still(start) ? strideOf(moved, variable) : null;
  return stride === null || (stride.factor !== null && written.has(stride.factor)) ? null : { set: statement, stride };
};

const turns = (s: Statement): boolean =>
  s.kind === 'loop' || s.kind === 'while' || blocks(s).some((b) => b.some(turns));

const stepped = (loop: Loop): Block => {
  if (loop.body.some(turns)) return [loop];
  const inside = statements(loop.body);
  const written = new Set(inside.flatMap((s) => (s.kind === 'set' ? [s.local] : [])));
  const found = loop.body.flatMap((s) => steppable(s, loop.variable, written) ?? []);
  if (found.length === 0) return [loop];
  const moves = found.map(({ set: { local: address }, stride: { bytes, factor } }) => {
    const step = amount(scaled(loop.step, bytes));
    const kept = factor === null ? null : local('step', 'i32');
    return {
      before: kept === null ? [] : [set(kept, mul(step, get(factor!)))],
      after: set(address, add(get(address), kept === null ? step : get(kept))),
    };
  });
  const gone = new Set<Statement>(found.map((f) => f.set));
  return [
    ...(loop.from === null ? [] : [set(loop.variable, loop.from)]),
    ...found.flatMap((f, k) => [f.set, ...moves[k]!.before]),
    { ...loop, from: null, body: [...loop.body.filter((s) => !gone.has(s)), ...moves.map((m) => m.after)] },
  ];
};

export const stepAddresses = (block: Block): Block =>
  block.flatMap((statement) => {
    const inner = mapBlocks(statement, stepAddresses);
    return inner.kind === 'loop' ? stepped(inner) : [inner];
  });
