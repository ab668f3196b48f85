import { isLeft } from 'fp-ts/lib/Either.js';
import type { Node } from '../../../dsl/node.js';
import { inTurn, type Json, type Part } from '../part.js';
import { findWebGpu } from '../../../runtime/devices/webgpu.js';
import { nodeText } from '../../generators/expressions.js';
import { type Case, environmentOf, generate, outputsOf, smallerSizes } from './case.js';
import { fromData, type GraphData, smallerGraphs, toData } from './graph.js';
import { judge, judgeOnGpu } from './judge.js';

/** A multiple of the number of sources, so that each chunk has as many scans. */
const CHUNK = 54;

function* smaller(of: Case): Generator<Case> {
  if (of.order > 0) for (const order of [0, 1, 2] as const) if (order < of.order) yield { ...of, order };
  yield* smallerSizes(of);
  for (const roots of smallerGraphs(of.roots)) yield { ...of, roots };
}

/** All that is computed, or the roots alone where their derivatives cannot even be written down. */
const computed = (of: Case): readonly Node[] => {
  try {
    return Object.values(outputsOf(of));
  } catch {
    return of.roots;
  }
};

export const programs: Part<Case> = {
  name: 'programs',
  chunk: CHUNK,
  generate: (settings, index) => generate(settings, index, CHUNK),
  check: judge,
  smaller,
  save: (of) => ({ ...of, roots: toData(of.roots) }) as unknown as Json,
  load: (saved) => {
    const data = saved as unknown as Omit<Case, 'roots'> & { readonly roots: GraphData };
    return { ...data, roots: fromData(data.roots) };
  },
  text: (of) => {
    const { inputs, params } = environmentOf(of, computed(of));
    return [
      ...of.roots.map((r) => `${nodeText(r)} : ${r.dtype}[${r.axes.map((a) => a.name).join(' ')}]`),
      `sizes ${JSON.stringify(of.sizes)}, lengths ${of.lengths.join(' ')}, ${of.missing} rows missing, derivatives to order ${of.order}`,
      ...Object.entries({ ...inputs, ...params }).map(
        ([name, values]) => `${name} = ${Array.from(values).slice(0, 40).join(' ')}`,
      ),
    ];
  },
};

/** The same on the GPU of this machine, which takes a moment to compile each: fewer at a time, a multiple of the sources as well. */
const FEW = 9;
export const webgpu: Part<Case> = {
  ...programs,
  name: 'webgpu',
  chunk: FEW,
  isAsked: true,
  prepare: async () => {
    const found = await findWebGpu(true);
    if (isLeft(found)) throw new Error(found.left);
  },
  generate: (settings, index) => generate(settings, index, FEW),
  check: inTurn(judgeOnGpu),
};
