/** What WebAssembly cannot hold, said before anything is emitted. */
import { type Diagnostic, error } from '../diagnostics.js';
import type { LoopProgram } from '../loops/ir.js';
import { leastCells } from '../loops/limits.js';

/** Addresses have 32 bits. */
const addressed = 2 ** 32;

/** States are kept side by side; beside them lies, at some time, each other array, unless it is written over a state. */
export const checkCpu = ({ entries }: LoopProgram): readonly Diagnostic[] => {
  const states = new Map(
    entries.flatMap((e) => e.buffers.filter((b) => b.role === 'state').map((b) => [b.id, b] as const)),
  );
  const updated = new Set(entries.flatMap((e) => Object.values(e.updates)));
  const others = entries.flatMap((e) => e.buffers).filter((b) => b.role !== 'state' && !updated.has(b.id));
  const bytes = (b: (typeof others)[number]): number => 4 * leastCells(b.axes);
  const kept = [...states.values()].reduce((n, b) => n + bytes(b), 0);
  const largest = others.reduce<(typeof others)[number] | undefined>(
    (most, b) => (most === undefined || bytes(b) > bytes(most) ? b : most),
    undefined,
  );
  const beside = largest === undefined ? 0 : bytes(largest);
  if (kept + beside < addressed) return [];
  const gib = (n: number): string => `${(n / 2 ** 30).toFixed(1)} GiB`;
  const source = entries.flatMap((e) => e.kernels).find((k) => k.output === largest?.id)?.source;
  return [
    error(
      'PC6002',
      `WebAssembly addresses 4 GiB, and one row of this model takes ${gib(kept + beside)}: ${gib(kept)} of parameters and their slots, ${gib(beside)} of '${largest?.id ?? ''}'`,
      source,
      'make axes shorter, or compile with --target gpu',
    ),
  ];
};
