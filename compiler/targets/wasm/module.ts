/** A loop program as one WebAssembly module in text, and the plan of its entries as data. */
import type { Buffer, Entry, LoopAxis, LoopProgram } from '../../loops/ir.js';
import { nodes, readsOf } from '../gpu/shape.js';
import type { PlanBuffer, PlanEntry, PlanJob } from '../../../runtime/wasm/plan.js';
import { isUnit } from './intern.js';
import { type Group, rootsOf, writeGroup } from './kernel.js';
import { loopName, writeLoop } from './loop.js';
import { offsetsId } from './layout.js';
import { type MathName, math, mathNeeds, mathText } from './math.js';
import { inPlace, overwriting } from './place.js';
import { prepare } from './prepare.js';
import { schedule } from './schedule.js';
import { indent, streamsId, type World } from './scope.js';
import { workOf } from './work.js';

export interface WasmText {
  readonly text: string;
  readonly plan: { readonly format: 1; readonly model: string; readonly streams: readonly string[]; readonly entries: readonly PlanEntry[] };
}

const axisData = ({ name, size, ragged, missing }: LoopAxis): PlanBuffer['axes'][number] => ({ name, size, ...(missing === undefined ? {} : { missing }), ...(ragged === undefined ? {} : { ragged: { rows: ragged.rows, lengths: ragged.lengths } }) });
const safe = (name: string): string => name.replace(/[^A-Za-z0-9_.]/g, '_');

const streamKeys = (program: LoopProgram): readonly string[] => [...new Set(program.entries.flatMap((e) => e.kernels).flatMap((k) =>
  [...nodes(k.where === undefined ? [k.body] : [k.body, k.where])].flatMap((e) => (e.kind === 'uniform' ? [e.key] : []))))];

const writeEntry = (entry: Entry, streams: ReadonlyMap<string, number>): { readonly functions: readonly string[]; readonly globals: ReadonlySet<string>; readonly plan: PlanEntry } => {
  const states = new Set(entry.buffers.filter((b) => b.role === 'state').map((b) => b.id));
  const name = (id: string): string => (states.has(id) || id === streamsId ? safe(id) : `${entry.name}.${safe(id)}`);
  const prepared = prepare(entry, streams, name);
  const scheduled = schedule(entry, prepared);
  const { local } = scheduled;
  const places = inPlace(entry, scheduled, prepared.world);
  const phases = scheduled.phases.map((p) => ({ ...p, grids: p.grids.map((g) => overwriting(g, places)) }));
  const layouts = new Map([...prepared.world.layouts].map(([id, l]) => [id, { ...l, local: local.has(id) }]));
  const world: World = { ...prepared.world, layouts, places };
  const written = phases.flatMap((p) => [...p.rows, ...p.grids]).map((g) => (g[0].loop === undefined ? writeGroup : writeLoop)(g, world));
  const runOf = (g: Group): string => name(g[0].loop === undefined ? g[0].name : loopName(g));
  const together = (p: number): string => `${entry.name}.rows.${p + 1}`;

  const kept = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
  const uses = new Map<string, [number, number]>();
  const use = (id: string, at: number): void => { const u = uses.get(id); uses.set(id, u === undefined ? [at, at] : [Math.min(u[0], at), Math.max(u[1], at)]); };
  const homes = new Map<string, number>();
  phases.forEach(({ rows, grids, inverses }, p) => {
    rows.forEach((g, k) => g.flatMap((j) => [j.output, ...readsOf(rootsOf(j))]).forEach((id) => {
      if (local.has(id)) { use(id, k); homes.set(id, p); } else use(id, p);
    }));
    grids.flat().forEach((j) => [j.output, ...readsOf(rootsOf(j))].forEach((id) => use(id, p)));
    inverses.forEach((i) => [i.index, `${i.id}.starts`, ...i.axes.map((a) => `${i.id}.${a.name}`)].forEach((id) => use(id, p)));
  });
  const always: [number, number] = [0, phases.length];
  const special = new Map<string, PlanBuffer['cells']>(prepared.inverses.flatMap((i): readonly (readonly [string, PlanBuffer['cells']])[] => [
    [`${i.id}.starts`, { sizes: [i.targets], more: 1 }], ...i.axes.map((a) => [`${i.id}.${a.name}`, { sizes: i.axes.map((x) => x.size), more: 0 }] as const),
  ]));
  const rowsAxis = [...prepared.buffers.values()].flatMap((b) => b.axes).find((a) => a.name === world.rowsAxis);
  const packed = new Set(prepared.packings.map(offsetsId));
  for (const lengths of prepared.packings) special.set(offsetsId(lengths), { sizes: [rowsAxis!.size], more: 1 });
  const bufferData = (b: Buffer): PlanBuffer => {
    const l = layouts.get(b.id)!;
    const life = b.role === 'input' || kept.has(b.id) || special.has(b.id) && !uses.has(b.id) ? always : packed.has(b.id) ? always : uses.get(b.id) ?? always;
    const cells = special.get(b.id);
    return {
      id: b.id, ...(b.name === undefined ? {} : { name: b.name }), global: `@${name(places.get(b.id) ?? b.id)}`, ...(places.has(b.id) ? { over: places.get(b.id)! } : {}), dtype: b.dtype, role: b.role, axes: b.axes.map(axisData), inner: l.inner, ...(l.pitch === undefined ? {} : { pitch: l.pitch }), local: l.local, life,
      ...(l.rows === undefined ? {} : { rows: l.rows }), ...(cells === undefined ? {} : { cells }), ...(l.local ? { phase: homes.get(b.id) ?? 0 } : {}),
    };
  };
  const jobData = (g: Group): PlanJob => {
    const [{ comment, source }] = g;
    return { run: runOf(g), name: g.map((j) => j.name).join(', '), outputs: g.map((j) => j.output), comment, work: workOf(g, prepared), ...(source === undefined ? {} : { source: `${source.file}:${source.line}` }) };
  };
  return {
    functions: [...written.map((x) => x.text), ...phases.flatMap((p, at) => (p.rows.length === 0 ? [] : [eachRow(together(at), p.rows.map(runOf))]))],
    globals: new Set(written.flatMap((x) => [...x.globals])),
    plan: {
      name: entry.name, rowsAxis: rowsAxis?.size ?? null, ...(rowsAxis?.missing === undefined ? {} : { missing: rowsAxis.missing }),
      buffers: [...prepared.buffers.values()].map(bufferData),
      packings: prepared.packings.map((lengths) => ({ id: offsetsId(lengths), lengths })),
      phases: phases.map((p, at) => ({
        ...(p.rows.length === 0 ? {} : { together: together(at) }), rows: p.rows.map((g) => ({ ...jobData(g), adds: g[0].adds })), grids: p.grids.map((g) => ({ ...jobData(g), task: g[0].task === null || isUnit(g[0].task) ? null : g[0].task.size })),
        inverses: p.inverses.map((i) => ({ id: i.id, index: i.index, axes: i.axes.map(axisData), targets: i.targets })),
      })),
      outputs: entry.outputs, updates: entry.updates,
    },
  };
};

/** All that rows need, one row after the other: a call from outside costs as much as a short row. */
const eachRow = (name: string, runs: readonly string[]): string => [
  `(func $${name} (export "${name}") (param $from i32) (param $to i32) (param $chunk i32) (local $next i32)`,
  ...indent([
    '(if (i32.lt_s (local.get $from) (local.get $to)) (then (loop $each.row',
    '  (local.set $next (i32.add (local.get $from) (i32.const 1)))',
    ...runs.map((run) => `  (call $${run} (local.get $from) (local.get $next) (local.get $chunk))`),
    '  (local.set $from (local.get $next))',
    '  (br_if $each.row (i32.lt_s (local.get $from) (local.get $to))))))',
  ]), ')',
].join('\n');

const usedMath = (text: string): readonly MathName[] => {
  const names = Object.keys(math).filter((n): n is MathName => n in math);
  const direct = names.filter((n) => text.includes(`(call $${n} `));
  const close = (found: ReadonlySet<MathName>): ReadonlySet<MathName> => {
    const more = new Set([...found, ...[...found].flatMap((n) => mathNeeds[n])]);
    return more.size === found.size ? found : close(more);
  };
  const used = close(new Set(direct));
  return names.filter((n) => used.has(n));
};

/** The same module where products that are added to a sum are fused with the addition, rounding once: that needs relaxed SIMD. */
export const fused = (text: string): string => text.replace(
  /\(f32x4\.add (\(local\.get [^()]*\)) \(f32x4\.mul (\(local\.get [^()]*\)) (\(local\.get [^()]*\))\)\)/g, '(f32x4.relaxed_madd $2 $3 $1)');

export const wasmText = (program: LoopProgram): WasmText => {
  const keys = streamKeys(program);
  const streams = new Map(keys.map((k, i) => [k, i]));
  const entries = program.entries.map((e) => writeEntry(e, streams));
  const globals = [...new Set(entries.flatMap((e) => [...e.globals]))].sort();
  const body = entries.flatMap((e) => e.functions).join('\n\n');
  const text = [
    `;; The kernels of ${program.model}. A function computes the positions [$from, $to) of its result's outermost axis; $chunk is`,
    ';; the share of a batch to whose sums it adds. Globals are sizes, and, with an @, the addresses of buffers.',
    '(module',
    ...indent(['(import "env" "memory" (memory 1 65536 shared))', ...globals.map((g) => `(import "${g.startsWith('@') ? 'at' : 'size'}" "${g}" (global $${g} i32))`)]),
    ...usedMath(body).map(mathText),
    body, ')', '',
  ].join('\n');
  return { text, plan: { format: 1, model: program.model, streams: keys, entries: entries.map((e) => e.plan) } };
};
