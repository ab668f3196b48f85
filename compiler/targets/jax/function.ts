/** From a program of rectangles to the body of a function in Python. */
import type { Axis } from '../../../dsl/axis.js';
import type { Input, Node, Param } from '../../../dsl/node.js';
import type { Origin } from '../../graph.js';
import { type Program, rootsOf } from '../../program.js';
import { needsOf } from './needs.js';
import type { Helper } from './helpers.js';
import { type Piece, word } from './piece.js';
import { rule } from './rules.js';
import { type Frame, writer } from '../../exits/frames.js';
import { sliced, type Writing } from './scan.js';
import { sheet } from './sheet.js';
import { sizesOf } from './sizes.js';
import { arrayOf } from './scalars.js';
import { filled, type Pen, shortened, type Value, whole } from './value.js';
import type { Cut } from './cut.js';

export type Leaf = Input | Param;

/** What a function may take for granted. */
export interface Around {
  /** An array that it is given: the expression, and its axes, outermost first. */
  readonly leaf: (n: Leaf) => { readonly piece: Piece; readonly axes: readonly Axis[] };
  /** Arrays that tell sizes although nothing else is read of them. */
  readonly carriers: readonly { readonly piece: Piece; readonly axes: readonly Axis[] }[];
  readonly inputs: string;
  /** Inputs that tell sizes, whether they are read or not. */
  readonly telling: readonly { readonly piece: Piece; readonly axes: readonly Axis[] }[];
  /** What comes out of functions of the module. */
  readonly calls: readonly Call[];
  /** Outputs that get a name and stay as they come out. */
  readonly plain: (output: string) => boolean;
  /** A name from what the model says. */
  readonly called: (name: string) => string;
  /** The key of random numbers, as an expression. */
  readonly key: Pen['key'];
  /** Axes that are as long as the inputs say. */
  readonly cut: Cut;
  readonly missing: Pen['missing'];
  readonly inOrder: Pen['inOrder'];
  readonly uses: (helper: Helper) => string;
  /** Names that mean something already. */
  readonly taken: Iterable<string>;
  /** The axes of a result, outermost first. */
  readonly resultAxes: (name: string, n: Node) => readonly Axis[];
}

/** A call of a function of the module. */
export interface Call {
  /** What comes out of it. */
  readonly makes: readonly Node[];
  /** Whether it comes out as an update, in a dictionary of them. */
  readonly holds?: (n: Node) => boolean;
  /** What goes in. */
  readonly reads: readonly Node[];
  /** Writes the call, and says what came out. */
  readonly write: (pen: Pen, of: (n: Node) => Value, hint: (n: Node) => string) => ReadonlyMap<Node, Value>;
}

export interface Body {
  readonly lines: readonly string[];
  /** Outputs and updates, as expressions at the end. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly updates: Readonly<Record<string, string>>;
  /** Along which axes outputs vary. */
  readonly axes: Readonly<Record<string, readonly Axis[]>>;
  /** Symbols of sizes that no array tells. */
  readonly asked: ReadonlySet<string>;
}

/** Longer expressions within others get names, too. */
const LONG = 48;

/** What a node does, in a word, after which it is called where the model has no name for it. */
const doing = (n: Node): string =>
  n.op === 'map'
    ? n.fn
    : n.op === 'reduce'
      ? n.monoid === 'max'
        ? 'top'
        : 'sum'
      : n.op === 'gather'
        ? 'rows'
        : n.op === 'scatter'
          ? 'summed'
          : n.op;

/** The axes of which a condition says that positions exist. */
const existing = (n: Node): readonly string[] => {
  if (n.op !== 'map') return [];
  const [low, high] = n.args;
  if (n.fn === 'and') {
    const [a, b] = n.args.map(existing) as [readonly string[], readonly string[]];
    return a.length > 0 && b.length > 0 ? [...a, ...b] : [];
  }
  const ends = high?.op === 'input' || (high?.op === 'map' && high.fn === 'sub');
  return n.fn === 'lt' && low?.op === 'index' && ends ? [low.axis.name] : [];
};

/** Positions, and whether they exist, are called after their axis; all else by the model, or after what reads it. */
const hintsOf = (
  order: readonly Node[],
  below: (n: Node) => readonly Node[],
  origins: { get(node: Node): Origin | undefined },
): ((n: Node) => string | undefined) => {
  const inherited = new Map<Node, string>();
  const hints = new Map<Node, string>();
  for (const n of [...order].reverse()) {
    const origin = origins.get(n);
    const base = origin?.name ?? origin?.label ?? inherited.get(n);
    if (base !== undefined) for (const a of below(n)) if (!inherited.has(a)) inherited.set(a, base);
    const here = existing(n);
    const own =
      n.op === 'index'
        ? `${n.axis.name}_at`
        : n.op === 'param'
          ? n.path
          : here.length > 0
            ? `${here.join('_')}_here`
            : (origin?.name ?? (base === undefined ? doing(n) : `${base}_${doing(n)}`));
    hints.set(n, word(own));
  }
  return (n) => hints.get(n);
};

export const bodyOf = (program: Program, around: Around): Body => {
  const { origins, outputs, updates } = program;
  const calls = new Map<Node, Call>(around.calls.flatMap((c) => c.makes.map((n) => [n, c] as const)));
  const needs = needsOf(rootsOf(program), (n) => calls.get(n)?.reads);
  const page = sheet(around.taken);
  const leaves = needs.order.filter((n): n is Leaf => n.op === 'input' || n.op === 'param');
  const leafOf = (n: Leaf): Value => ({ ...around.leaf(n), dtype: n.dtype });
  // States are as long as can be: of an axis that is cut, what a batch reads is a piece.
  const isLong = (n: Leaf): boolean => n.op === 'param' && n.axes.some((a) => around.cut.has(a.name));
  const given = new Map<Node, Value>(leaves.filter((n) => !isLong(n)).map((n) => [n, leafOf(n)]));
  const sizes = sizesOf([...given.values(), ...around.telling], around.carriers, around.cut, page.name);
  const { uses, inputs, missing, inOrder, key } = around;
  const pen: Pen = { sheet: page, sizes, uses, inputs, missing, inOrder, key };
  const hints = hintsOf(needs.order, needs.below, origins);
  const hint = (n: Node): string => around.called(hints(n) ?? '_');
  const about = (n: Node): void => {
    const source = origins.get(n)?.source;
    page.about(source === undefined ? undefined : `${source.file}:${source.line}`);
  };
  const put = (n: Node, v: Value): Value => {
    if (v.piece.place === true || v.piece.known === true) return v;
    about(n);
    return { ...v, piece: page.assign(hint(n), v.piece) };
  };
  const written = writer<Value>(
    (n, frame) => {
      const call = calls.get(n);
      if (call !== undefined) {
        about(n);
        const made = call.write(pen, (x) => written(frame, x), hint);
        made.forEach((v, x) => frame.values.set(x, v));
        return made.get(n)!;
      }
      if (n.op === 'param') return put(n, shortened(pen, leafOf(n)));
      const plain = rule(n, writing(frame));
      return needs.named.has(n) || origins.get(n)?.name !== undefined ? put(n, plain) : plain;
    },
    (v, loop) => sliced(v, loop, pen),
  );
  const writing = (frame: Frame<Value>): Writing => ({
    ...pen,
    frame,
    factors: needs.factors,
    of: (n) => {
      const v = written(frame, n);
      if (v.piece.text.length <= LONG || (frame.loop !== undefined && !frame.loop.inside.has(n))) return v;
      const short = put(n, v);
      frame.values.set(n, short);
      return short;
    },
    inside: (inner) => (n) => written(inner, n),
  });
  const frame: Frame<Value> = { values: new Map(given), loops: new Map() };
  // Arguments first, so that no recursion goes deep; what hangs on a loop's states is written with the loop.
  needs.order.filter((n) => !needs.inLoops.has(n)).forEach((n) => written(frame, n));
  const outAxes: Record<string, readonly Axis[]> = {};
  const results = (of: Readonly<Record<string, Node>>) =>
    Object.fromEntries(
      Object.entries(of).map(([name, n]) => {
        if (around.plain(name)) {
          const v = put(n, written(frame, n));
          frame.values.set(n, v);
          outAxes[name] = v.axes;
          return [name, arrayOf(v).text];
        }
        const found = written(frame, n);
        if (calls.get(n)?.holds?.(n) === true) return [name, found.piece.text];
        const axes = around.resultAxes(name, n);
        return [name, filled(pen, whole(pen, found, axes)).piece.text];
      }),
    );
  const done = { outputs: results(outputs), updates: results(updates), axes: outAxes };
  const read = sizes.lines().map((line) => `    ${line}`);
  return { lines: [...read, ...page.lines], ...done, asked: sizes.asked };
};
