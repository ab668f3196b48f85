/** What is known of each event or of each item, beside who and when: named columns, one value an event (or an item code). */
export type FeatureColumn =
  /** One of a vocabulary. Values are 0 where it is missing, else 1 + the place in the vocabulary. */
  | { readonly kind: 'category'; readonly vocabulary: readonly string[]; readonly values: Int32Array }
  /** Several of a vocabulary, ascending within a row: row r has values[offsets[r] .. offsets[r + 1]), 1 + the place. */
  | {
      readonly kind: 'categories';
      readonly vocabulary: readonly string[];
      readonly offsets: Int32Array;
      readonly values: Int32Array;
    }
  /** NaN where it is missing. */
  | { readonly kind: 'number'; readonly values: Float64Array }
  /** Row-major, `width` numbers a row; all 0 where it is missing. */
  | { readonly kind: 'vector'; readonly width: number; readonly values: Float32Array }
  /** One of several vectors, as wide. Values are 0 where it is missing, else 1 + the row of `vectors`, which is row-major. */
  | { readonly kind: 'lookup'; readonly width: number; readonly vectors: Float32Array; readonly values: Int32Array }
  /** For the eyes alone; undefined where it is missing. */
  | { readonly kind: 'text'; readonly values: readonly (string | undefined)[] };
/** Columns by name. */
export type FeatureColumns = ReadonlyMap<string, FeatureColumn>;
