/** Thrown while a model expression is built; the front end turns it into a diagnostic at the model's own line. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** Ends the building of a model with a `ModelError`, which the compiler reports at the model's own line: `fail('a head must be even')`. */
export const fail = (message: string): never => {
  throw new ModelError(message);
};
