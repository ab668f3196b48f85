/** What is asked with a request, as the compiler and the runtime both name it. */
import type { InputRow } from './batch.js';
import { sizeOfFeature } from './features.js';

/**
 * What was asked, as a vector, before the event after each position: of a request that of its last. It comes before the answer, as the
 * moment does; that it says nothing of the answer but what somebody asked for is the word of whoever gives the data.
 */
export const requestRow = (name: string): InputRow => ({
  name: `request.${name}`,
  axes: ['batch', 'seq'],
  own: { name, size: sizeOfFeature('event', name, 'width') },
  dtype: 'f32',
  tells: 'past',
  ids: null,
  entries: ['train', 'rank', 'score', 'explain'],
  fill: { from: 'request', name },
});
