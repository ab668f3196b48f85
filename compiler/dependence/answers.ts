/**
 * Whether a prediction has read the answer that it is compared with.
 *
 * An answer enters a loss as *which candidate*: its row of a table, or an equality with an index. So a loss has one meeting:
 * what the past predicts, and what stands for the answer, become a score. A leak is a second one: what has met the answer (its
 * row added to a state, a gate made of it, an attention key) is compared with the answer again. Every tensor has one role:
 *
 *   free      reads no answer
 *   answer    stands for the answer: made of it, of parameters, draws and tables
 *   met       the past and the answer, together
 *   tainted   what has met the answer, and went on through parameters or the past along an axis of features: no longer a
 *             judgement, but a state of the model
 *
 * Refused is a term in which what has met the answer, or is tainted, comes together with features of the answer, or is looked up
 * by it. Features are the axes of parameters that have a fixed size (`width`), and those of a row that an answer looked up; the
 * catalogue, negatives and rows of the batch are candidates, along which a loss may weigh, mask, subtract and sum as it likes.
 * Where features of the past or of other candidates come in after that, it was no comparison but a step of the model.
 *
 * The loss is judged by its terms: a sum splits, and a branch of a `where` is looked at under its condition, in its own cells
 * (a masked item is no answer where the mask is not: BERT4Rec).
 */
import type { Axis } from '../../dsl/axis.js';
import { argsOf, hasAxis } from '../../dsl/build.js';
import type { Carry, Input, Node } from '../../dsl/node.js';
import { rowOf } from '../../dsl/batch.js';
import { axes } from '../../runtime/contract/batch.js';
import { measuredBy } from '../../runtime/contract/features.js';
import { topological } from '../graph.js';
import { termsOf } from './summands.js';

/** In the order of how much they say: a recurrence takes the greatest. */
const roles = ['free', 'answer', 'met', 'tainted'] as const;
type Role = (typeof roles)[number];

interface Mark {
  readonly role: Role;
  /** Reads data of the past. */
  readonly past: boolean;
  /** Reads parameters of items. */
  readonly items: boolean;
  /** Reads parameters or data: neither a draw, nor a number, nor a position. */
  readonly knows: boolean;
  /** Of what reads an answer: the axes along which a row that the answer looked up stands for it. */
  readonly features: ReadonlySet<string>;
  /** The comparison with an answer that this is made of, and the argument of it that had read the answer. */
  readonly guilt?: { readonly at: Node; readonly of: Node };
}

/** A prediction that meets an answer which it has read: from the loss to the meeting, and from there through the prediction to the answer. */
export interface Seen {
  readonly path: readonly Node[];
  readonly answer: Input;
  /** The tensor nearest to the answer that has both met it and read the past. */
  readonly entry: Node;
}

const NONE: ReadonlySet<string> = new Set();
const FREE: Mark = { role: 'free', past: false, items: false, knows: false, features: NONE };

const greatest = (found: readonly Role[]): Role => roles.findLast((r) => found.includes(r)) ?? 'free';
const joined = (marks: readonly Mark[]): Mark => {
  const guilt = marks.find((m) => m.guilt !== undefined)?.guilt;
  return {
    role: greatest(marks.map((m) => m.role)),
    past: marks.some((m) => m.past),
    items: marks.some((m) => m.items),
    knows: marks.some((m) => m.knows),
    features: new Set(marks.flatMap((m) => [...m.features])),
    ...(guilt === undefined ? {} : { guilt }),
  };
};
const readsAnswer = ({ role }: Mark): boolean => role !== 'free';
const hasMet = ({ role }: Mark): boolean => role === 'met' || role === 'tainted';

/** Axes of parameters that have a number of positions, under all their names. */
const featureAxes = (order: readonly Node[]): ReadonlySet<string> => {
  const found = new Set(order.flatMap((n) => (n.op === 'param' ? n.axes.filter(isNumbered).map((a) => a.name) : [])));
  const renames = order.flatMap((n) => (n.op === 'rename' ? [[n.from, n.to.name] as const] : []));
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [from, to] of renames) if (found.has(from)) found.add(to);
  }
  return found;
};

type MarkOf = (node: Node) => Mark;

/** Of a scalar function of these; `at` is where they meet. */
const ofMap = (at: Node, args: readonly Node[], of: MarkOf, features: ReadonlySet<string>): Mark => {
  const { guilt, ...mark } = joined(args.map(of));
  const met = args.filter((a) => hasMet(of(a)));
  const others = args.filter((a) => !hasMet(of(a)));
  const answers = others.filter((a) => of(a).role === 'answer');
  if (met.length === 0)
    return answers.length > 0 && others.some((a) => of(a).role === 'free' && of(a).past)
      ? { ...mark, role: 'met' }
      : mark;
  // Along an axis of features, or of the answer's own row, there is more of the answer than which candidate it is.
  const along = (a: Node): boolean => a.axes.some((x) => features.has(x.name) || mark.features.has(x.name));
  const tainted = met.find((a) => of(a).role === 'tainted');
  // An equality along the catalogue chooses the answer's score, as looking it up does.
  const chosen =
    tainted !== undefined && answers.some((a) => a.axes.some((x) => isCatalogue(x) && hasAxis(tainted, x.name)));
  const guilty = answers.some(along) ? met[0]! : chosen ? tainted : undefined;
  const role = others.some((a) => of(a).knows && along(a)) ? 'tainted' : mark.role;
  if (guilty !== undefined) return { ...mark, role, guilt: { at, of: guilty } };
  // What is then compared with other items, or mixed with the past, is a state.
  return guilt === undefined || others.some((a) => of(a).role === 'free' && (of(a).past || of(a).items) && along(a))
    ? { ...mark, role }
    : { ...mark, role, guilt };
};

/** As many positions as there are candidates: items, or values of a vocabulary. */
const isCatalogue = ({ extent }: Axis): boolean =>
  extent.kind === 'fixed' && (extent.size === axes.item.size || measuredBy(extent.size) === 'values');
const isNumbered = ({ extent }: Axis): boolean =>
  extent.kind === 'fixed' && (typeof extent.size === 'number' || measuredBy(extent.size) === 'width');

const ofGather = (node: Node, table: Node, at: Node, axis: string, of: MarkOf): Mark => {
  const [t, i] = [of(table), of(at)];
  const mark = joined([t, i]);
  if (i.role === 'free') return t.role === 'answer' && i.past ? { ...mark, role: 'met' } : mark;
  if (i.role !== 'answer') return t.knows || readsAnswer(t) ? { ...mark, role: 'tainted' } : mark;
  const guilty = t.role === 'tainted' || (t.role === 'met' && t.features.has(axis));
  const own = table.axes.filter((a) => a.name !== axis && !hasAxis(at, a.name)).map((a) => a.name);
  // A table of the past has a row for every candidate; the answer says which: that alone is no meeting.
  return {
    ...mark,
    role: greatest([t.role, 'answer']),
    features: new Set([...mark.features, ...own]),
    ...(guilty ? { guilt: { at: node, of: table } } : {}),
  };
};

const markOf = (node: Node, of: MarkOf, answers: ReadonlySet<string>, features: ReadonlySet<string>): Mark => {
  switch (node.op) {
    case 'input':
      return answers.has(node.name)
        ? { ...FREE, role: 'answer' }
        : { ...FREE, past: (rowOf(node)?.tells ?? 'past') === 'past', knows: true };
    case 'param':
      return { ...FREE, knows: true, items: node.axes.some(isCatalogue) };
    case 'map':
      return ofMap(node, node.args, of, features);
    case 'gather':
      return ofGather(node, node.table, node.at, node.axis, of);
    // Values that are sent where an index says are a product with an equality.
    case 'scatter':
      return ofMap(node, [node.arg, node.at], of, features);
    case 'rename': {
      const { features: own, ...rest } = of(node.arg);
      return { ...rest, features: own.has(node.from) ? new Set([...own, node.to.name]) : own };
    }
    case 'reduce':
    case 'broadcast':
    case 'shift':
    case 'stop':
    case 'barrier':
      return of(node.arg);
    case 'implicit':
      return joined([of(node.value), of(node.through)]);
    case 'scan':
      return joined(node.next.map(of));
    case 'constant':
    case 'index':
    case 'extent':
    case 'uniform':
    case 'carry':
    case 'variable':
    case 'project':
      return FREE;
  }
};

/** Of every tensor below the root. A carry is what its state was: it is taken to say nothing, then what the state is found to say. */
const marked = (root: Node, answers: ReadonlySet<string>, features: ReadonlySet<string>): MarkOf => {
  const order = topological([root]);
  const carried = new Map<Carry, Mark>();
  const weight = (m: Mark | undefined): number =>
    m === undefined
      ? 0
      : 8 * roles.indexOf(m.role) + 4 * Number(m.past) + 2 * Number(m.items) + Number(m.knows) + 32 * m.features.size;
  for (;;) {
    const marks = new Map<Node, Mark>();
    const of: MarkOf = (n) => marks.get(n)!;
    let settled = true;
    for (const node of order) {
      marks.set(node, node.op === 'carry' ? (carried.get(node) ?? FREE) : markOf(node, of, answers, features));
      if (node.op !== 'scan') continue;
      node.carries.forEach((c, k) => {
        const after = joined([carried.get(c) ?? FREE, of(node.next[k]!)]);
        settled &&= weight(after) === weight(carried.get(c));
        carried.set(c, after);
      });
    }
    if (settled) return of;
  }
};

/** The shortest chain from a tensor to one of which `end` holds, both included, through tensors that read an answer. */
export const chain = (from: Node, end: (node: Node) => boolean, through: (node: Node) => boolean): readonly Node[] => {
  interface Step {
    readonly node: Node;
    readonly from: Step | null;
  }
  const seen = new Set<Node>();
  const queue: Step[] = [{ node: from, from: null }];
  for (let i = 0; i < queue.length; i++) {
    const step = queue[i]!;
    if (end(step.node)) {
      const path: Node[] = [];
      for (let s: Step | null = step; s !== null; s = s.from) path.unshift(s.node);
      return path;
    }
    for (const arg of argsOf(step.node)) {
      if (seen.has(arg) || !through(arg)) continue;
      seen.add(arg);
      queue.push({ node: arg, from: step });
    }
  }
  return [];
};

/** The first prediction of a loss that has read its answer; `answers` are the inputs that tell one. */
export const seenAnswer = (loss: Node, answers: readonly Input[]): Seen | undefined => {
  const names = new Set(answers.map((a) => a.name));
  if (names.size === 0) return undefined;
  const features = featureAxes(topological([loss]));
  const originals = new Map<Node, Node>();
  const original = (n: Node): Node => originals.get(n) ?? n;
  for (const term of termsOf(loss, names, originals)) {
    const of = marked(term, names, features);
    const { guilt } = of(term);
    if (guilt === undefined) continue;
    const below = chain(
      guilt.of,
      (n) => n.op === 'input' && names.has(n.name),
      (n) => readsAnswer(of(n)),
    );
    const above = chain(
      loss,
      (n) => n === original(guilt.at),
      () => true,
    );
    const entry = below.findLast((n) => hasMet(of(n))) ?? guilt.of;
    return { path: [...above, ...below.map(original)], answer: below.at(-1) as Input, entry: original(entry) };
  }
  return undefined;
};
