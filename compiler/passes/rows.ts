/**
 * Users are independent inside `descend` and `fixedPoint`: nothing that the states enter may combine positions of the rows
 * axis. The types stop an energy without that axis; this stops one that mixes rows and then spreads the result back.
 */
import type { Node, Project } from '../../dsl/node.js';
import { type Diagnostic, error } from '../diagnostics.js';
import { dependents, type Origins, topological } from '../graph.js';

/** How a node combines positions of `rows`, in words; null where it does not. */
const mixes = (n: Node, rows: string): string | null => {
  switch (n.op) {
    case 'reduce': return n.over.includes(rows) ? `takes the ${n.monoid} over '${rows}'` : null;
    case 'scatter': return n.over.includes(rows) || n.axis.name === rows ? `adds up positions of '${rows}'` : null;
    case 'gather': return n.axis === rows ? `looks up other positions of '${rows}'` : null;
    case 'rename': return n.from === rows || n.to.name === rows ? `compares positions of '${rows}'` : null;
    case 'shift': return n.axis === rows ? `moves along '${rows}'` : null;
    default: return null;
  }
};

const bodyOf = (of: Project['of']): { readonly body: Node; readonly variables: readonly Node[]; readonly rows: string } | null => {
  switch (of.op) {
    case 'gradient': return null;
    case 'descend': return { body: of.energy, variables: of.variables, rows: of.rows.name };
    case 'fixedPoint': return { body: of.step, variables: [of.variable], rows: of.rows.name };
  }
};

export const mixedRows = (roots: readonly Node[], origins: Origins): readonly Diagnostic[] => {
  const operators = new Set(topological(roots).flatMap((n) => (n.op === 'project' ? [n.of] : [])));
  return [...operators].flatMap((of) => {
    const found = bodyOf(of);
    if (found === null) return [];
    const order = topological([found.body]);
    const moved = dependents(order, new Set(found.variables));
    const guilty = order.find((n) => moved.has(n) && !found.variables.includes(n) && mixes(n, found.rows) !== null);
    if (guilty === undefined) return [];
    const origin = origins.get(guilty);
    return [error(
      `users are mixed inside ${of.op}: ${origin?.name === undefined ? 'an expression' : `'${origin.name}'`} ${mixes(guilty, found.rows)}, and its states enter it`,
      origin?.source, `keep '${found.rows}' apart: one user's inference must not depend on another's`,
    )];
  });
};

