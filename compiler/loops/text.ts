/** Expressions as text: for equality, comments, `--dump-after` and tests. */
import type { Expr, LoopAxis, ReduceAxis } from './ir.js';

const infix: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  and: '&&',
  or: '||',
};

const sizeText = ({ size, missing }: LoopAxis): string => `${size}${missing === undefined ? '' : ` - ${missing}`}`;
const loopText = ({ axis, from, to, row }: ReduceAxis): string =>
  `${axis.name} in ${from === undefined ? '0' : exprText(from)}..${to === undefined ? (axis.ragged === undefined || row === undefined ? sizeText(axis) : `${axis.ragged.lengths}[${exprText(row)}]`) : exprText(to)}`;

const cache = new WeakMap<Expr, string>();
export const exprText = (e: Expr): string => {
  const known = cache.get(e);
  if (known !== undefined) return known;
  const text = write(e);
  cache.set(e, text);
  return text;
};

const write = (e: Expr): string => {
  switch (e.kind) {
    case 'literal':
      return `${e.value}${e.dtype === 'f32' && Number.isInteger(e.value) ? '.0' : ''}`;
    case 'index':
      return e.axis;
    case 'extent':
      return e.row === undefined
        ? `size(${e.axis.name}: ${sizeText(e.axis)})`
        : `${e.axis.ragged?.lengths ?? e.axis.name}[${exprText(e.row)}]`;
    case 'read':
      return `${e.buffer}[${e.at.map(exprText).join(', ')}]`;
    case 'apply': {
      const sign = infix[e.fn];
      const args = e.args.map(exprText);
      return sign !== undefined ? `(${args.join(` ${sign} `)})` : `${e.fn}(${args.join(', ')})`;
    }
    case 'guard':
      return `(${exprText(e.condition)} ? ${exprText(e.then)} : ${exprText(e.otherwise)})`;
    case 'reduce':
      return `${e.monoid}{${e.over.map(loopText).join(', ')}} ${exprText(e.body)}`;
    case 'collect':
      return `sum{${e.over.map(loopText).join(', ')} | ${e.index} == ${exprText(e.target)}} ${exprText(e.body)}`;
    case 'uniform':
      return `uniform('${e.key}', ${exprText(e.counter)})`;
  }
};

const LONGEST = 120;

/** An expression in short, for comments: tensors by name alone, loops by their axis. What would be cut off is not written out. */
export const sketch = (e: Expr): string => {
  // Around the whole no brackets are needed.
  const bracketed = e.kind === 'guard' || (e.kind === 'apply' && infix[e.fn] !== undefined);
  const text = clipped(bracketed ? brief(e).slice(1, -1) : brief(e), LONGEST + 1);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
};

/** The first `room` letters, and perhaps more: shared parts make the whole text of some expressions longer than memory. */
const clipped = (pieces: readonly (string | Expr)[], room: number): string => {
  let text = '';
  for (const piece of pieces) {
    if (text.length >= room) break;
    text += typeof piece === 'string' ? piece : clipped(brief(piece), room - text.length);
  }
  return text;
};

const separated = (args: readonly Expr[], by: string): readonly (string | Expr)[] =>
  args.flatMap((a, i) => (i === 0 ? [a] : [by, a]));

const brief = (e: Expr): readonly (string | Expr)[] => {
  switch (e.kind) {
    case 'literal':
      return [`${Number(e.value.toPrecision(6))}`];
    case 'index':
      return [e.axis];
    case 'extent':
      return [`size of ${e.axis.name}`];
    case 'read':
      return e.at.every((i) => i.kind === 'index')
        ? [e.buffer]
        : [
            `${e.buffer}[`,
            ...separated(
              e.at.filter((i) => i.kind !== 'index'),
              ', ',
            ),
            ']',
          ];
    case 'apply': {
      const sign = infix[e.fn];
      return sign !== undefined
        ? ['(', ...separated(e.args, ` ${sign} `), ')']
        : [`${e.fn}(`, ...separated(e.args, ', '), ')'];
    }
    case 'guard':
      return e.otherwise.kind === 'literal' && e.otherwise.value === 0
        ? ['(', e.then, ' where ', e.condition, ')']
        : ['(', e.condition, ' ? ', e.then, ' : ', e.otherwise, ')'];
    case 'reduce':
      return [`${e.monoid} over ${e.over.map((o) => o.axis.name).join(', ')} of `, e.body];
    case 'collect':
      return ['sum of ', e.body, ` where ${e.index} = `, e.target];
    case 'uniform':
      return [`uniform('${e.key}')`];
  }
};
