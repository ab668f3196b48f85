/** Which of the functions of `math` code calls, directly or through others of them. */
import { isMath, math, type MathName } from './math.js';
import type { Block, Code, Func } from './tree.js';
import { parts, statements, values } from './walk.js';

const callsIn = (block: Block, result: Code | null): ReadonlySet<MathName> => {
  const found = new Set<MathName>();
  const visit = (code: Code): void => {
    if (code.kind === 'call' && isMath(code.fn)) found.add(code.fn);
    parts(code).forEach(visit);
  };
  statements(block).flatMap(values).forEach(visit);
  if (result !== null) visit(result);
  return found;
};

export const mathOf = (functions: readonly Func[]): readonly Func[] => {
  const found = new Set<MathName>();
  const take = (fn: Func): void =>
    callsIn(fn.body, fn.result).forEach((name) => {
      if (found.has(name)) return;
      found.add(name);
      take(math[name]);
    });
  functions.forEach(take);
  return Object.values(math).filter((f) => isMath(f.name) && found.has(f.name));
};
