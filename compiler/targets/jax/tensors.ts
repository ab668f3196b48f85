/** What a module says of its arrays: names of axes, sizes, element types, and how states begin. */
import { type Axis, bound } from '../../../dsl/axis.js';
import type { DType } from '../../../dsl/scalar.js';
import type { StateInfo } from '../../../runtime/contract/session.js';
import type { Cut } from './cut.js';
import { quoted, tuple } from './piece.js';

/** Symbols of sizes that may be more than there are, so that devices divide them: rows of item tables. */
export const missing = { items: 'items.missing' } as const;

/** An axis as it ends where its positions lie on several devices. */
export const asPlaced = (axis: Axis): Axis => {
  const { extent } = axis;
  const partial = extent.kind === 'fixed' && extent.missing === undefined && extent.size in missing;
  return partial ? { ...axis, extent: { ...extent, missing: missing.items } } : axis;
};

const numpy: { readonly [D in DType | 'u32']: string } = { f32: 'float32', i32: 'int32', u32: 'uint32', bool: 'bool' };

export interface Described {
  readonly name: string;
  readonly dtype: DType | 'u32';
  readonly axes: readonly string[];
  readonly shape: readonly (number | string)[];
}
export const described = (
  name: string,
  dtype: Described['dtype'],
  axes: readonly Axis[],
  cut: Cut = new Map(),
): Described => ({
  name,
  dtype,
  axes: axes.map((a) => a.name),
  shape: axes.map((a) => cut.get(a.name) ?? bound(a)),
});

/** JSON that Python reads as its own. */
export const python = (value: unknown): string =>
  value === null
    ? 'None'
    : typeof value === 'boolean'
      ? value
        ? 'True'
        : 'False'
      : Array.isArray(value)
        ? `[${value.map(python).join(', ')}]`
        : typeof value === 'object'
          ? `{${Object.entries(value)
              .map(([k, v]) => `${quoted(k)}: ${python(v)}`)
              .join(', ')}}`
          : JSON.stringify(value);

const arrayText = ({ axes, shape, dtype }: Described, more = ''): string =>
  `Tensor(${tuple(axes.map(quoted)).replace('(, )', '()')}, ${tuple(shape.map(python))}, ${quoted(numpy[dtype])}${more})`;

const rows = (lines: readonly string[], indent: string): string =>
  lines.length === 0 ? '{}' : `{\n${lines.map((l) => `${indent}    ${l},\n`).join('')}${indent}}`;

/** States as assignments, `STATE` the last: parameters, to each of which the optimizer's slots are added, and what data give. */
export const statesText = (states: readonly StateInfo[]): string => {
  const own = states.filter((s) => s.role !== 'slot');
  // Of `a` and `a.b`, the slot `a.b.m` is the second's.
  const owners = states
    .filter((s) => s.role === 'slot')
    .map((slot) => {
      const [owner] = own
        .filter((s) => slot.name.startsWith(`${s.name}.`))
        .sort((a, b) => b.name.length - a.name.length);
      return { owner: owner!, slot: slot.name.slice(owner!.name.length + 1) };
    });
  const trained = new Set(owners.map(({ owner }) => owner));
  const still = own.filter((s) => !trained.has(s));
  const told = (of: Iterable<StateInfo>): string =>
    rows(
      Array.from(of, (s) => `${quoted(s.name)}: ${arrayText(s, `, ${quoted(s.role)}, ${python(s.init)}`)}`),
      '',
    );
  return [
    '# What is trained.',
    `TRAINED = ${told(trained)}`,
    ...(still.length === 0 ? [] : ['# What training leaves as it is.', `STILL = ${told(still)}`]),
    '# What the optimizer keeps of each parameter, zeros at first.',
    `SLOTS = ${tuple([...new Set(owners.map(({ slot }) => quoted(slot)))])}`,
    '# What a checkpoint holds, and a step reads and returns.',
    `STATE = dict(sorted((TRAINED${still.length === 0 ? '' : ' | STILL'} | kept_of(TRAINED, SLOTS)).items()))`,
  ].join('\n');
};
export const inputsText = (entries: Readonly<Record<string, readonly Described[]>>): string =>
  rows(
    Object.entries(entries).map(
      ([entry, tensors]) =>
        `${quoted(entry)}: ${rows(
          tensors.map((t) => `${quoted(t.name)}: ${arrayText(t)}`),
          '    ',
        )}`,
    ),
    '',
  );
