/** What buffers and functions of an entry are called in code. */
import type { Entry } from '../loops/ir.js';
import type { Group } from './job.js';
import { streamsId, type World } from './world.js';

const plain = (name: string): string => name.replace(/[^A-Za-z0-9_.]/g, '_');

/** Entries stand side by side in one module: what is theirs alone is called after them; states are shared. */
export const nameIn = (entry: Entry): ((id: string) => string) => {
  const shared = new Set([streamsId, ...entry.buffers.filter((b) => b.role === 'state').map((b) => b.id)]);
  return (id) => (shared.has(id) ? plain(id) : `${entry.name}.${plain(id)}`);
};

/** The exported function of a loop computes all positions of one row. */
export const loopName = (group: Group): string => `${group[0].name}.loop`;
/** The function that computes a group. */
export const runOf = (g: Group, { name }: World): string => name(g[0].loop === undefined ? g[0].name : loopName(g));
/** The function that computes all groups of a phase's rows. */
export const togetherOf = (phase: number, { name }: Entry): string => `${name}.rows.${phase + 1}`;
