/** A rewriting row: a law, and what it makes of a node. */
import type { Node } from '../../dsl/node.js';

export interface Row {
  readonly name: string;
  /** The law, for people. */
  readonly law: string;
  readonly apply: (node: Node) => Node | null;
}
