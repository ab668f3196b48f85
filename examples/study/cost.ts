/**
 * What cells cost, measured apart from the runs of the grid, which go on beside other work: each cell in a process of its own, cells in turn, several rounds,
 * medians over these. Operations and arena are the compiler's own account.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { labelOf } from '../../runtime/compare/models.js';
import type { DeviceName } from '../../runtime/contract/compiled.js';
import type { Manifest } from '../../runtime/contract/session.js';
import { machine } from '../../runtime/report/provenance.js';
import { folderOf } from './carried.js';
import type { Cell, Study } from './declared.js';
import { median, parametersOf } from './perform.js';
import { compiledIn, type Place } from './readied.js';
import { type Asked, askedOf, writeParts } from './result.js';

/** What a process measures. */
export interface Measuring {
  readonly trainer: string;
  readonly source: string;
  readonly batch: number | undefined;
  readonly device: DeviceName | 'auto';
  readonly threads: number | undefined;
  /** Training steps, and batches that are ranked, after one of each. */
  readonly steps: number;
}
export interface Measured {
  /** Seconds of a training step, and how many an epoch has. */
  readonly step: number;
  readonly batches: number;
  /** Seconds of ranking all items for a user, of users ranked in batches. */
  readonly user: number;
  /** The most bytes that the process had, Node and the data among them. */
  readonly resident: number;
  readonly backend: string;
  readonly sizes: { readonly batch: number; readonly items: number; readonly seen: number };
}

/** What the compiler is asked for, and its answer: scalar operations of a training step with full histories, and the bytes that its kernels work on. */
export interface Accounting extends Pick<Asked, 'model' | 'set'>, Pick<Measured, 'backend' | 'sizes'> {
  readonly threads: number;
}
export interface Account {
  readonly operations: number;
  readonly arena: number;
}

/** What a cell costs. */
export interface CellCost extends Account {
  readonly cell: string;
  readonly model: string;
  readonly set: readonly string[];
  readonly parameters: number;
  readonly backend: string;
  /** Medians over rounds: seconds an epoch of training takes, milliseconds that a user's ranking does, bytes of the process at most. */
  readonly epoch: number;
  readonly user: number;
  readonly resident: number;
}
/** `cost.json` */
export interface Costs {
  readonly format: typeof costFormat;
  readonly study: string;
  readonly data: string;
  readonly rounds: number;
  readonly steps: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly command: string;
  readonly cells: readonly CellCost[];
}
const costFormat = 'pcrec-study-cost-1';
const costFile = (results: string, study: string): string => join(results, study, 'cost.json');

export const costsOf = (results: string, study: string): Costs | undefined => {
  const path = costFile(results, study);
  const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Costs) : undefined;
  return found?.format === costFormat ? found : undefined;
};

/** Undefined where the signal came first. */
const measured = (of: Measuring, signal: AbortSignal): Promise<Measured | undefined> =>
  new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL('measure.js', import.meta.url));
    const child = spawn(process.execPath, [file, JSON.stringify(of)], { stdio: ['ignore', 'pipe', 'pipe'], signal });
    const text = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text.out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (text.err += chunk));
    child.on('error', (error) => (signal.aborted ? resolve(undefined) : reject(error)));
    child.on('close', (code) =>
      code === 0
        ? resolve(JSON.parse(text.out) as Measured)
        : signal.aborted
          ? resolve(undefined)
          : reject(new Error(text.err.trim().split('\n').at(-1) ?? 'the measuring process ended early')),
    );
  });

/** As deep as the compiler's own: models of many blocks are deep. */
const stackSizeMb = 256;
/** Operations and bytes of a step, as the compiler has them. */
const accounted = (workerData: Accounting): Promise<Account> =>
  new Promise((resolve, reject) =>
    new Worker(new URL('account.js', import.meta.url), { workerData, resourceLimits: { stackSizeMb } })
      .once('message', resolve)
      .once('error', reject),
  );

export interface Costing {
  readonly name: string;
  readonly study: Study;
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly steps: number;
  readonly say: (text: string) => void;
}

/** A cell that is measured, and what was measured of it so far. */
interface Subject {
  readonly asked: Asked;
  /** Its trainer's folder. */
  readonly models: string;
  readonly found: Measured[];
}

/** Medians over rounds, to four digits. */
const summed = async ({ asked, models, found }: Subject, threads: number): Promise<CellCost> => {
  const [first] = found;
  const manifest = JSON.parse(readFileSync(join(models, 'manifest.json'), 'utf8')) as Manifest;
  const middle = (value: (one: Measured) => number): number => Number(median(found.map(value))!.toPrecision(4));
  return {
    cell: asked.cell,
    model: asked.model,
    set: asked.set,
    parameters: parametersOf(manifest, first!.sizes.items),
    ...(await accounted({ model: asked.model, set: asked.set, backend: first!.backend, sizes: first!.sizes, threads })),
    backend: first!.backend,
    epoch: middle(({ step, batches }) => step * batches),
    user: middle(({ user }) => 1000 * user),
    resident: middle(({ resident }) => resident),
  };
};

/** Undefined where the signal came first. Throws a sentence. */
export const cost = async (
  { name, study, cells, rounds, steps, say }: Costing,
  place: Place,
): Promise<Costs | undefined> => {
  const { source, work, threads = 2, signal, command } = place;
  const subjects: Subject[] = [];
  for (const cell of cells) {
    const asked = askedOf(name, study, cell, 1);
    const out = `${folderOf(work, name, cell.name)}.cost`;
    if ((await compiledIn(out, asked, place)) === undefined) return undefined;
    subjects.push({ asked, models: join(out, 'models', labelOf(cell.model)), found: [] });
  }
  for (let round = 1; round <= rounds; round++)
    for (const { asked, models, found } of subjects) {
      say(`${name}: round ${round} of ${rounds}, ${asked.cell}`);
      const { batch, device = 'auto' } = asked.options;
      const trainer = join(models, 'trainer.js');
      const one = await measured({ trainer, source, batch, device, threads, steps }, signal);
      if (one === undefined) return undefined;
      found.push(one);
    }
  const all: CellCost[] = [];
  for (const subject of subjects) all.push(await summed(subject, threads));
  return {
    format: costFormat,
    study: name,
    data: study.data,
    rounds,
    steps,
    machine: Object.fromEntries(machine()),
    command,
    cells: all,
  };
};

/** Cells that were measured now take the place of those that were there; what another machine measured goes. */
export const keepCosts = (results: string, costs: Costs): void => {
  const before = costsOf(results, costs.study);
  const alike = JSON.stringify(before?.machine) === JSON.stringify(costs.machine);
  const again = new Set(costs.cells.map(({ cell }) => cell));
  const rest = alike ? (before?.cells ?? []).filter(({ cell }) => !again.has(cell)) : [];
  writeParts(costFile(results, costs.study), { ...costs, cells: [...rest, ...costs.cells] });
};
