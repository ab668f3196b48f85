/**
 * One kernel as source text, in two flavours: a gpu.js kernel function (one call computes one cell) and a loop nest over
 * typed arrays for the host, where integers are exact and uniform numbers are drawn.
 */
import { apply, dtypeOf } from '../../loops/build.js';
import type { Buffer, Expr, Kernel, Loop, LoopAxis, Size } from '../../loops/ir.js';
import { bare } from './brackets.js';
import { identifier } from './names.js';
import { conditions, counts, floats, integers } from './scalars.js';
import { type Flavour, type Scope, type Writer, indent, scope, writer } from './write.js';

export interface Written {
  /** `function NAME(...) {...}` with its comment; NAME is put in by the caller. */
  readonly text: (name: string) => string;
  /** Ids of the buffers its array parameters stand for. */
  readonly args: readonly string[];
}

const symbol =
  (prefix: string) =>
  (size: Size): string =>
    typeof size === 'number' ? `${size}` : `${prefix}.${identifier(size)}`;
const product = (factors: readonly string[]): string => factors.join(' * ');

/** ((a * B + b) * C + c): row-major, innermost last. */
const rowMajor = (at: readonly string[], sizes: readonly string[]): string =>
  at.reduce((outer, i, k) => (k === 0 ? i : `${outer.includes(' ') ? `(${outer})` : outer} * ${sizes[k]} + ${i}`), '0');

/**
 * gpu.js indexes up to three axes in 32-bit integers, so that arrays of any size are addressed exactly; further axes are
 * merged into the innermost, which a workgroup runs along, and axes of one position are left out. Writing `this.thread.x` in the index beats a named copy, which gpu.js keeps as a float: 1.4
 * against 1.1 GFLOP/s for a 6400x64x64 product on one core of webasm. (Flat arrays with running offsets reach 1.9; our own
 * WebAssembly reaches 41, so here the readable form wins. Unrolling and more accumulators changed nothing.)
 */
const device: Flavour = {
  size: symbol('this.constants'),
  element: (array, { axes }, at, size) => {
    const real = axes.map((axis, k) => ({ axis, i: at[k] ?? '0' })).filter(({ axis }) => axis.size !== 1);
    const inner = real.slice(2);
    const merged =
      inner.length < 2
        ? real.map(({ i }) => i)
        : [
            ...real.slice(0, 2).map(({ i }) => i),
            rowMajor(
              inner.map(({ i }) => i),
              inner.map(({ axis }) => size(axis.size)),
            ),
          ];
    return merged.length === 0 ? `${array}[0]` : `${array}${merged.map((i) => `[${bare(i)}]`).join('')}`;
  },
  scalar: (fn, dtype) => ({ f32: floats, i32: counts, bool: conditions } as const)[dtype][fn],
  uniform: () => {
    throw new Error('A uniform number is drawn on the host.');
  },
};

const host: Flavour = {
  size: symbol('size'),
  element: (array, { axes }, at, size) =>
    `${array}[${rowMajor(
      at,
      axes.map((a) => size(a.size)),
    )}]`,
  scalar: (fn, dtype) => ({ f32: floats, i32: integers, bool: conditions } as const)[dtype][fn],
  uniform: (stream, counter) => `random.at(${stream}, ${counter})`,
};

const cell = (body: Expr, code: string): string => (dtypeOf(body) === 'bool' ? `${code} ? 1 : 0` : bare(code));

const raggedIn = (axes: readonly LoopAxis[]): readonly { readonly axis: LoopAxis; readonly row: Expr }[] =>
  axes.flatMap((axis) =>
    axis.ragged !== undefined && axes.some((a) => a.name === axis.ragged?.rows)
      ? [{ axis, row: { kind: 'index', axis: axis.ragged.rows } as const }]
      : [],
  );

const quiet = (text: string): string => text.replaceAll('*/', '* /').replaceAll('\n', ' ');
const comment = ({ comment: text, source }: Kernel, more: readonly string[] = []): string =>
  [
    '/**',
    ` * ${quiet(text)}`,
    ...(source === undefined ? [] : [` * ${quiet(source.file)}:${source.line}`]),
    ...more.map((m) => ` * ${m}`),
    ' */',
  ].join('\n');

const threads = ['x', 'y', 'z'] as const;

/** Binds the output's axes to the thread's coordinates; axes beyond three are taken apart from x. */
const coordinates = (
  axes: readonly LoopAxis[],
  w: Writer,
  at: Scope,
): { readonly variables: Map<string, string>; readonly legend: string } => {
  const real = axes.filter((a) => a.size !== 1);
  const groups = real.length <= 3 ? real.map((a) => [a]) : [...real.slice(0, 2).map((a) => [a]), real.slice(2)];
  const thread = (k: number): string => threads[groups.length - 1 - k] ?? 'x';
  const variables = new Map(axes.map((a) => [a.name, '0']));
  groups.forEach((group, k) => {
    // Adding a half keeps the quotient off the integers, where a float32 division might fall on the wrong side.
    const first = group.slice(1).reduceRight(
      (rest, axis, i) => {
        const size = device.size(axis.size);
        const quotient = w.name(i === 0 ? (group[0]?.name ?? '') : `to_${axis.name}`);
        const index = w.name(axis.name);
        at.lines.push(
          `const ${quotient} = Math.floor((${rest} + 0.5) / ${size});`,
          `const ${index} = ${rest} - ${quotient} * ${size};`,
        );
        variables.set(axis.name, index);
        return quotient;
      },
      `this.thread.${thread(k)}`,
    );
    variables.set(group[0]?.name ?? '', first);
  });
  return {
    variables,
    legend: groups
      .map((group, k) => `${thread(k)} = ${product(group.map((a) => a.name))}`)
      .reverse()
      .join(', '),
  };
};

/** The position that a loop is at, among the variables of its kernels. */
const NOW = 'now@';

/** A kernel of a loop computes the cells of one position; the others keep what they have. */
const atPosition = (kernel: Kernel, loop: Loop, axes: readonly LoopAxis[]): Kernel => {
  const dtype = dtypeOf(kernel.body);
  const own = {
    kind: 'read',
    buffer: kernel.output,
    at: axes.map((a): Expr => ({ kind: 'index', axis: a.name })),
    dtype,
  } as const;
  const now = apply('eq', { kind: 'index', axis: loop.axis }, { kind: 'index', axis: NOW });
  const zero = { kind: 'literal', value: 0, dtype } as const;
  const fresh: Expr =
    kernel.where === undefined
      ? kernel.body
      : { kind: 'guard', condition: kernel.where, then: kernel.body, otherwise: zero, dtype };
  const { where: _, ...rest } = kernel;
  return { ...rest, body: { kind: 'guard', condition: now, then: fresh, otherwise: own, dtype } };
};

export const writeDevice = (given: Kernel, buffers: ReadonlyMap<string, Buffer>): Written => {
  const axes = buffers.get(given.output)?.axes ?? [];
  const kernel = given.loop === undefined ? given : atPosition(given, given.loop, axes);
  const w = writer(device, buffers, kernel.where === undefined ? [kernel.body] : [kernel.where, kernel.body]);
  const start = scope('branch', null);
  const { variables, legend } = coordinates(axes, w, start);
  const now = given.loop === undefined ? [] : [w.name('now')];
  now.forEach((name) => variables.set(NOW, name));
  const root = scope('root', null, variables);
  root.lines.push(...start.lines);
  const result = w.name('cell');
  const finish = (s: Scope, assign: (code: string) => string): void =>
    void s.lines.push(assign(cell(kernel.body, w.value(kernel.body, s))));
  const conditions: readonly ((s: Scope) => string)[] = [
    ...(raggedIn(axes).length === 0
      ? []
      : [
          (s: Scope) =>
            raggedIn(axes)
              .map(({ axis, row }) => `${variables.get(axis.name)} < ${w.extent(axis, row, s)}`)
              .join(' && '),
        ]),
    ...(kernel.where === undefined ? [] : [(s: Scope) => bare(w.value(kernel.where ?? kernel.body, s))]),
  ];
  /**
   * Conditions stand around the work, not before it with an early return: gpu.js's WebAssembly computes four cells at once
   * and skips a block that none of them enters, but runs on after a return. Causal attention scores: 3.9 against 12 ms.
   */
  const within = (s: Scope, rest: readonly ((s: Scope) => string)[]): void => {
    const [first, ...others] = rest;
    if (first === undefined) {
      finish(s, (code) => `${result} = ${code};`);
      return;
    }
    const condition = first(s);
    const body = scope('branch', s);
    within(body, others);
    s.lines.push(`if (${condition}) {`, ...indent(body.lines), '}');
  };
  if (conditions.length === 0) {
    finish(root, (code) => `return ${code};`);
  } else {
    root.lines.push(`let ${result} = 0;`);
    within(root, conditions);
    root.lines.push(`return ${result};`);
  }
  const parameters = [...w.parameters];
  return {
    args: parameters.map(([id]) => id),
    text: (name) =>
      [
        comment(kernel, legend === '' ? [] : [legend]),
        `function ${name}(${[...parameters.map(([, p]) => p), ...now].join(', ')}) {`,
        ...indent(root.lines),
        '}',
      ].join('\n'),
  };
};

const parenthesised = (code: string): string => (/^(\(.*\)|[\w.]+)$/.test(code) ? code : `(${code})`);

/** Rows before what is ragged along them: a loop's bound must be known when it opens. */
const loopOrder = (axes: readonly LoopAxis[]): readonly LoopAxis[] => [
  ...axes.filter((a) => a.ragged === undefined),
  ...axes.filter((a) => a.ragged !== undefined),
];

/** `out` comes filled with zeros; cells beyond a row's length and those that `where` rules out stay so. */
export const writeHost = (kernel: Kernel, buffers: ReadonlyMap<string, Buffer>): Written => {
  const axes = buffers.get(kernel.output)?.axes ?? [];
  const w = writer(host, buffers, kernel.where === undefined ? [kernel.body] : [kernel.where, kernel.body]);
  const ragged = new Map(raggedIn(axes).map(({ axis, row }) => [axis.name, row]));
  const nest = (rest: readonly LoopAxis[], s: Scope, position: ReadonlyMap<string, string>): void => {
    const [axis, ...inner] = rest;
    if (axis === undefined) {
      if (kernel.where !== undefined) s.lines.push(`if (!${parenthesised(w.value(kernel.where, s))}) continue;`);
      const at = rowMajor(
        axes.map((a) => position.get(a.name) ?? '0'),
        axes.map((a) => host.size(a.size)),
      );
      s.lines.push(`out[${at}] = ${cell(kernel.body, w.value(kernel.body, s))};`);
      return;
    }
    const i = w.name(axis.name);
    const row = ragged.get(axis.name);
    const end = w.extent(axis, row, s);
    // Innermost loops with a condition are left by nothing: what follows the condition must not run before it.
    const body = scope(
      kernel.where !== undefined && inner.length === 0 ? 'branch' : row === undefined ? 'loop' : 'narrow',
      s,
      [[axis.name, i]],
    );
    nest(inner, body, new Map([...position, [axis.name, i]]));
    s.lines.push(`for (let ${i} = 0; ${i} < ${end}; ${i}++) {`, ...indent(body.lines), '}');
  };
  const root = scope('root', null);
  // A cell without axes still needs a loop to `continue` from.
  const order = axes.length === 0 && kernel.where !== undefined ? [{ name: 'once', size: 1 }] : loopOrder(axes);
  nest(order, root, new Map());
  const parameters = [...w.parameters];
  const streams = [...w.streams].map(([key, name]) => `const ${name} = random.stream(${JSON.stringify(key)});`);
  return {
    args: parameters.map(([id]) => id),
    text: (name) =>
      [
        comment(kernel, ['On the host.']),
        `function ${name}(${['out', 'size', 'random', ...parameters.map(([, p]) => p)].join(', ')}) {`,
        ...indent([...streams, ...root.lines]),
        '}',
      ].join('\n'),
  };
};
