/** The nine models as C. */
import { describe } from 'vitest';
import { behaves, cases } from '../support/cpu-models.js';
import { available, opened } from './sessions.js';

const nine = [
  'hstu',
  'pcrec',
  'sasrec',
  'sasrecf',
  'llama',
  'bert4rec',
  'gru4rec',
  'mamba4rec',
  'ttt4rec',
  'pcrec-simple, of a size that takes two tiles',
];
describe.skipIf(!available)('in C', () =>
  behaves(
    cases.filter(([name]) => nine.includes(name)),
    opened,
  ),
);
