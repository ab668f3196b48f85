/** A request as a row of inputs. Browsers use this too: it knows nothing of Node. */
import type { InputRow } from './contract/batch.js';
import { type Columns, filled, nothingSeen } from './data/fill.js';
import type { Inputs } from './job.js';
import type { Past } from './past.js';

/** A past as columns of events, and of the event that is asked for what a request knows: its `requests` have one more. Without a moment it comes with the last event. */
const asColumns = ({ items, times, features, requests }: Past, at: number | null): Columns => ({
  items: new Int32Array(items),
  times: times && Float64Array.from([...times, at ?? times.at(-1) ?? 0]),
  ...(features === undefined ? {} : { features }),
  ...(requests === undefined ? {} : { requests }),
});

/**
 * The inputs of a request that comes at `at`, in the seconds of the past's times. Without times the whole past, and the request,
 * are of one moment.
 */
export const row = (past: Past, length: number, at: number | null, more?: readonly InputRow[]): Inputs => {
  const end = past.items.length;
  return filled(
    'score',
    {
      columns: asColumns(past, at),
      starts: Int32Array.of(Math.max(0, end - length)),
      ends: Int32Array.of(end),
      batch: 1,
      length,
      seen: nothingSeen,
      ...(past.about === undefined ? {} : { users: { codes: Int32Array.of(0), features: past.about } }),
    },
    more,
  );
};
