/** Control: what `pcrec-relative.ts` is to PCRec, of the control `mixing.ts`. */
import { like, relativePositionBias, withInference } from 'pcrec';
import hstu from 'pcrec/models/hstu';
import { agreement } from './mixing.js';

export default withInference(
  hstu,
  (shape, l) => ({
    ...agreement(shape, l),
    weights: [relativePositionBias(`theta.${l}`, shape.batch.seq, like('key', shape.batch.seq))],
  }),
  { name: 'mixing-relative', doc: "pcrec-relative's parameters without its error." },
);
