/** Rows of inputs, each made alone, as the inputs of one batch. */
import type { Data, Manifest, TensorInfo } from '../contract/session.js';
import { rowIn } from '../features.js';
import type { Inputs } from '../job.js';

export const arrays = { f32: Float32Array, i32: Int32Array, bool: Int32Array } as const;

/** Rows one after another; those that do not exist hold 0, and so have no positions. */
const joined = ({ dtype }: TensorInfo, parts: readonly Data[], batch: number): Data => {
  const each = parts[0]!.length;
  const out = new arrays[dtype](each * batch);
  parts.forEach((part, at) => out.set(part, at * each));
  return out;
};

/** The inputs of an entry for a batch of `batch` rows, of which the first exist. At least one row is given. */
export const stacked = (manifest: Manifest, entry: string, rows: readonly Inputs[], batch: number): Inputs =>
  Object.fromEntries(
    (manifest.entries[entry]?.inputs ?? []).flatMap((info): readonly (readonly [string, Data])[] => {
      const { name, axes } = info;
      // What no row gives is missed, with its name, where the entry is called.
      if (rows.some((row) => row[name] === undefined)) return [];
      if (rowIn(manifest, name)?.fill.from === 'missing') return [[name, Int32Array.of(batch - rows.length)]];
      return [
        [
          name,
          axes[0] === 'batch'
            ? joined(
                info,
                rows.map((row) => row[name]!),
                batch,
              )
            : rows[0]![name]!,
        ],
      ];
    }),
  );
