import { right } from 'fp-ts/lib/Either.js';
import type { Pass } from '../program.js';

export const contract: Pass = { name: 'contract', description: 'orders products of several tensors by what they cost', run: right };
