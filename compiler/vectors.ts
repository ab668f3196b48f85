/**
 * Scores as products of two vectors, one of the user and one of the item, where they are that: what other engines search by, and what one
 * may look at. They are found in the model as it was written, by the axes of its tensors alone.
 */
import { type Either, left, map, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as build from '../dsl/build.js';
import type { MapNode, Node, Reduce } from '../dsl/node.js';

/** scores = sum over one axis of `user` * `item`, + `bias`. Axes: that one and batch; that one and item; item. */
export interface Vectors {
  readonly user: Node;
  readonly item: Node;
  readonly bias?: Node;
}

const unlike = left('its scores are no product of a vector of the user and a vector of the item');
const owned = left('each user is scored by a table of items of their own');

/** The factors of a product, none of them a product. */
const factorsOf = (n: Node): readonly Node[] => (n.op === 'map' && n.fn === 'mul' ? n.args.flatMap(factorsOf) : [n]);
const product = (factors: readonly Node[]): Node => factors.reduce((a, b) => build.map('mul', a, b));

/** Both vectors of scores over the axes `rows` and `items`. Left: why there are none, as the end of a sentence. */
export const vectorsOf = (scores: Node, rows: string, items: string): Either<string, Vectors> => {
  const [ofRow, ofItem] = [rows, items].map((axis) => (n: Node) => build.hasAxis(n, axis)) as [Test, Test];
  const dotted = ({ monoid, arg, over: [over = '', ...more] }: Reduce): Either<string, Vectors> => {
    const factors = factorsOf(arg);
    const items = factors.filter(ofItem);
    const users = factors.filter((f) => !ofItem(f));
    if (items.some(ofRow)) return users.some(ofRow) ? owned : unlike;
    if (monoid !== 'sum' || more.length > 0 || items.length === 0 || users.length === 0) return unlike;
    const [user, item] = [product(users), product(items)];
    return [user, item].every((x) => build.hasAxis(x, over) && x.axes.length === 2) && ofRow(user)
      ? right({ user, item })
      : unlike;
  };
  /** Vectors of a part of the scores, changed by what it is combined with. */
  const changed = ({ fn, args }: MapNode, part: Node, by: Node): Either<string, Vectors> =>
    pipe(
      found(part),
      map(({ user, item, bias }) => {
        const apply = (x: Node): Node => build.map(fn, ...args.map((a) => (a === part ? x : by)));
        if (fn === 'add') return { user, item, bias: bias === undefined ? by : build.map('add', bias, by) };
        const scaled = ofItem(by) ? { user, item: apply(item) } : { user: apply(user), item };
        return { ...scaled, ...(bias === undefined ? {} : { bias: apply(bias) }) };
      }),
      (vectors) =>
        vectors._tag === 'Right' && vectors.right.bias !== undefined && ofRow(vectors.right.bias) ? unlike : vectors,
    );
  const found = (n: Node): Either<string, Vectors> => {
    if (n.op === 'reduce') return dotted(n);
    if (n.op === 'project') return n.of.op === 'rebind' ? owned : unlike;
    if (n.op !== 'map' || n.args.length !== 2) return unlike;
    const whole = n.args.filter((x) => ofRow(x) && ofItem(x));
    const part = whole[0];
    const by = n.args.find((x) => x !== part);
    const takes = n.fn === 'mul' || n.fn === 'add' || (n.fn === 'div' && part === n.args[0]);
    return whole.length === 1 && by !== undefined && takes ? changed(n, part!, by) : unlike;
  };
  return pipe(
    found(scores),
    map(({ bias, ...vectors }) => ({
      ...vectors,
      ...(bias === undefined
        ? {}
        : { bias: ofItem(bias) ? bias : build.broadcast(bias, [build.axisOf(scores, items)]) }),
    })),
  );
};
type Test = (n: Node) => boolean;
