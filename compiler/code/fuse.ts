/** Products that are added to a sum are fused with the addition: one instruction, rounded once. */
import { fma } from './build.js';
import type { Block, Code, Func } from './tree.js';
import { mapAll, mapBlocks, mapCode, mapValues } from './walk.js';

const isLocal = (code: Code | undefined): boolean => code?.kind === 'local' && code.local.once !== true;

const fused = mapCode((code) => {
  if (code.kind !== 'op' || code.op !== 'add' || code.type !== 'f32s') return code;
  const [sum, product] = code.args as readonly [Code, Code];
  if (!isLocal(sum) || product.kind !== 'op' || product.op !== 'mul' || !product.args.every(isLocal)) return code;
  return fma(sum, product.args[0]!, product.args[1]!);
});
const inBlock = (block: Block): Block => mapAll(block, (statement) => mapBlocks(mapValues(statement, fused), inBlock));

/** The same function where there is nothing to fuse. */
export const fuseMultiplyAdd = (f: Func): Func => {
  const body = inBlock(f.body);
  const result = f.result === null ? null : fused(f.result);
  return body === f.body && result === f.result ? f : { ...f, body, result };
};
