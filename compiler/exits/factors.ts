/** Products before they are summed. */
import { hasAxis } from '../../dsl/build.js';
import type { Varying } from './varying.js';

/** Factors whose axes another has are multiplied with it by `times`, cell by cell; the others are left. */
export const absorbed = <V extends Varying>(factors: readonly V[], times: (a: V, b: V) => V): readonly V[] => {
  const [widest, ...rest] = [...factors].sort((a, b) => b.axes.length - a.axes.length);
  const left: V[] = [widest!];
  for (const f of rest) {
    const at = left.findLastIndex((big) => f.axes.every((a) => hasAxis(big, a.name)));
    if (at < 0) left.push(f);
    else left[at] = times(left[at]!, f);
  }
  return left;
};
