/**
 * Writes one expression as statements of a kernel. Scopes are the blocks of the emitted function: a value is written in the
 * outermost block in which it may be, so what a loop does not change is computed before it, and what two places share is
 * named once. Imperative inside: one writer lives while one function is written.
 */
import { lowest } from '../../../dsl/lowest.js';
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import { dtypeOf } from '../../loops/build.js';
import type { Buffer, Expr, LoopAxis, ReduceAxis, Size } from '../../loops/ir.js';
import { inverseId } from '../../loops/inverse.js';
import { bare } from './brackets.js';
import { namer } from './names.js';
import type { Write } from './scalars.js';
import { freeVariables, nodes, uses } from '../../loops/shape.js';

/** What differs between a gpu.js kernel and a loop nest on the host. */
export interface Flavour {
  readonly size: (size: Size) => string;
  readonly element: (array: string, buffer: Buffer, at: readonly string[], size: (size: Size) => string) => string;
  readonly scalar: (fn: ScalarName, dtype: DType) => Write;
  readonly uniform: (stream: string, counter: string) => string;
}

/**
 * root: the cell itself. loop: runs at least once, so leaving it early is free. narrow: may run no times at all.
 * branch: only where a condition holds; nothing leaves it.
 */
type ScopeKind = 'root' | 'loop' | 'narrow' | 'branch';

export interface Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | null;
  /** Loop variables bound here: axis name to code. */
  readonly variables: ReadonlyMap<string, string>;
  readonly lines: string[];
  readonly known: Map<Expr, string>;
}

export const scope = (
  kind: ScopeKind,
  parent: Scope | null,
  variables: Iterable<readonly [string, string]> = [],
): Scope => ({ kind, parent, variables: new Map(variables), lines: [], known: new Map() });

export const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

export interface Writer {
  readonly name: (wanted: string) => string;
  /** Code of a value, after the statements it needs were added to `at` or a block around it. */
  readonly value: (e: Expr, at: Scope) => string;
  /** The number of positions of an axis: the row's length where it is ragged and the row is known. */
  readonly extent: (axis: LoopAxis, row: Expr | undefined, at: Scope) => string;
  /** Buffers read so far, by the parameter's name, in order of first use. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Keys of uniform streams read so far, by the variable that holds the stream. */
  readonly streams: ReadonlyMap<string, string>;
}

export const float32Limit = -lowest.f32;

export const literalCode = (value: number, dtype: DType): string => {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true';
  const finite = Math.min(Math.max(value, -float32Limit), float32Limit);
  return finite < 0 || Object.is(finite, -0) ? `(${finite})` : `${finite}`;
};

const arithmetic: ReadonlySet<ScalarName> = new Set<ScalarName>(['add', 'sub', 'mul', 'neg', 'toF32']);
/** Not worth a name: small arithmetic on loop variables (a name would make a float of an integer in gpu.js). */
const cheap = (e: Expr): boolean =>
  e.kind === 'literal' ||
  e.kind === 'index' ||
  (e.kind === 'extent' && e.row === undefined && e.axis.missing === undefined) ||
  (e.kind === 'apply' && arithmetic.has(e.fn) && nodes([e]).size <= 6 && e.args.every(cheap));

/** Reads at loop variables alone cannot leave their range in a loop that runs no times. */
const harmless = (e: Expr): boolean =>
  [...nodes([e])].every((n) => n.kind !== 'read' || n.at.every((i) => i.kind === 'index' || i.kind === 'literal'));

const simple = /^[A-Za-z0-9_.]+$/;
/** gpu.js makes a float of a counter that does not start at a literal, and WGSL has no `++` for floats. */
const step = (counter: string, start: string): string => (/^[0-9]+$/.test(start) ? `${counter}++` : `${counter} += 1`);
const accumulators = { sum: 'sum', max: 'most' } as const;
const starts: { readonly [K in DType]: { readonly sum: number; readonly max: number } } = {
  f32: { sum: 0, max: lowest.f32 },
  i32: { sum: 0, max: lowest.i32 },
  bool: { sum: 0, max: lowest.bool },
};

export const writer = (flavour: Flavour, buffers: ReadonlyMap<string, Buffer>, roots: readonly Expr[]): Writer => {
  const name = namer();
  const free = freeVariables();
  const count = uses(roots);
  const parameters = new Map<string, string>();
  const streams = new Map<string, string>();

  const binds = (s: Scope, e: Expr): boolean => [...free(e)].some((axis) => s.variables.has(axis));
  const home = (e: Expr, s: Scope): Scope =>
    s.parent !== null && (s.kind === 'loop' || (s.kind === 'narrow' && harmless(e))) && !binds(s, e)
      ? home(e, s.parent)
      : s;
  const lookup = (e: Expr, s: Scope | null): string | undefined =>
    s === null ? undefined : (s.known.get(e) ?? (binds(s, e) ? undefined : lookup(e, s.parent)));
  const variable = (axis: string, s: Scope | null): string => {
    if (s === null) throw new Error(`No loop runs over the axis '${axis}'.`);
    return s.variables.get(axis) ?? variable(axis, s.parent);
  };

  const buffer = (id: string): Buffer => {
    const found = buffers.get(id);
    if (found === undefined) throw new Error(`No buffer is called '${id}'.`);
    return found;
  };
  const parameter = (id: string): string => {
    const found = parameters.get(id);
    if (found !== undefined) return found;
    const fresh = name(id);
    parameters.set(id, fresh);
    return fresh;
  };
  const element = (id: string, at: readonly string[]): string =>
    flavour.element(parameter(id), buffer(id), at, flavour.size);

  const extent = (axis: LoopAxis, row: Expr | undefined, s: Scope): string => {
    if (axis.ragged !== undefined && row !== undefined) return element(axis.ragged.lengths, [position(row, s)]);
    const size = flavour.size(axis.size);
    // Dividing makes a float of it, as what is read is one.
    return axis.missing === undefined ? size : `(${size} / 1 - ${element(axis.missing, [])})`;
  };

  /** An index. What is read from an array gets a name first: gpu.js's own names for nested reads collide in GLSL. */
  const position = (e: Expr, s: Scope): string => {
    const code = value(e, s);
    if (!code.includes('[')) return code;
    const fresh = name(called(e));
    s.lines.push(`const ${fresh} = ${bare(code)};`);
    s.known.set(e, fresh);
    return fresh;
  };

  const bound = (code: string, wanted: string, s: Scope): string => {
    if (simple.test(code)) return code;
    const fresh = name(wanted);
    s.lines.push(`const ${fresh} = ${bare(code)};`);
    return fresh;
  };

  /** Opens the loops of a reduction, lets `inner` fill the innermost, and closes them. */
  const loops = (over: readonly ReduceAxis[], s: Scope, inner: (s: Scope) => void): void => {
    const [first, ...rest] = over;
    if (first === undefined) {
      inner(s);
      return;
    }
    const { axis, from, to, row } = first;
    if (
      axis.size === 1 &&
      axis.ragged === undefined &&
      axis.missing === undefined &&
      from === undefined &&
      to === undefined
    ) {
      const body = scope('loop', s, [[axis.name, '0']]);
      loops(rest, body, inner);
      s.lines.push(...body.lines);
      return;
    }
    const start = from === undefined ? '0' : bound(value(from, s), `${axis.name}_from`, s);
    const end = bound(to === undefined ? extent(axis, row, s) : value(to, s), `${axis.name}_to`, s);
    const narrow = from !== undefined || to !== undefined || (axis.ragged !== undefined && row !== undefined);
    const i = name(axis.name);
    const body = scope(narrow ? 'narrow' : 'loop', s, [[axis.name, i]]);
    loops(rest, body, inner);
    s.lines.push(`for (let ${i} = ${start}; ${i} < ${end}; ${step(i, start)}) {`, ...indent(body.lines), '}');
  };

  const accumulate: { readonly [M in 'sum' | 'max']: (into: string, term: string, dtype: DType) => string } = {
    sum: (into, term, dtype) =>
      dtype === 'f32' ? `${into} += ${bare(term)};` : `${into} = ${bare(flavour.scalar('add', dtype)(into, term))};`,
    max: (into, term, dtype) =>
      `${into} = ${bare(flavour.scalar(dtype === 'bool' ? 'or' : 'max', dtype)(into, dtype === 'bool' ? term : bare(term)))};`,
  };

  const reduction = (e: Extract<Expr, { kind: 'reduce' }>, s: Scope): string => {
    const into = name(accumulators[e.monoid]);
    s.lines.push(`let ${into} = ${bare(literalCode(starts[e.dtype][e.monoid], e.dtype))};`);
    loops(e.over, s, (inner) => inner.lines.push(accumulate[e.monoid](into, value(e.body, inner), e.dtype)));
    return into;
  };

  /** Walks one list of an inverse index; see runtime/devices/inverse for its layout. */
  const collection = (e: Extract<Expr, { kind: 'collect' }>, s: Scope): string => {
    const list = parameter(inverseId(e));
    const target = position(e.target, s);
    const into = name('sum');
    const [entry, last] = [name('entry'), name('last')];
    const positions = e.over.map(({ axis }) => flavour.size(axis.size)).join(' * ');
    s.lines.push(`let ${into} = 0;`, `const ${last} = ${list}[${target} + 1];`);
    const coordinates = e.over.map(({ axis }, k) => ({
      axis: axis.name,
      code: name(axis.name),
      at: k === 0 ? entry : `${entry} + ${k === 1 ? '' : `${k} * `}${positions}`,
    }));
    const inner = scope(
      'narrow',
      s,
      coordinates.map(({ axis, code }) => [axis, code] as const),
    );
    const needed = new Set(
      [e.body, ...e.over.flatMap(({ from, to }) => [from, to])].flatMap((part) =>
        part === undefined ? [] : [...free(part)],
      ),
    );
    const used = coordinates.filter(
      ({ axis }) => needed.has(axis) || e.over.some((o) => o.axis.name === axis && (o.from ?? o.to) !== undefined),
    );
    inner.lines.push(...used.map(({ code, at }) => `const ${code} = ${list}[${at}];`));
    const limits = e.over.flatMap(({ axis, from, to }): readonly Expr[] => [
      ...(from === undefined
        ? []
        : [{ kind: 'apply', fn: 'ge', args: [{ kind: 'index', axis: axis.name }, from], dtype: 'bool' } as const]),
      ...(to === undefined
        ? []
        : [{ kind: 'apply', fn: 'lt', args: [{ kind: 'index', axis: axis.name }, to], dtype: 'bool' } as const]),
    ]);
    const body = limits.length === 0 ? inner : scope('branch', inner);
    body.lines.push(accumulate.sum(into, value(e.body, body), e.dtype));
    if (body !== inner)
      inner.lines.push(`if (${limits.map((limit) => value(limit, inner)).join(' && ')}) {`, ...indent(body.lines), '}');
    s.lines.push(
      `for (let ${entry} = ${list}[${target}]; ${entry} < ${last}; ${step(entry, '')}) {`,
      ...indent(inner.lines),
      '}',
    );
    return into;
  };

  const choice = (e: Extract<Expr, { kind: 'guard' }>, s: Scope): string => {
    const condition = value(e.condition, s);
    const [yes, no] = [scope('branch', s), scope('branch', s)];
    const [then, otherwise] = [value(e.then, yes), value(e.otherwise, no)];
    if (yes.lines.length + no.lines.length === 0) return flavour.scalar('select', e.dtype)(condition, then, otherwise);
    const into = name('chosen');
    const plain = e.otherwise.kind === 'literal';
    s.lines.push(
      `let ${into} = ${bare(plain ? otherwise : literalCode(0, e.dtype))};`,
      `if (${bare(condition)}) {`,
      ...indent([...yes.lines, `${into} = ${bare(then)};`]),
      ...(plain ? [] : ['} else {', ...indent([...no.lines, `${into} = ${bare(otherwise)};`])]),
      '}',
    );
    return into;
  };

  const uniform = (e: Extract<Expr, { kind: 'uniform' }>, s: Scope): string => {
    const stream = streams.get(e.key) ?? name(e.key);
    streams.set(e.key, stream);
    return flavour.uniform(stream, value(e.counter, s));
  };

  const read = (e: Extract<Expr, { kind: 'read' }>, s: Scope): string => {
    const code = element(
      e.buffer,
      e.at.map((i) => position(i, s)),
    );
    return buffer(e.buffer).dtype === 'bool' ? `(${code} !== 0)` : code;
  };

  const apply = (e: Extract<Expr, { kind: 'apply' }>, s: Scope): string =>
    flavour.scalar(
      e.fn,
      e.fn === 'toI32' ? 'i32' : dtypeOf(e.args[e.args.length - 1] ?? e),
    )(...e.args.map((a) => value(a, s)));

  const code: { readonly [K in Expr['kind']]: (e: Extract<Expr, { kind: K }>, s: Scope) => string } = {
    literal: (e) => literalCode(e.value, e.dtype),
    index: (e, s) => variable(e.axis, s),
    extent: (e, s) => extent(e.axis, e.row, s),
    read,
    apply,
    guard: choice,
    reduce: reduction,
    collect: collection,
    uniform,
  };

  /** What a value is called where it needs a name. */
  const called = (e: Expr): string =>
    e.kind === 'read' ? `${e.buffer}_here` : e.kind === 'extent' ? `${e.axis.name}_count` : 'value';

  const value = (e: Expr, s: Scope): string => {
    const known = lookup(e, s);
    if (known !== undefined) return known;
    const at = home(e, s);
    const text = (code[e.kind] as (e: Expr, s: Scope) => string)(e, at);
    const named = simple.test(text) && !text.startsWith('this.');
    const worth = !cheap(e) && !named && (at !== s || (count.get(e) ?? 0) > 1);
    if (!worth) {
      if (named && !cheap(e)) at.known.set(e, text);
      return text;
    }
    const fresh = name(called(e));
    // A condition is named by a number: see scalars.
    const [kept, use] = dtypeOf(e) === 'bool' ? [`${text} ? 1 : 0`, `(${fresh} > 0)`] : [bare(text), fresh];
    at.lines.push(`const ${fresh} = ${kept};`);
    at.known.set(e, use);
    return use;
  };

  return { name, value, extent, parameters, streams };
};
