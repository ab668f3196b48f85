/** One evaluation: the states on the device against a part of the data, beside rankings by counts, and the figures that are asked for. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { seenVisitor, type Split } from './data/split.js';
import { evaluate, type Judge, listsOf } from './evaluation.js';
import type { Evaluation, Part } from './events.js';
import { type Baseline, chain, counts, popular } from './measures/baselines.js';
import { type Contender, type FigureOptions, figuresOf } from './measures/figures.js';
import { type Lists, listOf, together } from './measures/lists.js';
import { metrics } from './metrics.js';
import { best, type Progress } from './progress.js';
import { type LabelFigures, labelled, labelTable } from './telling.js';

/** The figures that are asked for besides those of every evaluation. */
export interface Wish extends FigureOptions {
  /** Figures of lists too, for which the model scores all items once more. */
  readonly lists: boolean;
}

/** An evaluation, and the ranks that it is made of. */
export interface Judged {
  readonly found: Evaluation;
  readonly ranks: Float32Array;
}

/** The lists of a baseline, as `listsOf` gives those of a model. */
export const baselineLists = (split: Split, part: Part, { scores }: Baseline, top: number): Lists => {
  const visit = seenVisitor(split, part);
  const lists = Array.from(split.held[part].users, (_, question) => {
    const own = scores(part, question);
    const seen: number[] = [];
    visit(question, (item) => void seen.push(item));
    return listOf(own, seen, top);
  });
  return together(lists);
};

/** How many wanted items training never met, and the median of their ranks. */
const unmetOf = (split: Split, part: Part, ranks: Float32Array): Evaluation['unmet'] => {
  const count = counts(split);
  const found = ranks.filter((_, row) => count[split.held[part].wanted[row]!] === 0).sort();
  return found.length === 0 ? undefined : { wanted: found.length, rank: found[found.length >> 1]! };
};

const stopped = 'The evaluation was interrupted.';

/**
 * Judges the states on the device. A model that predicts a label is judged by it, and ranks only where that is asked for: what is liked
 * is not what comes next, and a rank takes a pass through it for each item. Left also when the signal aborts it.
 */
export const judge = (
  job: Judge,
  part: Part,
  progress: Progress,
  wish?: Wish,
  ranking: boolean = job.manifest.label === undefined || wish !== undefined,
): TaskEither<string, Judged> => {
  const { split } = job.feed;
  const top = wish?.lists === true ? Math.max(...wish.cutoffs) : 0;
  const baselines = { popularity: popular(split), markov: chain(split) };
  const measured = (ranks: ArrayLike<number>) => (ranking ? metrics(ranks, split.held[part].starts) : metrics([]));
  return pipe(
    TE.Do,
    TE.bind('ranks', () =>
      ranking ? pipe(() => evaluate(job, part), TE.chain(TE.fromNullable(stopped))) : TE.right(new Float32Array(0)),
    ),
    TE.bind('label', (): TaskEither<string, LabelFigures | undefined> =>
      job.manifest.label === undefined
        ? TE.right(undefined)
        : pipe(
            labelled(job, part),
            TE.chain((label) => TE.fromEither(E.fromNullable(stopped)(label))),
          ),
    ),
    TE.bind('lists', (): TaskEither<string, Lists | undefined> =>
      top === 0
        ? TE.right(undefined)
        : pipe(
            () => listsOf(job, part, top),
            TE.chain((lists) => TE.fromEither(E.fromNullable(stopped)(lists))),
          ),
    ),
    TE.map(({ ranks, label, lists }) => {
      const counted = Object.entries(baselines).map(([of, baseline]): Contender => ({
        of,
        ranks: ranking ? baseline.ranks(part) : [],
        lists: lists && baselineLists(split, part, baseline, top),
      }));
      const unmet = unmetOf(split, part, ranks);
      const [popularity, markov] = counted.map((contender) => measured(contender.ranks));
      return {
        ranks,
        found: {
          part,
          protocol: job.settings.protocol,
          epoch: best(progress)?.epoch ?? progress.epoch,
          step: best(progress)?.step ?? progress.step,
          users: split.held[part].users.length,
          model: measured(ranks),
          popularity: popularity!,
          markov: markov!,
          ...(unmet === undefined ? {} : { unmet }),
          ...(label === undefined ? {} : { label }),
          ...(wish === undefined
            ? {}
            : {
                figures: [
                  ...figuresOf(split, part, [{ of: 'model', ranks, lists }, ...counted], wish),
                  ...(label === undefined ? [] : labelTable(label)),
                ],
              }),
        },
      };
    }),
  );
};
