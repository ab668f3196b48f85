/** What a person may ask for. The command line and the importable functions share these names; `taken.ts` says the kind of each, `checked.ts` checks them. */
import type { DeviceName } from './contract/compiled.js';
import type { LoadOptions } from './data/index.js';
import type { About } from './about.js';
import type { RequestVector } from './asking.js';
import type { Names } from './candidates.js';
import type { Listener } from './events.js';
import type { History } from './past.js';
import type { Wish } from './judging.js';
import type { OwnMeasure } from './measures/figures.js';
import type { SearchListener } from './search/events.js';
import type { Protocol } from './contract/settings.js';

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Which data, and how they are to be read. */
export type DataOptions = LoadOptions &
  Maybe<{
    /** A file of interactions, or `sample` for the generated one. */
    data: string;
  }>;

/** Where to compute. */
export type DeviceOptions = Maybe<{
  device: DeviceName | 'auto';
  /** Threads of the devices `native` and `wasm`; a core each, unless given. */
  threads: number;
}>;

/** Stops a run from outside, and listens to it. */
export type RunOptions = Maybe<{ signal: AbortSignal; listen: Listener }>;

/** What `train` takes: the command's options in camel case, and a signal. */
export type TrainOptions = DataOptions &
  DeviceOptions &
  RunOptions &
  Maybe<{
    epochs: number;
    batch: number;
    seed: number;
    /** Epochs without a better validation NDCG@10 before stopping. */
    patience: number;
    protocol: Protocol;
    /** What is held out: `leave-one-out`, `last:3`, `time:0.9`, `time:2019-05-01`, `user:0.1`, or a file that a split was written to. */
    split: string;
    /** Everything, holding nothing out: for a model that goes to work, after its epochs were chosen. There are no figures then. */
    trainOn: 'all';
    /** A checkpoint of the same model to go on from, on these data: its items keep what was learned of them, new ones join. */
    from: string;
    /** A checkpoint of the same model, trained on other data, to begin with: what it learned of no item or word of its own. */
    transfer: string;
    /** The folder of checkpoints and metrics; `runs/<model>` unless given. */
    out: string;
    /** Go on from the last checkpoint in `out`, bit for bit. */
    resume: boolean;
    /** A checkpoint after so many steps or seconds, whichever comes first, besides the one at each epoch's end. */
    checkpointSteps: number;
    checkpointSeconds: number;
    /** False: the test is left alone, for what is chosen among others; there is no report then. */
    test: boolean;
    /** Event files for TensorBoard in `out`. */
    tensorboard: boolean;
    /** A file for all epochs and the test, as CSV. */
    csv: string;
  }>;

/** What `evaluate` takes: the command's options in camel case, and a signal. */
export type EvaluateOptions = DataOptions &
  DeviceOptions &
  RunOptions &
  Maybe<{
    out: string;
    /** `<out>/best.safetensors` unless given. */
    checkpoint: string;
    part: 'validation' | 'test';
    batch: number;
    /** Apart as well: targets that training met, and those that it never saw. */
    cold: boolean;
    /** As if nothing had been asked before the held-out events, for models that read what is asked. */
    withoutRequests: boolean;
    /** Where the file of the training's split now is. */
    split: string;
    /** HR, Recall, NDCG, MRR and MAP of lists of these lengths; 10 and 50 where other figures are asked for. */
    cutoffs: readonly number[];
    /** By length of history and popularity of item too. */
    buckets: boolean;
    /** Coverage, novelty, popularity, repeats and diversity of the lists too. */
    lists: boolean;
    /** A file for all figures, as CSV. */
    csv: string;
    /** Other hyperparameters than those of the training, `name=value`, which may change no parameter: the model is compiled anew. */
    set: readonly string[];
    /** The model's file, where `set` does not find it. */
    model: string;
    /** Measures of one's own, by name: a mean over what they make of each answer. */
    measures: Readonly<Record<string, OwnMeasure>>;
  }>;

export type InspectOptions = DataOptions & Maybe<{ split: string }>;

export type ProfileOptions = DataOptions & DeviceOptions & Maybe<{ batch: number; seed: number }>;

/** What a recommender needs before anything is asked of it. */
export type RecommenderOptions = DataOptions &
  DeviceOptions &
  Maybe<{
    out: string;
    /** `<out>/best.safetensors` unless given. */
    checkpoint: string;
  }>;

/** For whom, or after what, to recommend: one of `user` and `history`. */
export type RecommendRequest = Maybe<{
  /** A user of the data. */
  user: string;
  /**
   * Item ids or titles, oldest first; in one text they are separated by commas. Or events: an item, perhaps its time, and what else the
   * model reads of events (`{ item: '318', time: '2020-09-13', rating: 4 }`); a text may be a list of such in JSON.
   */
  history: History;
  /**
   * What the model reads of who asks, by the names of columns of users: `{ gender: 'F' }`. What is not said of a user of the data, the
   * data say.
   */
  about: About;
  /** How many items to recommend; 10 unless given. */
  top: number;
  /**
   * When the request comes, for models that read times: ISO 8601, or a number as the data's times are written. Unless given: now,
   * where the data's times are dates and none of the user's is later; else the time of the user's last event.
   */
  at: string | number;
  /** Recommend these alone, by ids or titles. */
  only: Names;
  /** Never these, told in the same way. */
  except: Names;
  /**
   * What is asked for, as a vector, for models that read one: numbers, as wide as the training's, from the same language model; by the
   * names of columns where a model reads several.
   */
  vector: RequestVector;
  /** Items of a category alone: `genre=war`. Of one column any of several values may hold, of several columns each must. */
  where: Names;
}>;

/** What `recommend` takes: a model and a request. */
export type RecommendOptions = RecommenderOptions & RecommendRequest;

/** What `explain` takes: a model, a request, and the item that is asked about; the first that is recommended, unless given. */
export type ExplainOptions = RecommendOptions & Maybe<{ item: string }>;

/** What `exportTo` takes: a model, whose data, and the file. */
export type ExportOptions = Omit<RecommenderOptions, 'out'> &
  Pick<RunOptions, 'signal'> &
  Pick<RecommendRequest, 'top' | 'at' | 'only' | 'except' | 'where'> & {
    /** Lists in `.csv`, `.jsonl` or `.parquet`; vectors in `.npy`, `.safetensors` or `.parquet`. */
    readonly file: string;
  } & Maybe<{
    /** Vectors of users or items, in the place of lists. */
    vectorsOf: 'user' | 'item';
    /** Users that are scored together; 64 unless given. */
    batch: number;
  }>;

/** What `search` takes: where to look, and how trials are trained. */
export type SearchOptions = DataOptions &
  DeviceOptions & {
    /** By hyperparameter, as the command's: `rate=log:1e-4..1e-2,dropout=0..0.5,heads=1|2|4`. */
    readonly space: string;
  } & Maybe<{
    /** Points to try; 30 unless given. */
    trials: number;
    /** Of the trials that get to the end. */
    epochs: number;
    batch: number;
    /** Decides which points are tried, and every random number of a training. */
    seed: number;
    /** Epochs without a better validation figure before a trial stops. */
    patience: number;
    split: string;
    /** The folder of all trials, `runs/<model>.search` unless given; the same call goes on from what is there. */
    out: string;
    /** The model's file, where it is not found. */
    model: string;
    /** Ends the search; what was done is kept. */
    signal: AbortSignal;
    /** Told what happens while it goes. */
    listen: SearchListener;
  }>;

/** What `serve` takes: a model, and how it is asked. */
export type ServeOptions = RecommenderOptions &
  Maybe<{
    /** 8080 unless given; 0 takes one that is free. */
    port: number;
    /** 127.0.0.1 unless given, so that nobody else reaches it. */
    host: string;
    /** Threads that score; a core each but one, unless given. With 0 scores are computed where HTTP is answered. */
    workers: number;
    /** Requests that are scored together at most; 16 unless given. */
    batch: number;
    /** Milliseconds that a request waits for others to be scored with; 1 unless given. */
    delay: number;
    /** Requests that may wait; 1024 unless given. */
    queue: number;
    /** Seconds that a request may take to arrive, and may wait; 10 unless given. */
    timeout: number;
    /** Seconds that the end waits for what was taken; 30 unless given. */
    drain: number;
    /** Bytes of a body; 262,144 unless given. */
    bodyLimit: number;
    /** Entries of a list; 1,000 unless given. */
    listLimit: number;
    /** Whoever asks needs one of these. */
    token: string | readonly string[];
    /** Pages of these origins may ask; `*`: all. */
    cors: string | readonly string[];
    /** Take a checkpoint that has changed. */
    watch: boolean;
    /** Told what happens while it serves; the standard error, unless given. */
    say: (line: string) => void;
  }>;

/** Each once, the shortest first. */
export const cutoffsOf = (cutoffs: readonly number[] = []): readonly number[] =>
  [...new Set(cutoffs)].sort((a, b) => a - b);

/** The figures that are asked for beyond those of every evaluation; undefined: none. */
export const wishOf = ({ cutoffs, buckets, lists, csv, measures }: EvaluateOptions): Wish | undefined =>
  (cutoffs ?? csv ?? measures) === undefined && buckets !== true && lists !== true
    ? undefined
    : {
        cutoffs: cutoffsOf(cutoffs ?? [10, 50]),
        buckets: buckets === true,
        lists: lists === true,
        measures: measures ?? {},
      };
