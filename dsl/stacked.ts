/**
 * Models that are stacks: an input, blocks one above the other, what the head reads of the last. Told in parts, so that a
 * function of models may look at the state between two blocks (`withInference`).
 */
import { add } from './elementwise.js';
import { type Context, type Hyper, type Hypers, type Model, type ModelSpec, model, type Outputs } from './model.js';
import { type ItemTable, nextItem, type RecommenderHyper, type State } from './recommender.js';
import type { Tensor } from './tensor.js';

/** A model in parts. */
export interface Stack {
  /** What items are read from, and scored against. */
  readonly table: ItemTable;
  /** What the first block reads. */
  readonly input: State;
  readonly blocks: readonly ((x: State) => State)[];
  /** What the head reads of the last block's state: a norm, say. Default: the state itself. */
  readonly read?: (top: State) => State;
  /** A further term of the loss, of what the head reads: other things that are predicted of the next event. Training alone has it. */
  readonly also?: (state: State, at: 'all' | 'last') => Tensor<never>;
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
  { table, read = (top) => top, also }: Stack,
  top: State,
  at: 'all' | 'last' = 'all',
): Outputs => {
  const state = read(top);
  const outputs = nextItem(context, table, state, at);
  return also === undefined || context.phase === 'inference'
    ? outputs
    : { ...outputs, loss: add(outputs.loss, also(state, at)) };
};

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
