/** PCRec's inference on another stack: sasrec's blocks. */
import { withInference } from 'pcrec';
import sasrec from 'pcrec/models/sasrec';
import { layeredPredictionError } from 'pcrec/models/pcrec';

export default withInference(sasrec, layeredPredictionError);
