/** PCRec's inference on another stack: llama's blocks. */
import { withInference } from 'pcrec';
import llama from 'pcrec/models/llama';
import { layeredPredictionError } from 'pcrec/models/pcrec';

export default withInference(llama, layeredPredictionError);
