/** A loop program computed cell by cell in float64, with no thought of speed: what the emitted kernels must agree with. */
import { worth } from '../../compiler/scalars.js';
import type { Buffer, Entry, Expr, LoopAxis, ReduceAxis } from '../../compiler/loops/ir.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import type { Sizes } from '../../runtime/contract/session.js';

type Env = ReadonlyMap<string, number>;
export type Values = Readonly<Record<string, readonly number[]>>;

const start = { sum: 0, max: -3.4e38 } as const;

export const interpret = (
  entry: Entry,
  sizes: Sizes,
  given: Values,
  draw: { readonly seed: number; readonly step: number },
): Values => {
  const values = new Map<string, readonly number[]>(Object.entries(given));
  const infos = new Map(entry.buffers.map((b) => [b.id, b]));
  const size = (s: number | string): number => (typeof s === 'number' ? s : (sizes[s] ?? 0));
  const flat = ({ axes }: Buffer, at: readonly number[]): number =>
    axes.reduce((o, a, k) => o * size(a.size) + (at[k] ?? 0), 0);
  const get = (id: string, at: readonly number[]): number => {
    const info = infos.get(id)!;
    info.axes.forEach((a, k) => {
      if (!(at[k]! >= 0 && at[k]! < size(a.size))) throw new Error(`${id}[${at.join()}] is out of range`);
    });
    return values.get(id)![flat(info, at)]!;
  };
  const extent = (axis: LoopAxis, row: Expr | undefined, env: Env): number =>
    axis.ragged !== undefined && row !== undefined ? get(axis.ragged.lengths, [value(row, env)]) : size(axis.size);
  const positions = (over: readonly ReduceAxis[], env: Env): readonly Env[] =>
    over.reduce<readonly Env[]>(
      (envs, { axis, from, to, row }) =>
        envs.flatMap((e) => {
          const low = from === undefined ? 0 : value(from, e);
          const high = to === undefined ? extent(axis, row, e) : value(to, e);
          return Array.from({ length: Math.max(0, high - low) }, (_, i) => new Map([...e, [axis.name, low + i]]));
        }),
      [env],
    );
  const value = (e: Expr, env: Env): number => {
    switch (e.kind) {
      case 'literal':
        return e.value;
      case 'index':
        return env.get(e.axis)!;
      case 'extent':
        return extent(e.axis, e.row, env);
      case 'read':
        return get(
          e.buffer,
          e.at.map((i) => value(i, env)),
        );
      case 'apply':
        return worth(e.fn, e.dtype)(...e.args.map((a) => value(a, env)));
      case 'guard':
        return value(e.condition, env) !== 0 ? value(e.then, env) : value(e.otherwise, env);
      case 'reduce':
        return positions(e.over, env).reduce<number>(
          (acc, at) => (e.monoid === 'sum' ? acc + value(e.body, at) : Math.max(acc, value(e.body, at))),
          start[e.monoid],
        );
      case 'collect': {
        const target = value(e.target, env);
        const over = e.over.map((o) =>
          o.axis.ragged === undefined ? o : { ...o, row: { kind: 'index', axis: o.axis.ragged.rows } as const },
        );
        return positions(over, env)
          .filter(
            (at) =>
              get(
                e.index,
                over.map(({ axis }) => at.get(axis.name)!),
              ) === target,
          )
          .reduce<number>((acc, at) => acc + value(e.body, at), 0);
      }
      case 'uniform':
        return uniformAt(stream(draw.seed, draw.step, e.key), value(e.counter, env));
    }
  };
  for (const kernel of entry.kernels) {
    const info = infos.get(kernel.output)!;
    const all = info.axes.reduce<readonly Env[]>(
      (envs, a) => envs.flatMap((e) => Array.from({ length: size(a.size) }, (_, i) => new Map([...e, [a.name, i]]))),
      [new Map()],
    );
    values.set(
      kernel.output,
      all.map((env) => {
        const beyond = info.axes.some(
          (a) =>
            a.ragged !== undefined &&
            env.has(a.ragged.rows) &&
            env.get(a.name)! >= get(a.ragged.lengths, [env.get(a.ragged.rows)!]),
        );
        return beyond || (kernel.where !== undefined && value(kernel.where, env) === 0) ? 0 : value(kernel.body, env);
      }),
    );
  }
  return Object.fromEntries(values);
};
