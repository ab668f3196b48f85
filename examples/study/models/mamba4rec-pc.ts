/** PCRec's inference on another stack: mamba4rec's blocks. */
import { withInference } from 'pcrec';
import mamba4rec from 'pcrec/models/mamba4rec';
import { layeredPredictionError } from 'pcrec/models/pcrec';

export default withInference(mamba4rec, layeredPredictionError);
