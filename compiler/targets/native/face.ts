/**
 * The face for programs that are not JavaScript: `model.h`, and `score.c`, which is compiled and linked with nothing else. What the
 * runtime does with a plan, `score.c` does with tables of it, on one thread.
 */
import { countedRows, type PlanBuffer, type PlanEntry } from '../../../runtime/contract/cpu-plan.js';
import { calledBy, type Size } from '../../../runtime/contract/plan.js';
import { engine } from './engine.js';
import { plain } from './names.js';
import type { NativeText } from './module.js';

const quoted = (text: string): string => JSON.stringify(text);
const list = (items: readonly (string | number)[]): string =>
  items.length === 0 ? '{ 0 }' : `{ ${items.join(', ')} }`;

/** The entry that gives scores, where it asks for nothing that only the runtime has: random numbers, or lists of positions. */
export const scoring = ({ plan, drawing }: NativeText): PlanEntry | undefined =>
  plan.entries.find(
    (e) =>
      e.name === 'score' &&
      e.outputs['scores'] !== undefined &&
      !drawing.has(e.name) &&
      e.missing === undefined &&
      e.phases.every((p) => p.inverses.length === 0),
  );

interface Tables {
  readonly entry: PlanEntry;
  /** The number of a buffer in the table, and of a symbol of sizes. */
  readonly buffer: (id: string) => number;
  readonly symbol: (size: Size) => number;
}

const axisText = ({ size, ragged }: PlanBuffer['axes'][number], { buffer, symbol }: Tables): string =>
  `{ ${typeof size === 'number' ? size : 0}, ${typeof size === 'number' ? -1 : symbol(size)}, ${ragged === undefined ? -1 : buffer(ragged.lengths)} }`;

const roles: { readonly [R in PlanBuffer['role']]: string } = {
  input: 'INPUT',
  state: 'STATE',
  temp: 'OTHER',
  output: 'OTHER',
};

const bufferText = (b: PlanBuffer, tables: Tables, field: (global: string) => number): string => {
  const packed = b.rows !== undefined && b.rows.lengths.length > 0;
  const cells =
    b.cells === undefined
      ? '{ 0 }, 0'
      : `${list(b.cells.sizes.map((s) => (typeof s === 'number' ? s : -1 - tables.symbol(s))))}, ${b.cells.more}`;
  return `  { ${[
    quoted(calledBy(b)),
    roles[b.role],
    field(b.global.slice(1)),
    b.axes.length,
    `{ ${b.axes.length === 0 ? '{ 0 }' : b.axes.map((a) => axisText(a, tables)).join(', ')} }`,
    b.rows?.at ?? -1,
    packed ? 1 : 0,
    b.inner.length,
    list(b.inner),
    b.pitch ?? 0,
    b.local ? (b.together ?? 1) : 0,
    b.cells === undefined ? -1 : b.cells.sizes.length,
    cells,
  ].join(', ')} },`;
};

const valueType = ({ dtype }: PlanBuffer): string => (dtype === 'f32' ? 'float' : 'int');
const axesText = ({ axes }: PlanBuffer): string => axes.map(({ size }) => `[${size}]`).join('');

const inputsOf = (entry: PlanEntry): readonly PlanBuffer[] => entry.buffers.filter((b) => b.role === 'input');
const outputOf = (entry: PlanEntry): PlanBuffer => entry.buffers.find((b) => b.id === entry.outputs['scores'])!;

/** Positions of the longest row of an input. */
const lengthOf = (entry: PlanEntry): number =>
  Math.max(
    1,
    ...inputsOf(entry).flatMap((b) =>
      b.axes.flatMap((a) => (a.ragged !== undefined && typeof a.size === 'number' ? [a.size] : [])),
    ),
  );

const scoreHead = (entry: PlanEntry): string =>
  `int model_score(struct model *m, ${inputsOf(entry)
    .map((b) => `const ${valueType(b)} *${plain(calledBy(b))}`)
    .join(', ')}, float *scores)`;

export const headerOf = (
  model: string,
  entry: PlanEntry,
): string => `// The trained model ${model}, for programs in C and whatever calls C. Compile score.c and link nothing else:
//
//   cc -O2 -march=native -std=gnu11 -ffp-contract=off -fwrapv -fPIC -shared -o libmodel.so score.c -lm
#ifndef PCREC_MODEL_H
#define PCREC_MODEL_H
#ifdef __cplusplus
extern "C" {
#endif

struct model;

// Opens a checkpoint that the model's trainer wrote (best.safetensors), for batches of so many users. Null where that fails;
// model_error() then tells why. A model is for one thread at a time.
struct model *model_open(const char *checkpoint, int batch);
const char *model_error(void);
// The longest history that is read.
int model_length(void);
// Items that the model knows. Below, an item is its place in the checkpoint's list: the metadata "items".
int model_items(const struct model *m);
// The scores of all items for each user; the higher, the likelier next. Arrays are row by row:
${inputsOf(entry)
  .map((b) => `//   ${valueType(b)} ${plain(calledBy(b))}${axesText(b)}`)
  .join('\n')}
//   float scores${axesText(outputOf(entry))}
// Of a user's items the oldest comes first; what lies beyond the length is not read. A length is no less than 0 and no more than
// its axis has. 0 is success, anything else a length that is not so.
${scoreHead(entry)};
void model_close(struct model *m);

#ifdef __cplusplus
}
#endif
#endif
`;

/** Every symbol of a size: those that kernels read first, as `struct memory` has them. */
const symbolsOf = ({ linkage }: NativeText, entry: PlanEntry): readonly string[] => [
  ...new Set(
    [
      ...linkage.sizes,
      'chunks',
      ...entry.buffers.flatMap((b) => [...b.axes.map((a) => a.size), ...(b.cells?.sizes ?? [])]),
      entry.rowsAxis,
    ].filter((s): s is string => typeof s === 'string'),
  ),
];

export const faceOf = (text: NativeText, entry: PlanEntry): string => {
  const { plan, linkage, kernel } = text;
  const symbols = symbolsOf(text, entry);
  const numbers = new Map(entry.buffers.map((b, i) => [b.id, i]));
  const tables: Tables = { entry, buffer: (id) => numbers.get(id)!, symbol: (size) => symbols.indexOf(`${size}`) };
  const phases = entry.phases.flatMap((p) => [
    ...(p.together === undefined ? [] : [`  { ROWS, ${kernel(p.together)}, ${countedRows(p) ?? 0} },`]),
    ...p.grids.map(
      (j) =>
        `  { GRID, ${kernel(j.run)}, ${j.task === null ? 1 : typeof j.task === 'number' ? j.task : -1 - tables.symbol(j.task)} },`,
    ),
  ]);
  const inputs = inputsOf(entry);
  return `// The scores of ${plan.model} as model.h has them.
#include "model.c"
#include "model.h"

enum role { INPUT, STATE, OTHER };
enum { RANK = ${Math.max(1, ...entry.buffers.map((b) => b.axes.length))}, SHARES = 32, SYMBOLS = ${symbols.length}, BATCH = ${tables.symbol(entry.rowsAxis ?? 'batch')}, CHUNKS = ${tables.symbol('chunks')}, ITEMS = ${tables.symbol('items')} };
${engine.types}
static const struct buffer table[] = {
${entry.buffers.map((b) => bufferText(b, tables, (global) => linkage.buffers.indexOf(global))).join('\n')}
};
// Prefix sums of the rows' sizes: where they are kept, and the lengths whose product a size is.
static const struct packing packings[] = {
${entry.packings.map((p) => `  { ${tables.buffer(p.id)}, ${p.lengths.length}, ${list(p.lengths.map(tables.buffer))} },`).join('\n')}
  { -1, 0, { 0 } },
};
static const struct phase phases[] = {
${phases.join('\n')}
  { END, 0, 0 },
};
static const char *const symbols[] = { ${symbols.map(quoted).join(', ')} };
${engine.functions}
int model_length(void) { return ${lengthOf(entry)}; }

${scoreHead(entry)} {
  const void *given[] = { ${inputs.map((b) => plain(calledBy(b))).join(', ')} };
  return score(m, given, ${tables.buffer(outputOf(entry).id)}, scores);
}
`;
};
