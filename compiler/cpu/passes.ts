/**
 * From loops to code, by name and in order: kernels of an entry are rewritten, put in order, written as functions over tiles, and
 * the functions are rewritten.
 */
import { fuseMultiplyAdd } from '../code/fuse.js';
import { inlineCalls } from '../code/inline.js';
import type { Machine } from '../code/machine.js';
import { sinkLoads } from '../code/sink.js';
import { stepAddresses } from '../code/step.js';
import type { Block, Func } from '../code/tree.js';
import type { PassInfo } from '../compiled.js';
import type { Alike } from './alike.js';
import { bare } from './bare.js';
import { evenLanes } from './even.js';
import { gather } from './gather.js';
import type { Group } from './job.js';
import type { Kernels } from './kernels.js';
import { lift } from './lift.js';
import { schedule, type Scheduled } from './phases.js';
import { inPlace } from './in-place.js';
import { moot } from './moot.js';
import { scatterShares } from './scatter.js';
import { shareRows } from './shares.js';
import { unnest } from './unnest.js';
import { panels } from './panels.js';
import { packRows, vectorise } from './vectorise.js';
import { walkLists } from './walk.js';
import { writeFunctions, type Written } from './write/functions.js';

/** What a pass leaves: kernels, or functions once they are written. */
export type After = Kernels | Written;
/** Sees what each pass leaves. */
export type Look = (pass: PassInfo, after: After) => void;

/** Passes one after the other, each given what the one before it leaves. */
interface Passes<A, B> {
  readonly list: readonly PassInfo[];
  readonly run: (given: A, look: Look) => B;
  readonly and: <C extends After>(name: string, description: string, run: (before: B) => C) => Passes<A, C>;
}
const passes = <A, B>(list: readonly PassInfo[], run: Passes<A, B>['run']): Passes<A, B> => ({
  list,
  run,
  and: (name, description, next) =>
    passes([...list, { name, description }], (given, look) => {
      const result = next(run(given, look));
      look({ name, description }, result);
      return result;
    }),
});

const onFunctions =
  (change: (f: Func) => Func) =>
  (w: Written): Written => ({ ...w, functions: w.functions.map(change) });
const onBlocks = (change: (block: Block) => Block): ((w: Written) => Written) =>
  onFunctions((f) => ({ ...f, body: change(f.body) }));

/** The same for every processor: what shall run, in which order, and where it is kept. */
export const toOrder = passes<Kernels, Kernels>([], (k) => k)
  .and('lift', 'sums over rows inside a collect get kernels of their own', lift)
  .and(
    'scatter-shares',
    'where many positions name few targets, rows add to a table for each share of the batch',
    scatterShares,
  )
  .and('walk-lists', 'other collects walk, for each target, the list of the positions that name it', walkLists)
  .and('unnest', 'sums inside a sum that would be computed again and again get kernels of their own', unnest)
  .and('share-rows', 'sums over rows become sums over shares of the batch', shareRows)
  .and('moot', 'leaves out conditions that hold wherever they are asked', moot)
  .and(
    'even',
    'takes sums of parameters over all positions that any cell of a row takes, where that lets lanes go along the row',
    evenLanes,
  )
  .and(
    'vectorise',
    'chooses what goes along lanes and what makes the rows of a tile, and copies what would be read against the lanes',
    vectorise,
  )
  .and('pack-rows', 'lists where the rows of packed buffers begin', packRows)
  .and(
    'phases',
    'puts kernels in order and together: row by row while a row is in the cache, the rest among threads',
    schedule,
  )
  .and(
    'gather',
    'gives kernels short rows together, and lets those that do not care whose position they compute run over all of them as over one row',
    gather,
  )
  .and('in-place', 'writes new values of states over the old ones, where nobody reads those any more', inPlace)
  .and('panels', 'lays a copy that lanes read for all items in panels, one for each block of them', panels)
  .and('bare', 'leaves alone what conditions rule out, where nobody reads it, instead of clearing it', bare);

/** Code for a machine. */
export const toCode = (machine: Machine, alike: ReadonlyMap<Group, Alike> = new Map()): Passes<Scheduled, Written> =>
  passes<Scheduled, Scheduled>([], (s) => s)
    .and(
      'tile',
      'writes each group of kernels as a function, those that are alike as one: loops over tiles, the last of which overlaps the one before',
      writeFunctions(machine, alike),
    )
    .and('inline', 'writes out functions that few cells ask for', onFunctions(inlineCalls))
    .and('step', 'steps addresses in innermost loops instead of multiplying them anew', onBlocks(stepAddresses))
    .and('sink', 'loads what is loaded just before it is asked for, so that registers suffice', onBlocks(sinkLoads));

/** What is done besides where the machine multiplies and adds in one instruction. */
export const toFusedCode = passes<Written, Written>([], (w) => w).and(
  'multiply-add',
  'fuses products with the sums that they are added to, where the machine does both at once',
  onFunctions(fuseMultiplyAdd),
);

/** All of them in order, as a machine's target lists them. */
export const passesFor = (machine: Machine): readonly PassInfo[] => [
  ...toOrder.list,
  ...toCode(machine).list,
  ...toFusedCode.list,
];
