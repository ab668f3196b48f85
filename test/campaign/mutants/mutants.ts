/**
 * The compiler's own rules, each made wrong in the ways in which such rules go wrong. A rule is a field of a record in a table;
 * a mutant takes its place while a property runs, and gives it back.
 */
import * as build from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import type { ScalarName } from '../../../dsl/scalar.js';
import { rows } from '../../../compiler/passes/simplify.js';
import { primitives } from '../../../compiler/primitives/index.js';
import type { Of, Primitive } from '../../../compiler/primitives/record.js';
import { type Scalar, table } from '../../../compiler/scalars.js';
import { meaning } from '../../support/programs.js';
import {
  implicitDerivatives,
  lowering,
  primitiveDerivatives,
  type Property,
  rowHolds,
  scalarDerivatives,
  scalarMeaning,
  scanDerivatives,
} from './properties.js';

export interface Mutant {
  readonly name: string;
  /** What must fail, in words, and as a check. */
  readonly property: string;
  readonly check: Property;
  /** Makes the rule wrong, and gives what makes it right again. */
  readonly inject: () => () => void;
}

/** Puts another field in the place of a record's. */
const swapped =
  <R extends object, K extends keyof R>(record: R, field: K, wrong: (right: R[K]) => R[K]) =>
  (): (() => void) => {
    const right = record[field];
    Reflect.set(record, field, wrong(right));
    return () => void Reflect.set(record, field, right);
  };

const { map, constant } = build;
type Share = Node | null;
/** What may go wrong with one argument's share of a cotangent. */
const shares: Readonly<Record<string, (share: Node) => Share>> = {
  'its sign': (s) => map('neg', s),
  'a factor': (s) => map('mul', constant(2), s),
  'left out': () => null,
};

/** The derivative of one argument, spoilt where it has one. */
const spoilt =
  <A extends readonly unknown[]>(vjp: (...args: A) => readonly Share[], at: number, how: (share: Node) => Share) =>
  (...args: A): readonly Share[] =>
    vjp(...args).map((share, i) => (i === at && share !== null ? how(share) : share));

const differentiable = (Object.keys(table) as ScalarName[]).flatMap((fn) => {
  const a = build.param('a', [], { kind: 'constant', value: 1 });
  const args = Array.from({ length: fn === 'select' ? 3 : table[fn].meaning.length || 2 }, () => a as Node);
  return args.flatMap((_, i) => {
    try {
      return table[fn].vjp(a, args, a)[i] == null ? [] : [[fn, i] as const];
    } catch {
      return [];
    }
  });
});
const ofScalars = differentiable.flatMap(([fn, i]) =>
  Object.entries(shares).map(([how, spoil]): Mutant => ({
    name: `the derivative of ${fn} by argument ${i + 1}: ${how}`,
    property: 'derivatives of scalar functions agree with central differences',
    check: scalarDerivatives(fn),
    inject: swapped(table[fn] as Scalar, 'vjp', (vjp) => spoilt(vjp, i, spoil)),
  })),
);
const twoSided: readonly ScalarName[] = ['sub', 'mul', 'div', 'pow', 'max', 'min'];
const ofSides = twoSided.map((fn): Mutant => ({
  name: `the derivatives of ${fn}: each argument has the other's`,
  property: 'derivatives of scalar functions agree with central differences',
  check: scalarDerivatives(fn),
  inject: swapped(
    table[fn] as Scalar,
    'vjp',
    (vjp) =>
      (...args) =>
        vjp(...args).toReversed(),
  ),
}));

/** The primitives that have a derivative, with the number of their arguments that have one. */
const shared: readonly (readonly [Node['op'], readonly number[], Property])[] = [
  ['reduce', [0], primitiveDerivatives],
  ['broadcast', [0], primitiveDerivatives],
  ['gather', [0], primitiveDerivatives],
  ['scatter', [0], primitiveDerivatives],
  ['rename', [0], primitiveDerivatives],
  ['shift', [0], primitiveDerivatives],
  ['barrier', [0], primitiveDerivatives],
  ['map', [0, 1], primitiveDerivatives],
  ['scan', [0], scanDerivatives],
  ['implicit', [1], implicitDerivatives],
];
const record = <O extends Node['op']>(op: O): Primitive<Of<O>> => primitives[op] as unknown as Primitive<Of<O>>;
const DERIVATIVES = 'derivatives of programs agree with central differences';
/** Equilibria apart: theirs are a property of their own. */
const derivativesOf = (op: Node['op']): string =>
  op === 'implicit' ? 'derivatives of equilibria agree with central differences' : DERIVATIVES;
const ofPrimitives = shared.flatMap(([op, places, check]) =>
  places.flatMap((i) =>
    Object.entries(shares).map(([how, spoil]): Mutant => ({
      name: `the derivative of ${op} by argument ${i + 1}: ${how}`,
      property: derivativesOf(op),
      check,
      inject: swapped(record(op), 'vjp', (vjp) => spoilt(vjp, i, spoil)),
    })),
  ),
);

const wrongly = <O extends Node['op']>(
  op: O,
  what: string,
  vjp: (right: Primitive<Of<O>>['vjp']) => Primitive<Of<O>>['vjp'],
  check: Property = primitiveDerivatives,
): Mutant => ({
  name: `the derivative of ${op}: ${what}`,
  property: DERIVATIVES,
  check,
  inject: swapped(record(op), 'vjp', vjp),
});
const next = (at: Node): Node => map('add', at, constant(1, 'i32'));
/** Transposes left out, positions off by one, and what each rule has for a case of its own. */
const byHand: readonly Mutant[] = [
  wrongly('shift', 'not transposed', () => (ct, n) => [build.shift(ct, n.axis, n.by)]),
  wrongly('shift', 'off by one', () => (ct, n) => [build.shift(ct, n.axis, 1 - n.by)]),
  wrongly('gather', 'off by one', (right) => (ct, n, d) => right(ct, { ...n, at: next(n.at) }, d)),
  wrongly('scatter', 'off by one', (right) => (ct, n, d) => right(ct, { ...n, at: next(n.at) }, d)),
  wrongly(
    'rename',
    'a diagonal without its mask',
    (right) => (ct, n, d) =>
      n.from !== n.to.name && build.hasAxis(n.arg, n.to.name)
        ? [build.broadcast(ct, [build.axisOf(n.arg, n.from)])]
        : right(ct, n, d),
  ),
  wrongly(
    'reduce',
    'every position of a maximum has the cotangent',
    (right) => (ct, n, d) => (n.monoid === 'max' ? [build.broadcast(ct, n.arg.axes)] : right(ct, n, d)),
  ),
  wrongly('reduce', 'a sum is taken for a mean', (right) => (ct, n, d) => {
    const over = n.arg.axes.filter((a) => n.over.includes(a.name) && a.extent.kind === 'fixed');
    const counts = over.map((a) => map('toF32', build.extent(a, [])));
    return right(
      counts.reduce<Node>((x, count) => map('div', x, count), ct),
      n,
      d,
    );
  }),
  wrongly('broadcast', 'one position is taken for the sum over all', () => (ct, n) => {
    const more = n.axes.filter((a) => !build.hasAxis(n.arg, a.name));
    return [more.reduce<Node>((x, a) => build.gather(x, constant(0, 'i32'), a.name), ct)];
  }),
  wrongly('stop', 'it passes the cotangent', () => (ct) => [ct], stopped),
  wrongly(
    'scan',
    'the way of the recurrence',
    (right) => (ct, n, d) => right(ct, { ...n, carries: n.carries.map((c) => ({ ...c, reverse: !c.reverse })) }, d),
    scanDerivatives,
  ),
];
/** The derivative of stop(sin a) a is sin a: not what central differences say, but what `stop` is for. */
function stopped(seed: number): void {
  const a = build.param('a', [], { kind: 'constant', value: 1 });
  const slope = build.project({ op: 'gradient', of: map('mul', build.stop(map('sin', a)), a), wrt: [a] }, '0');
  const at = 0.3 + (seed % 7) / 10;
  const [got] = meaning([slope], { sizes: {}, params: { a: [at] } });
  if (Math.abs(got!.data[0]! - Math.sin(at)) > 1e-12) throw new Error('stop has a derivative');
}

/** What may go wrong with what a rewriting row gives. */
const results: Readonly<Record<string, (result: Node) => Node>> = {
  'its sign': (r) => (r.dtype === 'bool' ? map('not', r) : map('neg', r)),
  'one more': (r) => (r.dtype === 'bool' ? map('not', r) : map('add', r, constant(1, r.dtype))),
};
/** Their results are 0, of which the sign is no mistake. */
const zeros: readonly string[] = ['mul-zero', 'zero-div', 'select-zeros', 'sum-zero'];
const ofRows = rows.flatMap((row) =>
  Object.entries(results)
    .filter(([how]) => how !== 'its sign' || !zeros.includes(row.name))
    .map(([how, spoil]): Mutant => ({
      name: `the rewriting row ${row.name}: ${how}`,
      property: `the row ${row.name} holds wherever it applies`,
      check: rowHolds(row.name),
      inject: swapped(row, 'apply', (apply) => (node) => {
        const result = apply(node);
        return result === null ? null : spoil(result);
      }),
    })),
);

/** Functions whose results are truth values. */
const tests: ReadonlySet<string> = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'not',
] satisfies ScalarName[]);
/** The reference and the interpreter share the meaning of a scalar function; WebAssembly has one of its own. */
// No evaluator asks what a selection means: each takes the branch.
const ofMeanings = (Object.keys(table) as ScalarName[])
  .filter((fn) => fn !== 'select')
  .map((fn): Mutant => ({
    name: `the meaning of ${fn}: ${tests.has(fn) ? 'its opposite' : 'one more'}`,
    property: 'scalar functions mean on WebAssembly what they mean',
    check: scalarMeaning(fn),
    inject: swapped(
      table[fn] as Scalar,
      'meaning',
      (right) =>
        (...args) =>
          tests.has(fn) ? 1 - right(...args) : right(...args) + 1,
    ),
  }));

const sides: { readonly [K in ScalarName]?: ScalarName } = { lt: 'ge', ge: 'lt', le: 'gt', gt: 'le' };
const otherSide = (p: Node): Node => (p.op === 'map' && sides[p.fn] !== undefined ? map(sides[p.fn]!, ...p.args) : p);
const lowered = <O extends Node['op']>(
  op: O,
  what: string,
  lower: (right: Primitive<Of<O>>['lower']) => Primitive<Of<O>>['lower'],
): Mutant => ({
  name: `the lowering of ${op}: ${what}`,
  property: 'lowered programs mean what they mean',
  check: lowering,
  inject: swapped(record(op), 'lower', lower),
});
const ofLowering: readonly Mutant[] = [
  lowered('shift', 'off by one', (right) => (n, scope, l) => right({ ...n, by: n.by + 1 }, scope, l)),
  lowered('gather', 'off by one', (right) => (n, scope, l) => right({ ...n, at: next(n.at) }, scope, l)),
  lowered('scatter', 'off by one', (right) => (n, scope, l) => right({ ...n, at: next(n.at) }, scope, l)),
  lowered('reduce', 'a maximum is a sum', (right) => (n, scope, l) => right({ ...n, monoid: 'sum' }, scope, l)),
  lowered('uniform', 'another key', (right) => (n, scope, l) => right({ ...n, key: `${n.key}.` }, scope, l)),
  lowered(
    'constant',
    'one more',
    (right) => (n, scope, l) => right(n.dtype === 'bool' ? n : { ...n, value: n.value + 1 }, scope, l),
  ),
  {
    name: 'the support of select: bounded from the other side',
    property: 'lowered programs mean what they mean',
    check: lowering,
    inject: swapped(
      record('map'),
      'support',
      (right) => (n, of) => (n.fn === 'select' ? right(n, of).map(otherSide) : right(n, of)),
    ),
  },
];

export const mutants: readonly Mutant[] = [
  ...ofScalars,
  ...ofSides,
  ...ofPrimitives,
  ...byHand,
  ...ofRows,
  ...ofMeanings,
  ...ofLowering,
];
