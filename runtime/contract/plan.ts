/** What the plans of all targets say of axes and buffers, as the loop programs do that they are made of. */

/** A number, or a symbol bound at start. */
export type Size = number | string;

export interface PlanAxis {
  readonly name: string;
  /** The number of positions, or their bound where the axis is ragged. */
  readonly size: Size;
  /** A ragged axis: the i32 buffer with one length for each position of the axis `rows`. */
  readonly ragged?: { readonly rows: string; readonly lengths: string };
  /** The i32 input without axes that says how many of the last positions do not exist. */
  readonly missing?: string;
}

export interface PlanBuffer {
  readonly id: string;
  /** What the model calls it, where programs call it otherwise (compiler/loops/names.ts): sessions are asked by this name. */
  readonly name?: string;
  readonly dtype: 'f32' | 'i32' | 'bool';
  /** Outermost first, as the session's caller sees them. */
  readonly axes: readonly PlanAxis[];
  /**
   * input: given at each run. state: a parameter or optimizer slot, kept from run to run. temp: lives within one run.
   * output: handed back.
   */
  readonly role: 'input' | 'state' | 'temp' | 'output';
}

/** What a session's caller calls a buffer. */
export const calledBy = ({ id, name }: Pick<PlanBuffer, 'id' | 'name'>): string => name ?? id;

/** Inputs that a caller gives by their names, by the ids that programs have for them. */
export const inputsById = <A>(
  buffers: readonly Pick<PlanBuffer, 'id' | 'name' | 'role'>[],
  given: Readonly<Record<string, A>>,
): Readonly<Record<string, A>> => {
  const renamed = buffers.filter((b) => b.role === 'input' && b.name !== undefined && given[b.name] !== undefined);
  return renamed.length === 0
    ? given
    : { ...given, ...Object.fromEntries(renamed.map((b) => [b.id, given[b.name!]!])) };
};
