/** The models as C, each once. */
import { describe } from 'vitest';
import { behaves, cases } from '../support/cpu-models.js';
import { available, opened } from './sessions.js';

const each = [
  'hstu',
  'hstuf',
  'pcrec',
  'sasrec',
  'sasrecf',
  'llama',
  'bert4rec',
  'gru4rec',
  'mamba4rec',
  'ttt4rec',
  'unisrec, in pretraining',
  'instructrec',
  'nextitnet',
  'fmlp',
  'pcrec-simple, of a size that takes two tiles',
];
describe.skipIf(!available)('in C', () =>
  behaves(
    cases.filter(([name]) => each.includes(name)),
    opened,
  ),
);
