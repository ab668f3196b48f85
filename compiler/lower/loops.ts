/** The loops of a program: one for each scan, whose states are computed position by position. */
import { scan } from '../../dsl/build.js';
import type { Carry, Node, Scan } from '../../dsl/node.js';
import { inLoop } from '../graph.js';

export interface ScanLoop {
  /** All states of the scan, those that nobody asks for among them: the others need them. */
  readonly states: readonly [Scan, ...Scan[]];
  /** What depends on the carries. */
  readonly inside: ReadonlySet<Node>;
}

/** The states of a scan by one of them: built once, so that all who ask mean the same nodes. */
const complete = new WeakMap<Scan, ScanLoop['states']>();
const statesOf = (results: readonly [Scan, ...Scan[]]): ScanLoop['states'] => {
  const [first] = results;
  const known = complete.get(first);
  if (known !== undefined) return known;
  const states = first.carries.map(
    (_, i) => results.find((r) => r.result === i) ?? scan(first.carries, first.next, i, first),
  ) as [Scan, ...Scan[]];
  states.forEach((s) => complete.set(s, states));
  return states;
};

/** Of the nodes in this order. */
export const loopsOf = (order: readonly Node[]): readonly ScanLoop[] => {
  const scans = new Map<Carry, [Scan, ...Scan[]]>();
  for (const n of order) {
    if (n.op !== 'scan') continue;
    const sofar = scans.get(n.carries[0]!);
    if (sofar === undefined) scans.set(n.carries[0]!, [n]);
    else sofar.push(n);
  }
  return [...scans.values()].map((results) => {
    const [first] = results;
    if (results.some((r) => r.next.some((n, i) => n !== first.next[i])))
      throw new Error('two scans share their carries');
    return { states: statesOf(results), inside: inLoop(first) };
  });
};
