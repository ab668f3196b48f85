/**
 * Names of users become names of programs. A target makes further names of those it is given (`ids_by_item`, `sum.share`,
 * `entry1`), and writes them into languages with words of their own. So what it is given is plain, and is none that it makes;
 * any other axis or parameter gets such a name here, one for one, and a parameter keeps its own beside it.
 */
import type { Buffer, Entry, Expr, LoopAxis, LoopProgram, ReduceAxis } from './ir.js';

const plain = /^[A-Za-z_][A-Za-z0-9_.]*$/;
/** The compiler's own copies of an axis have quotes. */
const plainAxis = /^[A-Za-z_][A-Za-z0-9_.']*$/;

/** What targets make of names: lists of positions, shares of rows, copies, prefix sums, functions of an entry, their own memory. */
const madeOfBuffers =
  /_by_|\.(starts|share\d*|part\d*|inner\d*|before|loop)$|\.by\.|^(train|rank|score|predict|vectors|explain)\.|^(streams|end)$/;
const madeOfAxes = /^entry|^chunk$/;

/** A kernel's name as programs may have it: letters, digits and underscores. */
export const plainWord = (text: string): string => text.replace(/[^A-Za-z0-9_]/g, '_').replace(/_by(?=_)/g, '_of');

/** Whether a buffer of this name might be taken for one that a target makes. */
export const isInternal = (id: string): boolean => !plain.test(id) || id in Object.prototype || madeOfBuffers.test(id);
const isInternalAxis = (name: string): boolean => !plainAxis.test(name) || madeOfAxes.test(name);

/** Names that may stand keep standing; the others are spelt in plain letters, and numbered. */
const renaming = (names: Iterable<string>, internal: (name: string) => boolean): ((name: string) => string) => {
  const all = [...new Set(names)];
  const known = new Map(all.filter((n) => !internal(n)).map((n) => [n, n]));
  const taken = new Set(known.values());
  for (const name of all.filter(internal)) {
    const letters = name
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9]+/g, '')
      .slice(0, 40);
    let fresh = `x_${letters}`;
    for (let i = 2; taken.has(fresh) || internal(fresh); i++) fresh = `x_${letters}_${i}`;
    known.set(name, fresh);
    taken.add(fresh);
  }
  return (name) => known.get(name)!;
};

interface Names {
  readonly axis: (name: string) => string;
  readonly buffer: (id: string) => string;
}

const loopAxis =
  ({ axis, buffer }: Names) =>
  ({ name, size, ragged, missing }: LoopAxis): LoopAxis => ({
    name: axis(name),
    size,
    ...(missing === undefined ? {} : { missing: buffer(missing) }),
    ...(ragged === undefined ? {} : { ragged: { rows: axis(ragged.rows), lengths: buffer(ragged.lengths) } }),
  });

const expressions = (names: Names): ((e: Expr) => Expr) => {
  const { axis, buffer } = names;
  const done = new Map<Expr, Expr>();
  const over = (all: readonly ReduceAxis[]): readonly ReduceAxis[] =>
    all.map((o) => ({
      axis: loopAxis(names)(o.axis),
      ...(o.from === undefined ? {} : { from: go(o.from) }),
      ...(o.to === undefined ? {} : { to: go(o.to) }),
      ...(o.row === undefined ? {} : { row: go(o.row) }),
    }));
  const fresh = (e: Expr): Expr => {
    switch (e.kind) {
      case 'literal':
        return e;
      case 'index':
        return { ...e, axis: axis(e.axis) };
      case 'extent':
        return { ...e, axis: loopAxis(names)(e.axis), ...(e.row === undefined ? {} : { row: go(e.row) }) };
      case 'read':
        return { ...e, buffer: buffer(e.buffer), at: e.at.map(go) };
      case 'apply':
        return { ...e, args: e.args.map(go) };
      case 'guard':
        return { ...e, condition: go(e.condition), then: go(e.then), otherwise: go(e.otherwise) };
      case 'reduce':
        return { ...e, over: over(e.over), body: go(e.body) };
      case 'collect':
        return { ...e, index: buffer(e.index), over: over(e.over), target: go(e.target), body: go(e.body) };
      case 'uniform':
        return { ...e, counter: go(e.counter) };
    }
  };
  const go = (e: Expr): Expr => {
    const known = done.get(e) ?? fresh(e);
    done.set(e, known);
    return known;
  };
  return go;
};

const axisNames = (program: LoopProgram): ReadonlySet<string> => {
  const found = new Set<string>();
  const add = ({ name, ragged }: LoopAxis): void => {
    found.add(name);
    if (ragged !== undefined) found.add(ragged.rows);
  };
  const seen = new Set<Expr>();
  const loops = (over: readonly ReduceAxis[]): void =>
    over.forEach((o) => {
      add(o.axis);
      [o.from, o.to, o.row].forEach((e) => e !== undefined && visit(e));
    });
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    switch (e.kind) {
      case 'literal':
        return;
      case 'index':
        found.add(e.axis);
        return;
      case 'extent':
        add(e.axis);
        if (e.row !== undefined) visit(e.row);
        return;
      case 'read':
        e.at.forEach(visit);
        return;
      case 'apply':
        e.args.forEach(visit);
        return;
      case 'guard':
        [e.condition, e.then, e.otherwise].forEach(visit);
        return;
      case 'reduce':
        loops(e.over);
        visit(e.body);
        return;
      case 'collect':
        loops(e.over);
        visit(e.target);
        visit(e.body);
        return;
      case 'uniform':
        visit(e.counter);
        return;
    }
  };
  for (const { buffers, kernels } of program.entries) {
    buffers.forEach((b) => b.axes.forEach(add));
    for (const k of kernels) {
      visit(k.body);
      if (k.where !== undefined) visit(k.where);
      if (k.loop !== undefined) found.add(k.loop.axis);
    }
  }
  return found;
};

/** The program with plain names; the very same where all were plain. */
export const withPlainNames = (program: LoopProgram): LoopProgram => {
  const axes = axisNames(program);
  const ids = new Set(program.entries.flatMap((e) => e.buffers.map((b) => b.id)));
  if (![...axes].some(isInternalAxis) && ![...ids].some(isInternal)) return program;
  const names: Names = { axis: renaming(axes, isInternalAxis), buffer: renaming(ids, isInternal) };
  const expr = expressions(names);
  const buffer = (b: Buffer): Buffer => {
    const id = names.buffer(b.id);
    return {
      ...b,
      id,
      axes: b.axes.map(loopAxis(names)),
      ...(id === b.id || b.role === 'temp' || b.role === 'output' ? {} : { name: b.id }),
    };
  };
  const entry = (e: Entry): Entry => ({
    ...e,
    buffers: e.buffers.map(buffer),
    kernels: e.kernels.map((k) => ({
      ...k,
      output: names.buffer(k.output),
      body: expr(k.body),
      ...(k.where === undefined ? {} : { where: expr(k.where) }),
      ...(k.loop === undefined ? {} : { loop: { ...k.loop, axis: names.axis(k.loop.axis) } }),
    })),
    outputs: Object.fromEntries(Object.entries(e.outputs).map(([name, id]) => [name, names.buffer(id)])),
    updates: Object.fromEntries(
      Object.entries(e.updates).map(([state, id]) => [names.buffer(state), names.buffer(id)]),
    ),
  });
  return { ...program, entries: program.entries.map(entry) };
};
