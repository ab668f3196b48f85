/** Looking at data before anything learns from them, as a model would read them. */
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from './contract/compiled.js';
import { newSettings } from './contract/settings.js';
import { inspect, type Inspection, inspectionText, readingSays, summary } from './data/index.js';
import type { InspectOptions } from './options.js';
import { partsOf } from './parts.js';
import { dataOf } from './source.js';

/** What was found, and how the file was understood, in sentences. */
export interface Inspected extends Inspection {
  readonly reading: readonly string[];
}

/** Reads data and looks at them; no model is opened. Left: as for `train`. */
export const inspectData =
  ({ manifest }: Pick<CompiledModel, 'manifest'>) =>
  (options: InspectOptions): TaskEither<string, Inspected> =>
    pipe(
      TE.Do,
      TE.bind('settings', () => TE.fromEither(newSettings(manifest, {}))),
      TE.bind('loaded', () => dataOf(manifest, options, undefined)),
      TE.bind('parts', ({ settings, loaded: { data, identity } }) => partsOf(data, identity, settings, options.split)),
      TE.map(({ loaded: { data }, parts }) => {
        const found = inspect(parts.split, manifest.length);
        return {
          ...found,
          reading: [...readingSays(data), ...parts.says],
          warnings: [...(data.reading?.warns ?? []), ...found.warnings],
        };
      }),
    );

export const inspectedText = (of: Inspected): string =>
  [...of.reading, `${summary(of.statistics)}.`, inspectionText(of)].join('\n');
