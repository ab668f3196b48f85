/** What is known of an entry while its kernels are rewritten and written. */
import type { Intern } from '../loops/intern.js';
import type { Layout } from './layout.js';

export interface World {
  readonly layouts: ReadonlyMap<string, Layout>;
  readonly intern: Intern;
  /** The place of each key's stream of random numbers. */
  readonly streams: ReadonlyMap<string, number>;
  /** The axis whose positions are independent of one another and go to threads: the users of a batch. */
  readonly rowsAxis: string;
  /** The loop that computes a buffer, where one does. */
  readonly loops: ReadonlyMap<string, number>;
  /** What a buffer or a kernel is called in the module, where entries stand side by side. */
  readonly name: (id: string) => string;
  /** The state in whose place a buffer is, where it has none of its own. */
  readonly places: ReadonlyMap<string, string>;
}

/** The buffer of random streams. */
export const streamsId = 'streams';
