/**
 * Code run as it stands, number by number, on any number of lanes: what a printer's language must agree with. Lanes are arrays; a
 * number of lanes that no register has shows that nothing in the tree counts on four.
 */
import {
  amountFor,
  type Block,
  type Code,
  type Func,
  type Global,
  type Local,
  type Op,
  type Type,
} from '../../compiler/code/tree.js';

type Value = number | bigint;
type Lanes = readonly Value[];

/** Memory, and the values of globals. */
export interface Ground {
  readonly memory: DataView;
  readonly global: (of: Global) => number;
  readonly lanes: number;
}

const scratch = new DataView(new ArrayBuffer(8));
const elementOf = (type: Type): 'f32' | 'i32' | 'f64' | 'i64' =>
  type === 'at' ? 'i32' : (type.slice(0, 3) as 'f32' | 'i32' | 'f64' | 'i64');
const isMask = (op: Op): boolean => ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'ltUnsigned'].includes(op);

/** A number as its type keeps it. */
const kept = (type: Type, x: Value): Value => {
  switch (elementOf(type)) {
    case 'f32':
      return Math.fround(Number(x));
    case 'i32':
      return Number(x) | 0;
    case 'f64':
      return Number(x);
    case 'i64':
      return BigInt.asIntN(64, BigInt(x));
  }
};
const write = {
  f32: (x: Value) => scratch.setFloat32(0, Number(x), true),
  i32: (x: Value) => scratch.setInt32(0, Number(x), true),
  f64: (x: Value) => scratch.setFloat64(0, Number(x), true),
  i64: (x: Value) => scratch.setBigInt64(0, BigInt(x), true),
};
const read = {
  f32: () => scratch.getFloat32(0, true),
  i32: () => scratch.getInt32(0, true),
  f64: () => scratch.getFloat64(0, true),
  i64: () => scratch.getBigInt64(0, true),
};
const reinterpreted = (from: Type, to: Type, x: Value): Value => {
  write[elementOf(from)](x);
  return read[elementOf(to)]();
};
const even = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};
const saturated = (x: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x))) | 0;

type Two = (a: never, b: never) => Value | boolean;
/** What operations mean on one number; i64 are bigints. */
const meanings: { readonly [O in Op]?: Two } = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  div: (a: number, b: number) => a / b,
  neg: (a: number) => -a,
  abs: (a: number) => Math.abs(a),
  sqrt: (a: number) => Math.sqrt(a),
  floor: (a: number) => Math.floor(a),
  nearest: (a: number) => even(a),
  min: (a: number, b: number) => Math.min(a, b),
  max: (a: number, b: number) => Math.max(a, b),
  lesser: (a: number, b: number) => (b < a ? b : a),
  greater: (a: number, b: number) => (a < b ? b : a),
  leastUnsigned: (a: number, b: number) => (a >>> 0 < b >>> 0 ? a : b),
  ltUnsigned: (a: number, b: number) => a >>> 0 < b >>> 0,
  eq: (a: number, b: number) => a === b,
  ne: (a: number, b: number) => a !== b,
  lt: (a: number, b: number) => a < b,
  le: (a: number, b: number) => a <= b,
  gt: (a: number, b: number) => a > b,
  ge: (a: number, b: number) => a >= b,
  and: (a: number, b: number) => a & b,
  or: (a: number, b: number) => a | b,
  xor: (a: number, b: number) => a ^ b,
  shiftLeft: (a: number, b: number) => (typeof a === 'bigint' ? (a as bigint) << BigInt(b) : a << b),
  shiftRight: (a: number, b: number) => a >> b,
  shiftRightUnsigned: (a: number, b: number) =>
    typeof a === 'bigint' ? BigInt.asUintN(64, a as bigint) >> BigInt(b) : a >>> b,
  toI32: (a: number) => saturated(a),
  toF32: (a: number) => a,
};

/** One number of an operation that goes lane by lane. */
const one = (op: Op, from: Type, to: Type, args: readonly Value[]): Value => {
  if (op === 'mul')
    return from.startsWith('i32')
      ? Math.imul(Number(args[0]), Number(args[1]))
      : kept(to, Number(args[0]) * Number(args[1]));
  if (op === 'bits') return reinterpreted(from, to, args[0]!);
  if (op === 'not') return to === 'i32' ? Number(args[0] === 0) : ~Number(args[0]);
  const result = (meanings[op] as (...args: readonly Value[]) => Value | boolean)(...args);
  if (isMask(op)) return kept(to, result === true ? (to === 'i32' ? 1 : -1) : 0);
  return kept(to, result as Value);
};

type Any = Value | Lanes;
/** A local while a function runs. */
interface Cell {
  value: Any | undefined;
}
type Eval = () => Any;

const across = (op: Op, half: number): ((x: Lanes, y: Lanes) => Lanes) | null => {
  const zeros = Array.from({ length: half }, () => 0);
  switch (op) {
    case 'lowerHalf':
      return (x) => x.slice(0, half);
    case 'upperHalf':
      return (x) => x.slice(half);
    case 'narrow':
      return (x) => [...x.map((v) => Math.fround(Number(v))), ...zeros];
    case 'narrowI32':
      return (x) => [...x.map((v) => saturated(Number(v))), ...zeros];
    case 'join':
      return (x, y) => [...x.slice(0, half), ...y.slice(0, half)];
    default:
      return null;
  }
};

type Call = (...args: readonly Any[]) => Any | null;

/** Closures for the values of one function. */
const evaluator = ({ memory, global, lanes }: Ground, callOf: (fn: string) => Call, cellOf: (l: Local) => Cell) => {
  const all = (type: Type): ((each: (lane: number) => Value) => Any) => {
    if (!type.endsWith('s')) return (each) => each(0);
    const count = type === 'f64s' || type === 'i64s' ? lanes / 2 : lanes;
    return (each) => Array.from({ length: count }, (_, l) => each(l));
  };
  const at = (v: Any, lane: number): Value => (typeof v === 'object' ? v[lane]! : v);
  const operation = ({ op, args: given, type }: Extract<Code, { kind: 'op' }>): Eval => {
    const args = given.map(value);
    const [a, b, c] = args as unknown as readonly [Eval, Eval, Eval];
    const from = given[0]!.type;
    const each = all(type);
    const whole = across(op, lanes / 2);
    if (whole !== null) return () => whole(a() as Lanes, b?.() as Lanes);
    if (op === 'splat')
      return () => {
        const x = a() as Value;
        return each(() => x);
      };
    if (op === 'sumLanes' || op === 'maxLanes')
      return () =>
        (a() as Lanes).reduce((x, y) =>
          kept(type, op === 'sumLanes' ? Number(x) + Number(y) : Math.max(Number(x), Number(y))),
        );
    if (op === 'select')
      return () => {
        const [p, x, y] = [a(), b(), c()];
        return each((l) => (Number(at(p, l)) !== 0 ? at(x, l) : at(y, l)));
      };
    if (op === 'fma' || op === 'mulAdd')
      return () => {
        const [s, x, y] = [a(), b(), c()];
        return each((l) => Math.fround(Number(at(s, l)) + Number(at(x, l)) * Number(at(y, l))));
      };
    if (from === 'i64s' && (op === 'and' || op === 'or'))
      return () => {
        const [x, y] = [a(), b()];
        return each((l) =>
          kept(
            'i64s',
            op === 'and' ? (at(x, l) as bigint) & (at(y, l) as bigint) : (at(x, l) as bigint) | (at(y, l) as bigint),
          ),
        );
      };
    return () => {
      const xs = args.map((f) => f());
      return each((l) =>
        one(
          op,
          from,
          type,
          xs.map((x) => at(x, l)),
        ),
      );
    };
  };
  const value = (c: Code): Eval => {
    switch (c.kind) {
      case 'local': {
        const cell = cellOf(c.local);
        return () => {
          if (cell.value === undefined) throw new Error(`'${c.local.wanted}' is read before it is set`);
          return cell.value;
        };
      }
      case 'global': {
        const x = global(c.global);
        return () => x;
      }
      case 'literal': {
        const x = all(c.type)(() => kept(c.type, c.value));
        return () => x;
      }
      case 'amount': {
        const x = amountFor(c.amount, lanes);
        return () => x;
      }
      case 'ramp': {
        const x = all(c.type)((l) => amountFor(c.from, lanes) + l);
        return () => x;
      }
      case 'op':
        return operation(c);
      case 'lane': {
        const of = value(c.of);
        return () => at(of(), c.lane);
      }
      case 'load': {
        const [address, each, load] = [
          value(c.address),
          all(c.type),
          c.type.startsWith('f') ? (n: number) => memory.getFloat32(n, true) : (n: number) => memory.getInt32(n, true),
        ];
        const first = c.first === undefined || c.apart === 0 ? null : value(c.first);
        return () => {
          const from = Number(address()) + amountFor(c.offset, lanes);
          const there = first === null ? lanes : Number(first());
          return each((l) => (l < there ? load(from + c.apart * l) : 0));
        };
      }
      case 'gather': {
        const [from, each, load] = [
          value(c.addresses),
          all(c.type),
          c.type.startsWith('f') ? (n: number) => memory.getFloat32(n, true) : (n: number) => memory.getInt32(n, true),
        ];
        const first = c.first === undefined ? null : value(c.first);
        return () => {
          const places = from();
          const there = first === null ? lanes : Number(first());
          return each((l) => (l < there ? load(Number(at(places, l)) + amountFor(c.offset, lanes)) : 0));
        };
      }
      case 'call': {
        const [args, fn] = [c.args.map(value), callOf(c.fn)];
        return () => fn(...args.map((a) => a()))!;
      }
    }
  };
  return value;
};

/** A function as one of JavaScript. Its locals are the same from call to call: nothing calls itself. */
const compiled = (f: Func, ground: Ground, callOf: (fn: string) => Call): Call => {
  const cells = new Map<Local, Cell>();
  const cellOf = (l: Local): Cell => {
    const found = cells.get(l) ?? { value: undefined };
    cells.set(l, found);
    return found;
  };
  const value = evaluator(ground, callOf, cellOf);
  const { memory } = ground;
  const statement = (s: Block[number]): (() => void) => {
    switch (s.kind) {
      case 'set': {
        const [cell, v] = [cellOf(s.local), value(s.value)];
        return () => {
          cell.value = v();
        };
      }
      case 'store': {
        const [address, v, put] = [
          value(s.address),
          value(s.value),
          s.value.type.startsWith('f')
            ? (n: number, x: number) => memory.setFloat32(n, x, true)
            : (n: number, x: number) => memory.setInt32(n, x, true),
        ];
        const first = s.first === undefined ? null : value(s.first);
        return () => {
          const [to, x] = [Number(address()) + amountFor(s.offset, ground.lanes), v()];
          const there = first === null ? ground.lanes : Number(first());
          (typeof x === 'object' ? x : [x]).forEach((y, l) => {
            if (l < there) put(to + 4 * l, Number(y));
          });
        };
      }
      case 'if': {
        const [test, yes, no] = [value(s.condition), block(s.then), block(s.otherwise ?? [])];
        return () => (Number(test()) !== 0 ? yes() : no());
      }
      case 'loop': {
        const [cell, from, to, body] = [
          cellOf(s.variable),
          s.from === null ? null : value(s.from),
          value(s.to),
          block(s.body),
        ];
        return () => {
          if (from !== null) cell.value = from();
          for (; Number(cell.value) < Number(to()); cell.value = Number(cell.value) + amountFor(s.step, ground.lanes))
            body();
        };
      }
      case 'while': {
        const [test, body] = [value(s.condition), block(s.body)];
        return () => {
          while (Number(test()) !== 0) body();
        };
      }
      case 'clear': {
        const [from, to] = [value(s.from), value(s.to)];
        return () => {
          for (let a = Number(from()); a < Number(to()); a += 4) memory.setInt32(a, 0, true);
        };
      }
      case 'prefetch':
        return () => {};
      case 'run': {
        const [args, fn] = [s.args.map(value), callOf(s.fn)];
        return () => void fn(...args.map((a) => a()));
      }
    }
  };
  const block = (b: Block): (() => void) => {
    const all = b.map(statement);
    return () => {
      for (const run of all) run();
    };
  };
  const parameters = f.parameters.map(cellOf);
  const [body, result] = [block(f.body), f.result === null ? null : value(f.result)];
  return (...args) => {
    parameters.forEach((p, i) => {
      p.value = args[i];
    });
    body();
    return result === null ? null : result();
  };
};

/** The functions by name, as a module's exports. */
export const interpreted = (
  all: readonly Func[],
  ground: Ground,
): Readonly<Record<string, (...args: readonly number[]) => unknown>> => {
  const functions = new Map(all.map((f) => [f.name, f]));
  const done = new Map<string, Call>();
  const callOf = (fn: string): Call => {
    const found = done.get(fn) ?? compiled(functions.get(fn)!, ground, callOf);
    done.set(fn, found);
    return found;
  };
  return Object.fromEntries(all.map((f) => [f.name, (...args: readonly number[]) => callOf(f.name)(...args)]));
};
