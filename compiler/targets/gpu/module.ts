/** Writes the loop program as one ES module, `kernels.gpu.js`: functions a person can read, and the plan of each entry as data. */
import type { Buffer, Entry, LoopAxis, LoopProgram } from '../../loops/ir.js';
import { deviceKernels } from './device.js';
import { type HelperName, helpers, withCalled } from './helpers.js';
import { writeHost } from './host.js';
import type { Written } from './kernel.js';
import { namer } from './names.js';
import { type Compute, type Invert, place } from './placement.js';

/** Functions of the module by name; entries that need the same function share it. */
interface FunctionPool {
  readonly put: (wanted: string, written: Written) => string;
  readonly texts: readonly string[];
  /** Helper functions that they call. */
  readonly helpers: ReadonlySet<HelperName>;
}

const functionPool = (): FunctionPool => {
  const name = namer();
  const byText = new Map<string, string>();
  const texts: string[] = [];
  const called = new Set<HelperName>();
  return {
    put: (wanted, written) => {
      const key = `${wanted} ${written.text('_')}`;
      const known = byText.get(key);
      if (known !== undefined) return known;
      const fresh = name(wanted);
      byText.set(key, fresh);
      texts.push(written.text(fresh));
      written.helpers.forEach((helper) => called.add(helper));
      return fresh;
    },
    texts,
    helpers: called,
  };
};

const axisData = ({ name, size, ragged, missing }: LoopAxis): unknown => ({
  name,
  size,
  ...(missing === undefined ? {} : { missing }),
  ...(ragged === undefined ? {} : { ragged: { rows: ragged.rows, lengths: ragged.lengths } }),
});
const bufferData = ({ id, name, dtype, role, axes }: Buffer): unknown => ({
  id,
  ...(name === undefined ? {} : { name }),
  dtype,
  role,
  axes: axes.map(axisData),
});

/** Data as JSON, but `run` as the name of a function: `"run": scores`. */
const step = (data: Readonly<Record<string, unknown>>, run?: string): string => {
  const fields = Object.entries(data).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `{ ${[...fields, ...(run === undefined ? [] : [`run: ${run}`])].join(', ')} }`;
};

const list = (items: readonly string[], pad: string): string =>
  items.length === 0 ? '[]' : `[\n${items.map((item) => `${pad}  ${item},\n`).join('')}${pad}]`;

const entryText = (entry: Entry, functions: FunctionPool, advanced: ReadonlySet<string>): string => {
  const { buffers, host } = place(entry, advanced);
  const inverses = new Set(host.flatMap((s) => (s.kind === 'invert' ? [s.output] : [])));
  const hostText = (s: Invert | Compute): string => {
    if (s.kind === 'invert')
      return step({
        kind: s.kind,
        output: s.output,
        index: s.index,
        axes: s.axes.map(axisData),
        targets: s.targets,
        once: s.once,
      });
    const written = writeHost(s.kernel, buffers);
    return step(
      { kind: s.kind, name: s.kernel.name, output: s.kernel.output, args: written.args, once: s.once },
      functions.put(s.kernel.name, written),
    );
  };
  const deviceText = ({ kernel, written }: ReturnType<typeof deviceKernels>[number]): string => {
    const { loop } = kernel;
    const length =
      loop === undefined ? undefined : buffers.get(kernel.output)?.axes.find((a) => a.name === loop.axis)?.size;
    return step(
      {
        name: kernel.name,
        output: kernel.output,
        args: written.args,
        ...(loop === undefined ? {} : { loop: { id: loop.id, length, reverse: loop.reverse } }),
      },
      functions.put(kernel.name, written),
    );
  };
  return [
    '{',
    `      name: ${JSON.stringify(entry.name)},`,
    `      buffers: ${list(
      [...buffers.values()].filter((b) => !inverses.has(b.id)).map((b) => JSON.stringify(bufferData(b))),
      '      ',
    )},`,
    `      host: ${list(host.map(hostText), '      ')},`,
    `      device: ${list(deviceKernels(entry).map(deviceText), '      ')},`,
    `      outputs: ${JSON.stringify(entry.outputs)},`,
    `      updates: ${JSON.stringify(entry.updates)},`,
    '    }',
  ].join('\n');
};

export const emitGpu = (program: LoopProgram): string => {
  const functions = functionPool();
  const advanced = new Set(program.entries.flatMap((entry) => Object.keys(entry.updates)));
  const entries = program.entries.map((entry) => entryText(entry, functions, advanced));
  const used = withCalled(functions.helpers);
  return `/**
 * The kernels of ${program.model} for gpu.js. Each function computes one cell of its result, at this.thread; those marked
 * "On the host" compute integers and random numbers in ordinary loops. \`x / 1\` makes a float of an integer.
 */

${[...used.map((name) => helpers[name]), ...functions.texts].join('\n\n')}

export const program = {
  format: 1,
  model: ${JSON.stringify(program.model)},
  helpers: [${used.join(', ')}],
  entries: [
    ${entries.join(',\n    ')},
  ],
};
`;
};
