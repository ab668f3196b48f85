/** One function while it is written: the names it has given, what it is handed, and what it calls. Imperative inside. */
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import type { Buffer, Expr, LoopAxis } from '../../loops/ir.js';
import { freeVariables } from '../../loops/shape.js';
import type { Flavour } from './flavour.js';
import type { HelperName } from './helpers.js';
import { namer } from './names.js';
import { name, operation, type Piece } from './piece.js';
import type { Scope } from './scope.js';

/** Names of what the outside knows by a key, each made where it is first asked for. */
interface Keyed {
  readonly of: (key: string) => string;
  readonly all: ReadonlyMap<string, string>;
}

/** What every form of expression writes with. */
export interface Writer {
  readonly flavour: Flavour;
  /** A name that nothing else in the function has. */
  readonly fresh: (wanted: string) => Piece;
  /** The loop variables that an expression needs. */
  readonly needs: (e: Expr) => ReadonlySet<string>;
  readonly buffer: (id: string) => Buffer;
  /** Buffers read so far, by the parameter's name, in order of first use. */
  readonly parameters: Keyed;
  /** Streams of uniform numbers read so far, by the variable that holds the stream. */
  readonly streams: Keyed;
  readonly scalar: (fn: ScalarName, dtype: DType, ...args: readonly Piece[]) => Piece;
  /** Helper functions called so far. */
  readonly helpers: ReadonlySet<HelperName>;
  /** Code of a value, after the statements it needs were added to `at` or a block around it. */
  readonly value: (e: Expr, at: Scope) => Piece;
}

export const writing = (flavour: Flavour, buffers: ReadonlyMap<string, Buffer>): Omit<Writer, 'value'> => {
  const free = namer();
  const helpers = new Set<HelperName>();
  const keyed = (): Keyed => {
    const all = new Map<string, string>();
    const of = (key: string): string => {
      const found = all.get(key) ?? free(key);
      all.set(key, found);
      return found;
    };
    return { of, all };
  };
  return {
    flavour,
    fresh: (wanted) => name(free(wanted)),
    needs: freeVariables(),
    buffer: (id) => {
      const found = buffers.get(id);
      if (found === undefined) throw new Error(`No buffer is called '${id}'.`);
      return found;
    },
    parameters: keyed(),
    streams: keyed(),
    scalar: (fn, dtype, ...args) => {
      const made = flavour.scalar(fn, dtype)(...args);
      made.helpers.forEach((helper) => helpers.add(helper));
      return made;
    },
    helpers,
  };
};

/** What a value is called where it needs a name. */
export const called = (e: Expr): string =>
  e.kind === 'read' ? `${e.buffer}_here` : e.kind === 'extent' ? `${e.axis.name}_count` : 'value';

/** Keeps a value under a fresh name. */
export const keep = (w: Writer, { text }: Piece, wanted: string, s: Scope): Piece => {
  const fresh = w.fresh(wanted);
  s.lines.push(`const ${fresh.text} = ${text};`);
  return fresh;
};

/** An index. What is read from an array gets a name first: gpu.js's own names for nested reads collide in GLSL. */
export const position = (w: Writer, e: Expr, s: Scope): Piece => {
  const found = w.value(e, s);
  if (!found.reads) return found;
  const kept = keep(w, found, called(e), s);
  s.known.set(e, kept);
  return kept;
};

export const element = (w: Writer, id: string, at: readonly Piece[]): Piece =>
  w.flavour.element(w.parameters.of(id), w.buffer(id).axes, at);

/** The number of positions of an axis: the row's length where it is ragged and the row is known. */
export const extent = (w: Writer, axis: LoopAxis, row: Expr | undefined, s: Scope): Piece => {
  if (axis.ragged !== undefined && row !== undefined) return element(w, axis.ragged.lengths, [position(w, row, s)]);
  const size = w.flavour.size(axis.size);
  // Dividing makes a float of it, as what is read is one.
  return axis.missing === undefined ? size : operation`${size} / 1 - ${element(w, axis.missing, [])}`;
};
