/**
 * PCRec with a theta of distances: theta[i, k] = w[k - i]. Each number is trained wherever two positions are that far apart, and a block has
 * 2 n - 1 of them where PCRec's has n x n.
 */
import { like, relativePositionBias, withInference } from 'pcrec';
import hstu from 'pcrec/models/hstu';
import { layeredPredictionError } from 'pcrec/models/pcrec';

export default withInference(
  hstu,
  (shape, l) => ({
    ...layeredPredictionError(shape, l),
    weights: [relativePositionBias(`theta.${l}`, shape.batch.seq, like('key', shape.batch.seq))],
  }),
  { name: 'pcrec-relative', doc: 'PCRec whose theta knows how far apart two positions are, and not where.' },
);
