/** Operators become expressions: gradients are derived, `descend` and `fixedPoint` unrolled. Inner ones first. */
import { left, right } from 'fp-ts/lib/Either.js';
import type { Node, Project } from '../../dsl/node.js';
import { gradient } from '../differentiate.js';
import { rewrite } from '../graph.js';
import { type Pass, rootsOf, withRoots } from '../program.js';
import { unrollDescend } from './descend.js';
import { unrollFixedPoint } from './fixed-point.js';
import { mixedRows } from './rows.js';

type Results = (result: string) => Node;

const results = (of: Project['of'], name: string): Results => {
  switch (of.op) {
    case 'gradient': {
      const slopes = gradient(of.of, of.wrt);
      return (result) => slopes[Number(result)]!;
    }
    case 'descend': {
      const { states, energy } = unrollDescend(of, name);
      return (result) => (result === 'energy' ? energy : states[Number(result)]!);
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
    const rule = (node: Node): Node => {
      if (node.op !== 'project') return node;
      const found = known.get(node.of) ?? results(node.of, `${known.size}`);
      known.set(node.of, found);
      return found(node.result);
    };
    return right(withRoots(program, rewrite(rootsOf(program), program.interned, rule, program.origins)));
  },
};
