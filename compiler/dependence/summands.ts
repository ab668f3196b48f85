/**
 * What a loss is the sum of, as far as it reads answers. A branch of a `where` is a term under its condition: where a masked item
 * counts, the mask stands in its place.
 */
import type { Axis } from '../../dsl/axis.js';
import { argsOf } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { reargue, topological } from '../graph.js';

/** What a condition that holds, or does not, says of the conditions that it is made of. */
const implied = (condition: Node, holds: boolean): readonly (readonly [Node, boolean])[] => {
  const parts = (): readonly (readonly [Node, boolean])[] => {
    if (condition.op !== 'map') return [];
    if (condition.fn === 'not') return implied(condition.args[0]!, !holds);
    return condition.fn === (holds ? 'and' : 'or') ? condition.args.flatMap((a) => implied(a, holds)) : [];
  };
  return [[condition, holds], ...parts()];
};

/** The arguments of a node that are read in the node's own cell along these axes. */
const inOwnCell = (node: Node, axes: ReadonlySet<string>): readonly Node[] => {
  switch (node.op) {
    case 'map':
      return node.args;
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return [node.arg];
    case 'reduce':
      return node.over.some((a) => axes.has(a)) ? [] : [node.arg];
    case 'gather':
      return axes.has(node.axis) ? [node.at] : [node.table, node.at];
    case 'rename':
      return axes.has(node.from) || axes.has(node.to.name) ? [] : [node.arg];
    case 'shift':
      return axes.has(node.axis) ? [] : [node.arg];
    default:
      return [];
  }
};

/** The value where the condition is so, as far as its own cells are asked. `originals` learns what copies are copies of. */
const assuming = (root: Node, condition: Node, holds: boolean, originals: Map<Node, Node>): Node => {
  const known = new Map(implied(condition, holds));
  const axes = new Set(condition.axes.map((a) => a.name));
  const done = new Map<Node, Node>();
  for (const node of topological([root])) {
    const own = inOwnCell(node, axes);
    const branch = node.op === 'map' && node.fn === 'select' ? known.get(node.args[0]!) : undefined;
    const fresh =
      branch !== undefined && node.op === 'map'
        ? done.get(node.args[branch ? 1 : 2]!)!
        : own.every((a) => done.get(a) === a)
          ? node
          : reargue(node, new Map(own.map((a) => [a, done.get(a)!])));
    if (fresh !== node && branch === undefined) originals.set(fresh, originals.get(node) ?? node);
    done.set(node, fresh);
  }
  return done.get(root)!;
};

/** Users, and their positions: what losses are summed over. Along other axes a sum may be a product of a state's features. */
const ofPositions = ({ extent }: Axis): boolean => extent.kind === 'ragged' || typeof extent.size === 'string';

/** What a value is the sum of, up to factors that read no answer; null where it is a term. */
const split = (node: Node, reads: (n: Node) => boolean, originals: Map<Node, Node>): readonly Node[] | null => {
  if (node.op === 'reduce')
    return node.monoid === 'sum' && node.arg.axes.every((a) => ofPositions(a) || !node.over.includes(a.name))
      ? [node.arg]
      : null;
  if (node.op === 'broadcast' || node.op === 'stop' || node.op === 'barrier') return [node.arg];
  if (node.op !== 'map') return null;
  const [a, b, c] = node.args;
  switch (node.fn) {
    case 'add':
    case 'sub':
    case 'neg':
      return node.args;
    case 'mul':
      return reads(a!) && reads(b!) ? null : node.args;
    case 'div':
      return reads(b!) ? null : [a!];
    case 'select':
      return reads(a!) ? null : [assuming(b!, a!, true, originals), assuming(c!, a!, false, originals)];
    default:
      return null;
  }
};

/** The terms of a loss that read an answer; `originals` learns of what their tensors are copies, where they are. */
export const termsOf = (loss: Node, answers: ReadonlySet<string>, originals: Map<Node, Node>): readonly Node[] => {
  const known = new Map<Node, boolean>();
  const reads = (root: Node): boolean => {
    for (const n of topological([root], (x) => known.has(x)))
      known.set(n, (n.op === 'input' && answers.has(n.name)) || argsOf(n).some((a) => known.get(a) === true));
    return known.get(root)!;
  };
  const terms: Node[] = [];
  const seen = new Set<Node>();
  const pending = [loss];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node) || !reads(node)) continue;
    seen.add(node);
    const found = split(node, reads, originals);
    if (found === null) terms.push(node);
    else pending.push(...found);
  }
  return terms.reverse();
};
