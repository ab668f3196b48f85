/** Blocks that are alike as one function, which is told the number of the block; and another of their derivatives. */
import type { Axis } from '../../../dsl/axis.js';
import * as build from '../../../dsl/build.js';
import { argsOf } from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import { type Alike, blocksOf, type Family } from '../../exits/alike.js';
import { substitute, topological } from '../../graph.js';
import { type Program, rootsOf } from '../../program.js';
import type { Body, Call, Leaf } from './function.js';
import type { Helper } from './helpers.js';
import { place, quoted } from './piece.js';
import { type Pen, type Value, whole } from './value.js';

/** Writes the body of a function of a block. `leaf`: what a placeholder is called, and its axes. */
export type Inner = (
  program: Program,
  how: {
    readonly leaf: (n: Leaf) => { readonly text: string; readonly axes?: readonly Axis[] } | undefined;
    readonly key: (key: string) => string;
    readonly taken: readonly string[];
  },
) => Body;

export interface Blocked {
  readonly calls: readonly Call[];
  readonly functions: readonly string[];
  /** Updates that come out of calls, and the dictionaries that hold them. */
  readonly slopes: ReadonlySet<string>;
  readonly dictionaries: readonly string[];
  /** Whether derivatives may work out again what they read of their block. */
  readonly again: boolean;
}
export const unblocked: Blocked = { calls: [], functions: [], slopes: new Set(), dictionaries: [], again: false };

const NUMBER = 'layer';

/** A name with the number of the block in it. */
const named = (families: ReadonlyMap<string, Family>, name: string): string => {
  const family = families.get(name);
  if (family === undefined) return quoted(name);
  const [before, after] = family.around.map((part) => JSON.stringify(part).slice(1, -1).replace(/[{}]/g, '$&$&'));
  return `f"${before}{${NUMBER}${family.first === 0 ? '' : ` + ${family.first}`}}${after}"`;
};

/** What of a batch says no more than which positions exist: each function works it out for itself. */
const isMask = (n: Node): boolean =>
  n.op === 'input' ||
  n.op === 'param' ||
  topological([n]).every(
    (x) =>
      argsOf(x).length > 0 ||
      x.op === 'constant' ||
      x.op === 'index' ||
      x.op === 'extent' ||
      (x.op === 'input' && /\.(lengths|missing)$/.test(x.name)),
  );

interface Part {
  readonly alike: Alike;
  /** Positions in the list of nodes of what others read. */
  readonly out: readonly number[];
  /** What is read from outside, each time. */
  readonly given: readonly (readonly Node[])[];
}

/** What goes in and out of each. `others`: nodes that need not be handed out to these. */
const partOf = (alike: Alike, program: Program, quiet: ReadonlySet<Node>, more: readonly number[] = []): Part => {
  const roots = new Set(Object.values(program.outputs));
  const order = topological(rootsOf(program));
  const inside = alike.nodes.map((of) => new Set(of));
  const at = new Map(alike.nodes.flatMap((of, k) => of.map((n, i) => [n, { k, i }] as const)));
  const out = new Set<number>(more);
  for (const n of order) {
    for (const a of argsOf(n)) {
      const from = at.get(a);
      if (from !== undefined && !inside[from.k]!.has(n) && !quiet.has(n)) out.add(from.i);
    }
  }
  roots.forEach((n) => {
    const from = at.get(n);
    if (from !== undefined) out.add(from.i);
  });
  const varying = new Set(alike.varying[0]);
  const shared = [...new Set(alike.nodes[0]!.flatMap(argsOf))].filter(
    (a) => !inside[0]!.has(a) && !varying.has(a) && argsOf(a).length > 0 && !isMask(a),
  );
  return {
    alike,
    out: [...out].sort((a, b) => a - b),
    given: alike.varying.map((of) => [...of, ...shared]),
  };
};

/** What nobody reads has no name. */
const nameOf = ({ sheet }: Pen, hint: string): string => (hint === '_' ? hint : sheet.name(hint));

const values = (
  names: readonly string[],
  nodes: readonly Node[],
  axes: readonly (readonly Axis[])[],
): readonly (readonly [Node, Value])[] =>
  nodes.map((n, i) => [n, { piece: place(names[i]!), axes: axes[i]!, dtype: n.dtype }] as const);

/** Whether every call has what goes in before anything comes out, and nothing comes out of two. */
const inTurn = (program: Program, calls: readonly Call[]): boolean => {
  const makers = new Map(calls.flatMap((c) => c.makes.map((n) => [n, c] as const)));
  if (makers.size < calls.reduce((sum, c) => sum + new Set(c.makes).size, 0)) return false;
  const done = new Set<object>();
  const open = new Set<object>();
  const fine = (n: Node): boolean => {
    const call = makers.get(n);
    const here = call ?? n;
    if (done.has(here)) return true;
    if (open.has(here)) return false;
    open.add(here);
    const found = (call?.reads ?? argsOf(n)).every(fine);
    open.delete(here);
    done.add(here);
    return found;
  };
  // Arguments first, so that no recursion goes deep.
  return topological(rootsOf(program)).every(fine);
};

/** `title`: of what the functions are called; `inputs`: what they call their inputs; `inOrder`: axes of what is handed in. */
export const blocked = (
  program: Program,
  {
    title,
    inputs,
    inOrder,
    uses,
  }: {
    readonly title: string;
    readonly inputs: string;
    readonly inOrder: (axes: readonly Axis[]) => readonly Axis[];
    readonly uses: (helper: Helper) => string;
  },
  inner: Inner,
): Blocked => {
  const found = blocksOf(program);
  if (found === undefined) return unblocked;
  const { forward: alike, backward, families, count } = found;
  const derived = new Set(backward?.nodes.flat());
  const ahead = partOf(alike, program, derived);
  const names = (n: Leaf) =>
    n.op === 'param' && families.has(n.path) ? { text: `state[${named(families, n.path)}]` } : undefined;
  const key = (k: string): string => named(families, k);

  /** The body of what `nodes` are, with placeholders for what is given. */
  const body = (
    outputs: Readonly<Record<string, Node>>,
    updates: Readonly<Record<string, Node>>,
    given: ReadonlyMap<Node, { readonly text: string; readonly axes?: readonly Axis[] }>,
    taken: readonly string[],
  ): Body => {
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
      { leaf: (n) => (n.op === 'input' ? told.get(n.name) : names(n)), key, taken: [NUMBER, 'kept', ...taken] },
    );
  };
  const argumentNames = (of: readonly Node[], like: string): readonly string[] =>
    of.map((_, i) => (i === 0 ? like : `${like}_${i + 1}`));
  const texts = (what: readonly string[]): string => (what.length === 1 ? what[0]! : what.join(', '));

  // What the derivatives read of their block is handed on as one dictionary.
  const last = count - 1;
  const placeLast = new Map(alike.nodes[last]!.map((n, i) => [n, i]));
  const owners = new Map(Object.entries(program.updates).map(([path, n]) => [n, path]));
  /** The number of the block whose derivatives come at this place. */
  const layerAt = (place: number): number => (place === 0 ? last : place - 1);
  const isOf = (path: string | undefined, layer: number): boolean => {
    const family = families.get(path ?? '');
    return family !== undefined && path === family.around.join(`${family.first + layer}`);
  };
  const all = backward?.nodes[0]!.map((_, i) => i) ?? [];
  const updated = all.filter((i) => backward!.nodes.some((of) => owners.has(of[i]!)));
  // What is the derivative by a parameter of each block, and not of another one's.
  const roots = updated.filter((i) => {
    const paths = backward!.nodes.map((of) => owners.get(of[i]!));
    const around = new Set(paths.map((path) => families.get(path ?? '')?.around.join('*')));
    // Two parameters may have one derivative, which then has two names.
    const alone = backward!.nodes.every(
      (of) => Object.values(program.updates).filter((n) => n === of[i]!).length === 1,
    );
    return alone && around.size === 1 && paths.every((path, at) => isOf(path, layerAt(at)));
  });
  const behind =
    backward === undefined
      ? undefined
      : partOf(
          backward,
          program,
          new Set(),
          updated.filter((i) => !roots.includes(i)),
        );
  const residual =
    behind === undefined
      ? []
      : [...new Set(behind.given[0]!.flatMap((n) => placeLast.get(n) ?? []))].sort((a, b) => a - b);
  const xs = argumentNames(ahead.given[0]!, 'x');
  const nodeAt = (k: number, i: number): Node => alike.nodes[k]![i]!;
  const label = (i: number): string => `n${i}`;
  const forwardBody = body(
    Object.fromEntries([...new Set([...ahead.out, ...residual])].map((i) => [label(i), nodeAt(0, i)])),
    {},
    new Map(ahead.given[0]!.map((n, i) => [n, { text: xs[i]!, axes: inOrder(n.axes) }])),
    xs,
  );
  const mains = ahead.out.map((i) => forwardBody.outputs[label(i)]!);
  const keeps = residual.map((i) => forwardBody.outputs[label(i)]!);
  const keptText = `{${keeps.map((n) => `\n        ${quoted(n)}: ${n},`).join('')}\n    }`;
  const forwardName = title;
  // Nobody wants to read a function of which ten arrays come out.
  if (mains.length > 4) return unblocked;
  const signature = (fn: string, more: readonly string[], returns: string, doc: string): readonly string[] => [
    `def ${fn}(state: Arrays, ${inputs}: Arrays, ${NUMBER}: int, ${more.join(', ')}) -> ${returns}:`,
    `    """${doc}"""`,
  ];
  const array = (name: string): string => `${name}: jax.Array`;
  const kinds = (n: number, dictionary: boolean): string => {
    const all = [...Array.from({ length: n }, () => 'jax.Array'), ...(dictionary ? ['dict[str, jax.Array]'] : [])];
    return all.length === 1 ? all[0]! : `tuple[${all.join(', ')}]`;
  };
  const forwardText = [
    ...signature(
      forwardName,
      xs.map(array),
      kinds(mains.length, residual.length > 0),
      residual.length > 0
        ? 'A block, and what its derivative reads of it.'
        : 'One block: the states that it makes of those below.',
    ),
    ...forwardBody.lines,
    `    return ${texts([...mains, ...(residual.length > 0 ? [keptText] : [])])}`,
  ].join('\n');
  const keptName = (k: number): string => `kept_${k}`;
  const calls: Call[] = alike.nodes.map((_, k): Call => {
    const out = ahead.out.map((i) => nodeAt(k, i));
    const kept = residual.map((i) => nodeAt(k, i));
    return {
      makes: [...out, ...kept],
      reads: ahead.given[k]!,
      write: (pen, of, hint) => {
        const args = ahead.given[k]!.map((n) => whole(pen, of(n), inOrder(n.axes)).piece.text);
        const own = out.map((n) => nameOf(pen, hint(n)));
        const call = `${forwardName}(state, ${inputs}, ${k}, ${args.join(', ')})`;
        pen.sheet.line(`${texts([...own, ...(kept.length > 0 ? [keptName(k)] : [])])} = ${call}`);
        const axesOf = (i: number): readonly Axis[] => forwardBody.axes[label(i)]!;
        return new Map([
          ...values(
            keeps.map((n) => `${keptName(k)}[${quoted(n)}]`),
            kept,
            residual.map(axesOf),
          ),
          ...values(own, out, ahead.out.map(axesOf)),
        ]);
      },
    };
  });
  // Without its derivative a block hands out too much of itself.
  const forwardAlone = residual.length === 0 ? { ...unblocked, calls, functions: [forwardText] } : unblocked;
  if (behind === undefined || backward === undefined) return inTurn(program, calls) ? forwardAlone : unblocked;

  const slopesAt = (k: number): readonly (readonly [string, Node])[] =>
    roots.map((i) => [owners.get(backward.nodes[k]![i]!)!, backward.nodes[k]![i]!] as const);
  // First the arguments that are no residuals: what comes down from the block above, and what the block was given itself.
  const handed = behind.given[0]!.map((n, i) => ({ n, i })).filter(({ n }) => !placeLast.has(n));
  const isX = (n: Node): number => ahead.given[last]!.indexOf(n);
  const ds = handed.filter(({ n }) => isX(n) < 0);
  const dNames = argumentNames(
    ds.map(({ n }) => n),
    'd',
  );
  const args = handed.map(({ n, i }) => ({
    i,
    n,
    text: isX(n) >= 0 ? xs[isX(n)]! : dNames[ds.findIndex((d) => d.n === n)]!,
  }));
  const keyOf = new Map(residual.map((i, at) => [i, keeps[at]!]));
  const backwardBody = body(
    Object.fromEntries(behind.out.map((i) => [label(i), backward.nodes[0]![i]!])),
    Object.fromEntries(slopesAt(0)),
    new Map(
      behind.given[0]!.map((n) => {
        const i = placeLast.get(n);
        const own = args.find((a) => a.n === n);
        return [
          n,
          i === undefined
            ? { text: own!.text, axes: inOrder(n.axes) }
            : { text: `kept[${quoted(keyOf.get(i)!)}]`, axes: forwardBody.axes[label(i)]! },
        ] as const;
      }),
    ),
    args.map((a) => a.text),
  );
  const backMains = behind.out.map((i) => backwardBody.outputs[label(i)]!);
  const backwardName = `${title}_back`;
  const slopesText = `{${slopesAt(0)
    .map(([path]) => `\n        ${named(families, path)}: ${backwardBody.updates[path]!},`)
    .join('')}\n    }`;
  const backwardText = [
    ...signature(
      backwardName,
      ['kept: Arrays', ...args.map((a) => array(a.text))],
      kinds(backMains.length, true),
      'Derivatives by the states below a block and by its parameters, from those by the states that it makes (`d`).',
    ),
    ...backwardBody.lines,
    `    return ${texts([...backMains, slopesText])}`,
  ].join('\n');
  const backCalls = backward.nodes.map((of, at): Call => {
    const k = layerAt(at);
    return {
      makes: [...behind.out.map((i) => of[i]!), ...roots.map((i) => of[i]!)],
      reads: behind.given[at]!,
      holds: (n) => roots.some((i) => of[i] === n),
      write: (pen, get, hint) => {
        const { sheet } = pen;
        behind.given[at]!.forEach(get);
        const own = args.map(({ i, n }) => whole(pen, get(behind.given[at]![i]!), inOrder(n.axes)).piece);
        const below = ahead.given[k]!.map((n) => whole(pen, get(n), inOrder(n.axes)).piece.text);
        const first = args.findIndex((a) => isX(a.n) < 0);
        if (first >= 0 && own[first]!.place !== true) own[first] = sheet.assign('d', own[first]!);
        if (first >= 0) {
          const again = below.map((x) => `${uses('later')}(${x}, ${own[first]!.text}, ${inputs})`);
          sheet.line(`if remat:`);
          sheet.line(`    *_, ${keptName(k)} = ${forwardName}(state, ${inputs}, ${k}, ${again.join(', ')})`);
        }
        const names = behind.out.map((i) => nameOf(pen, hint(of[i]!)));
        sheet.line(
          `${texts([...names, `slopes_${k}`])} = ${backwardName}(state, ${inputs}, ${k}, ${[keptName(k), ...own.map((o) => o.text)].join(', ')})`,
        );
        return new Map([
          ...roots.map((i): readonly [Node, Value] => [
            of[i]!,
            { piece: place(`slopes_${k}`), axes: [], dtype: 'f32' },
          ]),
          ...values(
            names,
            behind.out.map((i) => of[i]!),
            behind.out.map((i) => backwardBody.axes[label(i)]!),
          ),
        ]);
      },
    };
  });
  if (!inTurn(program, [...calls, ...backCalls])) return inTurn(program, calls) ? forwardAlone : unblocked;
  return {
    calls: [...calls, ...backCalls],
    functions: [forwardText, backwardText],
    slopes: new Set(backward.nodes.flatMap((_, k) => slopesAt(k).map(([path]) => path))),
    dictionaries: backward.nodes.map((_, at) => `slopes_${layerAt(at)}`),
    again: true,
  };
};
