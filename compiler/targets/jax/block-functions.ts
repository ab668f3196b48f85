/** The texts of a block's function and of its derivatives', and the lines that call them. */
import type { Axis } from '../../../dsl/axis.js';
import * as build from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import type { Family } from '../../exits/alike.js';
import { substitute } from '../../graph.js';
import type { Program } from '../../program.js';
import type { Part, Slopes } from './block-parts.js';
import type { Body, Call, Leaf } from './function.js';
import type { Helper } from './helpers.js';
import { place, quoted } from './piece.js';
import { type Pen, type Value, whole } from './value.js';

/** What a placeholder is called, and its axes. */
interface As {
  readonly text: string;
  readonly axes?: readonly Axis[];
}
/** Writes the body of a function of a block. */
export type Inner = (
  program: Program,
  how: {
    readonly leaf: (n: Leaf) => As | undefined;
    readonly key: (key: string) => string;
    readonly taken: readonly string[];
  },
) => Body;

/** `title`: of what the functions are called; `inputs`: what they call their inputs; `inOrder`: axes of what is handed in. */
export interface Options {
  readonly title: string;
  readonly inputs: string;
  readonly inOrder: (axes: readonly Axis[]) => readonly Axis[];
  readonly uses: (helper: Helper) => string;
}

const NUMBER = 'layer';

/** A name with the number of the block in it. */
const numbered = (families: ReadonlyMap<string, Family>, name: string): string => {
  const family = families.get(name);
  if (family === undefined) return quoted(name);
  const [before, after] = family.around.map((part) =>
    JSON.stringify(part).slice(1, -1).replaceAll('{', '{{').replaceAll('}', '}}'),
  );
  return `f"${before}{${NUMBER}${family.first === 0 ? '' : ` + ${family.first}`}}${after}"`;
};

/** What both functions are written with. */
export interface Desk extends Options {
  /** The body of what nodes are, with placeholders for what is given; `taken`: names that it may not use. */
  readonly body: (
    outputs: Readonly<Record<string, Node>>,
    updates: Readonly<Record<string, Node>>,
    given: ReadonlyMap<Node, As>,
    taken: readonly string[],
  ) => Body;
  /** A name as the functions write it. */
  readonly key: (name: string) => string;
}

export const deskOf = (
  program: Program,
  families: ReadonlyMap<string, Family>,
  options: Options,
  inner: Inner,
): Desk => {
  const key = (name: string): string => numbered(families, name);
  const leaf = (n: Leaf): As | undefined =>
    n.op === 'param' && families.has(n.path) ? { text: `state[${key(n.path)}]` } : undefined;
  return {
    ...options,
    key,
    body: (outputs, updates, given, taken) => {
      const all = [...given].map(([n, as], i) => ({ n, as, stand: build.input(`@${i}`, n.axes, n.dtype) }));
      const by = new Map<Node, Node>(all.map(({ n, stand }) => [n, stand]));
      // All at once, since copies that are made apart are no longer the same.
      const roots = substitute([...Object.values(outputs), ...Object.values(updates)], by, program.origins);
      const zip = (of: object, from: number): Record<string, Node> =>
        Object.fromEntries(Object.keys(of).map((name, i) => [name, roots[from + i]!]));
      const [out, up] = [zip(outputs, 0), zip(updates, Object.keys(outputs).length)];
      const told = new Map(all.map(({ stand, as }) => [stand.name, as]));
      return inner(
        { ...program, outputs: out, updates: up },
        { leaf: (n) => (n.op === 'input' ? told.get(n.name) : leaf(n)), key, taken: [NUMBER, 'kept', ...taken] },
      );
    },
  };
};

const argumentNames = (of: readonly Node[], like: string): readonly string[] =>
  of.map((_, i) => (i === 0 ? like : `${like}_${i + 1}`));
const texts = (what: readonly string[]): string => (what.length === 1 ? what[0]! : what.join(', '));
const label = (i: number): string => `n${i}`;
const array = (name: string): string => `${name}: jax.Array`;
const keptName = (k: number): string => `kept_${k}`;
/** What nobody reads has no name. */
const nameOf = ({ sheet }: Pen, hint: string): string => (hint === '_' ? hint : sheet.name(hint));
const dictionary = (rows: readonly (readonly [string, string])[]): string =>
  `{${rows.map(([key, value]) => `\n        ${key}: ${value},`).join('')}\n    }`;

const returned = (arrays: number, beside: boolean): string => {
  const all = [...Array.from({ length: arrays }, () => 'jax.Array'), ...(beside ? ['dict[str, jax.Array]'] : [])];
  return all.length === 1 ? all[0]! : `tuple[${all.join(', ')}]`;
};
const functionOf = (
  { inputs }: Desk,
  name: string,
  more: readonly string[],
  returns: string,
  doc: string,
  lines: readonly string[],
  result: string,
): string =>
  [
    `def ${name}(state: Arrays, ${inputs}: Arrays, ${NUMBER}: int, ${more.join(', ')}) -> ${returns}:`,
    `    """${doc}"""`,
    ...lines,
    `    return ${result}`,
  ].join('\n');

const values = (
  names: readonly string[],
  nodes: readonly Node[],
  axes: readonly (readonly Axis[])[],
): readonly (readonly [Node, Value])[] =>
  nodes.map((n, i) => [n, { piece: place(names[i]!), axes: axes[i]!, dtype: n.dtype }] as const);

const piecesOf =
  (pen: Pen, { inOrder }: Desk, get: (n: Node) => Value) =>
  (n: Node) =>
    whole(pen, get(n), inOrder(n.axes)).piece;

export interface Forward extends Part {
  readonly text: string;
  readonly calls: readonly Call[];
  /** What it calls what it is given. */
  readonly xs: readonly string[];
  /** What its derivatives read, by position: under which key it is kept, and its axes. */
  readonly kept: ReadonlyMap<number, { readonly key: string; readonly axes: readonly Axis[] }>;
}

/** `residual`: positions of what derivatives read, which is handed on as one dictionary. */
export const forwardOf = (desk: Desk, part: Part, residual: readonly number[]): Forward => {
  const { alike, out, given } = part;
  const { title, inputs, inOrder } = desk;
  const xs = argumentNames(given[0]!, 'x');
  const nodeAt = (k: number, i: number): Node => alike.nodes[k]![i]!;
  const { outputs, axes, lines } = desk.body(
    Object.fromEntries([...new Set([...out, ...residual])].map((i) => [label(i), nodeAt(0, i)])),
    {},
    new Map(given[0]!.map((n, i) => [n, { text: xs[i]!, axes: inOrder(n.axes) }])),
    xs,
  );
  const keeps = residual.map((i) => outputs[label(i)]!);
  const kept = keeps.length > 0 ? [dictionary([...new Set(keeps)].map((n) => [quoted(n), n]))] : [];
  const text = functionOf(
    desk,
    title,
    xs.map(array),
    returned(out.length, keeps.length > 0),
    keeps.length > 0
      ? 'A block, and what its derivative reads of it.'
      : 'One block: the states that it makes of those below.',
    lines,
    texts([...out.map((i) => outputs[label(i)]!), ...kept]),
  );
  const axesOf = (i: number): readonly Axis[] => axes[label(i)]!;
  const calls = alike.nodes.map((_, k): Call => {
    const [made, held] = [out, residual].map((of) => of.map((i) => nodeAt(k, i))) as [Node[], Node[]];
    return {
      makes: [...made, ...held],
      reads: given[k]!,
      write: (pen, of, hint) => {
        const args = given[k]!.map(piecesOf(pen, desk, of)).map((piece) => piece.text);
        const own = made.map((n) => nameOf(pen, hint(n)));
        pen.sheet.line(
          `${texts([...own, ...(held.length > 0 ? [keptName(k)] : [])])} = ${title}(state, ${inputs}, ${k}, ${args.join(', ')})`,
        );
        const places = keeps.map((n) => `${keptName(k)}[${quoted(n)}]`);
        return new Map([...values(places, held, residual.map(axesOf)), ...values(own, made, out.map(axesOf))]);
      },
    };
  });
  const keyed = new Map(residual.map((i, at) => [i, { key: keeps[at]!, axes: axesOf(i) }]));
  return { ...part, text, calls, xs, kept: keyed };
};

/** An argument of the derivatives' function that is not kept: its position among what they are given, and what it is called. */
interface Argument {
  readonly at: number;
  readonly n: Node;
  readonly text: string;
  /** It comes down from the block above. */
  readonly down: boolean;
}
const argumentsOf = ({ given, within }: Slopes, forward: Forward): readonly Argument[] => {
  const last = forward.given.at(-1)!;
  const handed = given[0]!.flatMap((n, at) => (within.has(n) ? [] : [{ n, at, x: last.indexOf(n) }]));
  const down = handed.filter(({ x }) => x < 0);
  const ds = argumentNames(
    down.map(({ n }) => n),
    'd',
  );
  return handed.map(({ n, at, x }) => ({
    n,
    at,
    text: x >= 0 ? forward.xs[x]! : ds[down.findIndex((d) => d.n === n)]!,
    down: x < 0,
  }));
};

export interface Backward {
  readonly text: string;
  readonly calls: readonly Call[];
  /** What calls leave the derivatives by a block's parameters in. */
  readonly dictionaries: readonly string[];
}

export const backwardOf = (desk: Desk, slopes: Slopes, forward: Forward): Backward => {
  const { alike, out, given, own, named, layer, within } = slopes;
  const { title, inputs, inOrder, uses, key } = desk;
  const args = argumentsOf(slopes, forward);
  const asked = (n: Node): As => {
    const kept = forward.kept.get(within.get(n) ?? -1);
    return kept === undefined
      ? { text: args.find((a) => a.n === n)!.text, axes: inOrder(n.axes) }
      : { text: `kept[${quoted(kept.key)}]`, axes: kept.axes };
  };
  const { outputs, updates, axes, lines } = desk.body(
    Object.fromEntries(out.map((i) => [label(i), alike.nodes[0]![i]!])),
    Object.fromEntries(named(0)),
    new Map(given[0]!.map((n) => [n, asked(n)])),
    args.map((a) => a.text),
  );
  const name = `${title}_back`;
  const text = functionOf(
    desk,
    name,
    ['kept: Arrays', ...args.map((a) => array(a.text))],
    returned(out.length, true),
    'Derivatives by the states below a block and by its parameters, from those by the states that it makes (`d`).',
    lines,
    texts([...out.map((i) => outputs[label(i)]!), dictionary(named(0).map(([path]) => [key(path), updates[path]!]))]),
  );
  const dictionaries = alike.nodes.map((_, at) => `slopes_${layer(at)}`);
  const first = args.findIndex((a) => a.down);
  const calls = alike.nodes.map((of, at): Call => {
    const k = layer(at);
    return {
      makes: [...out, ...own].map((i) => of[i]!),
      reads: given[at]!,
      holds: (n) => own.some((i) => of[i] === n),
      write: (pen, get, hint) => {
        const { sheet } = pen;
        given[at]!.forEach(get);
        const pieces = args.map(({ at: i, n }) => whole(pen, get(given[at]![i]!), inOrder(n.axes)).piece);
        const below = forward.given[k]!.map(piecesOf(pen, desk, get)).map((piece) => piece.text);
        if (first >= 0) {
          if (pieces[first]!.place !== true) pieces[first] = sheet.assign('d', pieces[first]!);
          const again = below.map((x) => `${uses('later')}(${x}, ${pieces[first]!.text}, ${inputs})`);
          sheet.line(`if remat:`);
          sheet.line(`    *_, ${keptName(k)} = ${title}(state, ${inputs}, ${k}, ${again.join(', ')})`);
        }
        const names = out.map((i) => nameOf(pen, hint(of[i]!)));
        const words = [keptName(k), ...pieces.map((p) => p.text)].join(', ');
        sheet.line(`${texts([...names, dictionaries[at]!])} = ${name}(state, ${inputs}, ${k}, ${words})`);
        const held = own.map((i): readonly [Node, Value] => [
          of[i]!,
          { piece: place(dictionaries[at]!), axes: [], dtype: 'f32' },
        ]);
        const made = values(
          names,
          out.map((i) => of[i]!),
          out.map((i) => axes[label(i)]!),
        );
        return new Map([...held, ...made]);
      },
    };
  });
  return { text, calls, dictionaries };
};
