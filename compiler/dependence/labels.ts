/**
 * Whether a prediction has read the label that it is judged by: that the next event is rated 4 or better, say, given its item. A label
 * is a number, no row of a table, so what `answers.ts` knows an answer by, features, it has not.
 *
 * A loss is a sum of terms, each a share of the positions (weights and masks may be made of labels) of some comparison. In a comparison
 * a label meets one prediction, and nothing else that knows: neither a parameter nor data nor another prediction. So every tensor is
 *
 *   free      reads no label
 *   label     is made of labels, numbers and positions
 *   met       of labels and one prediction: y z, z - y, softplus((1 - 2 y) z)
 *   tainted   of labels and more: z + y w, which a function that is not linear may then use to know the label
 *
 * and refused is a term that is tainted. Functions of one tensor and numbers are still that tensor's prediction.
 */
import type { Input, Node } from '../../dsl/node.js';
import { topological } from '../graph.js';
import { chain, type Seen } from './answers.js';

type Role = 'free' | 'label' | 'met' | 'tainted';
interface Mark {
  readonly role: Role;
  /** Reads parameters or data. */
  readonly knows: boolean;
  /** The predictions that labels have met; of a free tensor that knows, its own. */
  readonly of: ReadonlySet<Node>;
}
const NOBODY: ReadonlySet<Node> = new Set();
const MUTE: Mark = { role: 'free', knows: false, of: NOBODY };

/** Of a tensor that is made of all of these in one step. */
const together = (node: Node, marks: readonly Mark[]): Mark => {
  const knowing = marks.filter(({ knows }) => knows);
  const knows = knowing.length > 0;
  if (marks.every(({ role }) => role === 'free'))
    return knowing.length === 1 && node.op === 'map' ? knowing[0]! : { role: 'free', knows, of: new Set([node]) };
  const of = new Set(knowing.flatMap((m) => [...m.of]));
  const tainted = marks.some(({ role }) => role === 'tainted') || of.size > 1;
  return { role: tainted ? 'tainted' : knows ? 'met' : 'label', knows, of };
};

const markOf = (node: Node, of: (node: Node) => Mark, labels: ReadonlySet<string>): Mark => {
  switch (node.op) {
    case 'input':
      return labels.has(node.name)
        ? { role: 'label', knows: false, of: NOBODY }
        : { role: 'free', knows: true, of: new Set([node]) };
    case 'param':
      return { role: 'free', knows: true, of: new Set([node]) };
    case 'rename':
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return of(node.arg);
    case 'reduce':
    case 'shift': {
      const mark = of(node.arg);
      return mark.role === 'free' && mark.knows ? { ...mark, of: new Set([node]) } : mark;
    }
    case 'map':
      return together(node, node.args.map(of));
    case 'gather':
      return together(node, [of(node.table), of(node.at)]);
    case 'scatter':
      return together(node, [of(node.arg), of(node.at)]);
    case 'implicit':
      return together(node, [of(node.value), of(node.through)]);
    case 'scan': {
      const mark = together(node, node.next.map(of));
      return mark.role === 'free' ? mark : { ...mark, role: 'tainted' };
    }
    case 'constant':
    case 'index':
    case 'extent':
    case 'uniform':
    case 'carry':
    case 'variable':
    case 'project':
      return MUTE;
  }
};

/** What a value is the sum of, up to weights; itself where it is a comparison. */
const parts = (node: Node, of: (node: Node) => Mark): readonly Node[] | null => {
  const weighs = (n: Node): boolean => of(n).role === 'free' || of(n).role === 'label';
  if (node.op === 'broadcast' || node.op === 'rename' || node.op === 'stop' || node.op === 'barrier') return [node.arg];
  if (node.op === 'reduce') return node.monoid === 'sum' ? [node.arg] : null;
  if (node.op !== 'map') return null;
  const [a, b, c] = node.args;
  switch (node.fn) {
    case 'add':
    case 'sub':
    case 'neg':
      return node.args;
    case 'mul':
      return weighs(a!) ? [b!] : weighs(b!) ? [a!] : null;
    case 'div':
      return weighs(b!) ? [a!] : null;
    case 'select':
      return weighs(a!) ? [b!, c!] : null;
    default:
      return null;
  }
};

/** The first comparison of a loss whose prediction has read a label; `labels` are the inputs that tell one. */
export const seenLabel = (loss: Node, labels: readonly Input[]): Seen | undefined => {
  const names = new Set(labels.map(({ name }) => name));
  if (names.size === 0) return undefined;
  const marks = new Map<Node, Mark>();
  const of = (node: Node): Mark => marks.get(node)!;
  for (const node of topological([loss])) marks.set(node, markOf(node, of, names));
  const seen = new Set<Node>();
  const pending = [loss];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node) || of(node).role === 'free' || of(node).role === 'label') continue;
    seen.add(node);
    const found = parts(node, of);
    if (found !== null) {
      pending.push(...found);
      continue;
    }
    if (of(node).role !== 'tainted') continue;
    const term = node;
    const above = chain(
      loss,
      (n) => n === term,
      () => true,
    );
    const below = chain(
      term,
      (n) => n.op === 'input' && names.has(n.name),
      (n) => of(n).role !== 'free',
    );
    const entry = below.findLast((n) => of(n).role !== 'label') ?? term;
    return { path: [...above, ...below.slice(1)], answer: below.at(-1) as Input, entry };
  }
  return undefined;
};
