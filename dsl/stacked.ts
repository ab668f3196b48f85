/**
 * Models that are stacks: an input, blocks one above the other, what the head reads of the last. Told in parts, so that a
 * function of models may look at the state between two blocks (`withInference`).
 */
import { type Context, type Hyper, type Hypers, type Model, type ModelSpec, model } from './model.js';
import { type ItemTable, nextItem, type RecommenderHyper, type State } from './recommender.js';

/** A model in parts. */
export interface Stack {
  /** What items are read from, and scored against. */
  readonly table: ItemTable;
  /** What the first block reads. */
  readonly input: State;
  readonly blocks: readonly ((x: State) => State)[];
  /** What the head reads of the last block's state: a norm, say. Default: the state itself. */
  readonly read?: (top: State) => State;
}

/** The hyperparameters that `nextItem` reads, and others. */
export type StackHypers = Hypers & { readonly [K in keyof RecommenderHyper]: Hyper<RecommenderHyper[K]> };

/** A model whose parts others may see (`withInference`). */
export interface StackedModel<H extends Hypers> extends Model<H> {
  stack(context: Context<H>): Stack;
}
/** What `stacked` makes a model of: a `ModelSpec` with `stack` in the place of `build`. */
export interface StackedSpec<H extends Hypers> extends Omit<ModelSpec<H>, 'build'> {
  readonly stack: (context: Context<H>) => Stack;
}

/** The states s_0 ... s_L: the input, and what each block makes of the state below it. */
export const statesOf = ({ input, blocks }: Pick<Stack, 'input' | 'blocks'>): readonly State[] =>
  blocks.reduce<readonly State[]>((s, block) => [...s, block(s.at(-1)!)], [input]);

/** Next items, from what the stack's head reads of a state at its top. */
export const predicted = (
  context: Context<StackHypers>,
  { table, read = (top) => top }: Stack,
  top: State,
  at: 'all' | 'last' = 'all',
) => nextItem(context, table, read(top), at);

/** A model of the next item whose blocks can be seen: `model`, with `stack` in the place of `build`. */
export const stacked = <H extends StackHypers>(spec: StackedSpec<H>): StackedModel<H> => ({
  ...model<H>({
    ...spec,
    build: (context) => {
      const stack = spec.stack(context);
      return predicted(context, stack, statesOf(stack).at(-1)!);
    },
  }),
  stack: spec.stack,
});
