/** All that a study has come to: what its page and tables are made of. */
import { seedsOf, type Study } from './declared.js';
import { type Costs, costsOf } from './cost.js';
import { type Example, examplesOf, type Inside, insideOf } from './inside.js';
import { askedOf, cellsOf, type Kept, resultsOf, type Search, searchOf } from './result.js';

export interface Found {
  readonly name: string;
  readonly study: Study;
  readonly results: readonly Kept[];
  readonly costs: Costs | undefined;
  readonly searches: readonly Search[];
  readonly insides: readonly (Inside & { readonly examples: readonly Example[] })[];
}

/** `work`: where examples are looked for. */
export const foundOf = (results: string, name: string, study: Study, work?: string): Found => ({
  name,
  study,
  results: resultsOf(results, name, study),
  costs: costsOf(results, name),
  searches: (study.search?.cells ?? []).flatMap((cell) => searchOf(results, name, study, cell) ?? []),
  insides: cellsOf(results, name, study)
    .filter((cell) => study.inside?.includes(cell.name) === true)
    .flatMap((cell) => {
      const asked = askedOf(name, study, cell, seedsOf(study, cell)[0]!);
      const inside = insideOf(results, asked);
      return inside === undefined ? [] : [{ ...inside, examples: work === undefined ? [] : examplesOf(work, asked) }];
    }),
});
