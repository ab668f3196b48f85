/** Code as C with GNU vectors: the one place that knows how C is spelt. What is no operator of C is a function of `lanes.h`, called by its operation and type. */
import { homes, type Home } from '../../code/declare.js';
import { hung, laidOut, type Line } from '../../code/lines.js';
import type { Amount, Block, Code, Func, Global, Local, Op, Statement, Type } from '../../code/tree.js';
import { hasLanes } from '../../code/tree.js';
import { naming } from './names.js';

const types: { readonly [T in Type]: string } = {
  f32: 'float ',
  i32: 'int ',
  at: 'char *',
  f32s: 'f32s ',
  i32s: 'i32s ',
  f64s: 'f64s ',
  i64s: 'i64s ',
};

/** How tightly a text holds together: what binds less is put in brackets. */
const binding = {
  atom: 9,
  unary: 8,
  product: 7,
  sum: 6,
  shift: 5,
  order: 4,
  equality: 3,
  and: 2,
  xor: 1,
  or: 0,
  choice: -1,
} as const;
interface Text {
  readonly text: string;
  readonly holds: number;
}
const atom = (text: string): Text => ({ text, holds: binding.atom });
/** In brackets where it holds less than is asked. */
const within = ({ text, holds }: Text, asked: number): string => (holds < asked ? `(${text})` : text);

/** Operators, on one number and on lanes alike. */
const operators: { readonly [O in Op]?: readonly [string, number] } = {
  add: ['+', binding.sum],
  sub: ['-', binding.sum],
  mul: ['*', binding.product],
  div: ['/', binding.product],
  lt: ['<', binding.order],
  le: ['<=', binding.order],
  gt: ['>', binding.order],
  ge: ['>=', binding.order],
  eq: ['==', binding.equality],
  ne: ['!=', binding.equality],
  and: ['&', binding.and],
  xor: ['^', binding.xor],
  or: ['|', binding.or],
  shiftLeft: ['<<', binding.shift],
  shiftRight: ['>>', binding.shift],
};

const isFloat = (type: Type): boolean => type === 'f32' || type === 'f32s' || type === 'f64s';

/** The fewest digits that name a float32. */
const shortest = (x: number): string => {
  const digits = [6, 7, 8].find((n) => Math.fround(Number(x.toPrecision(n))) === x) ?? 9;
  return `${Number(x.toPrecision(digits))}`;
};

const float = (value: number, double: boolean): string => {
  const x = double ? value : Math.fround(value);
  const f = double ? '' : 'f';
  if (Number.isNaN(x)) return `__builtin_nan${f}("")`;
  if (!Number.isFinite(x)) return `${x < 0 ? '-' : ''}__builtin_inf${f}()`;
  if (Object.is(x, -0)) return `-0.0${f}`;
  const exponent = Math.log2(Math.abs(x));
  if (exponent < -20 && Number.isInteger(exponent)) return `${x < 0 ? '-' : ''}0x1p${exponent}${f}`;
  const text = double ? `${x}` : shortest(x);
  return `${text.includes('.') || text.includes('e') ? text : `${text}.0`}${f}`;
};
const integer = (value: number, wide: boolean): string =>
  wide
    ? `0x${BigInt(value).toString(16)}LL`
    : value > 0x7fffffff
      ? `(int)0x${value.toString(16)}`
      : value === -0x80000000
        ? '(int)0x80000000'
        : `${value}`;

/** One number, even where it stands for lanes. */
const number = (value: number, type: Type): Text => {
  const text = isFloat(type) ? float(value, type === 'f64s') : integer(value, type === 'i64s');
  return { text, holds: text.startsWith('-') || text.startsWith('(') ? binding.unary : binding.atom };
};

/** A kernel's name and parameters, these called as `named` has it. */
const kernelLines = (f: Func, spelt: Spelling, named: (of: Local) => string, end: ';' | ' {'): readonly Line[] =>
  hung([
    `KERNEL ${spelt.kernel(f.name)}(const struct memory *m,`,
    ...f.parameters.map((p, k) => `${types[p.type]}${named(p)}${k + 1 < f.parameters.length ? ',' : `)${end}`}`),
  ]);

/** A kernel as it is declared. */
export const kernelHead = (f: Func, spelt: Spelling): string =>
  laidOut(
    kernelLines(
      f,
      spelt,
      naming<Local>(({ wanted }) => wanted),
      ';',
    ),
  ).join('\n');

/** What everything outside of a function is called in C: kernels by their names, and sizes and buffers as fields of structs. */
export interface Spelling {
  readonly kernel: (name: string) => string;
  readonly size: (symbol: string) => string;
  readonly buffer: (name: string) => string;
}
export const spelling = (): Spelling => ({
  kernel: naming((name) => name),
  size: naming((name) => name),
  buffer: naming((name) => name),
});

interface Names extends Pick<Spelling, 'kernel'> {
  readonly local: (local: Local) => string;
  readonly global: (global: Global) => string;
}

/** What a text of C calls a global. */
const globalName = (global: Global): string =>
  global.kind === 'size' ? global.symbol : global.kind === 'base' ? global.buffer : 'end';

const isLiteral = (c: Code): c is Extract<Code, { kind: 'literal' }> => c.kind === 'literal';
const counted = (amount: Amount): string => {
  if (typeof amount === 'number') return `${amount}`;
  const { plain, lanes } = amount;
  const all = lanes === 1 ? 'LANES' : `${lanes} * LANES`;
  return plain === 0 ? all : `${all} ${plain < 0 ? '-' : '+'} ${Math.abs(plain)}`;
};
const bytes = (offset: Amount): string => (offset === 0 ? '' : ` + ${counted(offset)}`);

/** How tightly the sides of an operator hold: what is compared, shifted, or bits, is bracketed for people. */
const askedOf = (holds: number): number =>
  holds === binding.shift || holds <= binding.and ? binding.product : holds < binding.shift ? binding.sum : holds;

const called = (name: string, ...args: readonly string[]): Text => atom(`${name}(${args.join(', ')})`);

/** An operator between its two sides. */
const infix = (code: (c: Code) => Text, [sign, holds]: readonly [string, number], [a, b]: readonly Code[]): Text => {
  // C spreads one number over lanes by itself, where the other side has lanes.
  const side = (c: Code, other: Code): Text =>
    isLiteral(c) && !isLiteral(other) && hasLanes(other.type) ? number(c.value, c.type) : code(c);
  const [left, right] = [side(a!, b!), side(b!, a!)];
  // A minus before all of the right side, which no weaker operator follows.
  if (sign === '+' && right.text.startsWith('-') && right.holds > holds)
    return { text: `${within(left, holds)} - ${right.text.slice(1)}`, holds };
  const asked = askedOf(holds);
  // Numbers with a point are rounded in the order of the tree.
  const inOrder = sign === '-' || sign === '/' || (holds >= binding.sum && isFloat(b!.type));
  return { text: `${within(left, asked)} ${sign} ${within(right, inOrder ? holds + 1 : asked)}`, holds };
};

const codePrinter = ({ local, global }: Names): ((c: Code) => Text) => {
  const plainly = (c: Code): string => code(c).text;
  const operation = ({ op, args, type }: Extract<Code, { kind: 'op' }>): Text => {
    const from = args[0]!.type;
    const operator = operators[op];
    if (operator !== undefined) return infix(code, operator, args);
    switch (op) {
      case 'neg':
        return { text: `-${within(code(args[0]!), binding.unary + 1)}`, holds: binding.unary };
      case 'not':
        return { text: `${hasLanes(type) ? '~' : '!'}${within(code(args[0]!), binding.unary)}`, holds: binding.unary };
      case 'bits':
        return { text: `(${types[type].trim()})${within(code(args[0]!), binding.unary)}`, holds: binding.unary };
      case 'toF32':
        return hasLanes(type)
          ? called('toF32_i32s', plainly(args[0]!))
          : { text: `(float)${within(code(args[0]!), binding.unary)}`, holds: binding.unary };
      case 'select':
        return hasLanes(type)
          ? called(`select_${type}`, ...args.map(plainly))
          : {
              text: `${within(code(args[0]!), binding.or)} ? ${within(code(args[1]!), binding.or)} : ${within(code(args[2]!), binding.choice)}`,
              holds: binding.choice,
            };
      case 'splat':
        return called(`splat_${type}`, from === 'at' ? `(int)(${plainly(args[0]!)} - m->base)` : plainly(args[0]!));
      default:
        return called(`${op}_${from}`, ...args.map(plainly));
    }
  };
  const load = ({ address, offset, apart, first, type }: Extract<Code, { kind: 'load' }>): Text => {
    const at = `${within(code(address), binding.sum)}${bytes(offset)}`;
    if (first !== undefined && apart > 0)
      return apart === 4
        ? called(`first_${type}`, plainly(first), at)
        : called(`firstStrided_${type}`, plainly(first), at, `${apart}`);
    if (apart === 4 || !hasLanes(type)) return called(type.toUpperCase(), at);
    if (apart > 0) return called(`strided_${type}`, at, `${apart}`);
    return called(`splat_${type}`, `${type === 'f32s' ? 'F32' : 'I32'}(${at})`);
  };
  const code = (c: Code): Text => {
    switch (c.kind) {
      case 'local':
        return atom(local(c.local));
      case 'global':
        return atom(global(c.global));
      case 'literal':
        return hasLanes(c.type) ? called(`splat_${c.type}`, number(c.value, c.type).text) : number(c.value, c.type);
      case 'amount':
        return {
          text: counted(c.amount),
          holds: typeof c.amount === 'number' ? binding.unary : c.amount.plain === 0 ? binding.product : binding.sum,
        };
      case 'ramp':
        return called('ramp', counted(c.from));
      case 'op':
        return operation(c);
      case 'lane':
        return atom(`${within(code(c.of), binding.atom)}[${c.lane}]`);
      case 'load':
        return load(c);
      case 'gather':
        return c.first === undefined
          ? called(`gather_${c.type}`, `m->base${bytes(c.offset)}`, plainly(c.addresses))
          : called(`firstGather_${c.type}`, plainly(c.first), `m->base${bytes(c.offset)}`, plainly(c.addresses));
      case 'call':
        return called(`lanes_${c.fn}`, ...c.args.map(plainly));
    }
  };
  return code;
};

type Declared = ReadonlyMap<Statement, readonly Local[]>;

/** Statements of a block, each below the locals that are declared with it. */
const blockPrinter = (
  { local: name, kernel }: Names,
  code: (c: Code) => Text,
  declared: Declared,
  known: ReadonlyMap<Local, Home>,
): ((b: Block) => readonly Line[]) => {
  const value = (c: Code): string => code(c).text;
  const loop = (s: Extract<Statement, { kind: 'loop' }>, fresh: boolean): readonly Line[] => {
    const own = name(s.variable);
    const start = s.from === null ? '' : `${fresh ? 'int ' : ''}${own} = ${value(s.from)}`;
    return [
      `for (${start}; ${own} < ${within(code(s.to), binding.sum)}; ${own} += ${counted(s.step)}) {`,
      block(s.body),
      '}',
    ];
  };
  const statement = (s: Statement, fresh: Local | null): readonly Line[] => {
    switch (s.kind) {
      case 'set':
        return [`${fresh === null ? '' : types[fresh.type]}${name(s.local)} = ${value(s.value)};`];
      case 'store':
        if (s.first !== undefined)
          return [
            `storeFirst_${s.value.type}(${value(s.first)}, ${code(s.address).text}${bytes(s.offset)}, ${value(s.value)});`,
          ];
        return [
          `${s.value.type.toUpperCase()}(${within(code(s.address), binding.sum)}${bytes(s.offset)}) = ${value(s.value)};`,
        ];
      case 'if':
        return [
          `if (${value(s.condition)}) {`,
          block(s.then),
          ...(s.otherwise === null || s.otherwise.length === 0 ? [] : ['} else {', block(s.otherwise)]),
          '}',
        ];
      case 'loop':
        return loop(s, fresh !== null);
      case 'while':
        return [`while (${value(s.condition)}) {`, block(s.body), '}'];
      case 'clear':
        return [`clear(${value(s.from)}, ${value(s.to)});`];
      case 'prefetch':
        return [`__builtin_prefetch(${code(s.address).text}${bytes(s.offset)});`];
      case 'run':
        return [`${kernel(s.fn)}(m, ${s.args.map(value).join(', ')});`];
    }
  };
  const block = (b: Block): readonly Line[] =>
    b.flatMap((s) => {
      const all = declared.get(s) ?? [];
      // A loop counts with a variable of its own where nobody asks for it later.
      const own =
        s.kind === 'set'
          ? s.local
          : s.kind === 'loop' && s.from !== null && known.get(s.variable)?.last === s
            ? s.variable
            : null;
      const fresh = own !== null && all.includes(own) ? own : null;
      return [...all.filter((l) => l !== fresh).map((l) => `${types[l.type]}${name(l)};`), ...statement(s, fresh)];
    });
  return block;
};

const comment = (line: string): string => `// ${line.endsWith('\\') ? `${line}.` : line}`;

export const printFunction = (f: Func, spelt: Spelling): string => {
  const globals = new Map<string, Global>();
  type Named = Local | string;
  const named = naming<Named>((of) => (typeof of === 'string' ? of.slice(of.indexOf(' ') + 1) : of.wanted));
  const names: Names = {
    local: named,
    kernel: spelt.kernel,
    global: (of) => {
      const key = `${of.kind} ${globalName(of)}`;
      globals.set(key, of);
      return named(key);
    },
  };
  const known = homes(f);
  const declared = new Map<Statement, Local[]>();
  known.forEach(({ first }, local) => {
    const all = declared.get(first) ?? [];
    all.push(local);
    declared.set(first, all);
  });
  f.parameters.forEach(names.local);
  const code = codePrinter(names);
  const body = blockPrinter(names, code, declared, known)(f.body);
  const result = f.result === null ? [] : [`return ${code(f.result).text};`];
  const given = [...globals.entries()].map(([key, of]) =>
    of.kind === 'size'
      ? `const int ${named(key)} = m->size.${spelt.size(of.symbol)};`
      : `char *const ${named(key)} = m->${of.kind === 'end' ? 'end' : `at.${spelt.buffer(of.buffer)}`};`,
  );
  const head =
    f.result === null
      ? kernelLines(f, spelt, names.local, ' {')
      : [
          `FUNCTION ${types[f.result.type]}lanes_${f.name}(${f.parameters.map((p) => `${types[p.type]}${names.local(p)}`).join(', ')}) {`,
        ];
  return laidOut([...f.comments.map(comment), ...head, [...given, ...body, ...result], '}']).join('\n');
};
