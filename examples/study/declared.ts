/** What a study says of itself: cells, each a row of a table, and what is asked of them beyond training. `grid.ts` declares some. */
import type { CompareOptions } from '../../runtime/compare/plan.js';

/** A model as `pcrec-compare` names it, or the file of a control beside this one, and settings of its own. */
export interface Cell {
  readonly name: string;
  readonly model: string;
  readonly set?: readonly string[];
  /** Trained with these seeds; the study's own unless given. */
  readonly seeds?: readonly number[];
  /** Tested again with so many steps of inference, without further training. */
  readonly steps?: readonly number[];
  /** Tested again under each of these settings (`name=value`), which change no parameter. */
  readonly again?: readonly string[];
  /** Trained on this share of the users, drawn by the seed, a smaller share among a larger; tested on all users. */
  readonly share?: number;
  /** Not trained: parameters are those that this cell's run ended with, by their names, and what it has not is as it starts. */
  readonly after?: string;
  /** Its settings are those that the search of this cell found: it waits for them. */
  readonly tuned?: string;
}

/** A line of a plot: what it is called, and a cell for each place along the axis; words stand in their order, as far from one another. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number | string; readonly cell: string }[];
}

/** What a table is about; the cells in the order of its rows, some perhaps under a setting that they were tested again with: `pcrec with steps=0`. */
export interface Table {
  readonly title: string;
  readonly says: string;
  readonly cells: readonly string[];
  /** The cell that the others are tested against, user by user. */
  readonly against: string;
  /** Another that they are tested against, too. */
  readonly also?: string;
  /** Its figures along an axis, where its cells lie along one. */
  readonly plot?: { readonly x: string; readonly lines: readonly Line[] };
}

/** A search of equal size for each of some cells: points of one space, successive halving, chosen on validation. */
export interface Searching {
  readonly cells: readonly string[];
  /** As `trainer.js search` takes it. */
  readonly space: string;
  readonly trials: number;
  readonly epochs: number;
  readonly seed: number;
}

export interface Study {
  readonly data: string;
  /** A file of what is known of its items, titles and perhaps categories, and which of its columns are what where they do not say. */
  readonly about?: { readonly file: string; readonly columns?: string };
  /** How the data are read and what a run is, alike for all cells. */
  readonly options: Omit<CompareOptions, 'data' | 'models' | 'seeds' | 'set' | 'out'>;
  /** Hyperparameters of all models. */
  readonly set: readonly string[];
  readonly seeds: readonly number[];
  readonly cells: readonly Cell[];
  readonly tables: readonly Table[];
  /** The name of the data in `published.ts`, where others have figures of them. */
  readonly published?: string;
  readonly search?: Searching;
  /** Cells that are measured for what they cost: the paper's Table 4. */
  readonly cost?: readonly string[];
  /** Cells whose inference is looked into, by the run of the first seed. */
  readonly inside?: readonly string[];
}

/** A data set at hand, for Table 1: what the paper calls it, its file, and which column is what where the file does not say. */
export interface Shelf {
  readonly name: string;
  readonly file: string;
  readonly columns?: string;
}

export const seedsOf = (study: Study, cell: Cell): readonly number[] => cell.seeds ?? study.seeds;
