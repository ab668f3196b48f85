/** Arrays as NumPy keeps them (.npy, version 1.0): a text of type and shape, then the numbers, the first axis outermost. */

const types = { f32: '<f4', f64: '<f8', i32: '<i4', i64: '<i8' } as const;
export type NpyType = keyof typeof types;

/** The bytes before the numbers of an array, which are little-endian. */
export const npyHead = (type: NpyType, shape: readonly number[]): Uint8Array => {
  // Python writes a tuple of one with a comma.
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const told = `{'descr': '${types[type]}', 'fortran_order': False, 'shape': (${tuple}), }`;
  // The whole head ends with a newline, and is a multiple of 64 bytes long.
  const text = told.padEnd(Math.ceil((10 + told.length + 1) / 64) * 64 - 10 - 1) + '\n';
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
};
