/**
 * Users are independent inside `descend` and `fixedPoint`, and where each has parameters of its own: nothing that the states
 * enter may combine positions of the rows axis. The types stop an energy without that axis; this stops one that mixes rows
 * and then spreads the result back.
 */
import type { Node, Project } from '../../dsl/node.js';
import { type Diagnostic, error } from '../diagnostics.js';
import { dependents, type Origins, topological } from '../graph.js';
import { mixes } from '../primitives/index.js';

const entering: Readonly<Record<Project['of']['op'], string>> = {
  gradient: 'variables',
  descend: 'its states',
  fixedPoint: 'its states',
  rebind: "a user's own parameters",
};

interface Body {
  readonly body: readonly Node[];
  readonly variables: readonly Node[];
  readonly rows: string;
}
const bodyOf = (of: Project['of']): Body | null => {
  switch (of.op) {
    case 'gradient':
      return null;
    case 'descend':
      return { body: [of.energy], variables: of.variables, rows: of.rows.name };
    case 'fixedPoint':
      return { body: [of.step], variables: [of.variable], rows: of.rows.name };
    case 'rebind':
      return {
        body: of.of,
        variables: topological(of.of).filter((n) => n.op === 'param' && of.paths.includes(n.path)),
        rows: of.rows.name,
      };
  }
};

/** A sequence summed up to its bound, for want of rows, would end where a row ends once the parameter in it has rows. */
const lengthens = (of: Project['of'], n: Node, rows: string): string | null =>
  of.op === 'rebind' &&
  n.op === 'reduce' &&
  !n.arg.axes.some((a) => a.name === rows) &&
  n.arg.axes.some((a) => n.over.includes(a.name) && a.extent.kind === 'ragged' && a.extent.rows === rows)
    ? `takes the ${n.monoid} over '${n.over.join("' and '")}' without '${rows}'`
    : null;

export const mixedRows = (roots: readonly Node[], origins: Origins): readonly Diagnostic[] => {
  const operators = new Set(topological(roots).flatMap((n) => (n.op === 'project' ? [n.of] : [])));
  return [...operators].flatMap((of) => {
    const found = bodyOf(of);
    if (found === null) return [];
    const order = topological(found.body);
    const moved = dependents(order, new Set(found.variables));
    const wrong = (n: Node): string | null => mixes(n, found.rows) ?? lengthens(of, n, found.rows);
    const guilty = order.find((n) => moved.has(n) && !found.variables.includes(n) && wrong(n) !== null);
    if (guilty === undefined) return [];
    const origin = origins.get(guilty);
    return [
      error(
        'PC4010',
        `users are mixed inside ${of.op}: ${origin?.name === undefined ? 'an expression' : `'${origin.name}'`} ${wrong(guilty)}, and ${entering[of.op]} enter it`,
        origin?.source,
        `keep '${found.rows}' apart: one user's inference must not depend on another's`,
      ),
    ];
  });
};
