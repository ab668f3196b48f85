/**
 * Vectors of items as other programs write them: `text.npy` (NumPy) with the ids of its rows in `text.ids.txt` beside it, an id a
 * line; or a safetensors file, a tensor a column, with its ids there too or, as a JSON list, in its metadata under `ids`.
 */
import { basename } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { type Tensor, decodeForeign } from '../../safetensors.js';
import { visible } from '../cells.js';
import { decode, spelled } from '../ids.js';
import { wholeFile } from '../lines.js';

/** One table of vectors: row r of each column is of the item `ids[r]`. */
export interface Vectors {
  readonly ids: readonly string[];
  readonly columns: readonly { readonly name: string; readonly width: number; readonly values: Float32Array }[];
}

const half = (bits: number): number => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent === 31
    ? fraction === 0
      ? sign * Infinity
      : NaN
    : sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
};

/** How NumPy names numbers, how long they are, and how one is read. */
const numberTypes: Readonly<Record<string, readonly [number, (of: DataView, at: number) => number]>> = {
  '<f2': [2, (of, at) => half(of.getUint16(at, true))],
  '<f4': [4, (of, at) => of.getFloat32(at, true)],
  '<f8': [8, (of, at) => of.getFloat64(at, true)],
};

/** A table of numbers in NumPy's format, or of one axis where `least` allows it. Left: what is wrong, as the end of a sentence that begins with the file. */
const npy = (bytes: Buffer, least: 1 | 2 = 2): Either<string, Tensor> => {
  const wide = bytes[6]! >= 2;
  const length = bytes.length < 12 ? 0 : wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const begin = (wide ? 12 : 10) + length;
  const header = bytes.toString('latin1', wide ? 12 : 10, begin);
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? 'none';
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((n) => n.trim() !== '')
    .map(Number);
  const known = numberTypes[type];
  if (bytes.toString('latin1', 0, 6) !== '\x93NUMPY' || length === 0 || begin > bytes.length)
    return left('this is no file of numpy.save, or it is cut short; write it again');
  if (known === undefined) return left(`its numbers are of the type ${type}; write .astype("float32")`);
  if (/'fortran_order':\s*True/.test(header))
    return left('it is laid out by columns; write numpy.ascontiguousarray(...)');
  if (shape.length < least || shape.length > 2 || !shape.every(Number.isSafeInteger))
    return left(`its shape is (${shape.join(', ')}); expected rows and columns, an item a row`);
  const count = shape.reduce((a, b) => a * b, 1);
  const [size, read] = known;
  if (bytes.length !== begin + size * count)
    return left(`it should hold ${size * count} bytes of numbers and holds ${bytes.length - begin}; write it again`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + begin);
  return right({ shape, data: Float32Array.from({ length: count }, (_, i) => read(view, i * size)) });
};

const stemOf = (path: string): string => path.replace(/\.(?:npy|safetensors)$/, '');

/** Where the ids of a file of vectors are, where it does not hold them itself. */
export const idsFile = (path: string): string => `${stemOf(path)}.ids.txt`;

/** The ids beside a file of vectors. */
const idsBeside = async (path: string): Promise<Either<string, readonly string[]>> => {
  const beside = idsFile(path);
  const text = await wholeFile(beside);
  return isLeft(text)
    ? left(`${text.left}; write the ids of the items that the rows of ${path} are of there, an id a line`)
    : right(
        decode(text.right)
          .replace(/^\uFEFF/, '')
          .split(/\r*\n/)
          .map(spelled)
          .filter((id) => id !== ''),
      );
};

const parsed = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Whether a path is one of these files. */
export const isVectors = (path: string): boolean => /\.(?:npy|safetensors)$/.test(path);

/** The one vector of a `.npy` file, of the shape (width) or (1, width). Errors name the file and what was expected. */
export const readVector = async (path: string): Promise<Either<string, readonly number[]>> => {
  const bytes = await wholeFile(path);
  if (isLeft(bytes)) return bytes;
  const found = npy(bytes.right, 1);
  if (isLeft(found)) return left(`${path}: ${found.left}`);
  const { shape, data } = found.right;
  return shape.length === 1 || shape[0] === 1
    ? right([...data])
    : left(`${path}: its shape is (${shape.join(', ')}); expected one vector`);
};

/** The vectors of a `.npy` or `.safetensors` file. Errors name the file and what was expected. */
export const readVectors = async (path: string): Promise<Either<string, Vectors>> => {
  const isNpy = path.endsWith('.npy');
  const bytes = await wholeFile(path);
  if (isLeft(bytes)) return bytes;
  const found = isNpy ? npy(bytes.right) : decodeForeign(bytes.right);
  if (isLeft(found))
    return left(
      `${path}: ${visible(found.left)}${isNpy ? '' : '; write the file again, its numbers as 32-bit floats'}`,
    );
  const tensors: Readonly<Record<string, Tensor>> =
    'tensors' in found.right ? found.right.tensors : { [basename(stemOf(path))]: found.right };
  const metadata = 'metadata' in found.right ? found.right.metadata : {};
  const own = parsed(metadata['ids']);
  const ids: Either<string, readonly string[]> = Array.isArray(own)
    ? right(own.map((id) => spelled(String(id))))
    : await idsBeside(path);
  if (isLeft(ids)) return ids;
  const columns: Vectors['columns'][number][] = [];
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const [rows, width] = shape;
    if (shape.length !== 2 || width === undefined || width === 0)
      return left(`${path}: ${name} has the shape (${shape.join(', ')}); expected rows and columns, an item a row`);
    if (rows !== ids.right.length)
      return left(`${path}: ${name} has ${rows} rows, and there are ${ids.right.length} ids; give an id a row`);
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      return left(`${path}:${1 + Math.floor(bad / width)}: a number of this row of ${name} is not finite; correct it`);
    columns.push({ name, width, values: data });
  }
  return columns.length > 0
    ? right({ ids: ids.right, columns })
    : left(`${path}: the file holds no tensor; expected one of rows and columns, an item a row`);
};
