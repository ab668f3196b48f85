/** Control: PCRec whose theta stays as it starts. */
import { stop, withInference } from 'pcrec';
import hstu from 'pcrec/models/hstu';
import { layeredPredictionError } from 'pcrec/models/pcrec';

export default withInference(
  hstu,
  (shape, l) => {
    const { weights, at } = layeredPredictionError(shape, l);
    return { weights: weights.map((theta) => stop(theta)), at };
  },
  { name: 'frozen-theta', doc: 'PCRec whose theta stays as it starts.' },
);
