/** Code as WebAssembly text: the one place that knows how WebAssembly is spelt. */
import { folded, hung, laidOut, type Line } from '../../code/lines.js';
import type { Amount, Block, Code, Func, Global, Local, Op, Statement, Type } from '../../code/tree.js';
import { amountFor, hasLanes } from '../../code/tree.js';

const families: { readonly [T in Type]: string } = {
  f32: 'f32',
  i32: 'i32',
  at: 'i32',
  f32s: 'f32x4',
  i32s: 'i32x4',
  f64s: 'f64x2',
  i64s: 'i64x2',
};
const valueTypes: { readonly [T in Type]: string } = {
  f32: 'f32',
  i32: 'i32',
  at: 'i32',
  f32s: 'v128',
  i32s: 'v128',
  f64s: 'v128',
  i64s: 'v128',
};

const isFloat = (type: Type): boolean => type.startsWith('f');
const isWide = (type: Type): boolean => type === 'f64s' || type === 'i64s';
const plain =
  (name: string) =>
  (type: Type): string =>
    `${families[type]}.${name}`;
/** Integers say whether they have signs. */
const signed =
  (name: string) =>
  (type: Type): string =>
    `${families[type]}.${name}${isFloat(type) ? '' : '_s'}`;
/** Bits of lanes have no type. */
const bitwise =
  (name: string) =>
  (type: Type): string =>
    hasLanes(type) ? `v128.${name}` : `i32.${name}`;

/** Instructions by the type of what they work on. Those that are no instruction, or take their arguments in another order, are null. */
const instructions: { readonly [O in Op]: ((type: Type) => string) | null } = {
  add: plain('add'),
  sub: plain('sub'),
  mul: plain('mul'),
  div: plain('div'),
  neg: plain('neg'),
  abs: plain('abs'),
  sqrt: plain('sqrt'),
  floor: plain('floor'),
  nearest: plain('nearest'),
  min: signed('min'),
  max: signed('max'),
  lesser: plain('pmin'),
  greater: plain('pmax'),
  leastUnsigned: plain('min_u'),
  eq: plain('eq'),
  ne: plain('ne'),
  lt: signed('lt'),
  le: signed('le'),
  gt: signed('gt'),
  ge: signed('ge'),
  ltUnsigned: plain('lt_u'),
  and: bitwise('and'),
  or: bitwise('or'),
  xor: bitwise('xor'),
  not: (type) => (hasLanes(type) ? 'v128.not' : 'i32.eqz'),
  shiftLeft: plain('shl'),
  shiftRight: plain('shr_s'),
  shiftRightUnsigned: plain('shr_u'),
  splat: (type) => `${families[type]}x4.splat`,
  toI32: (type) => (type === 'f32' ? 'i32.trunc_sat_f32_s' : 'i32x4.trunc_sat_f32x4_s'),
  toF32: (type) => (type === 'i32' ? 'f32.convert_i32_s' : 'f32x4.convert_i32x4_s'),
  narrow: () => 'f32x4.demote_f64x2_zero',
  narrowI32: () => 'i32x4.trunc_sat_f64x2_s_zero',
  lowerHalf: () => 'f64x2.promote_low_f32x4',
  fma: null,
  mulAdd: null,
  select: null,
  sumLanes: null,
  maxLanes: null,
  bits: null,
  upperHalf: null,
  join: null,
};

/** Powers of two that decimals would hide, and numbers that are meant as bits, are written as what they are. */
const float = (value: number): string => {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  const exponent = Math.log2(value);
  return exponent < -20 && Number.isInteger(exponent) ? `0x1p${exponent}` : `${value}`;
};
const integer = (value: number): string => (value > 0x7fffffff ? `0x${value.toString(16)}` : `${value}`);

const literal = (value: number, type: Type): string => {
  const text = !isFloat(type)
    ? integer(value)
    : float(type === 'f64s' || Number.isFinite(Math.fround(value)) ? value : Math.fround(value));
  return hasLanes(type)
    ? `(v128.const ${families[type]}${` ${text}`.repeat(isWide(type) ? 2 : 4)})`
    : `(${families[type]}.const ${text})`;
};

/** Four lanes of eight, of 32 bits each. */
const shuffled = (lanes: readonly number[], a: string, b: string): string =>
  `(i8x16.shuffle ${lanes.flatMap((l) => [0, 1, 2, 3].map((k) => 4 * l + k)).join(' ')} ${a} ${b})`;
/** 128 bits are four numbers. */
const lanes = 4;
const counted = (amount: Amount): number => amountFor(amount, lanes);
const at = (amount: Amount): string => {
  const offset = counted(amount);
  return offset === 0 ? '' : ` offset=${offset}`;
};
const globalName = (global: Global): string =>
  global.kind === 'size' ? global.symbol : global.kind === 'base' ? `@${global.buffer}` : '@end';

/** Names of one function's locals: as wanted, numbered where taken, in the order in which they are met. */
interface Names {
  readonly of: (local: Local) => string;
  readonly declared: () => readonly string[];
}
const names = (parameters: readonly Local[]): Names => {
  const known = new Map<Local, string>();
  const taken = new Map<string, number>();
  const declared: string[] = [];
  const fresh = (wanted: string): string => {
    const n = (taken.get(wanted) ?? 0) + 1;
    taken.set(wanted, n);
    if (n === 1) return wanted;
    const numbered = `${wanted}.${n}`;
    // A buffer may be called as another's second local is: theta, theta.2.
    if (taken.has(numbered)) return fresh(wanted);
    taken.set(numbered, 1);
    return numbered;
  };
  parameters.forEach((p) => known.set(p, fresh(p.wanted)));
  return {
    of: (local) => {
      const found = known.get(local);
      if (found !== undefined) return found;
      const name = fresh(local.wanted);
      known.set(local, name);
      declared.push(`(local $${name} ${valueTypes[local.type]})`);
      return name;
    },
    declared: () => declared,
  };
};

interface Printer {
  readonly code: (code: Code) => string;
  readonly block: (block: Block) => readonly Line[];
}

const codePrinter = (name: Names['of'], globals: Set<string>): Printer['code'] => {
  const operation = ({ op, args, type }: Extract<Code, { kind: 'op' }>): string => {
    if (op === 'bits') return code(args[0]!);
    if (op === 'select')
      return `(${hasLanes(type) ? 'v128.bitselect' : 'select'} ${code(args[1]!)} ${code(args[2]!)} ${code(args[0]!)})`;
    if (op === 'mulAdd') return `(f32x4.add (f32x4.mul ${code(args[1]!)} ${code(args[2]!)}) ${code(args[0]!)})`;
    if (op === 'fma') return `(f32x4.relaxed_madd ${code(args[1]!)} ${code(args[2]!)} ${code(args[0]!)})`;
    if (op === 'upperHalf')
      return `(f64x2.promote_low_f32x4 ${shuffled([2, 3, 2, 3], code(args[0]!), code(args[0]!))})`;
    if (op === 'join') return shuffled([0, 1, 4, 5], code(args[0]!), code(args[1]!));
    if (op === 'sumLanes' || op === 'maxLanes') {
      const [all, from] = [code(args[0]!), args[0]!.type];
      const each = Array.from({ length: lanes }, (_, l): string => `(${families[from]}.extract_lane ${l} ${all})`);
      // One number of whole numbers has no instruction for the greater of two.
      if (op === 'maxLanes' && type === 'i32') return each.reduce((a, b) => `(select ${a} ${b} (i32.gt_s ${a} ${b}))`);
      return each.reduce((a, b) => `(${families[type]}.${op === 'sumLanes' ? 'add' : 'max'} ${a} ${b})`);
    }
    const instruction = instructions[op]!(args[0]!.type);
    return args.length === 1 ? `(${instruction} ${code(args[0]!)})` : `(${instruction} ${args.map(code).join(' ')})`;
  };
  const eachLane = (offset: Amount, address: (lane: number) => string): string =>
    [1, 2, 3].reduce(
      (sofar, lane) => `(v128.load32_lane${at(offset)} ${lane} ${address(lane)} ${sofar})`,
      `(v128.load32_zero${at(offset)} ${address(0)})`,
    );
  const load = ({ address, offset, apart, type }: Extract<Code, { kind: 'load' }>): string => {
    const from = code(address);
    if (!hasLanes(type)) return `(${families[type]}.load${at(offset)} ${from})`;
    if (apart === 4 || apart === 0) return `(v128.load${apart === 0 ? '32_splat' : ''}${at(offset)} ${from})`;
    return eachLane(offset, (lane) => (lane === 0 ? from : `(i32.add ${from} ${literal(lane * apart, 'i32')})`));
  };
  const gather = ({ addresses, offset }: Extract<Code, { kind: 'gather' }>): string => {
    const from = code(addresses);
    return eachLane(offset, (lane) => `(i32x4.extract_lane ${lane} ${from})`);
  };
  const code = (c: Code): string => {
    switch (c.kind) {
      case 'local':
        return `(local.get $${name(c.local)})`;
      case 'global': {
        const found = globalName(c.global);
        globals.add(found);
        return `(global.get $${found})`;
      }
      case 'literal':
        return literal(c.value, c.type);
      case 'amount':
        return literal(counted(c.amount), 'i32');
      case 'ramp':
        return `(v128.const i32x4 ${[0, 1, 2, 3].map((l) => counted(c.from) + l).join(' ')})`;
      case 'op':
        return operation(c);
      case 'lane':
        return `(${families[c.of.type]}.extract_lane ${c.lane} ${code(c.of)})`;
      case 'load':
        return load(c);
      case 'gather':
        return gather(c);
      case 'call':
        return `(call $${c.fn} ${c.args.map(code).join(' ')})`;
    }
  };
  return code;
};

const printer = (name: Names['of'], globals: Set<string>): Printer => {
  const code = codePrinter(name, globals);
  const loop = ({ variable, from, to, step, body }: Extract<Statement, { kind: 'loop' }>): readonly Line[] => {
    const start = from === null ? [] : [`(local.set $${name(variable)} ${code(from)})`];
    const own = name(variable);
    const label = `$each.${own}`;
    const more = `(i32.lt_s (local.get $${own}) ${code(to)})`;
    return [
      ...start,
      `(if ${more} (then (loop ${label}`,
      block(body),
      [`(local.set $${own} (i32.add (local.get $${own}) (i32.const ${counted(step)})))`, `(br_if ${label} ${more}))))`],
    ];
  };
  const statement = (s: Statement): readonly Line[] => {
    switch (s.kind) {
      case 'set': {
        const value = code(s.value);
        return [`(local.set $${name(s.local)} ${value})`];
      }
      case 'store':
        return [
          `(${hasLanes(s.value.type) ? 'v128' : families[s.value.type]}.store${at(s.offset)} ${code(s.address)} ${code(s.value)})`,
        ];
      case 'if':
        return s.otherwise === null
          ? [`(if ${code(s.condition)} (then`, block(s.then), '))']
          : [`(if ${code(s.condition)}`, '  (then', [block(s.then)], '  )', '  (else', [block(s.otherwise)], '  ))'];
      case 'loop':
        return loop(s);
      case 'while':
        return [
          '(block $done (loop $turn',
          [`(br_if $done (i32.eqz ${code(s.condition)}))`, ...block(s.body), '(br $turn)'],
          '))',
        ];
      case 'prefetch':
        // WebAssembly has no instruction for it.
        return [];
      case 'clear': {
        const from = code(s.from);
        return [`(memory.fill ${from} (i32.const 0) (i32.sub ${code(s.to)} ${from}))`];
      }
      case 'run':
        return [`(call $${s.fn} ${s.args.map(code).join(' ')})`];
    }
  };
  const block = (b: Block): readonly Line[] => b.flatMap(statement);
  return { code, block };
};

export interface Printed {
  readonly text: string;
  /** The globals that it reads. */
  readonly globals: ReadonlySet<string>;
}

export const printFunction = ({ name, exported, comments, parameters, body, result }: Func): Printed => {
  const own = names(parameters);
  const globals = new Set<string>();
  const { code, block } = printer(own.of, globals);
  const lines = [...block(body), ...(result === null ? [] : [code(result)])];
  const heads = [
    `$${name}`,
    ...(exported ? [`(export "${name}")`] : []),
    ...parameters.map((p) => `(param $${own.of(p)} ${valueTypes[p.type]})`),
    ...(result === null ? [] : [`(result ${valueTypes[result.type]})`]),
  ];
  const text = laidOut([
    ...comments.map((c) => `;; ${c}`),
    ...hung([`(func`, ...heads]),
    [...folded(own.declared()), ...lines],
    ')',
  ]).join('\n');
  return { text, globals };
};
