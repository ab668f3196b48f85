/**
 * Vectors of the texts of items, as `--items` reads them: OUT.safetensors, which holds its ids. The model is run by transformers.js.
 *
 *     npm install pcrec @huggingface/transformers
 *     npx tsx vectors.ts --data events.csv --items items.csv --text title,brand --out text
 *
 * `--data` and `--items` are the trainer's: any table that it reads. `--text` names columns of items, texts or categories. The model is fetched
 * once from Hugging Face, or read from a folder: `--models FOLDER` with FOLDER/NAME/tokenizer.json, config.json and onnx/model.onnx.
 */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { type FeatureColumn, load } from 'pcrec/runtime';

/** What is used of transformers.js, which this project does not depend on. */
interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  readonly pipeline: (
    task: 'feature-extraction',
    model: string,
    options: { readonly dtype: string },
  ) => Promise<
    (
      texts: readonly string[],
      options: { readonly pooling: 'mean'; readonly normalize: boolean },
    ) => Promise<{ readonly data: Float32Array; readonly dims: readonly number[] }>
  >;
}

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: 'sample' },
    items: { type: 'string', multiple: true, default: [] },
    text: { type: 'string', default: 'title' },
    out: { type: 'string', default: 'text' },
    model: { type: 'string', default: 'Xenova/all-MiniLM-L6-v2' },
    models: { type: 'string' },
    dtype: { type: 'string', default: 'fp32' },
  },
});
const end = (why: string): never => {
  console.error(why);
  process.exit(1);
};

/** What a column says of an item in words. */
const words = (column: FeatureColumn, item: number): readonly string[] => {
  const named = (vocabulary: readonly string[], codes: ArrayLike<number>): readonly string[] =>
    Array.from(codes).flatMap((code) => (code === 0 ? [] : [vocabulary[code - 1]!]));
  switch (column.kind) {
    case 'text':
      return [column.values[item] ?? ''];
    case 'category':
      return named(column.vocabulary, [column.values[item]!]);
    case 'categories':
      return named(column.vocabulary, column.values.subarray(column.offsets[item], column.offsets[item + 1]));
    case 'number':
    case 'vector':
    case 'lookup':
      return end('--text names columns of texts and categories; numbers are read as they are');
  }
};

const loaded = await load(options.data, { items: options.items });
const data = loaded._tag === 'Left' ? end(loaded.left) : loaded.right;
const ids = [...data.items, ...(data.unmet ?? [])];
const columns = options.text.split(',').map((name) => {
  const column = data.features?.get(name);
  return (
    column ?? end(`The items have no column '${name}': they have ${[...(data.features?.keys() ?? [])].join(', ')}.`)
  );
});
const told = ids.flatMap((id, item) => {
  const text = columns.map((column) => words(column, item).join(', ').trim()).filter((part) => part !== '');
  return text.length === 0 ? [] : [{ id, text: text.join('. ') }];
});

// By a name that is no literal, so that this compiles without the package.
const name: string = '@huggingface/transformers';
const { env, pipeline } = (await import(name)) as Transformers;
if (options.models !== undefined) {
  env.localModelPath = options.models;
  env.allowRemoteModels = false;
}
const embed = await pipeline('feature-extraction', options.model, { dtype: options.dtype });
const batches: Float32Array[] = [];
const size = 32;
for (let at = 0; at < told.length; at += size) {
  const texts = told.slice(at, at + size).map(({ text }) => text);
  batches.push(Float32Array.from((await embed(texts, { pooling: 'mean', normalize: true })).data));
  process.stderr.write(`\r${at + texts.length} of ${told.length}`);
}
const numbers = Buffer.concat(batches.map((of) => new Uint8Array(of.buffer)));

// The format: how long the header is, in 8 bytes; the header, of whole times 8 bytes; the numbers.
const shape = [told.length, numbers.length / 4 / told.length];
const header = JSON.stringify({
  __metadata__: { ids: JSON.stringify(told.map(({ id }) => id)) },
  [basename(options.out)]: { dtype: 'F32', shape, data_offsets: [0, numbers.length] },
});
const padded = Buffer.from(header + ' '.repeat((8 - (Buffer.byteLength(header) % 8)) % 8));
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(padded.length));
await writeFile(`${options.out}.safetensors`, Buffer.concat([length, padded, numbers]));
console.error(`\n${options.out}.safetensors: ${shape[0]} items, ${shape[1]} numbers each`);
