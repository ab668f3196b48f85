/** One kernel as the text of a function. */
import { laidOut } from '../../code/lines.js';
import type { Expr, Kernel, LoopAxis } from '../../loops/ir.js';
import { comment } from './comment.js';
import type { HelperName } from './helpers.js';
import type { Piece } from './piece.js';
import { block, type Scope } from './scope.js';
import { stored } from './write.js';
import type { Writer } from './writer.js';

export interface Written {
  /** `function NAME(...) {...}` with its comment; NAME is put in by the caller. */
  readonly text: (name: string) => string;
  /** Ids of the buffers its array parameters stand for. */
  readonly args: readonly string[];
  /** Helper functions that it calls. */
  readonly helpers: ReadonlySet<HelperName>;
}

/** What one cell of a kernel's output holds. */
export const cell = (w: Writer, { body }: Kernel, s: Scope): Piece => stored(body, w.value(body, s));

/** Axes whose positions exist up to a row's length, where the row is an axis too. */
export const raggedIn = (axes: readonly LoopAxis[]): readonly { readonly axis: LoopAxis; readonly row: Expr }[] =>
  axes.flatMap((axis) =>
    axis.ragged !== undefined && axes.some((a) => a.name === axis.ragged?.rows)
      ? [{ axis, row: { kind: 'index', axis: axis.ragged.rows } as const }]
      : [],
  );

/** The function whose body has been written; `before` and `after` are parameters around its arrays. */
export const written = (
  kernel: Kernel,
  w: Writer,
  body: Scope,
  notes: readonly string[],
  { before = [], after = [] }: { readonly before?: readonly string[]; readonly after?: readonly string[] },
): Written => {
  const arrays = [...w.parameters.all];
  const parameters = [...before, ...arrays.map(([, name]) => name), ...after].join(', ');
  const [head, inside] = [comment(kernel, notes), laidOut(block(`(${parameters})`, body)).join('\n')];
  return {
    args: arrays.map(([id]) => id),
    helpers: w.helpers,
    text: (name) => `${head}\nfunction ${name}${inside}`,
  };
};
