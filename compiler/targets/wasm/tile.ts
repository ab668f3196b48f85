/**
 * Writes expressions for a tile of cells at once: some rows along one axis, four lanes or more along another. What does not
 * depend on the rows is computed once for all of them, what does not depend on the lanes is one value; so a sum of products
 * becomes a register-tiled micro-kernel (its innermost loop is not unrolled: V8 spills, and lost a tenth), with whatever stands around it in the same expression, and nothing needs to
 * recognise it. Scopes are the blocks of the emitted function: a value is written in the outermost block where it may be.
 * Imperative inside: one writer lives while one function is written.
 */
import type { DType } from '../../../dsl/scalar.js';
import { apply, dtypeOf, integer } from '../../loops/build.js';
import type { Expr, ReduceAxis, Size } from '../../loops/ir.js';
import { children, freeVariables, nodes, uses } from '../gpu/shape.js';
import { type Address, addressOf, runAlong, stepAlong, termExpr } from './address.js';
import { inline } from './inline.js';
import { mentions } from './intern.js';
import { type Layout, sizeExpr } from './layout.js';
import { type Binding, type Scope, type Tile, type World, type Writer, baseOf, bindLanes, indent, one, scope, streamsId } from './scope.js';
import { looping } from './stepping.js';
import { accumulation, functions, literalLanes, literalText, splat } from './scalars.js';

const baseOfBuffer = (name: string): string => `@${name}`;
const index = (axis: string): Expr => ({ kind: 'index', axis });
const simple = /^\((local\.get|global\.get|i32\.const|f32\.const|v128\.const f32x4|v128\.const i32x4) [^()]*\)$/;
const types: { readonly [D in DType]: string } = { f32: 'f32', i32: 'i32', bool: 'i32' };
const isAffine = (e: Expr): boolean => e.kind === 'index' || e.kind === 'literal' || (e.kind === 'extent' && (e.row === undefined || isAffine(e.row))) || (e.kind === 'apply' && e.dtype === 'i32' && (e.fn === 'add' || e.fn === 'sub' || e.fn === 'mul') && e.args.every(isAffine));
const isPlain = (e: Expr): boolean => e.kind === 'index' || e.kind === 'literal';

export const writer = ({ layouts, intern, streams, name, places }: World, roots: readonly Expr[]): Writer => {
  const nameOf = (id: string): string => name(places.get(id) ?? id);
  const free = freeVariables();
  const count = uses(roots);
  const taken = new Map<string, number>([['from', 1], ['to', 1], ['chunk', 1], ['at', 1]]);
  const declared: string[] = [];
  const globals = new Set<string>();

  const local = (wanted: string, type: string): string => {
    const n = (taken.get(wanted) ?? 0) + 1;
    taken.set(wanted, n);
    const numbered = n === 1 ? wanted : `${wanted}.${n}`;
    // A parameter may be called as another's second copy is: theta, theta.2.
    if (n > 1 && taken.has(numbered)) return local(wanted, type);
    if (n > 1) taken.set(numbered, 1);
    const name = `$${numbered}`;
    declared.push(`(local ${name} ${type})`);
    return name;
  };
  const loop = looping(local);
  const layout = (id: string): Layout => {
    const found = layouts.get(id);
    if (found === undefined) throw new Error(`No buffer is called '${id}'.`);
    return found;
  };
  const addresses = new Map<Expr, Address>();
  const addressOfRead = (e: Extract<Expr, { kind: 'read' }>): Address => {
    const found = addresses.get(e) ?? addressOf(layout(e.buffer), e.at, intern);
    addresses.set(e, found);
    return found;
  };

  const binds = (s: Scope, e: Expr): boolean => { for (const v of free(e)) if (s.variables.has(v)) return true; return false; };
  const pure = new Map<Expr, 'nothing' | 'plain' | 'affine' | 'any'>();
  /** What an expression reads: nothing, at loop variables, at sums of them, or anywhere. */
  const reads = (e: Expr): 'nothing' | 'plain' | 'affine' | 'any' => {
    const found = pure.get(e);
    if (found !== undefined) return found;
    const order = ['nothing', 'plain', 'affine', 'any'] as const;
    const own = e.kind === 'reduce' || e.kind === 'collect' || e.kind === 'guard' ? 'any' : e.kind === 'read' ? (e.at.every(isPlain) ? 'plain' : e.at.every(isAffine) ? 'affine' : 'any') : 'nothing';
    const result = children(e).map(reads).reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), own as 'nothing' | 'plain' | 'affine' | 'any');
    pure.set(e, result);
    return result;
  };
  const leaves = (s: Scope, e: Expr): boolean => {
    if (s.parent === null || binds(s, e)) return false;
    const needs = reads(e);
    return s.kind === 'loop' ? needs !== 'any' || !s.speculative && isSafe(e) : needs === 'nothing' || needs === 'plain';
  };
  /** Reductions over what exists may move out of a loop that runs no times: they read what exists. */
  const isSafe = (e: Expr): boolean => e.kind === 'reduce' && [...nodes([e])].every((n) => n.kind !== 'read' || n.at.every(isAffine));
  const home = (e: Expr, s: Scope): Scope => (leaves(s, e) ? home(e, s.parent!) : s);
  const lookup = (map: 'known' | 'wide', e: Expr, s: Scope | null): Tile | undefined =>
    s === null ? undefined : s[map].get(e) ?? (binds(s, e) ? undefined : lookup(map, e, s.parent));
  const variable = (axis: string, s: Scope | null): Binding => {
    if (s === null) throw new Error(`No loop runs over the axis '${axis}'.`);
    return s.variables.get(axis) ?? variable(axis, s.parent);
  };
  const depth = (e: Expr, s: Scope): number => {
    const chain: Scope[] = [];
    for (let x: Scope | null = s; x !== null; x = x.parent) chain.unshift(x);
    let deepest = 0;
    for (const v of free(e)) chain.forEach((x, i) => { if (x.variables.has(v)) deepest = Math.max(deepest, i); });
    return deepest;
  };

  interface Shape { readonly rows: number; readonly vectors: number; readonly rowAxis?: string; readonly laneAxis?: string }
  const shape = (e: Expr, s: Scope): Shape => {
    let result: Shape = { rows: 1, vectors: 0 };
    for (const v of free(e)) {
      const b = variable(v, s);
      if (b.kind === 'rows') result = { ...result, rows: b.count, rowAxis: v };
      if (b.kind === 'lanes') result = { ...result, vectors: b.vectors, laneAxis: v };
    }
    return result;
  };

  const part = (t: Tile, row: number, vector: number): string => {
    const cells = t.parts[Math.min(row, t.parts.length - 1)]!;
    return cells[Math.min(vector, cells.length - 1)]!;
  };
  const grid = (rows: number, vectors: number, cell: (row: number, vector: number) => string): Tile =>
    ({ vectors, parts: Array.from({ length: rows }, (_, r) => Array.from({ length: Math.max(1, vectors) }, (_v, c) => cell(r, c))) });
  const typeOf = (t: Tile, dtype: DType): string => (t.vectors > 0 ? 'v128' : types[dtype]);
  const nameTile = (t: Tile, wanted: string, dtype: DType, s: Scope): Tile => {
    if (t.parts.every((row) => row.every((p) => simple.test(p)))) return t;
    return grid(t.parts.length, t.vectors, (r, c) => {
      const code = part(t, r, c);
      if (simple.test(code)) return code;
      const name = local(wanted, typeOf(t, dtype));
      s.lines.push(`(local.set ${name} ${code})`);
      return `(local.get ${name})`;
    });
  };
  const called = (e: Expr): string => (e.kind === 'read' ? e.buffer : e.kind === 'reduce' ? e.monoid : e.kind === 'apply' ? e.fn : e.kind === 'extent' ? (e.axis.name.startsWith('@') ? e.axis.name : `${e.axis.name}.count`) : e.kind);

  const value = (e: Expr, s: Scope): Tile => {
    const known = lookup('known', e, s);
    if (known !== undefined) return known;
    const at = home(e, s);
    const raw = (code[e.kind] as (e: Expr, s: Scope) => Tile)(e, at);
    if (e.kind === 'literal' || e.kind === 'index') return raw;
    const keep = at !== s || (count.get(e) ?? 0) > 1 || e.kind === 'extent';
    if (!keep) return raw;
    const tile = nameTile(raw, called(e), dtypeOf(e), at);
    at.known.set(e, tile);
    return tile;
  };
  /** The value as something that may stand more than once. */
  const named = (e: Expr, s: Scope): Tile => {
    const t = value(e, s);
    const tile = nameTile(t, called(e), dtypeOf(e), s);
    if (tile !== t) s.known.set(e, tile);
    return tile;
  };
  const wide = (e: Expr, s: Scope): Tile => {
    const { vectors, rows } = shape(e, s);
    if (vectors > 0) return value(e, s);
    if (e.kind === 'literal') return grid(1, 1, () => literalLanes(e.value, e.dtype));
    const known = lookup('wide', e, s);
    if (known !== undefined) return known;
    const at = home(e, s);
    const asOne = lookup('known', e, s);
    // A read that only ever meets lanes is loaded onto all four.
    const raw = asOne === undefined && e.kind === 'read' && layout(e.buffer).buffer.dtype !== 'bool'
      ? loads(e, at, 'v128.load32_splat')
      : ((t) => grid(rows, 1, (r) => splat[dtypeOf(e)](part(t, r, 0))))(named(e, at));
    const tile = nameTile(raw, called(e), dtypeOf(e), at);
    at.wide.set(e, tile);
    return tile;
  };
  const single = (e: Expr, s: Scope, name?: string): string => {
    const { rows, vectors } = shape(e, s);
    if (rows > 1 || vectors > 0) throw new Error('One value was asked for where there are several.');
    const t = value(e, s);
    return part(name === undefined ? t : nameTile(t, name, dtypeOf(e), s), 0, 0);
  };

  /** The sum of the terms, those that change least first, so that sums of what a loop does not change are computed before it. */
  const sum = (id: string | null, terms: readonly Expr[], s: Scope): Expr => {
    const start: readonly Expr[] = id === null ? [] : [intern({ kind: 'extent', axis: { name: baseOfBuffer(nameOf(id)), size: baseOfBuffer(nameOf(id)) } })];
    const ordered = terms.map((e) => ({ e, depth: depth(e, s) })).sort((a, b) => a.depth - b.depth).map(({ e }) => e);
    return [...start, ...ordered].reduce((a, b) => intern(apply('add', a, b)));
  };

  const addressCode = (address: Address & { readonly id: string; readonly plain: boolean }, s: Scope, laneAxis: string | undefined, rowAxis: string | undefined): ReturnType<Writer['address']> => {
    const near = laneAxis === undefined || runAlong(address, laneAxis) !== 'far';
    const rowStep = rowAxis === undefined ? 0 : stepAlong(address, rowAxis);
    const fixedRows = rowAxis !== undefined && rowStep !== null && rowStep >= 0;
    const rebased = address.terms.map((t): typeof t => {
      const moves = t.atom.kind === 'index' && ((near && t.atom.axis === laneAxis) || (fixedRows && t.atom.axis === rowAxis));
      return moves && t.atom.kind === 'index' ? { ...t, atom: intern(index(baseOf(t.atom.axis))) } : t;
    });
    const terms = rebased.map((t) => intern(termExpr(t)));
    const constant = address.constant;
    const total = sum(address.id, constant < 0 ? [...terms, intern(integer(constant))] : terms, s);
    const clamp = s.speculative && !address.plain;
    const bare = named(total, s);
    globals.add(baseOfBuffer(nameOf(address.id)));
    const tile = !clamp ? bare : (globals.add('@end'), nameTile(grid(bare.parts.length, bare.vectors, (r, c) => (bare.vectors > 0
      ? `(i32x4.min_u ${part(bare, r, c)} (i32x4.splat (global.get $@end)))` : `(select ${part(bare, r, c)} (global.get $@end) (i32.lt_u ${part(bare, r, c)} (global.get $@end)))`)), 'safe', 'i32', s));
    return {
      tile, near,
      offset: (row, vector) => {
        const bytes = Math.max(0, constant) + (fixedRows ? row * (rowStep ?? 0) : 0) + (near && laneAxis !== undefined && runAlong(address, laneAxis) === 'near' ? 16 * vector : 0);
        return bytes === 0 ? '' : ` offset=${bytes}`;
      },
    };
  };
  const address = (a: Address, s: Scope): ReturnType<Writer['address']> => {
    const all = new Set(a.terms.flatMap((t) => [...free(t.atom), ...(t.factor === null ? [] : free(t.factor))]));
    const axes = [...all].map((v) => ({ v, b: variable(v, s) }));
    const lane = axes.find(({ b }) => b.kind === 'lanes')?.v;
    const row = axes.find(({ b }) => b.kind === 'rows')?.v;
    return addressCode(a as Address & { id: string; plain: boolean }, s, lane, row);
  };

  const loads = (e: Extract<Expr, { kind: 'read' }>, s: Scope, alone: string): Tile => {
    const { rows, vectors, laneAxis, rowAxis } = shape(e, s);
    const a = { ...addressOfRead(e), id: e.buffer, plain: e.at.every(isPlain) };
    const { tile, offset, near } = addressCode(a, s, laneAxis, rowAxis);
    if (vectors === 0) return grid(rows, alone.startsWith('v128') ? 1 : 0, (r) => `(${alone}${offset(r, 0)} ${part(tile, r, 0)})`);
    if (near) return grid(rows, vectors, (r, c) => `(v128.load${offset(r, c)} ${part(tile, r, c)})`);
    return grid(rows, vectors, (r, c) => {
      const from = part(tile, r, c);
      const at = (lane: number): string => `(i32x4.extract_lane ${lane} ${from})`;
      return [1, 2, 3].reduce((sofar, lane) => `(v128.load32_lane${offset(r, 0)} ${lane} ${at(lane)} ${sofar})`, `(v128.load32_zero${offset(r, 0)} ${at(0)})`);
    });
  };

  const read = (e: Extract<Expr, { kind: 'read' }>, s: Scope): Tile => {
    const { dtype } = layout(e.buffer).buffer;
    const raw = loads(e, s, dtype === 'f32' ? 'f32.load' : 'i32.load');
    // Loads are named at once: stores may come before a place further on.
    const t = nameTile(raw, e.buffer, dtype, s);
    if (dtype !== 'bool') return t;
    return grid(t.parts.length, t.vectors, (r, c) => (t.vectors > 0 ? `(i32x4.ne ${part(t, r, c)} ${literalLanes(0, 'i32')})` : `(i32.ne ${part(t, r, c)} (i32.const 0))`));
  };

  const summed = new Map<Expr, boolean>();
  const sums = (e: Expr): boolean => {
    const found = summed.get(e) ?? (e.kind === 'reduce' || children(e).some(sums));
    summed.set(e, found);
    return found;
  };
  const applied = (e: Extract<Expr, { kind: 'apply' }>, s: Scope): Tile => {
    const { rows, vectors } = shape(e, s);
    const write = functions[e.fn][dtypeOf(e.args[e.args.length - 1] ?? e)][vectors > 0 ? 'four' : 'one'];
    const written = new Map<Expr, Tile>();
    // Sums first: what is loaded before a loop would take registers from it.
    for (const a of [...e.args].sort((x, y) => Number(sums(y)) - Number(sums(x)))) {
      const t = vectors > 0 ? wide(a, s) : value(a, s);
      const spread = t.parts.length < rows || t.vectors < vectors || e.fn === 'min' || e.fn === 'max';
      written.set(a, spread ? nameTile(t, called(a), dtypeOf(a), s) : t);
    }
    const args = e.args.map((a) => written.get(a)!);
    return grid(rows, vectors, (r, c) => (rows * vectors > 2 ? (x: string) => x : inline)(write(...args.map((a) => part(a, r, c))), (wanted) => local(wanted, 'v128'), s.lines));
  };

  const guard = (e: Extract<Expr, { kind: 'guard' }>, s: Scope): Tile => {
    const { rows, vectors } = shape(e, s);
    const of = shape(e.condition, s);
    const get = vectors > 0 ? wide : value;
    if (of.rows === 1 && of.vectors === 0) {
      const condition = part(named(e.condition, s), 0, 0);
      const [yes, no] = [scope('branch', s), scope('branch', s)];
      const [then, otherwise] = [get(e.then, yes), get(e.otherwise, no)];
      const out = grid(rows, vectors, () => `(local.get ${local('chosen', vectors > 0 ? 'v128' : types[e.dtype])})`);
      const fill = (t: Tile): readonly string[] => out.parts.flatMap((row, r) => row.map((p, c) => `(local.set ${p.slice(11, -1)} ${part(t, r, c)})`));
      s.lines.push(`(if ${condition}`, '  (then', ...indent(indent([...yes.lines, ...fill(then)])), '  )', '  (else', ...indent(indent([...no.lines, ...fill(otherwise)])), '  ))');
      return out;
    }
    const inner = scope('branch', s, [], true);
    const condition = vectors > 0 ? wide(e.condition, s) : value(e.condition, s);
    const [then, otherwise] = [get(e.then, inner), get(e.otherwise, inner)];
    s.lines.push(...inner.lines);
    const write = functions.select[e.dtype][vectors > 0 ? 'four' : 'one'];
    return grid(rows, vectors, (r, c) => write(part(condition, r, c), part(then, r, c), part(otherwise, r, c)));
  };

  /** The innermost loop can go four positions at a time. */
  const runsInLanes = (e: Extract<Expr, { kind: 'reduce' }>): boolean => {
    const last = e.over[e.over.length - 1];
    if (last === undefined || e.dtype === 'bool') return false;
    const k = last.axis.name;
    const all = [...nodes([e.body])];
    const moving = all.filter((n): n is Extract<Expr, { kind: 'read' }> => n.kind === 'read' && mentions(n, k));
    return moving.length > 0 && moving.every((n) => runAlong(addressOfRead(n), k) === 'near')
      && all.every((n) => n.kind !== 'reduce' || (n.over.every((o) => [o.from, o.to, o.row].every((b) => b === undefined || !mentions(b, k)))))
      && all.every((n) => n.kind !== 'collect');
  };

  const min = (a: string, b: string): string => `(select ${a} ${b} (i32.lt_s ${a} ${b}))`;
  const max = (a: string, b: string): string => `(select ${a} ${b} (i32.gt_s ${a} ${b}))`;
  const put = (s: Scope, wanted: string, value_: string, type = 'i32'): string => {
    if (simple.test(value_)) return value_;
    const name = local(wanted, type);
    s.lines.push(`(local.set ${name} ${value_})`);
    return `(local.get ${name})`;
  };

  const reduction = (e: Extract<Expr, { kind: 'reduce' }>, s: Scope): Tile => {
    const { rows, vectors, rowAxis } = shape(e, s);
    const { start, step } = accumulation[e.monoid][e.dtype];
    const lanes = vectors === 0 && runsInLanes(e);
    const accumulators = (v: number): Tile => grid(rows, v, () => {
      const name = local(e.monoid, v > 0 ? 'v128' : types[e.dtype]);
      s.lines.push(`(local.set ${name} ${v > 0 ? literalLanes(start, e.dtype) : literalText(start, e.dtype)})`);
      return `(local.get ${name})`;
    });
    const total = accumulators(vectors);
    const inLanes = lanes ? accumulators(1) : null;
    const accumulate = (into: Tile, at: Scope, row: number | null): void => {
      const four = into.vectors > 0;
      const term = four ? wide(e.body, at) : value(e.body, at);
      for (const r of row === null ? into.parts.keys() : [row]) {
        into.parts[r]!.forEach((p, c) => {
          at.lines.push(`(local.set ${p.slice(11, -1)} ${step[four ? 'four' : 'one'](p, part(term, row === null ? r : 0, c))})`);
        });
      }
    };
    const run = (over: readonly ReduceAxis[], at: Scope, row: number | null): void => {
      const [first, ...rest] = over;
      if (first === undefined) { accumulate(total, at, row); return; }
      const { axis } = first;
      const from = first.from ?? integer(0);
      const to = first.to ?? sizeExpr(axis, first.row);
      const [low, high] = [named(intern(from), at), named(intern(to), at)];
      const once = (start_: string, end: string, around: Scope, only: number | null): void => {
        const k = local(axis.name, 'i32');
        const bound = put(around, `${axis.name}.end`, end);
        if (inLanes !== null && rest.length === 0 && only === null) {
          const stop = put(around, `${axis.name}.four`, `(i32.sub ${bound} (i32.const 3))`);
          const body = scope('loop', around, bindLanes(axis.name, `(local.get ${k})`, 1));
          accumulate(inLanes, body, null);
          around.lines.push(...loop(k, start_, stop, 4, body.lines));
          const tail = scope('loop', around, bindLanes(axis.name, `(local.get ${k})`, 0));
          accumulate(total, tail, null);
          around.lines.push(...loop(k, '', bound, 1, tail.lines, true));
          return;
        }
        const body = scope('loop', around, bindLanes(axis.name, `(local.get ${k})`, 0));
        run(rest, body, only);
        around.lines.push(...loop(k, start_, bound, 1, body.lines));
      };
      if (low.parts.length === 1 && high.parts.length === 1) { once(part(low, 0, 0), part(high, 0, 0), at, row); return; }
      // Rows begin and end at different positions: those that all have, together; the others one row at a time.
      const all = Array.from({ length: rows }, (_, r) => r);
      const latest = put(at, `${axis.name}.from`, all.map((r) => part(low, r, 0)).reduce((a, b) => put(at, `${axis.name}.latest`, max(a, b))));
      const earliest = put(at, `${axis.name}.to`, max(latest, all.map((r) => part(high, r, 0)).reduce((a, b) => put(at, `${axis.name}.earliest`, min(a, b)))));
      const rowName = rowAxis!;
      const base = variable(baseOf(rowName), at);
      const alone = (r: number, a: string, b: string): void => {
        const own = scope('loop', at, [[rowName, one(put(at, rowName, `(i32.add ${base.kind === 'one' ? base.code : ''} (i32.const ${r}))`))]]);
        once(a, b, own, r);
        at.lines.push(...own.lines);
      };
      if (low.parts.length > 1) all.forEach((r) => alone(r, part(low, r, 0), put(at, `${axis.name}.before`, min(latest, part(high, r, 0)))));
      once(latest, earliest, at, null);
      if (high.parts.length > 1) all.forEach((r) => alone(r, earliest, part(high, r, 0)));
    };
    run(e.over, s, null);
    if (inLanes !== null) {
      const four = e.dtype === 'f32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane';
      total.parts.forEach((row, r) => row.forEach((p) => {
        const [first, ...others] = [0, 1, 2, 3].map((k) => put(s, 'lane', `(${four} ${k} ${part(inLanes, r, 0)})`, types[e.dtype]));
        const folded = others.reduce((sofar, lane) => put(s, 'folded', step.one(sofar, lane), types[e.dtype]), first!);
        s.lines.push(`(local.set ${p.slice(11, -1)} ${step.one(folded, p)})`);
      }));
    }
    return total;
  };

  const lanesIndex = (base: string, vector: number): string => `(i32x4.add (i32x4.splat ${base}) (v128.const i32x4 ${[0, 1, 2, 3].map((l) => 4 * vector + l).join(' ')}))`;
  const size = (n: Size): string => {
    if (typeof n === 'number') return `(i32.const ${n})`;
    globals.add(n);
    return `(global.get $${n})`;
  };

  const code: { readonly [K in Expr['kind']]: (e: Extract<Expr, { kind: K }>, s: Scope) => Tile } = {
    literal: (e) => grid(1, 0, () => literalText(e.value, e.dtype)),
    index: (e, s) => {
      const b = variable(e.axis, s);
      if (b.kind === 'one') return grid(1, 0, () => b.code);
      // Named where the tile begins, so that every use shares it.
      let owner = s;
      while (!owner.variables.has(e.axis)) owner = owner.parent!;
      const known = owner.known.get(intern(e));
      if (known !== undefined) return known;
      const tile = b.kind === 'rows' ? grid(b.count, 0, (r) => (r === 0 ? b.base : `(i32.add ${b.base} (i32.const ${r}))`)) : grid(1, b.vectors, (_, c) => lanesIndex(b.base, c));
      const kept = nameTile(tile, e.axis, 'i32', owner);
      owner.known.set(intern(e), kept);
      return kept;
    },
    extent: (e, s) => {
      const { ragged, missing } = e.axis;
      if (e.row !== undefined && ragged !== undefined) return value(intern({ kind: 'read', buffer: ragged.lengths, at: [e.row], dtype: 'i32' }), s);
      if (missing === undefined) return grid(1, 0, () => size(e.axis.size));
      const gone = part(value(intern({ kind: 'read', buffer: missing, at: [], dtype: 'i32' }), s), 0, 0);
      return grid(1, 0, () => `(i32.sub ${size(e.axis.size)} ${gone})`);
    },
    read, apply: applied, guard, reduce: reduction,
    collect: () => { throw new Error('A collect was not turned into a walk of its lists.'); },
    uniform: (e, s) => {
      const { rows, vectors } = shape(e, s);
      const stream = intern({ kind: 'read', buffer: streamsId, at: [integer(streams.get(e.key) ?? 0)], dtype: 'i32' });
      if (vectors > 0) {
        const [counter, own] = [wide(e.counter, s), wide(stream, s)];
        return grid(rows, vectors, (r, c) => `(call $mix (v128.xor (i32x4.mul ${part(counter, r, c)} ${literalLanes(0x9e3779b9 | 0, 'i32')}) ${part(own, 0, 0)}))`);
      }
      const [counter, own] = [value(e.counter, s), value(stream, s)];
      return grid(rows, 0, (r) => `(f32x4.extract_lane 0 (call $mix (i32x4.splat (i32.xor (i32.mul ${part(counter, r, 0)} (i32.const ${0x9e3779b9 | 0})) ${part(own, 0, 0)}))))`);
    },
  };

  return {
    local, value, wide, single, loop, part, globals, named: nameTile,
    address, addressOf: (id, at) => ({ ...addressOf(layout(id), at, intern), id, plain: true }) as Address,
    locals: () => declared,
  };
};
