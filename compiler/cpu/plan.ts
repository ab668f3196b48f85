/** The plan of an entry: how its functions run, and where its buffers lie, as data for the runtime. */
import type { PlanBuffer, PlanEntry, PlanJob, PlanPhase } from '../../runtime/contract/cpu-plan.js';
import type { LoopAxis } from '../loops/ir.js';
import { readsOf } from '../loops/shape.js';
import { isUnit } from '../loops/units.js';
import { type Group, type JobBuffer, listsOf, rootsOf, storedBy } from './job.js';
import { type Layout, offsetsId } from './layout.js';
import { runOf, togetherOf } from './names.js';
import type { Phase, Scheduled } from './phases.js';
import { settledOf, type Settled } from './settled.js';
import { rowsTogether } from './tail.js';
import { workOf } from './work.js';

const axisData = ({ name, size, ragged, missing }: LoopAxis): PlanBuffer['axes'][number] => ({
  name,
  size,
  ...(missing === undefined ? {} : { missing }),
  ...(ragged === undefined ? {} : { ragged: { rows: ragged.rows, lengths: ragged.lengths } }),
});

/** The first and the last phase that use a buffer; of a local buffer, the kernels of its one phase. */
interface Lives {
  readonly uses: ReadonlyMap<string, readonly [number, number]>;
  /** The phase of a local buffer. */
  readonly homes: ReadonlyMap<string, number>;
}

const livesOf = ({ phases, world: { layouts } }: Scheduled): Lives => {
  const uses = new Map<string, readonly [number, number]>();
  const homes = new Map<string, number>();
  const use = (id: string, at: number): void => {
    const [first, last] = uses.get(id) ?? [at, at];
    uses.set(id, [Math.min(first, at), Math.max(last, at)]);
  };
  const touched = (g: Group): readonly string[] => [...storedBy(g), ...g.flatMap((j) => readsOf(rootsOf(j)))];
  phases.forEach(({ rows, grids, inverses }, p) => {
    rows.forEach((g, k) =>
      touched(g).forEach((id) => {
        const local = layouts.get(id)?.local ?? false;
        use(id, local ? k : p);
        if (local) homes.set(id, p);
      }),
    );
    [...grids.flatMap(touched), ...inverses.flatMap((i) => [i.index, ...listsOf(i)])].forEach((id) => use(id, p));
  });
  return { uses, homes };
};

/** Room for whole panels, the last of which may be there in part. */
const panelCells = ({ buffer: { axes }, inner, panel }: Layout): PlanBuffer['cells'] => {
  if (panel === undefined) return undefined;
  const sizes = inner.map((k) => axes[k]!.size);
  const each = sizes.reduce<number>((n, size) => (typeof size === 'number' ? n * size : n), 1);
  return { sizes, more: each * panel };
};

const bufferData = (s: Scheduled, settled: Settled): ((b: JobBuffer) => PlanBuffer) => {
  const {
    entry,
    phases,
    buffers,
    world: { layouts, name, places, rowsAxis },
  } = s;
  const { uses, homes } = livesOf(s);
  const kept = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
  const bare = new Set(
    phases.flatMap((p) => [...p.rows, ...p.grids].flat()).flatMap((j) => (j.bare === true ? [j.output] : [])),
  );
  const always = [0, phases.length] as const;
  const rows = [...buffers.values()].flatMap((b) => b.axes).find((a) => a.name === rowsAxis);
  const lifeOf = (b: JobBuffer): readonly [number, number] =>
    b.role === 'input' || kept.has(b.id) || b.made?.kind === 'offsets' ? always : (uses.get(b.id) ?? always);
  return (b) => {
    const layout = layouts.get(b.id)!;
    const { inner, pitch, local, gathered = false, rows: packed } = layout;
    const cells =
      b.made === undefined
        ? panelCells(layout)
        : b.made.kind === 'list'
          ? b.made.cells
          : { sizes: [rows!.size], more: 1 };
    const over = places.get(b.id);
    return {
      id: b.id,
      ...(b.name === undefined ? {} : { name: b.name }),
      global: `@${name(over ?? b.id)}`,
      ...(over === undefined ? {} : { over }),
      dtype: b.dtype,
      role: b.role,
      axes: b.axes.map(axisData),
      inner,
      ...(pitch === undefined ? {} : { pitch }),
      local,
      ...(local && gathered && packed!.lengths.length === 0 ? { together: rowsTogether } : {}),
      ...(bare.has(b.id) ? { bare: true } : {}),
      ...(settled.kept.has(b.id) ? { settled: true } : {}),
      life: lifeOf(b),
      ...(packed === undefined ? {} : { rows: packed }),
      ...(cells === undefined ? {} : { cells }),
      ...(local ? { phase: homes.get(b.id) ?? 0 } : {}),
    };
  };
};

const jobData = (g: Group, s: Scheduled): PlanJob => {
  const [{ comment, source }] = g;
  return {
    run: runOf(g, s.world),
    name: g.map((j) => j.name).join(', '),
    outputs: storedBy(g),
    comment,
    work: workOf(g, s),
    ...(source === undefined ? {} : { source: `${source.file}:${source.line}` }),
  };
};

const phaseData = (
  { rows, gather, grids, inverses }: Phase,
  at: number,
  s: Scheduled,
  settled: Settled,
): PlanPhase => ({
  ...(rows.length === 0 ? {} : { together: togetherOf(at, s.entry) }),
  ...(gather === undefined
    ? {}
    : {
        gather: {
          ...(gather.lengths === undefined ? {} : { before: offsetsId([gather.lengths]) }),
          most: gather.most,
        },
      }),
  rows: rows.map((g) => ({ ...jobData(g, s), adds: g[0].adds })),
  grids: grids.map((g) => ({
    ...jobData(g, s),
    task: g[0].task === null || isUnit(g[0].task) ? null : g[0].task.size,
    ...(settled.is(g) ? { settled: true } : {}),
  })),
  inverses: inverses.map((i) => ({ id: i.id, index: i.index, axes: i.axes.map(axisData), targets: i.targets })),
});

export const planOf = (s: Scheduled): PlanEntry => {
  const {
    entry,
    buffers,
    phases,
    world: { rowsAxis },
  } = s;
  const passed = new Set(
    phases.flatMap((p) => [...p.rows, ...p.grids].flat()).flatMap((j) => (j.passing === true ? [j.output] : [])),
  );
  const all = [...buffers.values()].filter((b) => !passed.has(b.id));
  const rows = all.flatMap((b) => b.axes).find((a) => a.name === rowsAxis);
  const settled = settledOf(s);
  return {
    name: entry.name,
    rowsAxis: rows?.size ?? null,
    ...(rows?.missing === undefined ? {} : { missing: rows.missing }),
    buffers: all.map(bufferData(s, settled)),
    packings: all.flatMap(({ made }) =>
      made?.kind === 'offsets' ? [{ id: offsetsId(made.lengths), lengths: made.lengths }] : [],
    ),
    phases: phases.map((p, at) => phaseData(p, at, s, settled)),
    outputs: entry.outputs,
    updates: entry.updates,
  };
};
