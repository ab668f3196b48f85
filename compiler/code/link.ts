/** What code asks for outside itself: functions of `math`, directly or through others of them, and globals. */
import { isMath, math, type MathName } from './math.js';
import type { Code, Func, Global } from './tree.js';
import { parts, statements, values } from './walk.js';

const visit = ({ body, result }: Func, each: (code: Code) => void): void => {
  const go = (code: Code): void => {
    each(code);
    parts(code).forEach(go);
  };
  statements(body).flatMap(values).forEach(go);
  if (result !== null) go(result);
};

const callsIn = (fn: Func): ReadonlySet<MathName> => {
  const found = new Set<MathName>();
  visit(fn, (code) => {
    if (code.kind === 'call' && isMath(code.fn)) found.add(code.fn);
  });
  return found;
};

/** Those that `functions` call, in an order in which each calls only those before it. */
export const mathOf = (functions: readonly Func[]): readonly Func[] => {
  const found = new Set<MathName>();
  const take = (fn: Func): void =>
    callsIn(fn).forEach((name) => {
      if (found.has(name)) return;
      found.add(name);
      take(math[name]);
    });
  functions.forEach(take);
  const ordered = new Set<Func>();
  const put = (f: Func): void => {
    callsIn(f).forEach((name) => put(math[name]));
    ordered.add(f);
  };
  Object.values(math)
    .filter((f) => isMath(f.name) && found.has(f.name))
    .forEach(put);
  return [...ordered];
};

export const globalsOf = (fn: Func): ReadonlySet<Global> => {
  const found = new Set<Global>();
  visit(fn, (code) => {
    if (code.kind === 'global') found.add(code.global);
  });
  return found;
};
