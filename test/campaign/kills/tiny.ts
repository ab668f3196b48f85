/** A model whose training hangs on all that a checkpoint must hold: moments, the number of the step, random numbers, the order of users. */
import { adamw, cosineDecay, stacked } from 'pcrec';
import sasrec from 'pcrec/models/sasrec';

export default stacked({
  ...sasrec,
  name: 'tiny',
  optimizer: () => adamw({ rate: cosineDecay({ rate: 0.01, steps: 18, warmUp: 4 }), weightDecay: 0.01 }),
});
