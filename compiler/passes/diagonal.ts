import { right } from 'fp-ts/lib/Either.js';
import type { Pass } from '../program.js';

export const diagonalise: Pass = { name: 'diagonalise', description: 'carries diagonals to the leaves', run: right };
