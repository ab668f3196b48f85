/** What `pcrec-compile --hypers --json` prints: a model's hyperparameters for programs to read. */
export interface HyperList {
  readonly model: string;
  readonly doc: string;
  readonly hyper: Readonly<
    Record<
      string,
      {
        readonly kind: 'integer' | 'number' | 'boolean' | 'choice' | 'names';
        /** The default. */
        readonly value: number | string | boolean;
        readonly doc: string;
        readonly choices?: readonly string[];
        readonly min?: number;
        readonly max?: number;
      }
    >
  >;
  /** What each preset sets. */
  readonly presets: Readonly<Record<string, Readonly<Record<string, number | string | boolean>>>>;
}
