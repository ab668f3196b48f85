/**
 * The program `explain` takes a third of a compile's time and few ask for it. So a folder carries what it is made of, the scores as the model
 * made them, and it is made of that when somebody first asks: neither the model file nor its settings are needed then.
 */
import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { EntryInfo } from '../runtime/contract/session.js';
import { entryInfo, explanationOf } from './compile.js';
import type { Explainable } from './compiled.js';
import type { Diagnostics } from './diagnostics.js';
import type { Provenance, ProvenanceOf } from './frontend/index.js';
import { interner } from './graph.js';
import type { LoopProgram } from './loops/ir.js';
import { withPlainNames } from './loops/names.js';
import { pack, unpack } from './packed.js';

export const explainableText = ({ origins, ...explainable }: Explainable): string => pack(explainable, origins);

export interface Explaining {
  readonly loops: LoopProgram;
  readonly entry: EntryInfo;
}

/** Of what `explainableText` wrote. Left: what the passes refuse. */
export const explainingOf = (text: string): Either<Diagnostics, Explaining> => {
  const origins: ProvenanceOf = new WeakMap();
  const read = unpack(text, (of, what) => origins.set(of as never, what as Provenance)) as Omit<Explainable, 'origins'>;
  return pipe(
    explanationOf({ ...read, origins }, { updates: {}, interned: interner(), origins }),
    map((entry) => ({
      loops: withPlainNames({ model: read.model, entries: [entry] }),
      entry: entryInfo(entry),
    })),
  );
};
