/** The search of a cell: the same budget for each, points of one space chosen on validation; what it found, as a small file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { load } from '../../runtime/data/index.js';
import { machine } from '../../runtime/report/provenance.js';
import type { SearchListener } from '../../runtime/search/events.js';
import { folderOf, orThrow } from './carried.js';
import { compiledIn, type Place } from './readied.js';
import { type Search, searchFormat } from './result.js';

export interface SearchPlace extends Place {
  readonly tell: SearchListener;
}

/** Undefined where the signal came first: the same again goes on. Throws a sentence. */
export const performSearch = async (asked: Search['asked'], place: SearchPlace): Promise<Search | undefined> => {
  const { source, work, threads, signal, tell, command } = place;
  const { model, options, search } = asked;
  const began = performance.now();
  const out = `${folderOf(work, asked.study, asked.cell)}.search`;
  const trainer = await compiledIn(out, asked, place);
  if (trainer === undefined) return undefined;
  const { found } = await trainer.search({
    space: search.space,
    trials: search.trials,
    epochs: search.epochs,
    seed: search.seed,
    batch: options.batch,
    data: source,
    device: options.device,
    threads,
    model: existsSync(model) ? model : undefined,
    out: join(out, 'trials-of-the-search'),
    signal,
    listen: tell,
  });
  if (found === null) return undefined;
  return {
    format: searchFormat,
    asked,
    hashes: { data: orThrow(await load(source, {})).hash },
    rungs: found.rungs,
    trials: found.trials.map(({ point, rung, epochs, best, value }) => ({
      set: Object.entries(point).map(([name, of]) => `${name}=${of}`),
      rung,
      epochs,
      best,
      value,
    })),
    // Of the last sitting, where it was interrupted.
    seconds: Math.round((performance.now() - began) / 1000),
    machine: Object.fromEntries(machine()),
    command,
  };
};
