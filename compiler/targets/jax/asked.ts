/**
 * Choices that nobody needs: where all who read `select(p, x, 0)` look at it only where p holds, x does. A lookup of one position that
 * was moved down to what it looks up leaves such choices at every step of the way.
 */
import { argsOf, hasAxis } from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import { replaceAll, topological } from '../../graph.js';
import { conditions } from '../../softmax.js';
import { type Program, rootsOf, withRoots } from '../../program.js';

type Conditions = ReadonlySet<Node>;
const none: Conditions = new Set();

/** Under which conditions a node's arguments are looked at, one by one, where it is looked at under `own`. */
const below = (n: Node, own: Conditions): readonly Conditions[] => {
  if (n.op === 'map' && n.fn === 'select') return [own, new Set([...own, ...conditions(n.args[0]!)]), own];
  return n.op === 'map' || n.op === 'broadcast' || n.op === 'stop' || n.op === 'barrier' || n.op === 'reduce'
    ? argsOf(n).map(() => own)
    : argsOf(n).map(() => none);
};

/** What of a condition holds of every cell of an argument: only what it tells of the argument's own cells. */
const told = (all: Conditions, arg: Node): Conditions =>
  new Set([...all].filter((p) => p.axes.every((a) => hasAxis(arg, a.name))));

export const asked = (program: Program): Program => {
  const roots = rootsOf(program);
  const order = topological(roots);
  const wanted = new Map<Node, Conditions>(roots.map((root) => [root, none]));
  const gone = new Map<Node, Node>();
  for (const n of [...order].reverse()) {
    const own = wanted.get(n) ?? none;
    if (n.op === 'map' && n.fn === 'select') {
      const [p, x] = n.args as readonly [Node, Node, Node];
      if (x.axes.length === n.axes.length && conditions(p).every((c) => own.has(c))) gone.set(n, x);
    }
    below(n, own).forEach((given, i) => {
      const arg = argsOf(n)[i]!;
      const here = told(given, arg);
      const known = wanted.get(arg);
      wanted.set(arg, known === undefined ? here : new Set([...known].filter((p) => here.has(p))));
    });
  }
  return withRoots(program, replaceAll(roots, gone, program.origins));
};
