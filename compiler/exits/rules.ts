/** One rule for each primitive, by exit. The type is mapped over the union of nodes: a table cannot miss one. */
import { impossible } from '../../dsl/errors.js';
import type { Node, Op } from '../../dsl/node.js';
import type { Of } from '../primitives/record.js';
import type { Framed } from './frames.js';

export type Rules<W, V> = { readonly [O in Op]: (node: Of<O>, w: W) => V };

/** Arrays that a program is given are there before anything is written, and the states of a loop before its step. */
const given = (n: Node): never => impossible(`'${n.op}' is given`);
/** An array has no axes along which it is the same, so what is broadcast is the same array. */
export const handed = <V>(n: { readonly arg: Node }, { of }: Pick<Framed<V>, 'of'>): V => of(n.arg);

/** Rules of primitives that compute nothing. */
export const still = {
  input: given,
  param: given,
  carry: given,
  variable: (n: Of<'variable'>): never => impossible(`the variable '${n.name}' is bound nowhere`),
  project: (n: Of<'project'>): never => impossible(`${n.of.op} was not expanded`),
  broadcast: handed,
  barrier: handed,
  implicit: <V>(n: Of<'implicit'>, { of }: Pick<Framed<V>, 'of'>): V => of(n.value),
};

export const ruleOf =
  <W, V>(rules: Rules<W, V>) =>
  (n: Node, w: W): V =>
    (rules[n.op] as (node: Node, w: W) => V)(n, w);
