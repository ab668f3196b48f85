/** Matrices of 32-bit floats as NumPy keeps them (.npy, version 1.0): a text of the shape, then the numbers. */

/** The bytes before the numbers of a matrix: little-endian floats, row by row. */
export const npyHead = (rows: number, columns: number): Uint8Array => {
  const told = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // The whole head ends with a newline, and is a multiple of 64 bytes long.
  const text = told.padEnd(Math.ceil((10 + told.length + 1) / 64) * 64 - 10 - 1) + '\n';
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
};
