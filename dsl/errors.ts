/**
 * The mistakes that the language itself can see, while an expression is built or under the reader's cursor. A code is a
 * mistake that a person makes, not a place that finds it; it never changes its meaning. The compiler adds those that it alone
 * can see (compiler/catalogue.ts), and `errors/` has a page with an example of each.
 */
export const languageErrors = {
  PC1008: 'the model itself refuses',

  PC2001: 'there is no such axis',
  PC2002: 'a contraction over an axis that one factor lacks',
  PC2004: 'another type of elements is needed',
  PC2005: 'one axis has two sizes',
  PC2006: 'a size that is none',
  PC2008: 'a size that is not known yet',
  PC2009: 'a rename to an axis of another size',
  PC2010: 'positions along the axis that they look up',
  PC2011: 'a ragged axis has no single length',
  PC2012: 'a number that is out of range',
  PC2013: 'channels that cannot be shared out',
  PC2014: 'options that exclude each other',

  PC3001: 'a name that names nothing',
  PC3008: 'a name that is taken',

  PC4001: 'there is no such option',
  PC4002: 'an energy is one number for each user',
  PC4003: 'options that do not fit the states',
  PC4004: 'a step changes the shape of its state',
  PC4005: 'a fixed point needs rows',
  PC4006: 'implicit differentiation of a fixed number of steps',
  PC4007: 'a start that has positions already',
  PC4011: 'a model without losses cannot be personalised',
  PC4012: 'a stack without blocks',
} as const;

/** The codes of mistakes that the language itself sees: `PC2001`. */
export type LanguageCode = keyof typeof languageErrors;

/** A mistake that was found, for whoever knows where it stands. */
export interface Wrong {
  readonly code: LanguageCode;
  readonly message: string;
}

/** Thrown while a model expression is built; the front end turns it into a diagnostic at the model's own line. */
export class ModelError extends Error {
  override readonly name = 'ModelError';

  constructor(
    readonly code: LanguageCode,
    message: string,
  ) {
    super(message);
  }
}

/** Ends the building of a model with a `ModelError`: the mistake by its code, and a sentence that says what to do. */
export const fail = (code: LanguageCode, message: string): never => {
  throw new ModelError(code, message);
};

/** What no model can cause: a mistake of this package. */
export const impossible = (message: string): never => {
  throw new Error(message);
};
