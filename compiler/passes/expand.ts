/** Operators become expressions: gradients are derived, `descend` and `fixedPoint` unrolled, parameters rebound. Inner ones first. */
import { isRight, left, right } from 'fp-ts/lib/Either.js';
import type { Node, Project, Scan } from '../../dsl/node.js';
import { type Diagnostic, error } from '../diagnostics.js';
import { gradient } from '../gradient.js';
import { type Origins, rewrite, substitute, topological } from '../graph.js';
import { type Pass, rootsOf, withRoots } from '../program.js';
import { unrollDescend } from '../iterations/descend.js';
import { unrollFixedPoint } from '../iterations/fixed-point.js';
import { mixedRows } from '../iterations/rows.js';
import { associative, strayingSteps } from '../iterations/scan.js';

type Results = (result: string) => Node;

const results = (of: Project['of'], name: string, origins: Origins): Results => {
  switch (of.op) {
    case 'gradient': {
      const slopes = gradient(of.of, of.wrt);
      return (result) => slopes[Number(result)]!;
    }
    case 'descend': {
      const { states, energy } = unrollDescend(of, name);
      return (result) => (result === 'energy' ? energy : states[Number(result)]!);
    }
    case 'rebind': {
      const order = topological(of.of);
      const values = new Map(
        order.flatMap((n) =>
          n.op === 'param' && of.paths.includes(n.path) ? [[n, of.values[of.paths.indexOf(n.path)]!] as const] : [],
        ),
      );
      const found = substitute(of.of, values, origins);
      return (result) => found[Number(result)]!;
    }
    case 'fixedPoint': {
      const found = unrollFixedPoint(of, name);
      return (result) => found[result as keyof typeof found];
    }
  }
};

export const expand: Pass = {
  name: 'expand',
  description: 'derives gradients and unrolls descend and fixedPoint into plain expressions',
  run: (program) => {
    const [first, ...rest] = mixedRows(rootsOf(program), program.origins);
    if (first !== undefined) return left([first, ...rest]);
    const known = new Map<Project['of'], Results>();
    const refused: Diagnostic[] = [];
    const swept = (node: Scan): Node => {
      const found = associative(node);
      if (isRight(found)) return found.right;
      refused.push(
        error(
          'PC4009',
          `a scan of form associative has one state and a step a * previous + b, entry by entry: ${found.left}`,
          program.origins.get(node)?.source,
          'leave the form out: sequential takes any step',
        ),
      );
      return node;
    };
    const rule = (node: Node): Node => {
      if (node.op === 'scan' && node.form === 'associative') return swept(node);
      if (node.op !== 'project') return node;
      const found = known.get(node.of) ?? results(node.of, `${known.size}`, program.origins);
      known.set(node.of, found);
      return found(node.result);
    };
    const expanded = withRoots(program, rewrite(rootsOf(program), program.interned, rule, program.origins));
    const [stray, ...more] = [...refused, ...strayingSteps(rootsOf(expanded), program.origins)];
    return stray === undefined ? right(expanded) : left([stray, ...more]);
  },
};
