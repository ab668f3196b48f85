/**
 * PCRec-simple: "Breaking the Bottleneck: User-Specific Optimization and Real-Time Inference Integration for Sequential
 * Recommendation", KDD 2025. HSTU, trained as it is; before a user's next item is ranked, one gradient step on *all*
 * parameters against the loss of that user's own history,
 *
 *     theta_u = theta - rate * d L_inference / d theta,
 *
 * with which the items are scored; then the step is forgotten. Nothing of it is written here: `personalise` is a function of
 * any model whose positions have losses of their own.
 *
 * Choices and deviations, each with its reason:
 * - L_inference, as printed, is a divergence from a one-hot target, which is infinite. It is read as next-item cross-entropy,
 *   in the form in which the model is trained: the sampled softmax of cosine scores, the mean over the positions of the
 *   history that another follows. Nothing is dropped out. A history of one item takes no step.
 * - The negatives of that loss are drawn anew by the run's seed, the same ones for every user and every ranking.
 * - The step is plain gradient descent, whatever optimizer trained the model, and starts from the trained parameters alone.
 * - The paper says that this cannot be done for many users at once. It can: a step on a linear map is an outer product of
 *   what its positions read and what they are told, which is never formed where that is dearer than to use it, and a step on
 *   the item table moves the rows that the user met. The results are those of one user after another.
 * - The size of the step is ours (`adaptationRate`); the paper's was chosen for each data set.
 */
import { personalise } from 'pcrec';
import hstu from 'pcrec/models/hstu';

export default personalise(hstu, {
  name: 'pcrec-simple',
  doc: "HSTU that takes a step on each user's own history, on all parameters, before the prediction.",
  rate: 0.01,
});
